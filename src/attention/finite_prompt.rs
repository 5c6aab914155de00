//! Softmax attention over one prompt.

use nalgebra::{DMatrix, DVector};

use super::Head;
use super::population::check_query;
use crate::error::{Error, Result};

/// Attention weights `p_i = e^{S_i} / sum_j e^{S_j}` with scores `S_i = <U z + b, X_i>`.
///
/// `prompt` is `d x L`, one token a column, `L >= 1`. The largest score is subtracted first, so nothing
/// overflows: the weights are in `[0, 1]` and sum to 1 up to rounding, for scores of any size.
///
/// # Errors
/// [`Error::Shape`] if head, prompt and query do not fit, or the prompt is empty; [`Error::Unavailable`] if a score is
/// not finite.
///
/// # Examples
/// ```
/// use attention_bounds::Head;
/// use attention_bounds::attention::attention_weights;
/// use attention_bounds::nalgebra::{dmatrix, dvector};
///
/// let head = Head::new(dmatrix![1.0], dmatrix![1.0]).unwrap();
/// let weights = attention_weights(&head, &dmatrix![0.0, 3f64.ln()], &dvector![1.0]).unwrap();
/// assert!((weights[1] - 0.75).abs() < 1e-15);
/// ```
pub fn attention_weights(
    head: &Head,
    prompt: &DMatrix<f64>,
    query: &DVector<f64>,
) -> Result<DVector<f64>> {
    check_prompt(head, prompt, query)?;
    let mut weights = prompt.tr_mul(&head.tilt(query));
    if !weights.iter().all(|score| score.is_finite()) {
        return Err(Error::Unavailable {
            what: "softmax attention",
            why:
                "a score is not a finite number; head, query and tokens must be finite and smaller"
                    .into(),
        });
    }
    let largest = weights.max();
    weights.apply(|score| *score = (*score - largest).exp());
    let sum = weights.sum();
    weights /= sum;
    Ok(weights)
}

/// Finite-prompt attention `V sum_i p_i X_i`, with the weights of [`attention_weights`].
///
/// # Errors
/// As [`attention_weights`].
///
/// # Examples
/// ```
/// use attention_bounds::Head;
/// use attention_bounds::attention::finite_prompt_attention;
/// use attention_bounds::nalgebra::{self, dmatrix, dvector};
///
/// // Weights 1/4 and 3/4.
/// let head = Head::new(dmatrix![1.0], dmatrix![2.0])?;
/// let output = finite_prompt_attention(&head, &dmatrix![0.0, 3f64.ln()], &dvector![1.0])?;
/// assert!((output[0] - 1.5 * 3f64.ln()).abs() < 1e-14);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn finite_prompt_attention(
    head: &Head,
    prompt: &DMatrix<f64>,
    query: &DVector<f64>,
) -> Result<DVector<f64>> {
    let weights = attention_weights(head, prompt, query)?;
    Ok(head.value() * (prompt * weights))
}

/// Refuses a prompt or query that does not fit the head.
pub(super) fn check_prompt(head: &Head, prompt: &DMatrix<f64>, query: &DVector<f64>) -> Result<()> {
    check_query(head, query)?;
    let dimension = head.value().ncols();
    if prompt.nrows() == dimension && prompt.ncols() > 0 {
        Ok(())
    } else {
        Err(Error::shape(
            "the prompt",
            format!("{} x {}", prompt.nrows(), prompt.ncols()),
            format!("{dimension} x L, one token a column and L at least 1"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(scale: f64) -> Head {
        Head::new(
            DMatrix::from_diagonal_element(2, 2, scale),
            DMatrix::from_row_slice(1, 2, &[1.0, -2.0]),
        )
        .unwrap()
    }

    #[test]
    fn two_tokens_by_hand() {
        let prompt = DMatrix::from_row_slice(2, 2, &[1.0, 0.0, 0.0, 1.0]);
        let query = DVector::from_vec(vec![3.0_f64.ln(), 0.0]);
        let weights = attention_weights(&head(1.0), &prompt, &query).unwrap();
        assert!((weights[0] - 0.75).abs() < 1e-15 && (weights[1] - 0.25).abs() < 1e-15);
        let output = finite_prompt_attention(&head(1.0), &prompt, &query).unwrap();
        assert!((output[0] - (0.75 - 2.0 * 0.25)).abs() < 1e-15);
    }

    #[test]
    fn huge_scores_pick_the_largest() {
        let prompt = DMatrix::from_row_slice(2, 3, &[1.0, 2.0, -1.0, 0.0, 0.0, 0.0]);
        let query = DVector::from_vec(vec![1e6, 0.0]);
        let weights = attention_weights(&head(1.0), &prompt, &query).unwrap();
        assert_eq!(weights.as_slice(), [0.0, 1.0, 0.0]);
    }

    #[test]
    fn misfits_are_refused() {
        let query = DVector::zeros(2);
        assert!(attention_weights(&head(1.0), &DMatrix::zeros(2, 0), &query).is_err());
        assert!(attention_weights(&head(1.0), &DMatrix::zeros(3, 1), &query).is_err());
        assert!(attention_weights(&head(1.0), &DMatrix::zeros(2, 1), &DVector::zeros(3)).is_err());
        let overflow = DMatrix::from_element(2, 1, 1e200);
        let query = DVector::from_element(2, 1e200);
        assert!(attention_weights(&head(1.0), &overflow, &query).is_err());
    }
}
