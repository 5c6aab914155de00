//! Linear attention over one prompt.

use nalgebra::{DMatrix, DVector};

use super::Head;
use super::finite_prompt::check_prompt;
use crate::error::Result;

/// Linear attention `(1/L) sum_i <U z + b, X_i> V X_i`.
///
/// Convention: scores enter without softmax, divided by the prompt length `L` and by nothing else; a
/// scaling `1/sqrt(k)` is part of `U`, as it is for softmax. `prompt` is `d x L`, one token a column. For
/// centred tokens with covariance `Gamma` its limit is `V Gamma (U z + b)`, which is the population
/// softmax attention of `N(0, Gamma)` (T1).
///
/// # Errors
/// [`Error::Shape`](crate::Error::Shape) if head, prompt and query do not fit, or the prompt is empty.
///
/// # Examples
/// ```
/// use attention_bounds::Head;
/// use attention_bounds::attention::linear_attention;
/// use attention_bounds::nalgebra::{self, dmatrix, dvector};
///
/// // Scores 2 and 6 for the tokens 1 and 3: (2 * 1 + 6 * 3) / 2.
/// let head = Head::new(dmatrix![1.0], dmatrix![1.0])?;
/// assert_eq!(linear_attention(&head, &dmatrix![1.0, 3.0], &dvector![2.0])?, dvector![10.0]);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn linear_attention(
    head: &Head,
    prompt: &DMatrix<f64>,
    query: &DVector<f64>,
) -> Result<DVector<f64>> {
    check_prompt(head, prompt, query)?;
    let scores = prompt.tr_mul(&head.tilt(query)) / prompt.ncols() as f64;
    Ok(head.value() * (prompt * scores))
}
