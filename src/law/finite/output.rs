//! A finitely supported law seen through a value matrix.

use std::ops::Range;
use std::sync::Arc;

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use super::directions::{affordable, largest_square};
use super::distances::{farthest, squared_gap, typical_point};
use super::empirical::{Empirical, LEAST_SUM};
use super::products::{is_identity, products};
use super::tilted_sums::TiltedSums;
use crate::error::{Error, Result};
use crate::law::atoms::{AtomRounding, Resolution, ScoreAtoms, UNIT};
use crate::law::centred_scores::centred_scores;
use crate::law::compensated::{by_parts, plain_scores};
use crate::law::linear_algebra::norm;
use crate::law::output::{
    Deviation, OutputAbout, OutputLaw, TiltedError, TiltedOutput, WeightStep,
};

/// A finitely supported law with its outputs `V x_i` computed once, relative to that of a typical point.
///
/// For `n` points in `R^d` and `m` outputs, one tilt then costs `n (d + 2 m)` multiplications instead of
/// the `n d^2` of a tilted covariance. Where `V` is the identity the points are their own outputs, and nothing is copied.
#[derive(Debug)]
pub struct FiniteOutput<'a> {
    law: &'a Empirical,
    /// One a column (`m x n`), `V (x_i - o)` for a typical point `o` once `shift` is taken off: outputs far from zero would lose their
    /// differences.
    outputs: Arc<DMatrix<f64>>,
    /// 0, or `o` where the outputs are the points themselves.
    shift: DVector<f64>,
    /// `V o`.
    origin: DVector<f64>,
    /// `|x_i - o|`, none where the outputs are the points; the largest of them.
    distances: Vec<f64>,
    widest: f64,
    /// `max_i |x_i|`.
    farthest: f64,
    /// `|V|_F`.
    value_norm: f64,
    /// Are there weights so small that others underflow beside them?
    by_logarithms: bool,
}

