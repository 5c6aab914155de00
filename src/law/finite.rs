//! A finitely supported law seen through a value matrix.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use nalgebra::{DMatrix, DVector};
use rand::{Rng, RngExt};

use super::atoms::{UNIT, check_tilt_and_value};
use super::centred_scores::centred_scores;
use super::empirical::{LEAST_SUM, MAX_PAIRWISE};
use super::linear_algebra::norm;
use super::{
    AtomRounding, Empirical, OutputLaw, Resolution, ScoreAtoms, SourcedProxy, TiltedError,
    TiltedOutput, TokenLaw, WeightStep,
};
use crate::error::{Error, Result};
use crate::parameter::VarianceProxy;

/// Points from which the origin of the outputs is chosen.
const SAMPLED: usize = 1024;

/// A finitely supported law with its outputs `V x_i` computed once.
///
/// For `n` points in `R^d` and `m` outputs, one tilt then costs `n (d + 2 m)` multiplications instead of
/// the `n d^2` of a tilted covariance.
#[derive(Debug)]
pub struct FiniteOutput<'a> {
    law: &'a Empirical,
    value: DMatrix<f64>,
    /// `V x_i`, one a column (`m x n`).
    outputs: DMatrix<f64>,
    /// Made when score atoms are first asked for.
    centred: OnceLock<CentredOutputs>,
    /// `max_i |x_i|`.
    farthest: f64,
    /// `|V|_F`.
    value_norm: f64,
    /// Units in the last place that the exponential of a score may be off by, besides the score: 754 or 7000.
    exponential: f64,
}

/// `V (x_i - o)` for a typical point `o`: outputs far from zero would lose their differences.
#[derive(Debug)]
struct CentredOutputs {
    origin: DVector<f64>,
    outputs: DMatrix<f64>,
    /// `|x_i - o|`.
    distances: Vec<f64>,
}

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
        Self {
            law,
            value: value.clone(),
            outputs: value * law.points(),
            centred: OnceLock::new(),
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

    fn centred(&self) -> &CentredOutputs {
        self.centred.get_or_init(|| {
            let origin = typical_point(self.law.points());
            let mut points = self.law.points().clone();
            for mut column in points.column_iter_mut() {
                column -= &origin;
            }
            CentredOutputs {
                outputs: &self.value * &points,
                distances: points.column_iter().map(|x| x.norm()).collect(),
                origin: &self.value * origin,
            }
        })
    }
}

/// `2^-53`, and one percent for products of small errors and for the rounding of the lines that use it.
const MARGIN: f64 = 1.01 * 0.5 * f64::EPSILON;

impl FiniteOutput<'_> {
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

impl TokenLaw for Empirical {
    fn name(&self) -> &'static str {
        "empirical"
    }

    fn dimension(&self) -> usize {
        self.points.nrows()
    }

    fn cumulant(&self, tilt: &DVector<f64>) -> f64 {
        self.tilted_weights(tilt).0
    }

    fn tilted_mean(&self, tilt: &DVector<f64>) -> DVector<f64> {
        &self.points * self.tilted_weights(tilt).1
    }

    fn tilted_covariance(&self, tilt: &DVector<f64>) -> DMatrix<f64> {
        let weights = self.tilted_weights(tilt).1;
        let mean = &self.points * &weights;
        let mut scaled = self.points.clone();
        for (mut column, weight) in scaled.column_iter_mut().zip(weights.iter()) {
            column -= &mean;
            column *= weight.sqrt();
        }
        &scaled * scaled.transpose()
    }

    /// `D^2 / 4` for the diameter `D` of the points: `<v, X>` lies in an interval of length `D |v|`, and
    /// Hoeffding's lemma applies. Beyond 4096 points the pairwise distances are replaced by
    /// `D <= 2 max_i |x_i - E X|`. Computed once, rounded up; `n^2 d / 2` multiplications.
    fn variance_proxy(&self) -> SourcedProxy {
        let proxy = *self.proxy.get_or_init(|| {
            if self.weights.len() > MAX_PAIRWISE {
                self.radius_proxy
            } else {
                // Where distances overflow although the radius did not, the radius still is a proxy.
                VarianceProxy::new(self.diameter_proxy()).unwrap_or(self.radius_proxy)
            }
        });
        SourcedProxy {
            proxy,
            source: if self.weights.len() > MAX_PAIRWISE {
                "squared radius of the points about their mean (Hoeffding's lemma along every direction)"
            } else {
                "a quarter of the squared diameter of the points (Hoeffding's lemma along every direction)"
            },
        }
    }

    fn sample(&self, random: &mut dyn Rng, token: &mut [f64]) {
        let count = self.weights.len();
        let index = if self.cumulative.is_empty() {
            random.random_range(0..count)
        } else {
            let uniform: f64 = random.random();
            self.cumulative
                .partition_point(|c| *c <= uniform)
                .min(count - 1)
        };
        for (coordinate, entry) in token.iter_mut().zip(self.points.column(index).iter()) {
            *coordinate = *entry;
        }
    }

    fn score_atoms(
        &self,
        tilt: &DVector<f64>,
        value: &DMatrix<f64>,
        resolution: Resolution,
    ) -> Result<ScoreAtoms> {
        check_tilt_and_value(self.dimension(), tilt, value)?;
        FiniteOutput::new(self, value).score_atoms(tilt, resolution)
    }

    fn output_radius(&self, value: &DMatrix<f64>, centre: &DVector<f64>) -> Option<f64> {
        FiniteOutput::new(self, value).radius(centre)
    }

    fn through<'a>(&'a self, value: &DMatrix<f64>) -> Box<dyn OutputLaw + 'a> {
        Box::new(FiniteOutput::new(self, value))
    }

    fn support(&self) -> Option<(DMatrix<f64>, Vec<f64>)> {
        Some((self.points.clone(), self.weights.clone()))
    }
}

