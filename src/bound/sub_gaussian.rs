//! T6 for a law known only through its variance proxy.

use super::logarithm::{outward, outward_exp};
use super::minimise::{LOWEST, Unit, minimise};
use super::moments::{LARGEST_EXPONENT, LogMoments, rejected};
use super::value_spectrum::ValueSpectrum;
use super::{Bound, Theorem};
use crate::error::Result;
use crate::parameter::{PromptLength, VarianceProxy};

/// What T6 uses of a sub-Gaussian token law at one tilt: `sigma^2`, `|a|` and the spectrum of `V V^T`.
///
/// The theory states it for centred tokens. That costs nothing: adding one vector to every token shifts
/// all scores of a prompt alike and adds the same vector to `That` and `T`, so the error of any law is
/// the error of `X - E X`, whose variance proxy `sigma^2` is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SubGaussianMoments<'a> {
    sigma_squared: f64,
    tilt_norm: f64,
    energy: f64,
    values: &'a ValueSpectrum,
}

/// A value of T6 and the logit of its proof parameter `u = 2 lam sigma^2 |V|^2` in (0, 1).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Optimised {
    /// Logarithm of the value.
    pub ln_value: f64,
    /// `u`.
    pub fraction: f64,
}

impl<'a> SubGaussianMoments<'a> {
    /// From the variance proxy of `X - E X`, the norm `|a|` of the tilt and the value spectrum.
    ///
    /// Fails if `|a|` is negative or not finite, or `sigma^2 |a|^2` exceeds `1e100`.
    pub fn new(proxy: VarianceProxy, tilt_norm: f64, values: &'a ValueSpectrum) -> Result<Self> {
        if !(0.0..f64::INFINITY).contains(&tilt_norm) {
            return Err(rejected("|a|", tilt_norm, "a finite number, at least 0"));
        }
        // sigma |a| first: the square of |a| may overflow or underflow where the product does not.
        let energy = (proxy.sigma() * tilt_norm).powi(2);
        if !(energy <= LARGEST_EXPONENT) {
            return Err(rejected("sigma^2 |a|^2", energy, "at most 1e100"));
        }
        Ok(Self {
            sigma_squared: proxy.get(),
            tilt_norm,
            energy,
            values,
        })
    }

