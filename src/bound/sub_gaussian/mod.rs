//! T6 for a law known only through its variance proxy.

pub(in crate::bound) mod norm_moment;

use nalgebra::DVector;

use super::minimise::{LOWEST, Unit, minimise};
use super::moments::{LARGEST_EXPONENT, LogMoments, check_non_negative};
use super::{Bound, Formula, SubGaussianClass};
use crate::bound::moments::value_spectrum::ValueSpectrum;
use crate::bound::theorem::{ProofStatus, Statement, Theorem};
use crate::bound::vocabulary::{OUTPUT_LAMBDA, OWN_6, SIGMA, TILT, constant, location};
use crate::error::Result;
use crate::interval::Interval;
use crate::law::norm_above;
use crate::parameter::{Positive, PromptLength, VarianceProxy, refused};

impl Theorem {
    /// T6.tilted-mean `tilted-mean`: The tilted mean of a centred sub-Gaussian law.
    pub const TILTED_MEAN: Theorem = Theorem::new(&Statement {
        id: "T6.tilted-mean",
        name: "tilted-mean",
        title: "The tilted mean of a centred sub-Gaussian law",
        statement: "|m(a)| <= 2 sigma^2 |a|",
        hypotheses: &["X centred with variance proxy sigma^2"],
        constants: &[SIGMA, TILT],
        proof_idea: "Donsker-Varadhan gives |m|^2 <= 2 sigma^2 KL for the relative entropy KL of the tilted law, \
        and KL = <a,m> - Lam(a) <= |a| |m|.",
        source: OWN_6,
        location: location("bound::SubGaussianMoments", "src/bound/sub_gaussian/mod.rs"),
        status: ProofStatus::MachineChecked,
        lemmas: &["proofs/sub_gaussian/tilted_mean.v::tilted_mean_le"],
    });

    /// T6.norm-mgf `norm-mgf`: Moment generating function of the squared norm of a sub-Gaussian output.
    pub const NORM_MGF: Theorem = Theorem::new(&Statement {
        id: "T6.norm-mgf",
        name: "norm-mgf",
        title: "Moment generating function of the squared norm of a sub-Gaussian output",
        statement: "ln E e^{lam |VX - c|^2} <= D_lam(c) = -1/2 sum_j ln(1 - 2 lam sigma^2 nu_j) \
        + lam |c|^2 / (1 - 2 lam sigma^2 |V|^2)",
        hypotheses: &["X centred with variance proxy sigma^2", OUTPUT_LAMBDA],
        constants: &[
            SIGMA,
            constant("nu_j", "eigenvalues of V V^T, the largest is |V|^2"),
        ],
        proof_idea: "e^{lam |v|^2} = E e^{sqrt(2 lam) <g,v>} for a standard normal g. Take the expectation over X \
        first, then the Gaussian integral over g in the eigenbasis of V V^T.",
        source: OWN_6,
        location: location(
            "bound::sub_gaussian::norm_mgf",
            "src/bound/sub_gaussian/mod.rs",
        ),
        status: ProofStatus::MachineChecked,
        lemmas: &["proofs/sub_gaussian/norm_mgf.v::norm_mgf"],
    });
}

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
    pub(in crate::bound) values: &'a ValueSpectrum,
}

/// The best proof parameter of a value of T6, and a float at least that value at it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Optimised {
    /// The value, or its logarithm, at `lam`: the upper end of an enclosure.
    pub value: f64,
    /// `lam`, the float at which the value is taken.
    pub lambda: f64,
    /// `u = 2 lam sigma^2 |V|^2`, in plain floats.
    pub fraction: f64,
}

