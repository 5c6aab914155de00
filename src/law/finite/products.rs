//! Outputs of many points.

use nalgebra::{DMatrix, DMatrixViewMut, DVector};
use rayon::prelude::*;

/// Points whose differences from the typical one are held together.
const CHUNK: usize = 4096;

pub(super) fn is_identity(matrix: &DMatrix<f64>) -> bool {
    let diagonal = |index: usize| index.is_multiple_of(matrix.nrows() + 1);
    let mut entries = matrix.iter().enumerate();
    matrix.is_square() && entries.all(|(index, x)| *x == f64::from(u8::from(diagonal(index))))
}

/// `V (x_i - o)` and `|x_i - o|`.
pub(super) fn products(
    points: &DMatrix<f64>,
    origin: &DVector<f64>,
    value: &DMatrix<f64>,
) -> (DMatrix<f64>, Vec<f64>) {
    let rows = value.nrows();
    let mut outputs = DMatrix::zeros(rows, points.ncols());
    let mut distances = vec![0.0; points.ncols()];
    let chunks = outputs.as_mut_slice().par_chunks_mut((CHUNK * rows).max(1));
    let chunks = distances.par_chunks_mut(CHUNK).zip(chunks).enumerate();
    chunks.for_each(|(chunk, (distances, outputs))| {
        let count = distances.len();
        let mut apart = points.columns(chunk * CHUNK, count).into_owned();
        for (mut column, distance) in apart.column_iter_mut().zip(distances) {
            column -= origin;
            *distance = column.norm();
        }
        DMatrixViewMut::from_slice(outputs, rows, count).gemm(1.0, value, &apart, 0.0);
    });
    (outputs, distances)
}
