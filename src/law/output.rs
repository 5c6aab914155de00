//! A token law seen through a value matrix.

use nalgebra::DVector;

use super::{Resolution, ScoreAtoms};
use crate::error::Result;

/// A token law together with a value matrix: everything an attention output depends on.
pub trait OutputLaw: Send + Sync {
    /// Dimension `d` of a token and of a tilt.
    fn dimension(&self) -> usize;

    /// Cumulant generating function, output mean and output variance under the tilted law.
    fn tilted(&self, tilt: &DVector<f64>) -> TiltedOutput;

    /// How far `found`, the [`OutputLaw::tilted`] of this tilt, may be from the truth. Unless the law says
    /// otherwise it is assumed that cumulant, mean and deviation are accurate to [`CLOSED_FORM`], relative to
    /// `1 + |Lam|`, `|V m| + deviation` and the deviation.
    fn error(&self, _tilt: &DVector<f64>, found: &TiltedOutput) -> TiltedError {
        TiltedError {
            cumulant: CLOSED_FORM * (1.0 + found.cumulant.abs()),
            mean: CLOSED_FORM * (found.mean.norm() + found.variance.sqrt()),
            variance: 2.0 * CLOSED_FORM * found.variance,
        }
    }

    /// See [`TokenLaw::score_atoms`](crate::law::TokenLaw::score_atoms).
    ///
    /// # Errors
    /// As there.
    fn score_atoms(&self, tilt: &DVector<f64>, resolution: Resolution) -> Result<ScoreAtoms>;

    /// For tokens of finite support: all that bounds use of the law at one tilt `a`, `V m(a)` the centre. `multiples` are those of the
    /// tilt at which deviations are wanted.
    fn about(&self, _tilt: &DVector<f64>, _multiples: &[f64]) -> Option<OutputAbout> {
        None
    }

    /// For tokens of finite support that are not too many: the largest eigenvalue of `E[(V X - centre)(V X - centre)^T]` under the laws tilted by these multiples of the
    /// tilt, from above, and a bound of the error of its root besides.
    fn largest_squares(
        &self,
        _tilt: &DVector<f64>,
        _centre: &DVector<f64>,
        _multiples: &[f64],
    ) -> Option<Vec<(f64, f64)>> {
        None
    }

    /// See [`TokenLaw::output_radius`](crate::law::TokenLaw::output_radius).
    fn radius(&self, centre: &DVector<f64>) -> Option<f64>;
}

/// The tokens whose weight is in a range, bounded from below with the rounding of scores and probabilities on the safe side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WeightStep {
    /// Ends of `ln w`.
    pub ln_weight: (f64, f64),
    /// At most `E[w; step]`, the tilted probability of the step.
    pub tilted: f64,
    /// At most `E[|V(X - m(a))|^2; step]`.
    pub square: f64,
}

/// The output of tokens of finite support about its mean `V m(a)` under the tilted law ([`OutputLaw::about`]).
#[derive(Debug, Clone, PartialEq)]
pub struct OutputAbout {
    /// [`OutputLaw::tilted`].
    pub tilted: TiltedOutput,
    /// [`OutputLaw::error`].
    pub error: TiltedError,
    /// How far the output is from the centre under the laws tilted by multiples of `a`.
    pub deviations: Vec<Deviation>,
    /// [`OutputLaw::radius`].
    pub radius: Option<f64>,
    /// The law of `w = e^{<a, X> - Lam(a)}` in steps of `ln w`, ascending.
    pub steps: Option<Vec<WeightStep>>,
}

/// How far the output is from a centre under a tilted law.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Deviation {
    /// `Lam` at the tilt.
    pub cumulant: f64,
    /// A bound of the error of `Lam`.
    pub of_cumulant: f64,
    /// `E|V X - centre|^2`.
    pub square: f64,
    /// A bound of the error of its root.
    pub error: f64,
}

/// What the output `V X` looks like under the tilted law `mu_a`.
#[derive(Debug, Clone, PartialEq)]
pub struct TiltedOutput {
    /// `Lam(a)`.
    pub cumulant: f64,
    /// `V m(a)`, in `R^m`.
    pub mean: DVector<f64>,
    /// `tr(V C(a) V^T)`.
    pub variance: f64,
}

/// How far a [`TiltedOutput`] may be from the truth, absolutely.
///
/// Of a finite law this is derived ([`FiniteOutput`](super::FiniteOutput)). Of the other laws it is derived from the
/// accuracy that the law states of its cumulant, tilted mean and covariance ([`LawAccuracy`]), which is assumed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TiltedError {
    /// Of `Lam(a)`.
    pub cumulant: f64,
    /// Of `V m(a)`, in norm.
    pub mean: f64,
    /// Of `tr(V C(a) V^T)`.
    pub variance: f64,
}

/// Stated accuracy of a law at one tilt; **assumed**, with a margin over what its tests measure.
///
/// | quantity | at most this far from the computed value |
/// |---|---|
/// | `Lam(a)` | `relative (1 + abs(Lam(a)))` |
/// | `m(a)`, in norm | `relative (abs(m(a)) + scale)` |
/// | `C(a)`, in Frobenius norm | `covariance (abs(C(a)) + scale^2)` |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LawAccuracy {
    /// Of cumulant and mean.
    pub relative: f64,
    /// Of the covariance.
    pub covariance: f64,
    /// Size of the terms that cancel in mean and covariance; 0 for a closed form without cancellation.
    pub scale: f64,
}

/// `2^-44 = 5.7e-14`, 256 units in the last place: the assumed accuracy of closed forms of few operations.
pub const CLOSED_FORM: f64 = 1.0 / (1u64 << 44) as f64;

impl LawAccuracy {
    /// [`CLOSED_FORM`] of everything.
    pub const ASSUMED: Self = Self {
        relative: CLOSED_FORM,
        covariance: CLOSED_FORM,
        scale: 0.0,
    };

    /// Besides, the rounding of sums of `terms` products.
    pub fn of_sums(self, terms: usize) -> Self {
        let rounding = terms as f64 * f64::EPSILON;
        Self {
            relative: self.relative + rounding,
            covariance: self.covariance + rounding,
            ..self
        }
    }

    /// `2^-36 = 1.5e-11` of the covariance: for laws in which it is made of the derivative of a ratio of Bessel
    /// functions, which is stated to be accurate to 1e-11.
    pub const BESSEL: Self = Self {
        covariance: 1.0 / (1u64 << 36) as f64,
        ..Self::ASSUMED
    };
}
