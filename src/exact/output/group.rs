//! Atoms of one cell of a lattice that are added to its points together.

use nalgebra::{DMatrix, DMatrixView};

use crate::exact::sums::compensated::GROUP;
use crate::exact::sums::interpolation::{POINTS, weights};
use crate::law::Sum;

/// Sums of what is interpolated, one column of numbers a point.
pub(super) type Sums = Vec<Sum>;

/// Room for the weights of [`GROUP`] atoms at the points, and for their products with what is interpolated.
pub(super) struct Group {
    /// One row an atom, one column a point.
    weights: DMatrix<f64>,
    product: DMatrix<f64>,
}

impl Group {
    /// For so many numbers of an atom.
    pub fn new(numbers: usize) -> Self {
        Self {
            weights: DMatrix::zeros(GROUP, POINTS),
            product: DMatrix::zeros(numbers, POINTS),
        }
    }

    /// Adds atoms at places of a cell, from 0 to 1, to the sums at its points; their numbers are one column an atom.
    pub fn add<'a>(
        &mut self,
        numbers: &[f64],
        places: &[f64],
        sums: impl Iterator<Item = &'a mut Sum>,
    ) {
        let mut columns = self.weights.as_mut_slice().chunks_mut(GROUP);
        let mut columns = std::array::from_fn(|_| columns.next().unwrap_or_default());
        weights(places, &mut columns);
        let numbers = DMatrixView::from_slice(numbers, self.product.nrows(), places.len());
        let weights = self.weights.rows(0, places.len());
        self.product.gemm(1.0, &numbers, &weights, 0.0);
        for (sum, term) in sums.zip(self.product.iter()) {
            sum.add(*term);
        }
    }
}
