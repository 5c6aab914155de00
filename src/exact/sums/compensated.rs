//! Sums over atoms that are added in groups, and outputs with their mean taken off.

use nalgebra::{DMatrix, DVector};

use crate::exact::value::UNIT;
use crate::law::Sum;

/// Atoms whose terms are added plainly; the sums over such groups are compensated.
pub(in crate::exact) const GROUP: usize = 64;
/// Relative error of a sum over atoms, in units of the sum of its absolute terms: of the terms at most a dozen roundings (an
/// exponential within a unit in the last place, products), then those of the sum.
pub(in crate::exact) const OF_SUM: f64 = (GROUP as f64 + 14.0) * UNIT;

/// The matrix times a vector, with compensated sums.
pub(in crate::exact) fn compensated_product(matrix: &DMatrix<f64>, vector: &[f64]) -> DVector<f64> {
    let mut sums = vec![Sum::default(); matrix.nrows()];
    for (column, factor) in matrix.column_iter().zip(vector) {
        for (sum, entry) in sums.iter_mut().zip(column.iter()) {
            sum.add(factor * entry);
        }
    }
    DVector::from_iterator(sums.len(), sums.into_iter().map(Sum::value))
}

/// Takes the mean under the probabilities `tilted` off the columns; returns a bound of the rounding error of each
/// column's differences from the others.
pub(in crate::exact) fn centre(columns: &mut DMatrix<f64>, tilted: &[f64]) -> Vec<f64> {
    // First relative to the atom with most tilted mass: where nearly all mass is on one atom, its difference from
    // the mean would otherwise be lost in the rounding of the mean.
    let heaviest = tilted
        .iter()
        .enumerate()
        .max_by(|x, y| x.1.total_cmp(y.1))
        .map_or(0, |(index, _)| index);
    if heaviest < columns.ncols() {
        let reference = columns.column(heaviest).into_owned();
        for mut column in columns.column_iter_mut() {
            column -= &reference;
        }
    }
    let before: Vec<f64> = columns.column_iter().map(|y| y.norm()).collect();
    // The second mean is what the rounding of the first left.
    for _ in 0..2 {
        let mean = compensated_product(columns, tilted);
        for mut column in columns.column_iter_mut() {
            column -= &mean;
        }
    }
    columns
        .column_iter()
        .zip(before)
        .map(|(f, before)| UNIT * (2.0 * before + 4.0 * f.norm()))
        .collect()
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
