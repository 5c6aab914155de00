//! The eigenvalues of `V V^T`: all that a sub-Gaussian bound uses of a value matrix.

use nalgebra::DMatrix;

use crate::bound::moments::check_non_negative;
use crate::error::Result;
use crate::interval::Interval;
use crate::law::squared_singular_values_above;

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
    /// The eigenvalues of the Gram matrix are bounded by the residual of their decomposition (theorems of Ostrowski and
    /// Weyl) and the standard error of the products. The sum is `|V|_F^2` in interval arithmetic. For `V` of size `n` the
    /// relative excess of `nu_max` is a few `n^2 2^-53`.
    ///
    /// # Errors
    /// If an entry is not finite, an eigenvalue overflows or the eigenvalue iteration fails.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::bound::ValueSpectrum;
    /// use attention_bounds::nalgebra::{self, dmatrix};
    ///
    /// let values = ValueSpectrum::new(&dmatrix![3.0, 0.0; 0.0, 4.0])?;
    /// assert!(values.largest() >= 16.0 && values.largest() < 16.0 + 1e-12);
    /// assert!(values.sum() >= 25.0 && values.sum() < 25.0 + 1e-12);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn new(value: &DMatrix<f64>) -> Result<Self> {
        let sum = Interval::norm_squared(value.iter()).upper();
        let squares = squared_singular_values_above(value)?;
        let spectrum = Self::from_eigenvalues(squares.into_iter().map(|nu| nu.min(sum)).collect())?;
        Ok(Self { sum, ..spectrum })
    }

    /// From the eigenvalues of `V V^T`, or upper bounds of them (zeros may be left out): finite, at least 0.
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter) for one that is negative or not finite.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::bound::ValueSpectrum;
    ///
    /// let values = ValueSpectrum::from_eigenvalues(vec![9.0, 16.0])?;
    /// assert_eq!((values.largest(), values.sum()), (16.0, 25.0));
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn from_eigenvalues(mut eigenvalues: Vec<f64>) -> Result<Self> {
        for &nu in &eigenvalues {
            check_non_negative("an eigenvalue of V V^T", nu)?;
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
