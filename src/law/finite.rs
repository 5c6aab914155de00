//! A finitely supported law seen through a value matrix.

use nalgebra::{DMatrix, DVector};

use super::linear_algebra::norm;
use super::{Empirical, OutputLaw, Resolution, ScoreAtoms, TiltedError, TiltedOutput};
use crate::error::{Error, Result};

/// Least sum of the weights relative to the largest score for which no weight that underflows counts.
pub(super) const LEAST_SUM: f64 = 1e-250;

/// A finitely supported law with its outputs `V x_i` computed once.
///
/// For `n` points in `R^d` and `m` outputs, one tilt then costs `n (d + 2 m)` multiplications instead of
/// the `n d^2` of a tilted covariance.
#[derive(Debug)]
pub struct FiniteOutput<'a> {
    law: &'a Empirical,
    /// `V x_i`, one a column (`m x n`).
    outputs: DMatrix<f64>,
    /// `max_i |x_i|`.
    farthest: f64,
    /// `|V|_F`.
    value_norm: f64,
    /// Units in the last place that the exponential of a score may be off by, besides the score: 754 or 7000.
    exponential: f64,
}

impl<'a> FiniteOutput<'a> {
    /// Pairs a law with a value matrix of shape `m x d`.
    pub fn new(law: &'a Empirical, value: &DMatrix<f64>) -> Self {
        Self {
            law,
            outputs: value * law.points(),
            farthest: law
                .points()
                .column_iter()
                .map(|x| norm(x.iter()))
                .fold(0.0, f64::max),
            value_norm: norm(value),
            exponential: if law.weights().iter().all(|w| *w > LEAST_SUM) {
                754.0
            } else {
                7000.0
            },
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

    /// Derived, for `n` points in `R^d` and `m` outputs, with `u = 2^-53`, from the standard model of floating-point
    /// sums (any order of summation) and a platform `exp` and `ln` accurate to 4 units in the last place.
    ///
    /// * A score is off by at most `delta = (d + 2) u |a| max_i |x_i|`, and so is their logarithmic mean.
    /// * A term `q_i e^{s_i - max}` is off by a relative `2 delta + (746 + 8) u`: the exponent is at most 746 in
    ///   size, for beyond it the term vanishes; `e^{s_i + ln q_i - max}`, which serves where the sum is below 1e-250, by
    ///   `2 delta + 7000 u`, as `ln q_i` and the largest exponent, less the scores, are at most 746 too. The sum adds `n u`, and
    ///   dividing by it as much again, so that a tilted probability is off by a relative `eps = 2 (2 delta + (n + 754) u)`, 7000
    ///   instead of 754 there.
    /// * The products `y_i = V x_i` are off by `e = (d + 2) u |V|_F max_i |x_i|`. The mean is then off by
    ///   `eps sum_i p_i |y_i - m|`, at most `eps` deviations, by `(2 n + 4) u max_i |y_i|` for its own sum, and
    ///   by `e`; so is the deviation, up to `(m + n + 8) u` of itself.
    fn error(&self, tilt: &DVector<f64>, found: &TiltedOutput) -> TiltedError {
        let unit = 0.5 * f64::EPSILON;
        // One percent for products of small errors and for the rounding of these lines.
        let margin = 1.01 * unit;
        let (m, n) = (self.outputs.nrows() as f64, self.outputs.ncols() as f64);
        let d = tilt.len() as f64;
        let largest = norm(tilt) * self.farthest;
        let score = (d + 2.0) * margin * largest;
        let reach = self.value_norm * self.farthest;
        let cumulant = score
            + margin
                * (2.0 * n + self.exponential + 6.0 + 4.0 * largest + 4.0 * found.cumulant.abs());
        let first_order = 4.0 * score + margin * (2.0 * (n + self.exponential) + m + n + 8.0);
        let deviation = found.variance.sqrt();
        // Products of errors are below the share 2 e of an error e. Beyond 1/10 nothing is known of the
        // tilted probabilities, but every mean and every deviation is at most |V|_F max_i |x_i|.
        let error = if first_order < 0.1 {
            let relative = first_order / (1.0 - 2.0 * first_order);
            relative * deviation + (d + 2.0 * n + 6.0) * margin * reach
        } else {
            2.01 * reach
        };
        TiltedError {
            cumulant,
            mean: error,
            variance: (2.0 * deviation + error) * error * (1.0 + 4.0 * f64::EPSILON),
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
        let (square, most) = self
            .outputs
            .column_iter()
            .map(|output| {
                let gaps = output.iter().zip(centre.iter());
                gaps.map(|(o, c)| (o - c).abs())
                    .fold((0.0_f64, 0.0_f64), |(sum, most), gap| {
                        (sum + gap * gap, most.max(gap))
                    })
            })
            .fold((0.0_f64, 0.0_f64), |x, y| (x.0.max(y.0), x.1.max(y.1)));
        // Squares this small may underflow.
        Some(if square < 1e-280 {
            most * (centre.len() as f64).sqrt()
        } else {
            square.sqrt()
        })
    }
}
