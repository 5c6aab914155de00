//! The keys of a context: weights, values, and attention over all of them.

use nalgebra::{DMatrix, DVector};

use crate::error::{Error, Result};
use crate::law::Sum;
use crate::parameter::refused;

/// The relative error of one rounding.
const UNIT: f64 = 0.5 * f64::EPSILON;
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
    /// `T` in two parts: the value of the heaviest key, and what is added to it.
    parts: [DVector<f64>; 2],
    /// Bounds the rounding error of `T` in norm.
    pub of_limit: f64,
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
        let parts = mean(&values, &weights, total);
        let of_limit = of_limit(&values, &ln_weights, &parts) / total;
        let [reference, shift] = &parts;
        Ok(Self {
            limit: reference + shift,
            parts,
            of_limit,
            ln_weights,
            weights,
            values,
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

    /// `|T - v|` for the heaviest key: what the differences from `T` are rounded in.
    pub fn rounded_in(&self) -> f64 {
        let [_, shift] = &self.parts;
        shift.norm()
    }

    /// `v_i - T` of one key, without the rounding of `T`.
    pub fn centred(&self, key: usize, to: &mut [f64]) {
        let [reference, shift] = self.parts.each_ref().map(|part| part.as_slice());
        let parts = reference.iter().zip(shift);
        for ((entry, x), (reference, shift)) in to.iter_mut().zip(self.value(key)).zip(parts) {
            *entry = (x - reference) - shift;
        }
    }
}

/// The weighted mean of the columns in two parts, relative to the heaviest: where nearly all weight is on one key, the difference of its value from the
/// mean would otherwise be lost in the rounding of the mean.
fn mean(values: &DMatrix<f64>, weights: &[f64], total: f64) -> [DVector<f64>; 2] {
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
    let shift = DVector::from_iterator(values.nrows(), shift);
    [reference, shift]
}

/// What the errors of the weights and of the differences change the sum of `w (v - reference)` by, at most; the mean's own division included.
fn of_limit(
    values: &DMatrix<f64>,
    ln_weights: &[f64],
    [reference, shift]: &[DVector<f64>; 2],
) -> f64 {
    let (reference, shift) = (reference.as_slice(), shift.as_slice());
    let columns = values.as_slice().chunks_exact(values.nrows());
    let terms = columns.zip(ln_weights).map(|(column, ln_weight)| {
        let parts = column.iter().zip(reference).zip(shift);
        let square: f64 = parts
            .map(|((x, from), shift)| {
                let size = (x - from).abs().max(shift.abs());
                size * size
            })
            .sum();
        // A weight errs by the rounding of the score's difference and of the exponential.
        let of_weight = UNIT * (12.0 + 2.0 * ln_weight.abs().min(1e3));
        libm::exp(*ln_weight) * of_weight * square.sqrt()
    });
    terms.sum()
}
