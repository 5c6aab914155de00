//! The coordinates in which the score variance of a query is a sum of squares.

use nalgebra::{DMatrix, SymmetricEigen};

use crate::error::Result;
use crate::regression::{RegressionHead, RegressionTask};

/// `x = P g` with standard normal `g`, in which `q = sum l_j g_j^2`.
pub(super) struct Coordinates {
    pub spectrum: Vec<f64>,
    /// `P`.
    pub axes: DMatrix<f64>,
    /// The forms `eta` and `zeta` in these coordinates.
    pub signal: DMatrix<f64>,
    pub alignment: DMatrix<f64>,
}

impl Coordinates {
    pub fn new(task: &RegressionTask, root: &DMatrix<f64>, head: &RegressionHead) -> Result<Self> {
        head.check(task)?;
        let seen = root * &head.key_query * root;
        let eigen = SymmetricEigen::new(seen.tr_mul(&seen));
        let axes = root * &eigen.eigenvectors;
        let response = task.covariance() * &head.key_query * &axes;
        let alignment = axes.tr_mul(&response);
        Ok(Self {
            spectrum: eigen.eigenvalues.iter().map(|l| l.max(0.0)).collect(),
            signal: response.tr_mul(&response),
            alignment: 0.5 * (&alignment + alignment.transpose()),
            axes,
        })
    }
}
