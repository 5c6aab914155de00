//! The two blocks of an attention head that in-context regression moves.

use nalgebra::DMatrix;

use super::RegressionTask;
use crate::error::{Error, Result};

/// `A` (`d x d`) and `b`: scores `<A x, x_i>` for a query `x`, prediction `b sum_i p_i y_i`.
///
/// Also a point of the same space that is not a head: a gradient, a direction.
#[derive(Debug, Clone, PartialEq)]
pub struct RegressionHead {
    /// The block of the key-query matrix `U` that acts on inputs; a `1/sqrt(k)` scale of the scores is absorbed in it.
    pub key_query: DMatrix<f64>,
    /// The last entry of the value matrix.
    pub value: f64,
}

impl RegressionHead {
    /// From `A` and `b`.
    ///
    /// # Errors
    /// If `A` is not square or a number is not finite.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::nalgebra::{self, dmatrix};
    /// use attention_bounds::regression::RegressionHead;
    ///
    /// let head = RegressionHead::new(dmatrix![2.0, 0.0; 0.0, 1.0], 3.0)?;
    /// assert_eq!(head.to_vec(), [2.0, 0.0, 0.0, 1.0, 3.0]);
    /// assert_eq!(head.balance(), 5.0 - 9.0);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn new(key_query: DMatrix<f64>, value: f64) -> Result<Self> {
        if !key_query.is_square() || key_query.is_empty() {
            return Err(Error::shape(
                "the key-query block A",
                format!("{} x {}", key_query.nrows(), key_query.ncols()),
                "d x d",
            ));
        }
        if !(key_query.iter().all(|x| x.is_finite()) && value.is_finite()) {
            return Err(Error::Parameter {
                parameter: "A, b",
                value: "a number that is not finite".to_owned(),
                required: "finite",
                theorem: Some("T11"),
            });
        }
        Ok(Self { key_query, value })
    }

    /// The head as one list of `d^2 + 1` numbers: the columns of `A`, then `b`.
    pub fn to_vec(&self) -> Vec<f64> {
        let mut list: Vec<f64> = self.key_query.iter().copied().collect();
        list.push(self.value);
        list
    }

    /// The inverse of [`Self::to_vec`]; numbers beyond `d^2 + 1` are not read, missing ones count as zero.
    pub fn from_slice(dimension: usize, list: &[f64]) -> Self {
        let mut numbers = list.iter().copied();
        Self {
            key_query: DMatrix::from_fn(dimension, dimension, |_, _| 0.0)
                .map(|_: f64| numbers.next().unwrap_or(0.0)),
            value: numbers.next().unwrap_or(0.0),
        }
    }

    /// The head whose `A` has these eigenvectors, one a column, and these eigenvalues.
    pub(in crate::regression) fn on_axes(axes: &DMatrix<f64>, entries: &[f64], value: f64) -> Self {
        let mut scaled = axes.clone();
        for (mut column, entry) in scaled.column_iter_mut().zip(entries) {
            column *= *entry;
        }
        Self {
            key_query: scaled * axes.transpose(),
            value,
        }
    }

    /// `sqrt(|A|_F^2 + b^2)`.
    pub fn norm(&self) -> f64 {
        self.key_query.norm().hypot(self.value)
    }

    /// `|A|_F^2 - b^2`, which the gradient flow of the infinite-prompt risk conserves.
    pub fn balance(&self) -> f64 {
        self.key_query.norm_squared() - self.value * self.value
    }

    /// The Euclidean distance of two heads.
    pub fn distance(&self, other: &Self) -> f64 {
        (&self.key_query - &other.key_query)
            .norm()
            .hypot(self.value - other.value)
    }

    /// `self + factor other`.
    pub fn plus(&self, factor: f64, other: &Self) -> Self {
        Self {
            key_query: &self.key_query + factor * &other.key_query,
            value: self.value + factor * other.value,
        }
    }

    /// Refuses a head of another dimension than the task's.
    pub(in crate::regression) fn check(&self, task: &RegressionTask) -> Result<()> {
        if self.key_query.nrows() == task.dimension() {
            return Ok(());
        }
        Err(Error::shape(
            "the key-query block A",
            format!("{} x {}", self.key_query.nrows(), self.key_query.ncols()),
            format!("{0} x {0} (the dimension of the inputs)", task.dimension()),
        ))
    }
}