    /// The class at `sigma^2 |a|^2 = energy`, for T7.
    pub(crate) fn at_energy(
        sigma_squared: f64,
        energy: f64,
        values: &'a ValueSpectrum,
    ) -> SubGaussianMoments<'a> {
        Self {
            sigma_squared,
            tilt_norm: (energy / sigma_squared).sqrt(),
            energy,
            values,
        }
    }

    /// `sigma^2 |a|^2`, the only way in which the tilt enters.
    pub fn energy(&self) -> f64 {
        self.energy
    }

    /// `ln(2 sigma^2 |V|^2)`, the scale of every bound; `-inf` if the output is constant.
    pub(crate) fn ln_scale(&self) -> f64 {
        std::f64::consts::LN_2 + self.sigma_squared.ln() + self.values.largest().ln()
    }

    /// `D_lam(c)` at `lam = u / (2 sigma^2 |V|^2)` and `|c| = 2 sigma^2 |V| |a|` (theory T6, `norm-mgf`):
    /// `-1/2 sum_j ln(1 - u nu_j / nu_max) + 2 sigma^2 |a|^2 u / (1 - u)`.
    pub(crate) fn norm_mgf(&self, unit: Unit) -> f64 {
        let (u, complement) = (unit.value(), unit.complement());
        2.0 * self.energy * (unit.ln - unit.ln_complement).exp()
            + half_log_determinant(self.values.ratios(), u, complement)
    }

    /// `min over lam of (extra + D_lam(c)) / lam`, as a logarithm.
    fn minimise_over_lambda(&self, extra: f64) -> Optimised {
        let scale = self.ln_scale();
        // For small u the function is extra / u + constant + u (sum_j r_j^2 / 4 + 2 sigma^2 |a|^2) + ..., so its
        // minimiser is not below the square root of the ratio of the two slopes; e^-4 is for safety. At
        // u = 1 - e^-12 the mean term or the determinant outweighs any extra in use (ln L, 8 sigma^2 |a|^2).
        let slope = 1.0 + self.values.ratios().len() as f64 + 2.0 * self.energy;
        let lower = (0.5 * (extra / slope).ln() - 4.0).clamp(LOWEST, -4.0);
        let found = minimise(lower, 12.0, |x| {
            let unit = Unit::logistic(x);
            (extra + self.norm_mgf(unit)).ln() - unit.ln
        });
        Optimised {
            ln_value: scale + found.value,
            fraction: Unit::logistic(found.at).value(),
        }
    }

    /// `A2 <= e^{2 sigma^2 |a|^2} (8 sigma^2 |a|^2 + D_lam(c)) / lam`, minimised over `lam`.
    pub(crate) fn second_moment(&self) -> Optimised {
        let found = self.minimise_over_lambda(8.0 * self.energy);
        Optimised {
            ln_value: 2.0 * self.energy + found.ln_value,
            ..found
        }
    }

    /// `(ln L + D_lam(c)) / lam`, minimised over `lam`.
    pub(crate) fn crude(&self, length: f64) -> Optimised {
        self.minimise_over_lambda(length.ln())
    }

    /// `F0 <= sigma^2 |V|_F^2 + |c|^2`, `|c|^2 = 4 sigma^2 |V|^2 sigma^2 |a|^2`.
    pub(crate) fn f0(&self) -> f64 {
        self.sigma_squared * (self.values.sum() + 4.0 * self.values.largest() * self.energy)
    }

    /// Upper bounds of the four moments: `rho <= e^{2 sigma^2 |a|^2}`, `kap <= e^{sigma^2 |a|^2}`, `A2`, `F0`.
    pub(crate) fn logarithms(&self) -> (LogMoments, Optimised) {
        let second = self.second_moment();
        let moments = LogMoments {
            rho: 2.0 * self.energy,
            kappa: self.energy,
            a2: second.ln_value,
            f0: self.f0().ln(),
        };
        (moments, second)
    }

    /// The trivial bound `L F0` of the class.
    pub(crate) fn trivial(&self, length: PromptLength) -> f64 {
        outward(length.as_f64() * self.f0())
    }

    /// `lam` of a fraction `u`.
    pub(crate) fn lambda(&self, fraction: f64) -> f64 {
        fraction / (2.0 * self.sigma_squared * self.values.largest())
    }

    /// Adds what the class is made of to a record.
    pub(crate) fn describe(&self, bound: Bound) -> Bound {
        bound
            .with_hypothesis("sigma^2", self.sigma_squared)
            .with_hypothesis("|a|", self.tilt_norm)
            .with_hypothesis("|V|^2", self.values.largest())
            .with_hypothesis("|V|_F^2", self.values.sum())
    }
}

/// `-1/2 sum_j ln(1 - u r_j)` for `0 < u < 1`, `0 < r_j <= 1`, accurate relative to itself as `u -> 0` and,
/// given `1 - u`, as `u -> 1`.
fn half_log_determinant(ratios: &[f64], u: f64, complement: f64) -> f64 {
    if u < 0.5 {
        -0.5 * ratios.iter().map(|r| (-u * r).ln_1p()).sum::<f64>()
    } else {
        -0.5 * ratios
            .iter()
            .map(|r| ((1.0 - r) + r * complement).ln())
            .sum::<f64>()
    }
}

/// T6 `crude-bound`: `E|That - T|^2 <= (ln L + D_lam(c)) / lam` for any `L` and any admissible `lam`.
pub(crate) fn crude_bound(
    sub_gaussian: &SubGaussianMoments<'_>,
    length: PromptLength,
    trivial: f64,
) -> Bound {
    let found = sub_gaussian.crude(length.as_f64());
    let ln_length = length.as_f64().ln();
    let mean = 2.0 * sub_gaussian.energy * found.fraction / (1.0 - found.fraction);
    let (_, dominant) = [
        (ln_length, "largest of L tokens: ln L / lam"),
        (mean, "tilted mean: |c|^2 / (1 - 2 lam sigma^2 |V|^2)"),
        (
            half_log_determinant(
                sub_gaussian.values.ratios(),
                found.fraction,
                1.0 - found.fraction,
            ),
            "spread: -1/2 sum_j ln(1 - 2 lam sigma^2 nu_j) / lam",
        ),
    ]
    .into_iter()
    .fold((f64::NEG_INFINITY, "none"), |best, next| {
        if next.0 > best.0 { next } else { best }
    });
    let value = outward_exp(found.ln_value);
    let bound = Bound::proved(Theorem::CrudeBound, value, trivial, dominant)
        .with_hypothesis("L", length.as_f64())
        .with_parameter("lam", sub_gaussian.lambda(found.fraction));
    sub_gaussian.describe(bound)
}
