//! The eigenvalues of `V V^T`: all that a sub-Gaussian bound uses of a value matrix.

use nalgebra::{DMatrix, SymmetricEigen};

use super::moments::rejected;
use crate::error::{Error, Result};

/// Eigenvalues `nu_j` of `V V^T`: their largest is `|V|_op^2`, their sum `|V|_F^2`.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueSpectrum {
    largest: f64,
    sum: f64,
    /// `nu_j / nu_max`, the zeros left out.
    ratios: Vec<f64>,
}

impl ValueSpectrum {
    /// The spectrum of the value matrix `V` (`m x d`), from the smaller of `V V^T` and `V^T V`.
    ///
    /// Eigenvalues below `n eps nu_max` are rounding errors of zeros and are left out. Fails if an entry
    /// is not finite.
    pub fn new(value: &DMatrix<f64>) -> Result<Self> {
        if !value.iter().all(|x| x.is_finite()) {
            return Err(Error::shape(
                "the value matrix",
                "an entry that is not finite",
                "finite entries",
            ));
        }
        let gram = if value.nrows() <= value.ncols() {
            value * value.transpose()
        } else {
            value.transpose() * value
        };
        let size = gram.nrows();
        let eigen = SymmetricEigen::try_new(gram, f64::EPSILON, 100 * size.max(10)).ok_or(
            Error::Unavailable {
                what: "the spectrum of the value matrix",
                why: "the eigenvalue iteration did not converge".into(),
            },
        )?;
        let largest = eigen.eigenvalues.iter().fold(0.0f64, |m, &x| m.max(x));
        let negligible = size as f64 * f64::EPSILON * largest;
        Self::from_eigenvalues(
            eigen
                .eigenvalues
                .iter()
                .map(|&x| if x.abs() <= negligible { 0.0 } else { x })
                .collect(),
        )
    }

    /// From the eigenvalues of `V V^T` (zeros may be left out): finite, at least 0.
    pub fn from_eigenvalues(mut eigenvalues: Vec<f64>) -> Result<Self> {
        for &nu in &eigenvalues {
            if !(0.0..=f64::MAX).contains(&nu) {
                return Err(rejected(
                    "an eigenvalue of V V^T",
                    nu,
                    "a finite number, at least 0",
                ));
            }
        }
        eigenvalues.sort_by(|x, y| y.total_cmp(x));
        let largest = eigenvalues.first().copied().unwrap_or(0.0);
        Ok(Self {
            largest,
            sum: eigenvalues.iter().sum(),
            ratios: eigenvalues
                .iter()
                .map(|nu| nu / largest)
                .filter(|r| *r > 0.0)
                .collect(),
        })
    }

    /// `|V|_op^2`.
    pub fn largest(&self) -> f64 {
        self.largest
    }

    /// `|V|_F^2`.
    pub fn sum(&self) -> f64 {
        self.sum
    }

    /// `nu_j / nu_max`, descending, zeros left out.
    pub(crate) fn ratios(&self) -> &[f64] {
        &self.ratios
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_gram_matrices_give_the_same_spectrum() {
        let v = DMatrix::from_row_slice(2, 3, &[1.0, 2.0, 0.5, -1.0, 0.3, 4.0]);
        let (wide, tall) = (
            ValueSpectrum::new(&v).unwrap(),
            ValueSpectrum::new(&v.transpose()).unwrap(),
        );
        assert!((wide.largest() / tall.largest() - 1.0).abs() < 1e-14);
        assert!((wide.sum() / v.norm_squared() - 1.0).abs() < 1e-14);
        let singular = v.singular_values();
        assert!((wide.largest() / singular[0].powi(2) - 1.0).abs() < 1e-13);
        assert_eq!(tall.ratios().len(), 2);
    }

    #[test]
    fn zero_matrix_and_bad_input() {
        let zero = ValueSpectrum::new(&DMatrix::zeros(2, 2)).unwrap();
        assert_eq!(
            (zero.largest(), zero.sum(), zero.ratios().len()),
            (0.0, 0.0, 0)
        );
        assert!(ValueSpectrum::new(&DMatrix::from_element(1, 1, f64::NAN)).is_err());
        assert!(ValueSpectrum::from_eigenvalues(vec![1.0, -1e-300]).is_err());
        assert!(ValueSpectrum::from_eigenvalues(vec![f64::NAN]).is_err());
    }
}
