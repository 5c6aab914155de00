//! One attention head: key-query matrix, value matrix, query bias.

use nalgebra::{DMatrix, DVector};

use crate::error::{Error, Result};

/// A softmax attention head with scores `<a, x>`, tilt `a = U z + b` and output `V x`.
///
/// | field | meaning | shape |
/// |---|---|---|
/// | `key_query` | `U = K^T Q`, score scaling absorbed | `d x e` |
/// | `value` | `V` | `m x d` |
/// | `tilt_bias` | `b = K^T b_Q`, zero without a query bias | `d` |
///
/// A key bias shifts all scores of a query alike and a value bias shifts all outputs alike; neither
/// changes any error, so neither is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    key_query: DMatrix<f64>,
    value: DMatrix<f64>,
    tilt_bias: DVector<f64>,
}

impl Head {
    /// A head without query bias.
    ///
    /// # Errors
    /// As [`Head::with_tilt_bias`].
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::Head;
    /// use attention_bounds::nalgebra::{DMatrix, dmatrix, dvector};
    ///
    /// let head = Head::new(dmatrix![2.0, 0.0; 0.0, 1.0], DMatrix::identity(2, 2)).unwrap();
    /// assert_eq!(head.tilt(&dvector![1.0, 3.0]), dvector![2.0, 3.0]);
    /// ```
    pub fn new(key_query: DMatrix<f64>, value: DMatrix<f64>) -> Result<Self> {
        let dimension = key_query.nrows();
        Self::with_tilt_bias(key_query, value, DVector::zeros(dimension))
    }

    /// A head whose tilt is `U z + tilt_bias`.
    ///
    /// # Errors
    /// [`Error::Shape`] if `V` has not as many columns, or the bias not as many coordinates, as `U` has rows, or an entry is not finite.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::Head;
    /// use attention_bounds::nalgebra::{self, dmatrix, dvector};
    ///
    /// let head = Head::with_tilt_bias(dmatrix![2.0], dmatrix![1.0], dvector![-1.0])?;
    /// assert_eq!(head.tilt(&dvector![3.0]), dvector![5.0]);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn with_tilt_bias(
        key_query: DMatrix<f64>,
        value: DMatrix<f64>,
        tilt_bias: DVector<f64>,
    ) -> Result<Self> {
        let shape = |m: &DMatrix<f64>| format!("{} x {}", m.nrows(), m.ncols());
        if value.ncols() != key_query.nrows() {
            return Err(Error::shape(
                "the value matrix",
                shape(&value),
                format!(
                    "m x {} (the key-query matrix is {})",
                    key_query.nrows(),
                    shape(&key_query)
                ),
            ));
        }
        if tilt_bias.len() != key_query.nrows() {
            return Err(Error::shape(
                "the tilt bias",
                tilt_bias.len(),
                key_query.nrows().to_string(),
            ));
        }
        let finite = |m: &[f64]| m.iter().all(|x| x.is_finite());
        if !(finite(key_query.as_slice())
            && finite(value.as_slice())
            && finite(tilt_bias.as_slice()))
        {
            return Err(Error::shape(
                "the head",
                "an entry that is not finite",
                "finite entries",
            ));
        }
        Ok(Self {
            key_query,
            value,
            tilt_bias,
        })
    }

    /// The key-query matrix `U`, `d x e`.
    pub fn key_query(&self) -> &DMatrix<f64> {
        &self.key_query
    }

    /// The value matrix `V`, `m x d`.
    pub fn value(&self) -> &DMatrix<f64> {
        &self.value
    }

    /// The tilt bias `b`, zero without a query bias.
    pub fn tilt_bias(&self) -> &DVector<f64> {
        &self.tilt_bias
    }

    /// The tilt `a = U z + b` of a query.
    pub fn tilt(&self, query: &DVector<f64>) -> DVector<f64> {
        &self.key_query * query + &self.tilt_bias
    }
}
