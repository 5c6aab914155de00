//! Small square matrices whose products are written into memory that exists already.

use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};

/// A square matrix, row after row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Square {
    pub(super) size: usize,
    pub(super) entries: Vec<f64>,
}

impl Square {
    /// All zeros.
    pub(super) fn zeros(size: usize) -> Self {
        Self {
            size,
            entries: vec![0.0; size * size],
        }
    }

    /// The rows.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = &[f64]> + Clone {
        self.entries.chunks_exact(self.size)
    }

    /// The rows.
    pub(super) fn rows_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut [f64]> {
        self.entries.chunks_exact_mut(self.size)
    }

    /// All entries, row after row.
    pub fn entries(&self) -> &[f64] {
        &self.entries
    }

    /// All entries, row after row.
    pub fn entries_mut(&mut self) -> &mut [f64] {
        &mut self.entries
    }

    /// The same as a matrix of nalgebra.
    pub fn to_matrix(&self) -> DMatrix<f64> {
        DMatrix::from_row_slice(self.size, self.size, &self.entries)
    }

    pub(super) fn last(&self) -> &[f64] {
        self.rows().next_back().unwrap_or_default()
    }

    /// Becomes `scale A B`.
    pub(super) fn set_product(&mut self, scale: f64, a: &Square, b: &Square) {
        for (row, a) in self.rows_mut().zip(a.rows()) {
            row.fill(0.0);
            for (factor, b) in a.iter().zip(b.rows()) {
                add_multiple(row, scale * factor, b);
            }
        }
    }

    /// Becomes `scale A^T B`.
    pub(super) fn set_product_of_transposed(&mut self, scale: f64, a: &Square, b: &Square) {
        self.entries.fill(0.0);
        for (a, b) in a.rows().zip(b.rows()) {
            for (row, factor) in self.rows_mut().zip(a) {
                add_multiple(row, scale * factor, b);
            }
        }
    }

    /// Becomes `scale A B^T`.
    pub(super) fn set_product_with_transposed(&mut self, scale: f64, a: &Square, b: &Square) {
        for (row, a) in self.rows_mut().zip(a.rows()) {
            for (place, b) in row.iter_mut().zip(b.rows()) {
                *place = scale * dot(a, b);
            }
        }
    }

    /// Adds `scale a b^T`.
    pub(super) fn add_outer(&mut self, scale: f64, a: &[f64], b: &[f64]) {
        for (row, factor) in self.rows_mut().zip(a) {
            add_multiple(row, scale * factor, b);
        }
    }
}

pub(super) fn add_multiple(to: &mut [f64], scale: f64, of: &[f64]) {
    for (to, of) in to.iter_mut().zip(of) {
        *to += scale * of;
    }
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