impl OutputLaw for FiniteOutput<'_> {
    fn dimension(&self) -> usize {
        self.law.points().nrows()
    }

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
        let margin = MARGIN;
        let n = self.outputs.ncols() as f64;
        let d = tilt.len() as f64;
        let reach = self.value_norm * self.farthest;
        let ((_, cumulant), first_order) = self.rounding(tilt, found.cumulant);
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

    /// Steps of 1/128 of `ln w`, with the ends of what is in them.
    fn weight_steps(&self, tilt: &DVector<f64>, centre: &DVector<f64>) -> Option<Vec<WeightStep>> {
        const STEPS: f64 = 128.0;
        let (cumulant, tilted) = self.law.tilted_weights(tilt);
        let scores = self.law.points().tr_mul(tilt);
        let ((score, of_cumulant), relative) = self.rounding(tilt, cumulant);
        let error = 1.01 * (score + of_cumulant);
        if !(relative < 0.1 && error < 1.0 / STEPS) {
            return None;
        }
        let reach = (tilt.len() as f64 + 8.0) * MARGIN * self.value_norm * self.farthest;
        let moved = 2.0 * reach + 4.0 * relative * self.outputs.amax() * centre.len() as f64;
        let mut steps: BTreeMap<i64, WeightStep> = BTreeMap::new();
        let atoms = self
            .law
            .weights()
            .iter()
            .zip(tilted.iter())
            .zip(scores.iter());
        for (((weight, tilted), score), output) in atoms.zip(self.outputs.column_iter()) {
            let ln_weight = score - cumulant;
            let ends = (ln_weight - error, ln_weight + error);
            let distance = (output.metric_distance(centre) * (1.0 - 1e-12) - moved).max(0.0);
            let place = (ln_weight * STEPS).floor() as i64;
            let step = steps.entry(place).or_insert(WeightStep {
                ln_weight: ends,
                tilted: 0.0,
                square: 0.0,
            });
            let (low, high) = step.ln_weight;
            step.ln_weight = (low.min(ends.0), high.max(ends.1));
            step.tilted += tilted * (1.0 - 2.0 * relative);
            step.square += weight * distance * distance * (1.0 - 1e-9);
        }
        Some(steps.into_values().collect())
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
        let centred = self.centred();
        // A product of d terms and the difference before it, in every output.
        let output = (tilt.len() as f64 + 2.0) * UNIT * self.value_norm;
        Ok(ScoreAtoms {
            weights: self.law.weights().to_vec(),
            spreads: vec![0.0; found.scores.len()],
            score_origin: found.origin,
            outputs: centred.outputs.clone(),
            output_origin: centred.origin.clone(),
            rounding: AtomRounding {
                score: found.rounding,
                outputs: centred.distances.iter().map(|x| output * x).collect(),
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
