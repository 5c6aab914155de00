//! What a pointwise bound uses of a known token law at one tilt.

use nalgebra::{DMatrix, DVector};

use crate::error::{Error, Result};
use crate::law::OutputLaw;

/// Largest exponent accepted (`s^2`, `sigma^2 |a|^2`, `ln rho`): far beyond any score that a computer
/// produces, and small enough that no later sum of exponents overflows.
pub(crate) const LARGEST_EXPONENT: f64 = 1e100;

/// The four moments on which T4 and T5 depend, as logarithms (`-inf` is zero).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct LogMoments {
    /// `ln rho`, `rho = E w^2`.
    pub rho: f64,
    /// `ln kap`, `kap = E w^{-1}`.
    pub kappa: f64,
    /// `ln A2`, `A2 = E[w^2 |f|^2]`.
    pub a2: f64,
    /// `ln F0`, `F0 = E |f|^2`.
    pub f0: f64,
}

/// Gaussian tokens seen through one head and one tilt: all that T3 and T5 need of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GaussianOutput {
    score_variance: f64,
    tau_v: f64,
    eta: f64,
}

impl GaussianOutput {
    /// From `s^2 = a^T Gamma a`, `tau_V = tr(V Gamma V^T)` and `eta = |V Gamma a|^2`: finite, at least 0.
    pub fn new(score_variance: f64, tau_v: f64, eta: f64) -> Result<Self> {
        let largest = [
            ("s^2", score_variance, LARGEST_EXPONENT),
            ("tau_V", tau_v, f64::MAX / 4.0),
            ("eta", eta, f64::MAX / 4.0),
        ];
        for (name, value, most) in largest {
            if !(0.0..=most).contains(&value) {
                return Err(rejected(name, value, "a finite number, at least 0"));
            }
        }
        Ok(Self {
            score_variance,
            tau_v,
            eta,
        })
    }

    /// From the covariance `Gamma` (`d x d`), the value matrix `V` (`m x d`) and the tilt `a` (`d`).
    ///
    /// Refuses shapes that do not fit, and quadratic forms that are negative beyond rounding.
    pub fn of(
        covariance: &DMatrix<f64>,
        value: &DMatrix<f64>,
        tilt: &DVector<f64>,
    ) -> Result<Self> {
        let d = tilt.len();
        if covariance.shape() != (d, d) || value.ncols() != d {
            return Err(Error::shape(
                "the Gaussian output",
                format!(
                    "covariance {:?}, value {:?}, tilt {d}",
                    covariance.shape(),
                    value.shape()
                ),
                "covariance (d, d), value (m, d), tilt d",
            ));
        }
        let image = covariance * tilt;
        // Rounding may take a zero quadratic form of a singular covariance just below zero.
        let quadratic = |form: f64, scale: f64| {
            let negligible = 1e-13 * d as f64 * scale;
            if form < 0.0 && form >= -negligible {
                0.0
            } else {
                form
            }
        };
        let size = covariance.norm();
        let score_variance = quadratic(tilt.dot(&image), size * tilt.norm_squared());
        let tau_v = quadratic((value * covariance).dot(value), size * value.norm_squared());
        Self::new(score_variance, tau_v, (value * image).norm_squared())
    }

    /// Variance of the score, `s^2`.
    pub fn score_variance(&self) -> f64 {
        self.score_variance
    }

    /// Variance of the output, `tau_V`.
    pub fn tau_v(&self) -> f64 {
        self.tau_v
    }

    /// `eta = |V Gamma a|^2`, the squared norm of the centred attention output.
    pub fn eta(&self) -> f64 {
        self.eta
    }
}

/// Moments of a known token law at one tilt `a` (theory T4 to T6).
///
/// | symbol | value |
/// |---|---|
/// | `ln rho` | `Lam(2a) - 2 Lam(a)` |
/// | `ln kap` | `Lam(a) + Lam(-a)` |
/// | `ln A2` | `ln rho + ln( tr(V C(2a) V^T) + abs(V(m(2a) - m(a)))^2 )`, `-inf` if the output is constant |
/// | `F0` | `tr(V C(0) V^T) + abs(V(m(0) - m(a)))^2` |
///
/// The two exponents are rounded up by 8 units in the last place of the cumulants they are made of, for
/// they are differences; so a law whose cumulants have that accuracy gets moments that are not too small.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KnownMoments {
    ln_rho: f64,
    ln_kappa: f64,
    ln_a2: f64,
    f0: f64,
    radius_squared: Option<f64>,
    gaussian: Option<GaussianOutput>,
}

