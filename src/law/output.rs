//! A token law seen through a value matrix.

use nalgebra::{DMatrix, DVector};

use super::{Resolution, ScoreAtoms, TokenLaw};
use crate::error::Result;

/// A token law together with a value matrix: everything an attention output depends on.
pub trait OutputLaw: Send + Sync {
    /// Cumulant generating function, output mean and output variance under the tilted law.
    fn tilted(&self, tilt: &DVector<f64>) -> TiltedOutput;

    /// How far [`OutputLaw::tilted`] may be from the truth at this tilt; [`TiltedAccuracy::ASSUMED`] unless the
    /// law says otherwise.
    fn accuracy(&self, _tilt: &DVector<f64>) -> TiltedAccuracy {
        TiltedAccuracy::ASSUMED
    }

    /// See [`TokenLaw::score_atoms`].
    fn score_atoms(&self, tilt: &DVector<f64>, resolution: Resolution) -> Result<ScoreAtoms>;

    /// See [`TokenLaw::output_radius`].
    fn radius(&self, centre: &DVector<f64>) -> Option<f64>;
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

/// Stated accuracy of a [`TiltedOutput`]; `M^2` is the largest `E_a|V X|^2` of the tilts in use.
///
/// | quantity | at most this far from the computed value |
/// |---|---|
/// | `Lam(a)` | `cumulant_absolute + cumulant_relative abs(Lam(a))` |
/// | `sqrt(tr(V C(a) V^T))` | `moments sqrt(tr(V C(a) V^T)) + moments M + mean_absolute` |
/// | `V m(a)`, in norm | `moments M + mean_absolute` |
///
/// On the right the computed values stand. Of a finite law these are derived ([`FiniteOutput`](super::FiniteOutput)); of the others they are assumed, with
/// a margin over what the tests of the law measure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TiltedAccuracy {
    /// Absolute part of the error of the cumulant.
    pub cumulant_absolute: f64,
    /// Relative part of the error of the cumulant.
    pub cumulant_relative: f64,
    /// Relative error of mean and deviation.
    pub moments: f64,
    /// Absolute error of the mean.
    pub mean_absolute: f64,
}

impl TiltedAccuracy {
    /// `2^-44 = 5.7e-14` of everything: 256 units in the last place, for closed forms of few operations.
    pub const ASSUMED: Self = Self::relative(1.0 / (1u64 << 44) as f64);

    /// `2^-36 = 1.5e-11` of mean and deviation, `2^-44` of the cumulant: for laws whose variance is a derivative of
    /// a ratio of Bessel functions, which is stated to be accurate to 1e-11.
    pub const BESSEL: Self = Self {
        moments: 1.0 / (1u64 << 36) as f64,
        ..Self::ASSUMED
    };

    /// The same relative error of everything; it counts for numbers below 1 as it does for 1.
    pub const fn relative(error: f64) -> Self {
        Self {
            cumulant_absolute: error,
            cumulant_relative: error,
            moments: error,
            mean_absolute: 0.0,
        }
    }
}

/// The default [`OutputLaw`]: a law and a value matrix, nothing precomputed.
#[derive(Debug)]
pub struct Through<'a, L> {
    law: &'a L,
    value: DMatrix<f64>,
}

impl<'a, L: TokenLaw> Through<'a, L> {
    /// Pairs a law with a value matrix of shape `m x d`.
    pub fn new(law: &'a L, value: &DMatrix<f64>) -> Self {
        Self {
            law,
            value: value.clone(),
        }
    }
}

impl<L: TokenLaw> OutputLaw for Through<'_, L> {
    fn tilted(&self, tilt: &DVector<f64>) -> TiltedOutput {
        let covariance = self.law.tilted_covariance(tilt);
        TiltedOutput {
            cumulant: self.law.cumulant(tilt),
            mean: &self.value * self.law.tilted_mean(tilt),
            variance: (&self.value * covariance).dot(&self.value).max(0.0),
        }
    }

    fn accuracy(&self, tilt: &DVector<f64>) -> TiltedAccuracy {
        self.law.accuracy(tilt)
    }

    fn score_atoms(&self, tilt: &DVector<f64>, resolution: Resolution) -> Result<ScoreAtoms> {
        self.law.score_atoms(tilt, &self.value, resolution)
    }

    fn radius(&self, centre: &DVector<f64>) -> Option<f64> {
        self.law.output_radius(&self.value, centre)
    }
}
