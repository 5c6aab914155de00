//! A finitely supported law seen through a value matrix.

use nalgebra::{DMatrix, DVector};

use super::{Empirical, OutputLaw, Resolution, ScoreAtoms, TiltedOutput};
use crate::error::{Error, Result};

/// A finitely supported law with its outputs `V x_i` computed once.
///
/// For `n` points in `R^d` and `m` outputs, one tilt then costs `n (d + 2 m)` multiplications instead of
/// the `n d^2` of a tilted covariance.
#[derive(Debug)]
pub struct FiniteOutput<'a> {
    law: &'a Empirical,
    /// `V x_i`, one a column (`m x n`).
    outputs: DMatrix<f64>,
}

impl<'a> FiniteOutput<'a> {
    /// Pairs a law with a value matrix of shape `m x d`.
    pub fn new(law: &'a Empirical, value: &DMatrix<f64>) -> Self {
        Self {
            law,
            outputs: value * law.points(),
        }
    }
}

impl OutputLaw for FiniteOutput<'_> {
    fn tilted(&self, tilt: &DVector<f64>) -> TiltedOutput {
        let (cumulant, weights) = self.law.tilted_weights(tilt);
        let mean = &self.outputs * &weights;
        // Deviations from the mean are squared, not moments subtracted: no cancellation.
        let variance = self
            .outputs
            .column_iter()
            .zip(weights.iter())
            .map(|(output, weight)| {
                let square: f64 = output
                    .iter()
                    .zip(mean.iter())
                    .map(|(o, m)| (o - m) * (o - m))
                    .sum();
                weight * square
            })
            .sum();
        TiltedOutput {
            cumulant,
            mean,
            variance,
        }
    }

    fn score_atoms(&self, tilt: &DVector<f64>, _resolution: Resolution) -> Result<ScoreAtoms> {
        if tilt.len() != self.law.points().nrows() {
            return Err(Error::shape(
                "the tilt vector",
                tilt.len(),
                format!("{} coordinates", self.law.points().nrows()),
            ));
        }
        let scores = self.law.scores(tilt);
        if !scores.iter().all(|s| s.is_finite()) {
            return Err(Error::Unavailable {
                what: "the list of score atoms",
                why: "a score is not a finite number; tilt or tokens must be smaller".into(),
            });
        }
        Ok(ScoreAtoms {
            weights: self.law.weights().to_vec(),
            spreads: vec![0.0; scores.len()],
            scores,
            outputs: self.outputs.clone(),
            exact: true,
        })
    }

    /// The exact radius: the largest distance of an output from the centre.
    fn radius(&self, centre: &DVector<f64>) -> Option<f64> {
        let square = self
            .outputs
            .column_iter()
            .map(|output| {
                output
                    .iter()
                    .zip(centre.iter())
                    .map(|(o, c)| (o - c) * (o - c))
                    .sum::<f64>()
            })
            .fold(0.0, f64::max);
        Some(square.sqrt())
    }
}
