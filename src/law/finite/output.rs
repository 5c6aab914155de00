//! A finitely supported law seen through a value matrix.

use std::sync::Arc;

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use super::directions::{affordable, largest_square};
use super::empirical::{Empirical, LEAST_SUM};
use crate::error::{Error, Result};
use crate::law::atoms::{AtomRounding, Resolution, ScoreAtoms, UNIT};
use crate::law::centred_scores::centred_scores;
use crate::law::linear_algebra::norm;
use crate::law::output::{
    Deviation, OutputAbout, OutputLaw, TiltedError, TiltedOutput, WeightStep,
};

/// Points from which the origin of the outputs is chosen.
const SAMPLED: usize = 1024;

/// A finitely supported law with its outputs `V x_i` computed once, relative to that of a typical point.
///
/// For `n` points in `R^d` and `m` outputs, one tilt then costs `n (d + 2 m)` multiplications instead of
/// the `n d^2` of a tilted covariance.
#[derive(Debug)]
pub struct FiniteOutput<'a> {
    law: &'a Empirical,
    /// `V (x_i - o)` for a typical point `o`, one a column (`m x n`): outputs far from zero would lose their differences.
    outputs: Arc<DMatrix<f64>>,
    /// `V o`.
    origin: DVector<f64>,
    /// `|x_i - o|`, and the largest of them.
    distances: Vec<f64>,
    widest: f64,
    /// `max_i |x_i|`.
    farthest: f64,
    /// `|V|_F`.
    value_norm: f64,
    /// Units in the last place that the exponential of a score may be off by, besides the score: 754 or 7000.
    exponential: f64,
}

/// Points whose differences from the typical one are held together.
const CHUNK: usize = 4096;

impl<'a> FiniteOutput<'a> {
    /// Pairs a law with a value matrix of shape `m x d`.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::law::{Empirical, FiniteOutput, OutputLaw};
    /// use attention_bounds::nalgebra::{self, dmatrix, dvector};
    ///
    /// let law = Empirical::new(&dmatrix![0.0; 2.0])?;
    /// let seen = FiniteOutput::new(&law, &dmatrix![3.0]).tilted(&dvector![0.0]);
    /// assert!((seen.mean[0] - 3.0).abs() < 1e-14 && (seen.variance - 9.0).abs() < 1e-14);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn new(law: &'a Empirical, value: &DMatrix<f64>) -> Self {
        let points = law.points();
        let origin = typical_point(points);
        let mut outputs = DMatrix::zeros(value.nrows(), points.ncols());
        let mut distances = Vec::with_capacity(points.ncols());
        for first in (0..points.ncols()).step_by(CHUNK) {
            let count = CHUNK.min(points.ncols() - first);
            let mut apart = points.columns(first, count).into_owned();
            for mut column in apart.column_iter_mut() {
                column -= &origin;
                distances.push(column.norm());
            }
            outputs
                .columns_mut(first, count)
                .gemm(1.0, value, &apart, 0.0);
        }
        Self {
            law,
            outputs: Arc::new(outputs),
            origin: value * origin,
            widest: distances.iter().fold(0.0, |most, x| x.max(most)),
            distances,
            farthest: farthest(points),
            value_norm: norm(value),
            exponential: if law.weights().iter().all(|w| *w > LEAST_SUM) {
                754.0
            } else {
                7000.0
            },
        }
    }
}

/// `2^-53`, and one percent for products of small errors and for the rounding of the lines that use it.
const MARGIN: f64 = 1.01 * 0.5 * f64::EPSILON;