impl<'a> SubGaussianMoments<'a> {
    /// From the variance proxy of `X - E X`, the norm `|a|` of the tilt (or a bound of it, see
    /// [`SubGaussianMoments::of_tilt`]) and the value spectrum.
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter) if `|a|` is negative or not finite, or `sigma^2 |a|^2` exceeds
    /// `1e100`.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::bound::{SubGaussianMoments, ValueSpectrum};
    /// use attention_bounds::parameter::VarianceProxy;
    ///
    /// let values = ValueSpectrum::from_eigenvalues(vec![1.0])?;
    /// let energy = SubGaussianMoments::new(VarianceProxy::new(4.0)?, 3.0, &values)?.energy();
    /// assert!(energy >= 36.0 && energy < 36.0 + 1e-12);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn new(proxy: VarianceProxy, tilt_norm: f64, values: &'a ValueSpectrum) -> Result<Self> {
        check_non_negative("|a|", tilt_norm)?;
        // sigma |a| first: the square of |a| may overflow or underflow where the product does not.
        let sigma = Interval::point(proxy.get()).sqrt();
        let energy = (sigma * Interval::point(tilt_norm)).square().upper();
        if !(energy <= LARGEST_EXPONENT) {
            return refused("sigma^2 |a|^2", energy, "at most 1e100");
        }
        Ok(Self {
            sigma_squared: proxy.get(),
            tilt_norm,
            energy,
            values,
        })
    }

    /// As [`SubGaussianMoments::new`], with a float at least the norm of `tilt`.
    ///
    /// # Errors
    /// As [`SubGaussianMoments::new`].
    pub fn of_tilt(
        proxy: VarianceProxy,
        tilt: &DVector<f64>,
        values: &'a ValueSpectrum,
    ) -> Result<Self> {
        Self::new(proxy, norm_above(tilt.as_slice()), values)
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

    /// `sigma^2 |a|^2`, the only way in which the tilt enters, rounded up.
    pub fn energy(&self) -> f64 {
        self.energy
    }

    /// `D_lam(c)` at `lam = u / (2 sigma^2 |V|^2)` and `|c| = 2 sigma^2 |V| |a|` (theory T6, `norm-mgf`):
    /// `-1/2 sum_j ln(1 - u nu_j / nu_max) + 2 sigma^2 |a|^2 u / (1 - u)`.
    pub(crate) fn norm_mgf(&self, unit: Unit) -> f64 {
        let (u, complement) = (unit.value(), unit.complement());
        2.0 * self.energy * (unit.ln - unit.ln_complement).exp()
            + half_log_determinant(self.values.ratios(), u, complement)
    }

    /// `u` and `lam` where `(extra + D_lam(c)) / lam` is smallest: a search in plain floats.
    pub(in crate::bound) fn minimise_over_lambda(&self, extra: f64) -> (f64, f64) {
        // For small u the function is extra / u + constant + u (sum_j r_j^2 / 4 + 2 sigma^2 |a|^2) + ..., so its
        // minimiser is not below the square root of the ratio of the two slopes; e^-4 is for safety. At
        // u = 1 - e^-12 the mean term or the determinant outweighs any extra in use (ln L, 8 sigma^2 |a|^2).
        let slope = 1.0 + self.values.ratios().len() as f64 + 2.0 * self.energy;
        let lower = (0.5 * (extra / slope).ln() - 4.0).clamp(LOWEST, -4.0);
        let found = minimise(lower, 12.0, |x| {
            let unit = Unit::logistic(x);
            (extra + self.norm_mgf(unit)).ln() - unit.ln
        });
        let fraction = Unit::logistic(found.at).value();
        let lambda = fraction / (2.0 * self.sigma_squared * self.values.largest());
        if self.is_constant() {
            return (fraction, lambda);
        }
        // A scale so small or so large that lam overflows or underflows: any lam in range is admissible or
        // gives +inf.
        (fraction, lambda.clamp(f64::MIN_POSITIVE, f64::MAX))
    }

    /// `D_lam(c)` at a float `lam` and `|c| = 2 sigma^2 |V| |a|`, enclosed, with the floats `sigma^2`, `nu_j` and
    /// `sigma^2 |a|^2` of the class. The upper end is `+inf` if `2 lam sigma^2 |V|^2 < 1` is not certain.
    pub(super) fn norm_mgf_enclosure(&self, lambda: f64) -> Interval {
        let u = (Interval::point(lambda) * Interval::point(self.values.largest())).double()
            * Interval::point(self.sigma_squared);
        let determinant: Interval = self
            .values
            .ratios()
            .iter()
            .map(|r| (-(u * Interval::point(*r))).ln_1p())
            .sum();
        let mean = Interval::point(self.energy).double() * u / (Interval::ONE - u);
        mean - determinant / Interval::point(2.0)
    }

    /// Whether the output is constant: then every moment is zero, and so is every bound.
    pub(super) fn is_constant(&self) -> bool {
        self.values.largest() == 0.0 || self.sigma_squared == 0.0
    }

    /// The upper end of an enclosure at the `lam` where `(extra + D_lam(c)) / lam` is smallest.
    fn at_best_lambda(
        &self,
        extra: f64,
        of_constant: f64,
        enclosure: impl Fn(f64) -> Interval,
    ) -> Optimised {
        let (fraction, lambda) = self.minimise_over_lambda(extra);
        Optimised {
            value: if self.is_constant() {
                of_constant
            } else {
                enclosure(lambda).upper()
            },
            lambda,
            fraction,
        }
    }

    /// `ln A2`, `A2 <= e^{2 sigma^2 |a|^2} (8 sigma^2 |a|^2 + D_lam(c)) / lam`, at the best `lam`.
    pub(crate) fn second_moment(&self) -> Optimised {
        self.at_best_lambda(8.0 * self.energy, f64::NEG_INFINITY, |lambda| {
            self.ln_second_moment(lambda)
        })
    }

    /// `(ln L + D_lam(c)) / lam` at the best `lam`.
    pub(crate) fn crude(&self, length: f64) -> Optimised {
        self.at_best_lambda(length.ln(), 0.0, |lambda| {
            self.crude_enclosure(length, lambda)
        })
    }

    /// `A2` of [`output_bounds`](super::output_bounds) at a given `lam`, enclosed:
    /// `e^{2 sigma^2 |a|^2} (8 sigma^2 |a|^2 + D_lam(c)) / lam` at the floats of the class.
    ///
    /// # Errors
    /// If `lam` is not a finite number greater than 0. If `2 lam sigma^2 |V|^2 < 1` is not certain, the upper end
    /// is `+inf`.
    pub fn second_moment_at(&self, lambda: f64) -> Result<Interval> {
        let lambda = Positive::new("lam", lambda)?.get();
        Ok(self.ln_second_moment(lambda).exp())
    }

    /// The crude bound at a given `lam`, enclosed: `(ln L + D_lam(c)) / lam`.
    ///
    /// # Errors
    /// As [`SubGaussianMoments::second_moment_at`].
    pub fn crude_at(&self, length: PromptLength, lambda: f64) -> Result<Interval> {
        let lambda = Positive::new("lam", lambda)?.get();
        Ok(self.crude_enclosure(length.as_f64(), lambda))
    }

    fn ln_second_moment(&self, lambda: f64) -> Interval {
        let energy = Interval::point(self.energy);
        let divergence = energy.double().double().double();
        energy.double() + (divergence + self.norm_mgf_enclosure(lambda)).ln()
            - Interval::point(lambda).ln()
    }

    fn crude_enclosure(&self, length: f64, lambda: f64) -> Interval {
        let sum = Interval::point(length).ln() + self.norm_mgf_enclosure(lambda);
        sum / Interval::point(lambda)
    }

    /// The crude bound at a float `lam` as `alpha + beta y`, where `sigma^2 |a|^2` is that of `self` plus `slope y`: `D_lam(c)` is
    /// affine in `sigma^2 |a|^2`. `None` if the output is constant.
    pub(crate) fn affine_crude(
        &self,
        lambda: f64,
        slope: f64,
        length: f64,
    ) -> Option<(Interval, Interval)> {
        if self.is_constant() {
            return None;
        }
        let lam = Interval::point(lambda);
        let scale =
            Interval::point(self.sigma_squared).double() * Interval::point(self.values.largest());
        let alpha = self.crude_enclosure(length, lambda);
        // 2 slope u / (1 - u) / lam with u = scale lam.
        let complement = Interval::ONE - scale * lam;
        Some((alpha, Interval::point(slope).double() * scale / complement))
    }

    /// `F0 <= sigma^2 |V|_F^2 + |c|^2`, `|c|^2 = 4 sigma^2 |V|^2 sigma^2 |a|^2`, rounded up.
    pub(crate) fn f0(&self) -> f64 {
        let energy = Interval::point(self.energy).double().double();
        let sum =
            Interval::point(self.values.sum()) + Interval::point(self.values.largest()) * energy;
        (Interval::point(self.sigma_squared) * sum).upper()
    }

    /// Upper bounds of the four moments: `rho <= e^{2 sigma^2 |a|^2}`, `kap <= e^{sigma^2 |a|^2}`, `A2`, `F0`.
    pub(crate) fn logarithms(&self) -> (LogMoments, Optimised) {
        let second = self.second_moment();
        let moments = LogMoments {
            rho: 2.0 * self.energy,
            kappa: self.energy,
            a2: second.value,
            f0: self.f0(),
        };
        (moments, second)
    }

    /// The trivial bound `L F0` of the class.
    pub(crate) fn trivial(&self, length: f64) -> f64 {
        (Interval::point(length) * Interval::point(self.f0())).upper()
    }

    /// The class at one `lam`, for the formula of a record; `None` if the output is constant.
    pub(crate) fn at_lambda(&self, lambda: f64) -> Option<SubGaussianClass> {
        (!self.is_constant()).then(|| SubGaussianClass {
            energy: self.energy,
            sigma_squared: self.sigma_squared,
            eigenvalues: self.values.eigenvalues().to_vec(),
            largest: self.values.largest(),
            lambda,
        })
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
    let bound = Bound::proved(Theorem::CRUDE_BOUND, found.value, trivial, dominant)
        .with_hypothesis("L", length.as_f64())
        .with_parameter("lam", found.lambda)
        .with_formula(Some(match sub_gaussian.at_lambda(found.lambda) {
            Some(class) => Formula::Crude {
                class,
                length: length.as_f64(),
            },
            None => Formula::Constant(0.0),
        }));
    sub_gaussian.describe(bound)
}
