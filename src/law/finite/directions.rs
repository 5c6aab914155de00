//! The direction in which outputs are spread the most.

use nalgebra::{DMatrix, DVector};

use crate::law::atoms::UNIT;

/// Points whose deviations are held together.
const CHUNK: usize = 1024;
/// Points times squared outputs beyond which no eigenvalue is computed: about a twentieth of a second.
const MOST_PRODUCTS: usize = 1 << 25;

/// Whether the matrices of [`largest_square`] are small enough.
pub(super) fn affordable(outputs: &DMatrix<f64>) -> bool {
    let (m, n) = outputs.shape();
    m.saturating_mul(m).saturating_mul(n) <= MOST_PRODUCTS
}

/// The largest eigenvalue of `sum_i p_i y_i y_i^T`, `y_i = outputs_i - mean`, from above.
///
/// An entry of the matrix is a sum of `n` products of three factors, each off by `(n + 4) u` of the product of two deviations at most, which
/// is `(n + 4) u` of the trace in norm; and the eigenvalues that are computed are those of a matrix that differs by a modest multiple of `m u` of its norm:
/// `32 m` is allowed.
pub(super) fn largest_square(
    outputs: &DMatrix<f64>,
    mean: &DVector<f64>,
    probabilities: &DVector<f64>,
) -> f64 {
    let (m, n) = outputs.shape();
    let mut squares = DMatrix::zeros(m, m);
    for first in (0..n).step_by(CHUNK) {
        let count = CHUNK.min(n - first);
        let mut apart = outputs.columns(first, count).into_owned();
        for (mut column, p) in apart
            .column_iter_mut()
            .zip(probabilities.rows(first, count).iter())
        {
            column -= mean;
            column *= p.sqrt();
        }
        squares.gemm(1.0, &apart, &apart.transpose(), 1.0);
    }
    let trace = squares.trace();
    if !(trace < f64::MAX) {
        return f64::INFINITY;
    }
    let largest = squares.symmetric_eigenvalues().max();
    let terms = n as f64 + 16.0 + 32.0 * m as f64;
    // The trace is an upper bound too, and all there is of one output.
    let error = terms * UNIT * trace;
    if m == 1 {
        trace
    } else {
        (largest + error).min(trace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_directions_have_their_eigenvalues() {
        // Deviations (1, 1), (-1, -1), (1, -1), (-1, 1) with these probabilities: 2 (p + q) along (1, 1), 2 (r + s) across.
        let outputs = DMatrix::from_row_slice(2, 4, &[6.0, 4.0, 6.0, 4.0, 8.0, 6.0, 6.0, 8.0]);
        let mean = DVector::from_vec(vec![5.0, 7.0]);
        let probabilities = DVector::from_vec(vec![0.4, 0.3, 0.2, 0.1]);
        let found = largest_square(&outputs, &mean, &probabilities);
        assert!((1.4..1.4 + 1e-12).contains(&found), "{found}");
        let one = outputs.rows(0, 1).into_owned();
        let found = largest_square(&one, &mean.rows(0, 1).into_owned(), &probabilities);
        assert!((found - 1.0).abs() < 1e-14, "{found}");
    }

    #[test]
    fn a_long_list_is_not_multiplied_out() {
        assert!(affordable(&DMatrix::zeros(32, 2048)));
        assert!(!affordable(&DMatrix::zeros(64, 100_000)));
    }
}
