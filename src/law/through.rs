//! A law and a value matrix, nothing precomputed.

use nalgebra::{DMatrix, DVector};

use super::linear_algebra::norm;
use super::{OutputLaw, Resolution, ScoreAtoms, TiltedError, TiltedOutput, TokenLaw};
use crate::error::Result;

/// The default [`OutputLaw`]: a law and a value matrix, nothing precomputed.
#[derive(Debug)]
pub struct Through<'a, L> {
    law: &'a L,
    value: DMatrix<f64>,
}

impl<'a, L: TokenLaw> Through<'a, L> {
    /// Pairs a law with a value matrix of shape `m x d`.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::law::{Gaussian, OutputLaw, Through};
    /// use attention_bounds::nalgebra::{self, dmatrix, dvector};
    ///
    /// // V Gamma a, and tr(V Gamma V^T).
    /// let law = Gaussian::centred(dmatrix![2.0, 0.0; 0.0, 3.0])?;
    /// let seen = Through::new(&law, &dmatrix![1.0, 1.0]).tilted(&dvector![1.0, 2.0]);
    /// assert_eq!((seen.mean[0], seen.variance), (8.0, 5.0));
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn new(law: &'a L, value: &DMatrix<f64>) -> Self {
        Self {
            law,
            value: value.clone(),
        }
    }
}

impl<L: TokenLaw> OutputLaw for Through<'_, L> {
    fn dimension(&self) -> usize {
        self.law.dimension()
    }

    fn tilted(&self, tilt: &DVector<f64>) -> TiltedOutput {
        let covariance = self.law.tilted_covariance(tilt);
        TiltedOutput {
            cumulant: self.law.cumulant(tilt),
            mean: &self.value * self.law.tilted_mean(tilt),
            variance: (&self.value * covariance).dot(&self.value).max(0.0),
        }
    }

    /// Of the law's [`LawAccuracy`](crate::law::LawAccuracy) and the two products with `V` (`m x d`), by the standard error analysis: with
    /// `gamma = (m d + d + 2) 2^-53`, the mean is off by at most `|V|_F` times its error and `gamma |m|`, the
    /// variance by at most `|V|_F^2` times the error of the covariance and `gamma |C|_F`.
    fn error(&self, tilt: &DVector<f64>, found: &TiltedOutput) -> TiltedError {
        let accuracy = self.law.accuracy(tilt);
        let (m, d) = self.value.shape();
        let gamma = 0.51 * f64::EPSILON * (m as f64 * d as f64 + d as f64 + 2.0);
        let size = norm(&self.value) * (1.0 + 1e-9);
        let mean = norm(&self.law.tilted_mean(tilt));
        let covariance = norm(&self.law.tilted_covariance(tilt));
        let of_mean = accuracy.relative * (mean + accuracy.scale) + gamma * mean;
        let of_covariance = accuracy.covariance * (covariance + accuracy.scale * accuracy.scale)
            + gamma * covariance;
        TiltedError {
            cumulant: accuracy.relative * (1.0 + found.cumulant.abs()),
            mean: size * of_mean * (1.0 + 1e-9),
            variance: size * size * of_covariance * (1.0 + 1e-9),
        }
    }

    fn score_atoms(&self, tilt: &DVector<f64>, resolution: Resolution) -> Result<ScoreAtoms> {
        self.law.score_atoms(tilt, &self.value, resolution)
    }

    fn radius(&self, centre: &DVector<f64>) -> Option<f64> {
        self.law.output_radius(&self.value, centre)
    }
}