impl FiniteOutput<'_> {
    /// `|V|_F` times the largest norm of a point, and of its difference from the typical one.
    fn reach(&self) -> (f64, f64) {
        (
            self.value_norm * self.farthest,
            self.value_norm * self.widest,
        )
    }

    /// Steps of 1/128 of `ln w`, with the ends of what is in them.
    fn steps(
        &self,
        tilt: &DVector<f64>,
        scores: &DVector<f64>,
        cumulant: f64,
        weights: &DVector<f64>,
        squares: &[f64],
    ) -> Option<Vec<WeightStep>> {
        const STEPS: f64 = 128.0;
        let ((score, of_cumulant), relative) = self.rounding(tilt, cumulant);
        let error = 1.01 * (score + of_cumulant);
        if !(relative < 0.1 && error < 1.0 / STEPS) {
            return None;
        }
        let (reach, apart) = self.reach();
        let moved = 2.0 * (tilt.len() as f64 + 8.0) * MARGIN * (reach + apart)
            + 4.0 * relative * self.outputs.amax() * self.outputs.nrows() as f64;
        let place = |ln_weight: f64| (ln_weight * STEPS).floor() as i64;
        let first = place(scores.min() - cumulant);
        let count = place(scores.max() - cumulant).checked_sub(first)?;
        if !(0..MOST_STEPS).contains(&count) {
            return None;
        }
        let mut steps: Vec<Option<WeightStep>> = vec![None; count as usize + 1];
        let atoms = self.law.weights().iter().zip(weights.iter());
        for ((weight, tilted), (score, square)) in atoms.zip(scores.iter().zip(squares)) {
            let ln_weight = score - cumulant;
            let ends = (ln_weight - error, ln_weight + error);
            let distance = (square.sqrt() * (1.0 - 1e-12) - moved).max(0.0);
            let step = steps
                .get_mut((place(ln_weight) - first) as usize)?
                .get_or_insert(WeightStep {
                    ln_weight: ends,
                    tilted: 0.0,
                    square: 0.0,
                });
            let (low, high) = step.ln_weight;
            step.ln_weight = (low.min(ends.0), high.max(ends.1));
            step.tilted += tilted * (1.0 - 2.0 * relative);
            step.square += weight * distance * distance * (1.0 - 1e-9);
        }
        Some(steps.into_iter().flatten().collect())
    }

    /// The error of the cumulant at a tilt, and that of the root of a mean square of deviations (in all directions or in one).
    fn of_root(&self, tilt: &DVector<f64>, cumulant: f64, square: f64) -> (f64, f64) {
        let ((_, of_cumulant), first_order) = self.rounding(tilt, cumulant);
        let (reach, apart) = self.reach();
        let error = if first_order < 0.1 {
            let relative = first_order / (1.0 - 2.0 * first_order);
            let of_products = MARGIN * (tilt.len() as f64 + 8.0) * apart;
            relative * square.sqrt() + of_products + 8.0 * MARGIN * reach
        } else {
            2.01 * reach
        };
        (of_cumulant, error)
    }

    /// The errors of a score and of the cumulant, and the relative one of tilted probabilities, see [`OutputLaw::error`].
    fn rounding(&self, tilt: &DVector<f64>, cumulant: f64) -> ((f64, f64), f64) {
        let (m, n) = (self.outputs.nrows() as f64, self.outputs.ncols() as f64);
        let largest = norm(tilt) * self.farthest;
        let score = (tilt.len() as f64 + 2.0) * MARGIN * largest;
        let sizes = 2.0 * n + self.exponential + 6.0 + 4.0 * largest + 4.0 * cumulant.abs();
        let first_order = 4.0 * score + MARGIN * (2.0 * (n + self.exponential) + m + n + 8.0);
        ((score, score + MARGIN * sizes), first_order)
    }
}

/// Steps beyond which the law of the weight is not listed: scores that differ by thousands.
const MOST_STEPS: i64 = 1 << 20;

/// The largest norm of a point.
fn farthest(points: &DMatrix<f64>) -> f64 {
    let zero = vec![0.0; points.nrows()];
    let squares = points
        .column_iter()
        .map(|x| squared_distance(x.as_slice(), &zero));
    let square = squares.fold(0.0, f64::max);
    // Squares this small may underflow.
    if square < 1e-280 {
        points
            .column_iter()
            .map(|x| norm(x.iter()))
            .fold(0.0, f64::max)
    } else {
        square.sqrt()
    }
}

/// `|x - y|^2`, in sums side by side.
fn squared_distance(one: &[f64], other: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    for (one, other) in one.chunks(8).zip(other.chunks(8)) {
        for ((sum, x), y) in sums.iter_mut().zip(one).zip(other) {
            *sum += (x - y) * (x - y);
        }
    }
    sums.iter().sum()
}

/// The point nearest to the median of every coordinate, of about [`SAMPLED`] points: few outliers do not move it.
fn typical_point(points: &DMatrix<f64>) -> DVector<f64> {
    let stride = points.ncols().div_ceil(SAMPLED).max(1);
    let sampled = || points.column_iter().step_by(stride);
    let median = DVector::from_iterator(
        points.nrows(),
        points.row_iter().map(|row| {
            let mut entries: Vec<f64> = row.iter().step_by(stride).copied().collect();
            entries.sort_by(f64::total_cmp);
            entries.get(entries.len() / 2).copied().unwrap_or(0.0)
        }),
    );
    sampled()
        .map(|x| ((x - &median).norm(), x))
        .min_by(|(one, _), (other, _)| one.total_cmp(other))
        .map_or(median, |(_, x)| x.into_owned())
}

