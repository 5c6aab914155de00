//! Gaussian tokens.
use nalgebra::{DMatrix, DVector};
/// `N(mean, covariance)`, the covariance positive semi-definite and possibly singular.
#[derive(Debug, Clone, PartialEq)]
pub struct Gaussian {
    mean: DVector<f64>,
    covariance: DMatrix<f64>,
    root: DMatrix<f64>,
}
impl Gaussian {
    /// The mean `m0`.
    pub fn mean(&self) -> &DVector<f64> {
        &self.mean
    }
    /// The covariance `Gamma`.
    pub fn covariance(&self) -> &DMatrix<f64> {
        &self.covariance
    }
    /// A square root: `root root^T = Gamma` (the symmetric one).
    pub fn root(&self) -> &DMatrix<f64> {
        &self.root
    }
}