/// Points that are taken together.
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
        let (outputs, shift, distances) = match is_identity(value) {
            true => (Arc::clone(&law.points), origin.clone(), Vec::new()),
            false => {
                let (outputs, distances) = products(points, &origin, value);
                let shift = DVector::zeros(value.nrows());
                (Arc::new(outputs), shift, distances)
            }
        };
        Self {
            law,
            outputs,
            shift,
            widest: farthest(points, origin.as_slice()),
            origin: value * origin,
            distances,
            farthest: farthest(points, &vec![0.0; points.nrows()]),
            value_norm: norm(value),
            by_logarithms: !law.weights().iter().all(|w| *w > LEAST_SUM),
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

    /// The outputs of a part of the points, before the shift.
    fn columns(&self, part: Range<usize>) -> impl Iterator<Item = &[f64]> {
        let rows = self.outputs.nrows();
        let entries = self
            .outputs
            .as_slice()
            .get(part.start * rows..part.end * rows);
        entries.unwrap_or_default().chunks_exact(rows.max(1))
    }

    /// The squared distances of the outputs from this one, relative to that of the typical point.
    fn squares(&self, from: &DVector<f64>) -> Vec<f64> {
        let mut squares = vec![0.0; self.outputs.ncols()];
        let parts = squares.par_chunks_mut(CHUNK).enumerate();
        parts.for_each(|(part, squares)| {
            let first = part * CHUNK;
            let columns = self.columns(first..first + squares.len());
            for (square, column) in squares.iter_mut().zip(columns) {
                *square = squared_gap(column, self.shift.as_slice(), from.as_slice());
            }
        });
        squares
    }

    /// The largest distance of an output from `centre`, relative to that of the typical point, of which the squares are known.
    fn farthest_from(&self, centre: &DVector<f64>, squares: &[f64]) -> f64 {
        let square = squares.iter().fold(0.0_f64, |most, x| most.max(*x));
        // Squares this small may underflow.
        if square >= 1e-280 {
            return square.sqrt();
        }
        let apart = |output: &[f64]| {
            let gaps = output.iter().zip(self.shift.iter()).zip(centre.iter());
            gaps.fold(0.0_f64, |most, ((x, shift), y)| {
                most.max((x - shift - y).abs())
            })
        };
        let all = self.columns(0..self.outputs.ncols());
        all.map(apart).fold(0.0, f64::max) * (centre.len() as f64).sqrt()
    }

    /// `Lam` and the mean output, relative to that of the typical point, of the law tilted by the scores.
    fn mean(&self, sums: &TiltedSums<'_>) -> (f64, DVector<f64>) {
        let largest = sums.largest(1.0);
        let parts = by_parts(self.outputs.ncols(), |part| {
            let (mut terms, mut mean) = (Vec::new(), DVector::zeros(self.outputs.nrows()));
            let sum = sums.terms(1.0, largest, part.clone(), &mut terms);
            for (term, column) in terms.iter().zip(self.columns(part)) {
                for ((to, x), shift) in mean.iter_mut().zip(column).zip(self.shift.iter()) {
                    *to += term * (x - shift);
                }
            }
            (sum, mean)
        });
        let (mut sum, mut mean) = (0.0, DVector::zeros(self.outputs.nrows()));
        for (part, of_part) in parts {
            sum += part;
            mean += of_part;
        }
        (largest + sum.ln(), mean / sum)
    }

    /// Steps of 1/128 of `ln w`, with the ends of what is in them.
    fn steps(
        &self,
        tilt: &DVector<f64>,
        sums: &TiltedSums<'_>,
        cumulant: f64,
        squares: &[f64],
    ) -> Option<Vec<WeightStep>> {
        const STEPS: f64 = 128.0;
        let ((score, of_cumulant), relative) = self.rounding(tilt, cumulant);
        let error = 1.01 * (score + of_cumulant);
        if !(relative < 0.1 && error < 1.0 / STEPS) {
            return None;
        }
        let (reach, apart) = self.reach();
        let moved =
            2.0 * (tilt.len() as f64 + 8.0) * MARGIN * (reach + apart) + 4.0 * relative * apart;
        let place = |ln_weight: f64| (ln_weight * STEPS).floor() as i64;
        let (low, high) = sums.ends();
        let first = place(low - cumulant);
        let count = place(high - cumulant).checked_sub(first)?;
        if !(0..MOST_STEPS).contains(&count) {
            return None;
        }
        let largest = sums.largest(1.0);
        // The tilted probability of a term; where it is lost beside the largest, nothing.
        let scale = (largest - cumulant).exp() * (1.0 - 2.0 * relative);
        let mut steps: Vec<Option<WeightStep>> = vec![None; count as usize + 1];
        let mut terms = Vec::new();
        for start in (0..squares.len()).step_by(CHUNK) {
            let part = start..squares.len().min(start + CHUNK);
            sums.terms(1.0, largest, part.clone(), &mut terms);
            let atoms = self.law.weights().get(part.clone())?.iter().zip(&terms);
            let found = sums
                .scores()
                .get(part.clone())?
                .iter()
                .zip(squares.get(part)?);
            for ((weight, term), (score, square)) in atoms.zip(found) {
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
                step.tilted += term * scale;
                step.square += weight * distance * distance * (1.0 - 1e-9);
            }
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
        let exponential = if self.by_logarithms { 7000.0 } else { 754.0 };
        let sizes = 2.0 * n + exponential + 6.0 + 4.0 * largest + 4.0 * cumulant.abs();
        let first_order = 4.0 * score + MARGIN * (2.0 * (n + exponential) + m + n + 8.0);
        ((score, score + MARGIN * sizes), first_order)
    }
}

/// Steps beyond which the law of the weight is not listed: scores that differ by thousands.
const MOST_STEPS: i64 = 1 << 20;

impl OutputLaw for FiniteOutput<'_> {
    fn dimension(&self) -> usize {
        self.law.points().nrows()
    }

    fn tilted(&self, tilt: &DVector<f64>) -> TiltedOutput {
        let scores = plain_scores(self.law.points(), tilt.as_slice());
        let sums = TiltedSums::new(self.law.weights(), &scores, self.by_logarithms);
        let (cumulant, mean) = self.mean(&sums);
        // Deviations from the mean are squared, not moments subtracted: no cancellation.
        let squares = self.squares(&mean);
        let at_once = sums.weigh(&[1.0], &squares);
        TiltedOutput {
            cumulant,
            variance: at_once.first().map_or(f64::NAN, |(_, square)| *square),
            mean: mean + &self.origin,
        }
    }

    /// Derived, for `n` points in `R^d` and `m` outputs, with `u = 2^-53`, from the standard model of floating-point
    /// sums (any order of summation), an exponential within 2 units in the last place and a platform `ln` accurate to 4.
    ///
    /// * A score is off by at most `delta = (d + 2) u |a| max_i |x_i|`, and so is their logarithmic mean.
    /// * A term `q_i e^{s_i - max}` is off by a relative `2 delta + (746 + 8) u`: the exponent is at most 746 in
    ///   size, for beyond it the term vanishes; `e^{s_i + ln q_i - max}`, which serves where a probability is below 1e-250, by
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

    /// One pass over the points and two over the outputs, and one over the scores for each multiple. As for [`OutputLaw::error`].
    fn about(&self, tilt: &DVector<f64>, multiples: &[f64]) -> Option<OutputAbout> {
        let scores = plain_scores(self.law.points(), tilt.as_slice());
        let sums = TiltedSums::new(self.law.weights(), &scores, self.by_logarithms);
        let (cumulant, mean) = self.mean(&sums);
        let squares = self.squares(&mean);
        let radius = self.farthest_from(&mean, &squares);
        let all: Vec<f64> = multiples.iter().copied().chain([1.0]).collect();
        let found = sums.weigh(&all, &squares);
        let tilted = TiltedOutput {
            cumulant,
            variance: found.last()?.1,
            mean: mean + &self.origin,
        };
        let deviations = multiples.iter().zip(found).map(|(multiple, found)| {
            let (cumulant, square) = found;
            let (of_cumulant, error) = self.of_root(&(tilt * *multiple), cumulant, square);
            Deviation {
                cumulant,
                of_cumulant,
                square,
                error,
            }
        });
        Some(OutputAbout {
            deviations: deviations.collect(),
            radius: Some(radius),
            steps: self.steps(tilt, &sums, cumulant, &squares),
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
        let scores = plain_scores(self.law.points(), tilt.as_slice());
        let sums = TiltedSums::new(self.law.weights(), &scores, self.by_logarithms);
        let mean = centre - &self.origin + &self.shift;
        let squares = multiples.par_iter().map(|&multiple| {
            let (cumulant, weights) = sums.probabilities(multiple);
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
            weights: Arc::clone(&self.law.weights),
            spreads: vec![0.0; found.scores.len()],
            score_origin: found.origin,
            outputs: Arc::clone(&self.outputs),
            output_origin: &self.origin - &self.shift,
            rounding: AtomRounding {
                score: found.rounding,
                outputs: match self.distances.as_slice() {
                    // The points themselves.
                    [] => vec![0.0; found.scores.len()],
                    distances => distances.iter().map(|x| output * x).collect(),
                },
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
        Some(self.farthest_from(&centre, &self.squares(&centre)))
    }
}
