//! The task: the laws of inputs, task vectors and noise.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

use crate::error::{Error, Result};
use crate::law::Gaussian;

/// In-context linear regression: `x ~ N(0, Sig)`, `w ~ N(0, tau^2 I)`, `y = <w, x> + N(0, v)`.
///
/// The query has the law of the inputs, and its label the same noise.
#[derive(Debug, Clone, PartialEq)]
pub struct RegressionTask {
    inputs: Gaussian,
    /// Ascending; the columns of `axes` are the eigenvectors in the same order.
    eigenvalues: DVector<f64>,
    axes: DMatrix<f64>,
    noise_variance: f64,
    weight_variance: f64,
}

/// Eigenvalues of `Sig` below this fraction of the largest count as zero: rounding alone may make them.
const SINGULAR: f64 = 1e-13;

impl RegressionTask {
    /// From `Sig` (symmetric positive definite), the noise variance `v >= 0` and the variance `tau^2 > 0` of an entry of `w`.
    ///
    /// # Errors
    /// If `Sig` is not square, symmetric and positive definite, or a variance is outside its set.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::nalgebra::{self, dmatrix};
    /// use attention_bounds::regression::RegressionTask;
    ///
    /// // E y^2 = tau^2 tr Sig + v.
    /// let task = RegressionTask::new(dmatrix![2.0, 0.0; 0.0, 4.0], 0.5, 0.25)?;
    /// assert!((task.label_variance() - 2.0).abs() < 1e-14);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn new(
        covariance: DMatrix<f64>,
        noise_variance: f64,
        weight_variance: f64,
    ) -> Result<Self> {
        let number = |parameter, value: f64, required, accepted: bool| {
            if accepted {
                return Ok(value);
            }
            Err(Error::Parameter {
                parameter,
                value: value.to_string(),
                required,
                theorem: Some("T11"),
            })
        };
        let noise_variance = number(
            "the noise variance",
            noise_variance,
            "a finite number, at least 0",
            noise_variance >= 0.0 && noise_variance < f64::INFINITY,
        )?;
        let weight_variance = number(
            "the weight variance",
            weight_variance,
            "a finite number greater than 0",
            weight_variance > 0.0 && weight_variance < f64::INFINITY,
        )?;
        let inputs = Gaussian::centred(covariance)?;
        let eigen = SymmetricEigen::new(inputs.covariance().clone());
        let mut order: Vec<usize> = (0..eigen.eigenvalues.len()).collect();
        order.sort_by(|&i, &j| eigen.eigenvalues[i].total_cmp(&eigen.eigenvalues[j]));
        let eigenvalues =
            DVector::from_iterator(order.len(), order.iter().map(|&i| eigen.eigenvalues[i]));
        let columns: Vec<_> = order
            .iter()
            .map(|&i| eigen.eigenvectors.column(i).into_owned())
            .collect();
        number(
            "the smallest eigenvalue of the input covariance",
            eigenvalues.min(),
            "greater than 0 (the covariance must be positive definite)",
            eigenvalues.min() > SINGULAR * eigenvalues.max(),
        )?;
        Ok(Self {
            inputs,
            axes: DMatrix::from_columns(&columns),
            eigenvalues,
            noise_variance,
            weight_variance,
        })
    }

    /// The law of an input and of the query.
    pub fn inputs(&self) -> &Gaussian {
        &self.inputs
    }

    /// `Sig`.
    pub fn covariance(&self) -> &DMatrix<f64> {
        self.inputs.covariance()
    }

    /// `d`.
    pub fn dimension(&self) -> usize {
        self.eigenvalues.len()
    }

    /// `v`.
    pub fn noise_variance(&self) -> f64 {
        self.noise_variance
    }

    /// `tau^2`.
    pub fn weight_variance(&self) -> f64 {
        self.weight_variance
    }

    /// The eigenvalues of `Sig`, ascending.
    pub fn eigenvalues(&self) -> &DVector<f64> {
        &self.eigenvalues
    }

    /// The eigenvectors of `Sig`, one a column, in the order of [`Self::eigenvalues`].
    pub fn axes(&self) -> &DMatrix<f64> {
        &self.axes
    }

    /// `f(Sig)` by its eigenvalues.
    pub fn function(&self, f: impl Fn(f64) -> f64) -> DMatrix<f64> {
        &self.axes * DMatrix::from_diagonal(&self.eigenvalues.map(f)) * self.axes.transpose()
    }

    /// `E y^2 = tau^2 tr Sig + v`, for an example and for the query.
    pub fn label_variance(&self) -> f64 {
        self.weight_variance * self.eigenvalues.sum() + self.noise_variance
    }

    /// `tr Sig^{-2}`.
    pub fn inverse_square_trace(&self) -> f64 {
        self.eigenvalues.iter().map(|l| 1.0 / (l * l)).sum()
    }
}