impl OutputLaw for FiniteOutput<'_> {
    fn dimension(&self) -> usize {
        self.law.points().nrows()
    }

    fn tilted(&self, tilt: &DVector<f64>) -> TiltedOutput {
        let (cumulant, weights) = self.law.tilted_weights(tilt);
        let mean = &*self.outputs * &weights;
        // Deviations from the mean are squared, not moments subtracted: no cancellation.
        let squares = self.outputs.column_iter().zip(weights.iter());
        let variance = squares
            .map(|(output, weight)| weight * squared_distance(output.as_slice(), mean.as_slice()))
            .sum();
        TiltedOutput {
            cumulant,
            mean: mean + &self.origin,
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
    /// * The products `y_i = V (x_i - o)` are off by `e = (d + 4) u |V|_F max_i |x_i - o|`, and `V o` by `e' = (d + 2) u |V|_F |o|`. The mean is
    ///   then off by `eps sum_i p_i |y_i - m|`, at most `eps` deviations, by `(2 n + 4) u max_i |y_i|` for its own sum, and
    ///   by `e + e'`; so is the deviation, up to `(m + n + 8) u` of itself and without `e'`.
    fn error(&self, tilt: &DVector<f64>, found: &TiltedOutput) -> TiltedError {
        let margin = MARGIN;
        let n = self.outputs.ncols() as f64;
        let d = tilt.len() as f64;
        let (reach, apart) = self.reach();
        let ((_, cumulant), first_order) = self.rounding(tilt, found.cumulant);
        let deviation = found.variance.sqrt();
        // Products of errors are below the share 2 e of an error e. Beyond 1/10 nothing is known of the
        // tilted probabilities, but every mean and every deviation is at most |V|_F max_i |x_i|.
        let error = if first_order < 0.1 {
            let relative = first_order / (1.0 - 2.0 * first_order);
            relative * deviation + margin * ((d + 2.0 * n + 10.0) * apart + (d + 4.0) * reach)
        } else {
            2.01 * reach
        };
        TiltedError {
            cumulant,
            mean: error,
            variance: (2.0 * deviation + error) * error * (1.0 + 4.0 * f64::EPSILON),
        }
    }

    /// One pass over the points and over the outputs, and one over the scores for each multiple. As for [`OutputLaw::error`].
    fn about(&self, tilt: &DVector<f64>, multiples: &[f64]) -> Option<OutputAbout> {
        let scores = self.law.points().tr_mul(tilt);
        let (cumulant, weights) = self.law.tilted_weights_of(scores.clone());
        let mean = &*self.outputs * &weights;
        let squares: Vec<f64> = self
            .outputs
            .column_iter()
            .map(|output| squared_distance(output.as_slice(), mean.as_slice()))
            .collect();
        let tilted = TiltedOutput {
            cumulant,
            variance: weights.iter().zip(&squares).map(|(w, s)| w * s).sum(),
            mean: mean + &self.origin,
        };
        let deviations = multiples.par_iter().map(|&multiple| {
            let (cumulant, square) = self.law.weigh(&scores, multiple, &squares);
            let (of_cumulant, error) = self.of_root(&(tilt * multiple), cumulant, square);
            Deviation {
                cumulant,
                of_cumulant,
                square,
                error,
            }
        });
        Some(OutputAbout {
            deviations: deviations.collect(),
            radius: self.radius(&tilted.mean),
            steps: self.steps(tilt, &scores, cumulant, &weights, &squares),
            error: self.error(tilt, &tilted),
            tilted,
        })
    }

    fn largest_squares(
        &self,
        tilt: &DVector<f64>,
        centre: &DVector<f64>,
        multiples: &[f64],
    ) -> Option<Vec<(f64, f64)>> {
        if !affordable(&self.outputs) {
            return None;
        }
        let scores = self.law.points().tr_mul(tilt);
        let mean = centre - &self.origin;
        let squares = multiples.par_iter().map(|&multiple| {
            let (cumulant, weights) = self.law.tilted_weights_of(&scores * multiple);
            let square = largest_square(&self.outputs, &mean, &weights);
            (square, self.of_root(&(tilt * multiple), cumulant, square).1)
        });
        Some(squares.collect())
    }

    fn score_atoms(&self, tilt: &DVector<f64>, _resolution: Resolution) -> Result<ScoreAtoms> {
        if tilt.len() != self.law.points().nrows() {
            return Err(Error::shape(
                "the tilt vector",
                tilt.len(),
                format!("{} coordinates", self.law.points().nrows()),
            ));
        }
        let found = centred_scores(self.law.points(), self.law.weights(), tilt)?;
        // A product of d terms and the difference before it, in every output.
        let output = (tilt.len() as f64 + 2.0) * UNIT * self.value_norm;
        Ok(ScoreAtoms {
            weights: self.law.weights().to_vec(),
            spreads: vec![0.0; found.scores.len()],
            score_origin: found.origin,
            outputs: Arc::clone(&self.outputs),
            output_origin: self.origin.clone(),
            rounding: AtomRounding {
                score: found.rounding,
                outputs: self.distances.iter().map(|x| output * x).collect(),
                spread: 0.0,
                origin: (
                    (tilt.len() as f64 + 4.0) * UNIT * norm(tilt) * self.farthest,
                    output * 2.0 * self.farthest,
                ),
            },
            scores: found.scores,
            exact: true,
        })
    }

    /// The exact radius: the largest distance of an output from the centre.
    fn radius(&self, centre: &DVector<f64>) -> Option<f64> {
        let centre = centre - &self.origin;
        let columns = || self.outputs.column_iter();
        let square = columns()
            .map(|output| squared_distance(output.as_slice(), centre.as_slice()))
            .fold(0.0, f64::max);
        // Squares this small may underflow.
        Some(if square < 1e-280 {
            columns()
                .map(|output| (output - &centre).amax())
                .fold(0.0, f64::max)
                * (centre.len() as f64).sqrt()
        } else {
            square.sqrt()
        })
    }
}
