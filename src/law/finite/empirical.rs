//! Finitely supported tokens: the rows of a table.

use std::sync::OnceLock;

use nalgebra::{DMatrix, DVector};

use crate::error::{Error, Result};
use crate::law::TokenLaw;
use crate::law::atoms::LARGEST_SQUARE;
use crate::law::mixture::normalised;
use crate::parameter::{Dimension, VarianceProxy, refused};

/// Largest number of points whose pairwise distances are computed for the variance proxy.
pub(in crate::law) const MAX_PAIRWISE: usize = 4096;
/// Side of the square blocks of the Gram matrix (1 MiB each).
const BLOCK: usize = 256;

/// Least sum of the weights relative to the largest score for which no weight that underflows counts.
pub(in crate::law) const LEAST_SUM: f64 = 1e-250;

/// The law on finitely many points with given probabilities, uniform unless said otherwise.
///
/// `Lam(a) = ln sum_i q_i e^{<a, x_i>}`, and the tilted law is the softmax-weighted law on the same points.
#[derive(Debug, Clone)]
pub struct Empirical {
    pub(in crate::law) points: DMatrix<f64>,
    pub(in crate::law) weights: Vec<f64>,
    /// Sums of the weights; empty if they are all equal.
    pub(in crate::law) cumulative: Vec<f64>,
    /// The squared radius about the mean: a proxy, if not the best one.
    pub(in crate::law) radius_proxy: VarianceProxy,
    pub(in crate::law) proxy: OnceLock<VarianceProxy>,
}

