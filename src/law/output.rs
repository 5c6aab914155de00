//! A token law seen through a value matrix.

use nalgebra::{DMatrix, DVector};

use super::{Resolution, ScoreAtoms, TokenLaw};
use crate::error::Result;

/// A token law together with a value matrix: everything an attention output depends on.
pub trait OutputLaw: Send + Sync {
    /// Cumulant generating function, output mean and output variance under the tilted law.
    fn tilted(&self, tilt: &DVector<f64>) -> TiltedOutput;

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

    fn score_atoms(&self, tilt: &DVector<f64>, resolution: Resolution) -> Result<ScoreAtoms> {
        self.law.score_atoms(tilt, &self.value, resolution)
    }

    fn radius(&self, centre: &DVector<f64>) -> Option<f64> {
        self.law.output_radius(&self.value, centre)
    }
}
