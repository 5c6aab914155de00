//! Finitely supported tokens: the rows of a table.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use nalgebra::{DMatrix, DVector, DVectorView};

use super::distances::farthest_square;
use crate::error::{Error, Result};
use crate::law::TokenLaw;
use crate::law::atoms::LARGEST_SQUARE;
use crate::law::compensated::{by_parts, plain_scores};
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
    pub(in crate::law) points: Arc<DMatrix<f64>>,
    pub(in crate::law) weights: Arc<Vec<f64>>,
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
        Self::of_columns(rows.transpose())
    }

    /// The uniform law on the columns of `points` (`d x n`), which are not copied.
    ///
    /// # Errors
    /// As [`Empirical::new`].
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::law::Empirical;
    /// use attention_bounds::nalgebra::{self, dmatrix};
    ///
    /// let points = dmatrix![0.0, 4.0; 1.0, 2.0];
    /// assert_eq!(Empirical::of_columns(points.clone())?, Empirical::new(&points.transpose())?);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn of_columns(points: DMatrix<f64>) -> Result<Self> {
        let count = points.ncols();
        Self::build(points, vec![1.0 / count as f64; count], Vec::new())
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
        Self::build(rows.transpose(), weights, cumulative)
    }

    fn build(points: DMatrix<f64>, weights: Vec<f64>, cumulative: Vec<f64>) -> Result<Self> {
        let (d, count) = points.shape();
        Dimension::new(d)?;
        if count == 0 {
            return Err(Error::shape(
                "the list of tokens",
                "0 rows",
                "at least one row",
            ));
        }
        let entries = points.as_slice();
        let bad = |part: Range<usize>| {
            let part = part.start * d..part.end * d;
            let found = entries
                .get(part.clone())?
                .iter()
                .position(|x| !x.is_finite());
            found.map(|index| part.start + index)
        };
        if let Some(index) = by_parts(count, bad).into_iter().flatten().next() {
            return refused(
                "token",
                format!(
                    "{} in row {}, column {}",
                    points[index],
                    index / d,
                    index % d
                ),
                "finite",
            );
        }
        let mut law = Self {
            points: Arc::new(points),
            weights: Arc::new(weights),
            cumulative,
            radius_proxy: VarianceProxy::new(0.0)?,
            proxy: OnceLock::new(),
        };
        let radius = law.squared_radius();
        // The radius is rounded up, and points `1e75` away pass.
        if !(radius <= LARGEST_SQUARE * (1.0 + 1e-12)) {
            return refused(
                "token",
                format!("a list with entries up to {:e}", law.points.amax()),
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
        let scores = DVector::from_vec(plain_scores(&self.points, tilt.as_slice()));
        let largest = scores.max();
        let mut weights = scores.clone();
        let mut sum = 0.0;
        for (score, weight) in weights.iter_mut().zip(self.weights.iter()) {
            *score = weight * (*score - largest).exp();
            sum += *score;
        }
        if sum > LEAST_SUM {
            weights /= sum;
            return (largest + sum.ln(), weights);
        }
        // The weight of the largest score is so small that others underflow beside it: by logarithms.
        let mut exponents = scores;
        for (score, weight) in exponents.iter_mut().zip(self.weights.iter()) {
            *score += weight.ln();
        }
        let largest = exponents.max();
        let mut weights = exponents.map(|e| (e - largest).exp());
        let sum = weights.sum();
        weights /= sum;
        (largest + sum.ln(), weights)
    }

    /// The mean of the law.
    fn mean(&self) -> DVector<f64> {
        let parts = by_parts(self.weights.len(), |part| {
            let weights = self.weights.get(part.clone()).unwrap_or_default();
            self.points.columns_range(part) * DVectorView::from_slice(weights, weights.len())
        });
        let mut mean = DVector::zeros(self.points.nrows());
        parts.iter().for_each(|part| mean += part);
        mean / self.weights.iter().sum::<f64>()
    }

    fn centred_points(&self) -> DMatrix<f64> {
        let mean = self.mean();
        let mut points = (*self.points).clone();
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
        let square = farthest_square(&self.points, self.mean().as_slice());
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