impl KnownMoments {
    /// The moments of `output` at `tilt`.
    ///
    /// Fails if the law returns a cumulant or an output moment that is not finite there.
    pub fn new(output: &dyn OutputLaw, tilt: &DVector<f64>) -> Result<Self> {
        let origin = output.tilted(&DVector::zeros(tilt.len()));
        let once = output.tilted(tilt);
        let twice = output.tilted(&(tilt * 2.0));
        let opposite = output.tilted(&-tilt).cumulant;

        let rounding = 8.0 * f64::EPSILON;
        // Jensen: both exponents are at least 0, whatever rounding made of the differences.
        let ln_rho = (twice.cumulant - 2.0 * once.cumulant).max(0.0)
            + rounding * (twice.cumulant.abs() + 2.0 * once.cumulant.abs());
        let ln_kappa =
            (once.cumulant + opposite).max(0.0) + rounding * (once.cumulant.abs() + opposite.abs());
        let second = twice.variance + (&twice.mean - &once.mean).norm_squared();
        let f0 = origin.variance + (&origin.mean - &once.mean).norm_squared();
        for (name, value, most) in [
            ("ln rho", ln_rho, LARGEST_EXPONENT),
            ("ln kap", ln_kappa, LARGEST_EXPONENT),
            (
                "E|V(X - m(a))|^2 under the law tilted by 2a",
                second,
                f64::MAX,
            ),
            ("E|V(X - m(a))|^2", f0, f64::MAX),
        ] {
            if !(0.0..=most).contains(&value) {
                return Err(rejected(name, value, "a finite number, at least 0"));
            }
        }
        let radius_squared = match output.radius(&once.mean) {
            Some(radius) if !(radius >= 0.0) => {
                return Err(rejected("the output radius", radius, "at least 0"));
            }
            radius => radius.map(|r| r * r),
        };
        Ok(Self {
            ln_rho,
            ln_kappa,
            ln_a2: ln_rho + second.ln(),
            f0,
            radius_squared,
            gaussian: None,
        })
    }

    /// The moments of Gaussian tokens in closed form: `rho = kap = e^{s^2}`, `A2 = e^{s^2} F0`,
    /// `F0 = tau_V + eta`.
    pub fn gaussian(output: GaussianOutput) -> Self {
        let f0 = output.tau_v + output.eta;
        Self {
            ln_rho: output.score_variance,
            ln_kappa: output.score_variance,
            ln_a2: output.score_variance + f0.ln(),
            f0,
            radius_squared: None,
            gaussian: Some(output),
        }
    }

    /// `ln rho`.
    pub fn ln_rho(&self) -> f64 {
        self.ln_rho
    }

    /// `ln kap`.
    pub fn ln_kappa(&self) -> f64 {
        self.ln_kappa
    }

    /// `ln A2`; `-inf` if the output is constant.
    pub fn ln_a2(&self) -> f64 {
        self.ln_a2
    }

    /// `F0 = E |V(X - m(a))|^2`.
    pub fn f0(&self) -> f64 {
        self.f0
    }

    /// `sup |V(x - m(a))|^2` over the support, if the support is bounded.
    pub fn radius_squared(&self) -> Option<f64> {
        self.radius_squared
    }

    /// The Gaussian constants, if the tokens are Gaussian.
    pub fn gaussian_output(&self) -> Option<&GaussianOutput> {
        self.gaussian.as_ref()
    }

    pub(crate) fn logarithms(&self) -> LogMoments {
        LogMoments {
            rho: self.ln_rho,
            kappa: self.ln_kappa,
            a2: self.ln_a2,
            f0: self.f0.ln(),
        }
    }
}

pub(crate) fn rejected(parameter: &'static str, value: f64, required: &'static str) -> Error {
    Error::Parameter {
        parameter,
        value: value.to_string(),
        required,
        theorem: None,
    }
}
