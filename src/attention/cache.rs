//! A head that is known by its cache: keys and values, whatever computed them.
//!
//! Attention sees a token through its score and its value only. So the pair (key, value) in `R^{k+m}` may stand for the token: with
//! `U = scale [I; 0]` and `V = [0 I]` its score is `scale <z, key>` and its output is the value.

use nalgebra::DMatrix;

use super::Head;
use crate::error::{Error, Result};
use crate::law::Empirical;

/// The uniform law on the pairs (key, value) of a cache: row `i` of `keys` (`N x k`) and, behind it, row `i` of `values` (`N x m`).
///
/// # Errors
/// [`Error::Shape`] if there are not as many values as keys, [`Error::Parameter`] if either has no coordinate; otherwise as [`Empirical::new`].
///
/// # Examples
/// ```
/// use attention_bounds::attention::key_value_pairs;
/// use attention_bounds::nalgebra::{self, dmatrix};
///
/// let pairs = key_value_pairs(&dmatrix![1.0, 2.0; 3.0, 4.0], &dmatrix![5.0; 6.0])?;
/// assert_eq!(pairs.points(), &dmatrix![1.0, 3.0; 2.0, 4.0; 5.0, 6.0]);
/// assert!(key_value_pairs(&dmatrix![1.0; 2.0], &dmatrix![1.0]).is_err());
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn key_value_pairs(keys: &DMatrix<f64>, values: &DMatrix<f64>) -> Result<Empirical> {
    if values.nrows() != keys.nrows() {
        return Err(Error::shape(
            "the list of values",
            format!("{} rows", values.nrows()),
            format!("{} rows, one for each key", keys.nrows()),
        ));
    }
    let (k, m) = (keys.ncols(), values.ncols());
    check_sizes(k, m)?;
    for (name, rows) in [("keys", keys), ("values", values)] {
        if let Some(index) = rows.iter().position(|x| !x.is_finite()) {
            let (row, column) = (index % rows.nrows(), index / rows.nrows());
            return Err(refusal(
                name,
                format!("{} in row {row}, column {column}", rows[index]),
                "finite",
            ));
        }
    }
    let mut pairs = DMatrix::zeros(k + m, keys.nrows());
    keys.transpose_to(&mut pairs.rows_mut(0, k));
    values.transpose_to(&mut pairs.rows_mut(k, m));
    Empirical::of_columns(pairs)
}

/// The head that reads pairs of a key in `R^k` and a value in `R^m`: scores `scale <z, key>` of a query `z` in `R^k`, output the value.
///
/// # Errors
/// [`Error::Parameter`] if the scale is not finite, `k` or `m` is 0, or `k + m` is more than 65536.
///
/// # Examples
/// ```
/// use attention_bounds::attention::key_value_head;
/// use attention_bounds::nalgebra::{self, dmatrix, dvector};
///
/// let head = key_value_head(0.5, 2, 1)?;
/// assert_eq!(head.tilt(&dvector![2.0, 4.0]), dvector![1.0, 2.0, 0.0]);
/// assert_eq!(head.value(), &dmatrix![0.0, 0.0, 1.0]);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn key_value_head(scale: f64, keys: usize, values: usize) -> Result<Head> {
    if !scale.is_finite() {
        return Err(refusal("scale", scale.to_string(), "a finite number"));
    }
    check_sizes(keys, values)?;
    let tokens = keys + values;
    let mut value = DMatrix::zeros(values, tokens);
    value.columns_mut(keys, values).fill_diagonal(1.0);
    Head::new(DMatrix::from_diagonal_element(tokens, keys, scale), value)
}

/// Refuses keys or values without coordinates, and pairs that are too long before there is a matrix of that size.
fn check_sizes(keys: usize, values: usize) -> Result<()> {
    const MOST: usize = 1 << 16;
    let fits = keys.checked_add(values).is_some_and(|both| both <= MOST);
    if keys > 0 && values > 0 && fits {
        return Ok(());
    }
    Err(refusal(
        "k + m",
        format!("{keys} + {values}"),
        "from 1 + 1 to 65536 coordinates of a key and its value",
    ))
}

fn refusal(parameter: &'static str, value: String, required: &'static str) -> Error {
    Error::Parameter {
        parameter,
        value,
        required,
        theorem: None,
    }
}