impl Empirical {
    /// The uniform law on the rows of `rows` (`n x d`), which must be finite and at least one.
    ///
    /// # Errors
    /// [`Error::Shape`] without a row; [`Error::Parameter`] if an entry is not finite, a row is more than `1e75` from
    /// the mean of all,
    /// or `d` is not from 1 to 65536.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::law::{Empirical, TokenLaw};
    /// use attention_bounds::nalgebra::{self, dmatrix, dvector};
    ///
    /// // Two points, -1 and 1: Lam(a) = ln cosh a.
    /// let law = Empirical::new(&dmatrix![-1.0; 1.0])?;
    /// assert!((law.cumulant(&dvector![2.0]) - 2f64.cosh().ln()).abs() < 1e-14);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn new(rows: &DMatrix<f64>) -> Result<Self> {
        let count = rows.nrows();
        Self::build(rows, vec![1.0 / count as f64; count], Vec::new())
    }

    /// The law on the rows of `rows` with these probabilities: positive, with sum 1 within `1e-9` (they
    /// are then divided by their sum).
    ///
    /// # Errors
    /// As [`Empirical::new`]; [`Error::Shape`] if there is not one weight a row, [`Error::Parameter`] if the weights
    /// are not as said.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::law::{Empirical, TokenLaw};
    /// use attention_bounds::nalgebra::{self, dmatrix, dvector};
    ///
    /// let law = Empirical::weighted(&dmatrix![0.0, 0.0; 4.0, 8.0], vec![0.75, 0.25])?;
    /// assert_eq!(law.tilted_mean(&dvector![0.0, 0.0]), dvector![1.0, 2.0]);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn weighted(rows: &DMatrix<f64>, weights: Vec<f64>) -> Result<Self> {
        if weights.len() != rows.nrows() {
            return Err(Error::shape(
                "the list of weights",
                weights.len(),
                format!("{} weights, one a row", rows.nrows()),
            ));
        }
        let weights = normalised(weights, 1e-9)?;
        let mut sum = 0.0;
        let cumulative = weights
            .iter()
            .map(|w| {
                sum += w;
                sum
            })
            .collect();
        Self::build(rows, weights, cumulative)
    }

    fn build(rows: &DMatrix<f64>, weights: Vec<f64>, cumulative: Vec<f64>) -> Result<Self> {
        Dimension::new(rows.ncols())?;
        if rows.nrows() == 0 {
            return Err(Error::shape(
                "the list of tokens",
                "0 rows",
                "at least one row",
            ));
        }
        if let Some(index) = rows.iter().position(|x| !x.is_finite()) {
            return refused(
                "token",
                format!(
                    "{} in row {}, column {}",
                    rows[index],
                    index % rows.nrows(),
                    index / rows.nrows()
                ),
                "finite",
            );
        }
        let mut law = Self {
            points: rows.transpose(),
            weights,
            cumulative,
            radius_proxy: VarianceProxy::new(0.0)?,
            proxy: OnceLock::new(),
        };
        let radius = law.squared_radius();
        // The radius is rounded up, and points `1e75` away pass.
        if !(radius <= LARGEST_SQUARE * (1.0 + 1e-12)) {
            return refused(
                "token",
                format!("a list with entries up to {:e}", rows.amax()),
                "at most 1e75 from the mean of the list",
            );
        }
        law.radius_proxy = VarianceProxy::new(radius)?;
        Ok(law)
    }

    /// The points, one a column (`d x n`).
    pub fn points(&self) -> &DMatrix<f64> {
        &self.points
    }

    /// The probabilities of the points; they sum to 1 up to rounding.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// `Lam(tilt)` and the probabilities of the points under the tilted law.
    pub(in crate::law) fn tilted_weights(&self, tilt: &DVector<f64>) -> (f64, DVector<f64>) {
        self.tilted_weights_of(self.points.tr_mul(tilt))
    }

    /// The same from the scores.
    pub(in crate::law) fn tilted_weights_of(&self, scores: DVector<f64>) -> (f64, DVector<f64>) {
        let largest = scores.max();
        let mut weights = scores.clone();
        let mut sum = 0.0;
        for (score, weight) in weights.iter_mut().zip(&self.weights) {
            *score = weight * (*score - largest).exp();
            sum += *score;
        }
        if sum > LEAST_SUM {
            weights /= sum;
            return (largest + sum.ln(), weights);
        }
        // The weight of the largest score is so small that others underflow beside it: by logarithms.
        let mut exponents = scores;
        for (score, weight) in exponents.iter_mut().zip(&self.weights) {
            *score += weight.ln();
        }
        let largest = exponents.max();
        let mut weights = exponents.map(|e| (e - largest).exp());
        let sum = weights.sum();
        weights /= sum;
        (largest + sum.ln(), weights)
    }

    /// `Lam` at this multiple of the tilt of the scores, and the mean of `numbers` under that tilted law.
    pub(in crate::law) fn weigh(
        &self,
        scores: &DVector<f64>,
        multiple: f64,
        numbers: &[f64],
    ) -> (f64, f64) {
        let exponents = || scores.iter().map(|score| multiple * score);
        let largest = exponents().fold(f64::NEG_INFINITY, f64::max);
        let (mut sum, mut mean) = (0.0, 0.0);
        let all = || self.weights.iter().zip(exponents()).zip(numbers);
        for ((weight, exponent), number) in all() {
            let term = weight * (exponent - largest).exp();
            sum += term;
            mean += term * number;
        }
        if sum > LEAST_SUM {
            return (largest + sum.ln(), mean / sum);
        }
        // The weight of the largest score is so small that others underflow beside it: by logarithms.
        let logarithms = || all().map(|((weight, exponent), _)| exponent + weight.ln());
        let largest = logarithms().fold(f64::NEG_INFINITY, f64::max);
        (sum, mean) = (0.0, 0.0);
        for (logarithm, number) in logarithms().zip(numbers) {
            let term = (logarithm - largest).exp();
            sum += term;
            mean += term * number;
        }
        (largest + sum.ln(), mean / sum)
    }

    fn centred_points(&self) -> DMatrix<f64> {
        let mean = self.tilted_mean(&DVector::zeros(self.dimension()));
        let mut points = self.points.clone();
        for mut column in points.column_iter_mut() {
            column -= &mean;
        }
        points
    }

    /// Relative rounding allowance of a squared distance, as a multiple of the squared radius.
    ///
    /// A squared distance from the Gram matrix is off by at most about `(d + 4) epsilon (|x| + |y|)^2`,
    /// and the radius about the mean is at most the diameter.
    fn guard(&self) -> f64 {
        16.0 * (self.dimension() as f64 + 8.0) * f64::EPSILON
    }

    /// The squared radius about the mean, rounded up.
    fn squared_radius(&self) -> f64 {
        let largest = |bound: f64, square: f64| if square <= bound { bound } else { square };
        let mean = self.tilted_mean(&DVector::zeros(self.dimension()));
        let square = self
            .points
            .column_iter()
            .map(|x| {
                let apart = x.iter().zip(mean.iter()).map(|(x, m)| x - m);
                apart.map(|gap| gap * gap).sum::<f64>()
            })
            .fold(0.0, largest);
        square * (1.0 + self.guard()) + self.underflow()
    }

    /// What underflows in a squared distance, amply: 0 if all points are equal.
    fn underflow(&self) -> f64 {
        let first = self.points.column(0);
        if self.points.column_iter().all(|point| point == first) {
            0.0
        } else {
            (8.0 * self.dimension() as f64 + 16.0) * f64::from_bits(1)
        }
    }

    /// A quarter of the squared diameter, rounded up.
    pub(in crate::law) fn diameter_proxy(&self) -> f64 {
        let points = self.centred_points();
        let squares: Vec<f64> = points.column_iter().map(|c| c.norm_squared()).collect();
        let count = self.weights.len();
        let mut largest = 0.0_f64;
        for left in (0..count).step_by(BLOCK) {
            let left_size = BLOCK.min(count - left);
            let left_block = points.columns(left, left_size).transpose();
            for right in (0..=left).step_by(BLOCK) {
                let right_size = BLOCK.min(count - right);
                let gram = &left_block * points.columns(right, right_size);
                for (column, y) in gram.column_iter().zip(squares.iter().skip(right)) {
                    for (product, x) in column.iter().zip(squares.iter().skip(left)) {
                        largest = largest.max(x + y - 2.0 * product);
                    }
                }
            }
        }
        0.25 * (largest + self.guard() * self.radius_proxy.get()) + self.underflow()
    }
}

impl PartialEq for Empirical {
    fn eq(&self, other: &Self) -> bool {
        self.points == other.points && self.weights == other.weights
    }
}
