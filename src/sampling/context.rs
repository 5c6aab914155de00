//! The keys of a context: weights, values, and attention over all of them.

use nalgebra::{DMatrix, DVector};

use crate::error::{Error, Result};
use crate::law::Sum;
use crate::parameter::refused;

/// Largest absolute score.
const LARGEST_SCORE: f64 = 1e300;
/// Largest absolute entry of a value: beyond it squares overflow.
const LARGEST_VALUE: f64 = 1e140;

/// Scores and values of all keys at one query.
#[derive(Debug, Clone)]
pub(in crate::sampling) struct Context {
    /// `S_i - max S`.
    pub ln_weights: Vec<f64>,
    /// `w_i = e^{S_i - max S}`, 0 where that underflows.
    pub weights: Vec<f64>,
    /// One value a column, `m x N`.
    pub values: DMatrix<f64>,
    /// `T = sum w v / sum w`.
    pub limit: DVector<f64>,
    /// `sum w`, from 1 to `N`.
    pub total: f64,
}

impl Context {
    /// Checks everything that does not depend on what is kept; `values` has a row a key.
    pub fn new(scores: &[f64], values: &DMatrix<f64>) -> Result<Self> {
        if scores.is_empty() || values.ncols() == 0 {
            let shape = format!("{} keys with values in R^{}", scores.len(), values.ncols());
            return refused("the context", shape, "at least one key and one coordinate");
        }
        if values.nrows() != scores.len() {
            return Err(Error::shape(
                "the matrix of values",
                format!("{} x {}", values.nrows(), values.ncols()),
                format!("{} x m, one row for each score", scores.len()),
            ));
        }
        if let Some(score) = scores.iter().find(|s| !(s.abs() <= LARGEST_SCORE)) {
            return refused("a score", score, "a finite number, at most 1e300 in size");
        }
        if let Some(entry) = values.iter().find(|v| !(v.abs() <= LARGEST_VALUE)) {
            let required = "a finite number, at most 1e140 in size";
            return refused("an entry of a value", entry, required);
        }
        let values = values.transpose();
        let largest = scores.iter().fold(f64::NEG_INFINITY, |m, s| m.max(*s));
        let ln_weights: Vec<f64> = scores.iter().map(|s| s - largest).collect();
        let weights: Vec<f64> = ln_weights.iter().map(|x| libm::exp(*x)).collect();
        let total = weights.iter().copied().collect::<Sum>().value();
        let limit = mean(&values, &weights, total);
        Ok(Self {
            ln_weights,
            weights,
            values,
            limit,
            total,
        })
    }

    /// How many keys there are, `N`.
    pub fn keys(&self) -> usize {
        self.weights.len()
    }

    /// Coordinates of a value, `m`.
    pub fn coordinates(&self) -> usize {
        self.values.nrows()
    }

    /// The value of one key; empty for an index that there is not.
    pub fn value(&self, key: usize) -> &[f64] {
        let m = self.coordinates();
        let entries = self.values.as_slice();
        entries.get(key * m..(key + 1) * m).unwrap_or_default()
    }
}

/// The weighted mean of the columns, first relative to the heaviest: where nearly all weight is on one key, the difference of its value from the
/// mean would otherwise be lost in the rounding of the mean.
fn mean(values: &DMatrix<f64>, weights: &[f64], total: f64) -> DVector<f64> {
    let heaviest = weights.iter().position(|w| *w == 1.0).unwrap_or(0);
    let reference = values.column(heaviest).into_owned();
    let mut sums = vec![Sum::default(); values.nrows()];
    let columns = values.as_slice().chunks_exact(values.nrows());
    for (column, w) in columns.zip(weights) {
        for ((sum, x), from) in sums.iter_mut().zip(column).zip(reference.iter()) {
            sum.add(w * (x - from));
        }
    }
    let shift = sums.iter().map(|sum| sum.value() / total);
    reference + DVector::from_iterator(values.nrows(), shift)
}
