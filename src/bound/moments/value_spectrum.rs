//! The eigenvalues of `V V^T`: all that a sub-Gaussian bound uses of a value matrix.

use nalgebra::{DMatrix, SymmetricEigen};

use crate::bound::moments::rejected;
use crate::error::{Error, Result};
use crate::interval::Interval;

/// Eigenvalues `nu_j` of `V V^T`: their largest is `|V|_op^2`, their sum `|V|_F^2`. Upper bounds of all of them, in
/// each of which T6 increases.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueSpectrum {
    largest: f64,
    sum: f64,
    /// `nu_j / nu_max`, rounded up, the zeros left out.
    ratios: Vec<f64>,
    /// `nu_j`, the zeros left out.
    eigenvalues: Vec<f64>,
}

impl ValueSpectrum {
    /// The spectrum of the value matrix `V` (`m x d`, taken as the floats it is), from the smaller of `V V^T` and
    /// `V^T V`: a float at least each eigenvalue, and one at least their sum.
    ///
    /// # Rounding
    /// Let `G` be the Gram matrix, and `Q`, `D` the computed eigenvectors and eigenvalues. With
    /// `r >= |G - Q D Q^T|_F` and `o >= |Q^T Q - I|_F`, the j-th eigenvalue of `G` is at most
    /// `(1 + o) max(D_j, 0) + r` (theorems of Ostrowski and Weyl). Both norms are computed in plain floats, to
    /// which the standard error of their products is added (any order of summation). The sum is `|V|_F^2` in
    /// interval arithmetic. For `V` of size `n` the relative excess of `nu_max` is a few `n^2 2^-53`.
    ///
    /// Fails if an entry is not finite.
    pub fn new(value: &DMatrix<f64>) -> Result<Self> {
        if !value.iter().all(|x| x.is_finite()) {
            return Err(Error::shape(
                "the value matrix",
                "an entry that is not finite",
                "finite entries",
            ));
        }
        let sum = Interval::norm_squared(value.iter()).upper();
        let gram = if value.nrows() <= value.ncols() {
            value * value.transpose()
        } else {
            value.transpose() * value
        };
        let size = gram.nrows();
        let eigen = SymmetricEigen::try_new(gram.clone(), f64::EPSILON, 100 * size.max(10)).ok_or(
            Error::Unavailable {
                what: "the spectrum of the value matrix",
                why: "the eigenvalue iteration did not converge".into(),
            },
        )?;
        let (vectors, values) = (&eigen.eigenvectors, &eigen.eigenvalues);
        let scaled = vectors * DMatrix::from_diagonal(values);
        let residual = (&gram - scaled * vectors.transpose()).norm();
        let defect = (vectors.transpose() * vectors - DMatrix::identity(size, size)).norm();
        // Of G itself (sums of at most max(m, d) products, in size |V|_F^2 together), and of Q D Q^T and
        // Q^T Q (sums of 2 n and n, in size |Q|_F^2 max |D| and |Q|_F^2); |Q|_F^2 = n up to the defect.
        let unit = 0.5 * f64::EPSILON;
        let n = size as f64;
        let long = value.nrows().max(value.ncols()) as f64;
        let rounding = |terms: f64, scale: f64| (terms + 4.0) * unit * scale * 1.01;
        let frobenius = n * (1.0 + defect);
        // What underflows in a product is at most the least positive float.
        let underflow = if sum > 0.0 {
            n * n * (long + 2.0 * n) * f64::from_bits(1)
        } else {
            0.0
        };
        let residual = residual * (1.0 + 1e-9)
            + rounding(long, sum)
            + rounding(2.0 * n, frobenius * values.amax())
            + underflow;
        let defect = defect * (1.0 + 1e-9) + rounding(n, frobenius);
        if !(residual < f64::INFINITY && defect < 1.0) {
            return Err(Error::Unavailable {
                what: "the spectrum of the value matrix",
                why: "its entries are too large, or its eigenvectors are not orthogonal".into(),
            });
        }
        let upper = |nu: f64| {
            let nu = Interval::point(nu.max(0.0)) * Interval::point((1.0 + defect).next_up());
            (nu + Interval::point(residual)).upper().min(sum)
        };
        let spectrum = Self::from_eigenvalues(values.iter().map(|nu| upper(*nu)).collect())?;
        Ok(Self { sum, ..spectrum })
    }

    /// From the eigenvalues of `V V^T`, or upper bounds of them (zeros may be left out): finite, at least 0.
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
            sum: eigenvalues
                .iter()
                .map(|nu| Interval::point(*nu))
                .sum::<Interval>()
                .upper(),
            ratios: eigenvalues
                .iter()
                .filter(|nu| **nu > 0.0)
                .map(|nu| {
                    let ratio = Interval::point(*nu) / Interval::point(largest);
                    ratio.upper().min(1.0)
                })
                .collect(),
            eigenvalues: eigenvalues.into_iter().filter(|nu| *nu > 0.0).collect(),
        })
    }

    /// `|V|_op^2`, an upper bound.
    pub fn largest(&self) -> f64 {
        self.largest
    }

    /// `|V|_F^2`, an upper bound.
    pub fn sum(&self) -> f64 {
        self.sum
    }

    /// `nu_j`, descending, zeros left out.
    pub(crate) fn eigenvalues(&self) -> &[f64] {
        &self.eigenvalues
    }

    /// `nu_j / nu_max`, descending, zeros left out.
    pub(crate) fn ratios(&self) -> &[f64] {
        &self.ratios
    }
}

#[cfg(test)]
mod tests {
    use crate::bound::moments::value_spectrum::*;

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
