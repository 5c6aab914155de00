//! Sums over atoms that are added in groups, and columns with their mean taken off.

use std::sync::Arc;

use nalgebra::{DMatrix, DVector};

use crate::exact::value::UNIT;
use crate::law::Sum;

/// Atoms whose terms are added plainly; the sums over such groups are compensated.
pub(in crate::exact) const GROUP: usize = 64;
/// Relative error of a sum over atoms, in units of the sum of its absolute terms: of the terms at most a dozen roundings (an
/// exponential within a unit in the last place, products), then those of the sum.
pub(in crate::exact) const OF_SUM: f64 = (GROUP as f64 + 14.0) * UNIT;

/// Compensated sums of vectors, one a coordinate.
struct VectorSum {
    high: Vec<f64>,
    low: Vec<f64>,
}

impl VectorSum {
    fn new(rows: usize) -> Self {
        Self {
            high: vec![0.0; rows],
            low: vec![0.0; rows],
        }
    }

    /// As [`Sum::add`], coordinate by coordinate.
    fn add(&mut self, factor: f64, vector: &[f64]) {
        for ((high, low), entry) in self.high.iter_mut().zip(&mut self.low).zip(vector) {
            let term = factor * entry;
            let sum = *high + term;
            let part = sum - *high;
            *low += (*high - (sum - part)) + (term - part);
            *high = sum;
        }
    }

    fn value(&self) -> DVector<f64> {
        let sums = self.high.iter().zip(&self.low).map(|(high, low)| {
            let sum = high + low;
            // Where the sum overflowed, its error is not a number.
            if sum.is_nan() { *high } else { sum }
        });
        DVector::from_iterator(self.high.len(), sums)
    }
}

/// Columns with their mean under a law taken off, computed when they are asked for: the columns may be many.
pub(in crate::exact) struct Centred {
    columns: Arc<DMatrix<f64>>,
    /// Taken off one after the other.
    shifts: [DVector<f64>; 3],
    /// Norms of the differences, and their largest entry.
    pub norms: Vec<f64>,
    pub largest: f64,
    /// Bounds of the rounding error of each column's differences from the others.
    pub rounding: Vec<f64>,
}

impl Centred {
    /// Takes the mean under the probabilities `tilted` off the columns.
    pub fn new(columns: Arc<DMatrix<f64>>, tilted: &[f64]) -> Self {
        // First relative to the atom with most tilted mass: where nearly all mass is on one atom, its difference from
        // the mean would otherwise be lost in the rounding of the mean.
        let heaviest = tilted
            .iter()
            .enumerate()
            .max_by(|x, y| x.1.total_cmp(y.1))
            .map_or(0, |(index, _)| index);
        let zero = DVector::zeros(columns.nrows());
        let reference = match heaviest < columns.ncols() {
            true => columns.column(heaviest).into_owned(),
            false => zero.clone(),
        };
        let mut centred = Self {
            shifts: [reference, zero.clone(), zero],
            norms: Vec::new(),
            largest: 0.0,
            rounding: Vec::new(),
            columns,
        };
        // The second mean is what the rounding of the first left.
        for round in 1..3 {
            let mut sum = VectorSum::new(centred.columns.nrows());
            let norms = centred.each(|place, column| {
                if let Some(p) = tilted.get(place) {
                    sum.add(*p, column.as_slice());
                }
                column.norm()
            });
            if round == 1 {
                centred.norms = norms;
            }
            if let Some(shift) = centred.shifts.get_mut(round) {
                *shift = sum.value();
            }
        }
        let mut largest = 0.0_f64;
        let norms = centred.each(|_, column| {
            largest = largest.max(column.amax());
            column.norm()
        });
        centred.largest = largest;
        let before = std::mem::replace(&mut centred.norms, norms);
        centred.rounding = before
            .iter()
            .zip(&centred.norms)
            .map(|(before, norm)| UNIT * (2.0 * before + 4.0 * norm))
            .collect();
        centred
    }

    fn each(&self, mut of: impl FnMut(usize, &DVector<f64>) -> f64) -> Vec<f64> {
        let rows = self.columns.nrows();
        let mut column = DVector::zeros(rows);
        let all = self.columns.as_slice().chunks_exact(rows.max(1));
        let found: Vec<f64> = all
            .enumerate()
            .map(|(place, entries)| {
                self.shift(entries, column.as_mut_slice());
                of(place, &column)
            })
            .collect();
        // Columns without rows have no entries.
        match rows {
            0 => vec![0.0; self.columns.ncols()],
            _ => found,
        }
    }

    fn shift(&self, entries: &[f64], to: &mut [f64]) {
        let [reference, mean, rest] = self.shifts.each_ref().map(|shift| shift.as_slice());
        let shifts = reference.iter().zip(mean).zip(rest);
        for ((entry, x), ((reference, mean), rest)) in to.iter_mut().zip(entries).zip(shifts) {
            *entry = x - reference - mean - rest;
        }
    }

    /// One column, written to a slice of its length.
    pub fn write(&self, place: usize, to: &mut [f64]) {
        let rows = self.columns.nrows();
        let entries = self
            .columns
            .as_slice()
            .get(place * rows..(place + 1) * rows);
        self.shift(entries.unwrap_or_default(), to);
    }

    /// One column.
    pub fn column(&self, place: usize) -> DVector<f64> {
        let mut column = DVector::zeros(self.columns.nrows());
        self.write(place, column.as_mut_slice());
        column
    }

    /// Columns side by side.
    pub fn columns(&self, first: usize, count: usize) -> DMatrix<f64> {
        let mut columns = DMatrix::zeros(self.columns.nrows(), count);
        for (place, mut column) in columns.column_iter_mut().enumerate() {
            self.write(first + place, column.as_mut_slice());
        }
        columns
    }

    /// Rows and columns.
    pub fn shape(&self) -> (usize, usize) {
        self.columns.shape()
    }

    /// The sum of the columns with these factors, compensated.
    pub fn sum(&self, factors: &[f64]) -> DVector<f64> {
        let mut sum = VectorSum::new(self.columns.nrows());
        self.each(|place, column| {
            if let Some(factor) = factors.get(place) {
                sum.add(*factor, column.as_slice());
            }
            0.0
        });
        sum.value()
    }
}

/// Probabilities that sum to 1: of a law that is given as a list they need not, by the rounding of each.
pub(in crate::exact) fn normalised(probability: &[f64]) -> Vec<f64> {
    let total = probability.iter().copied().collect::<Sum>().value();
    probability.iter().map(|p| p / total).collect()
}

/// What tilted probabilities and their products with columns of these norms lose by underflow, in norm, eight times over; 0 if all are 0.
/// It counts because an `x` may be as large as its probability is small.
pub(in crate::exact) fn lost_by_underflow(norms: &[f64]) -> f64 {
    let largest = norms.iter().fold(0.0_f64, |most, y| most.max(*y));
    let each = 8.0 * f64::from_bits(1) * (1.0 + largest);
    if largest > 0.0 {
        norms.len() as f64 * each
    } else {
        0.0
    }
}
