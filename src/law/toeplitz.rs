//! The covariance of neighbours that resemble each other.

use nalgebra::DMatrix;

/// The `d x d` matrix `rho^|i - j|`: a covariance for `-1 <= rho <= 1`, positive definite inside.
///
/// ```
/// let matrix = attention_bounds::law::toeplitz(3, 0.5);
/// assert_eq!(matrix.row(0).iter().copied().collect::<Vec<_>>(), [1.0, 0.5, 0.25]);
/// ```
pub fn toeplitz(dimension: usize, rho: f64) -> DMatrix<f64> {
    DMatrix::from_fn(dimension, dimension, |i, j| rho.powf(i.abs_diff(j) as f64))
}
