//! Jacobians of attention with respect to its matrices, for a prompt and for infinitely many tokens.

use nalgebra::{DMatrix, DVector};

use super::Head;
use super::finite_prompt::attention_weights;
use super::population::population_attention;
use crate::error::{Error, Result};
use crate::law::{TokenLaw, operator_norm};

/// The derivatives of an attention output in `V` and `U`, as linear maps of a direction `H`.
///
/// With the mean `m` and the covariance `C` of a token under the weights at the tilt `a = U z + b` (the tilted
/// law, or the attention weights of a prompt), the output is `V m`, and
///
/// ```text
/// in V, applied to H (m x d):   H m
/// in U, applied to H (d x e):   V C H z        because the derivative of m in a is C.
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Jacobians {
    mean: DVector<f64>,
    /// `V C`, `m x d`.
    response: DMatrix<f64>,
    query: DVector<f64>,
}

/// Norms of the difference of two [`Jacobians`], squared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JacobianDistance {
    /// In `V`, Frobenius: `m |mhat - m|^2` for `m` outputs.
    pub value_frobenius: f64,
    /// In `V`, operator norm: `|mhat - m|^2`.
    pub value_operator: f64,
    /// In `U`, Frobenius: `|V (Chat - C)|_F^2 |z|^2`.
    pub key_query_frobenius: f64,
    /// In `U`, operator norm: `|V (Chat - C)|^2 |z|^2`.
    pub key_query_operator: f64,
}

/// The derivatives of population attention `T(z) = V m(U z + b)` at this head.
///
/// # Errors
/// If head, law and query do not fit together.
///
/// # Examples
/// ```
/// use attention_bounds::attention::population_jacobians;
/// use attention_bounds::nalgebra::{self, dmatrix, dvector};
/// use attention_bounds::{Gaussian, Head};
///
/// // T(z) = V Gamma U z (T1) is linear in V and U.
/// let tokens = Gaussian::centred(dmatrix![2.0])?;
/// let at = population_jacobians(&tokens, &Head::new(dmatrix![1.0], dmatrix![3.0])?, &dvector![5.0])?;
/// assert_eq!(at.in_value(&dmatrix![1.0])?, dvector![10.0]);
/// assert_eq!(at.in_key_query(&dmatrix![1.0])?, dvector![30.0]);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn population_jacobians(
    law: &dyn TokenLaw,
    head: &Head,
    query: &DVector<f64>,
) -> Result<Jacobians> {
    // Refuses what does not fit.
    population_attention(law, head, query)?;
    let tilt = head.tilt(query);
    Ok(Jacobians {
        mean: law.tilted_mean(&tilt),
        response: head.value() * law.tilted_covariance(&tilt),
        query: query.clone(),
    })
}

/// The derivatives of finite-prompt attention `That(z) = V sum_i p_i X_i` at this head; `prompt` is `d x L`.
///
/// # Errors
/// As [`attention_weights`].
///
/// # Examples
/// ```
/// use attention_bounds::Head;
/// use attention_bounds::attention::finite_prompt_jacobians;
/// use attention_bounds::nalgebra::{self, dmatrix, dvector};
///
/// // Equal weights on 0 and 4: mean 2, variance 4.
/// let head = Head::new(dmatrix![0.0], dmatrix![1.0])?;
/// let at = finite_prompt_jacobians(&head, &dmatrix![0.0, 4.0], &dvector![3.0])?;
/// assert_eq!(at.in_value(&dmatrix![1.0])?, dvector![2.0]);
/// assert_eq!(at.in_key_query(&dmatrix![1.0])?, dvector![12.0]);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn finite_prompt_jacobians(
    head: &Head,
    prompt: &DMatrix<f64>,
    query: &DVector<f64>,
) -> Result<Jacobians> {
    let weights = attention_weights(head, prompt, query)?;
    let mean = prompt * &weights;
    // V C without the d x d covariance: sum_i p_i V (X_i - mhat) (X_i - mhat)^T, deviations first, so that nothing
    // cancels.
    let mut deviations = prompt.clone();
    for mut column in deviations.column_iter_mut() {
        column -= &mean;
    }
    let mut outputs = head.value() * &deviations;
    for (mut column, weight) in outputs.column_iter_mut().zip(weights.iter()) {
        column *= *weight;
    }
    Ok(Jacobians {
        mean,
        response: outputs * deviations.transpose(),
        query: query.clone(),
    })
}

impl Jacobians {
    /// The derivative in `V` in the direction `H` (`m x d`): `H m`.
    ///
    /// # Errors
    /// If `H` has not the shape of `V`.
    pub fn in_value(&self, direction: &DMatrix<f64>) -> Result<DVector<f64>> {
        check_direction(direction, (self.response.nrows(), self.mean.len()))?;
        Ok(direction * &self.mean)
    }

    /// The derivative in `U` in the direction `H` (`d x e`): `V C H z`.
    ///
    /// # Errors
    /// If `H` has not the shape of `U`.
    pub fn in_key_query(&self, direction: &DMatrix<f64>) -> Result<DVector<f64>> {
        check_direction(direction, (self.mean.len(), self.query.len()))?;
        Ok(&self.response * (direction * &self.query))
    }

    /// The squared norms of the difference of two derivatives at the same query, as maps from matrices with the
    /// Frobenius norm to outputs with the Euclidean norm.
    ///
    /// `H -> H v` has Frobenius norm `sqrt(m) |v|` and operator norm `|v|`; `H -> D H z` is the Kronecker product
    /// of `D` and `z^T`, with norms `|D|_F |z|` and `|D| |z|`.
    ///
    /// # Errors
    /// [`Error::Shape`] if the shapes or the queries differ.
    pub fn distance(&self, other: &Self) -> Result<JacobianDistance> {
        if self.response.shape() != other.response.shape() || self.query != other.query {
            return Err(Error::shape(
                "the other pair of derivatives",
                format!("{} x {}", other.response.nrows(), other.response.ncols()),
                format!(
                    "{} x {}, at the same query",
                    self.response.nrows(),
                    self.response.ncols()
                ),
            ));
        }
        let mean = (&self.mean - &other.mean).norm_squared();
        let response = &self.response - &other.response;
        let query = self.query.norm_squared();
        Ok(JacobianDistance {
            value_frobenius: self.response.nrows() as f64 * mean,
            value_operator: mean,
            key_query_frobenius: response.norm_squared() * query,
            key_query_operator: operator_norm(&response).powi(2) * query,
        })
    }
}

fn check_direction(direction: &DMatrix<f64>, wanted: (usize, usize)) -> Result<()> {
    if direction.shape() == wanted {
        Ok(())
    } else {
        Err(Error::shape(
            "the direction",
            format!("{} x {}", direction.nrows(), direction.ncols()),
            format!(
                "{} x {}, the shape of the matrix that is varied",
                wanted.0, wanted.1
            ),
        ))
    }
}
