//! Attention over infinitely many tokens.

use nalgebra::DVector;

use super::Head;
use crate::error::{Error, Result};
use crate::law::TokenLaw;

/// Population attention `T[mu](z) = V m(U z + b)`, with `m = grad Lam` (T0).
///
/// `query` has length `e` (`U` is `d x e`), the result length `m` (`V` is `m x d`).
///
/// # Errors
/// [`Error::Shape`] if they do not fit.
///
/// # Examples
/// ```
/// use attention_bounds::attention::population_attention;
/// use attention_bounds::nalgebra::{DMatrix, dvector};
/// use attention_bounds::{Gaussian, Head};
///
/// // T1: for standard normal tokens and U = V = I attention is the identity.
/// let identity = DMatrix::identity(2, 2);
/// let tokens = Gaussian::centred(identity.clone()).unwrap();
/// let head = Head::new(identity.clone(), identity).unwrap();
/// let query = dvector![0.5, -1.0];
/// assert_eq!(population_attention(&tokens, &head, &query).unwrap(), query);
/// ```
pub fn population_attention(
    law: &dyn TokenLaw,
    head: &Head,
    query: &DVector<f64>,
) -> Result<DVector<f64>> {
    if law.dimension() != head.value().ncols() {
        return Err(Error::shape(
            "the token law",
            format!("dimension {}", law.dimension()),
            format!(
                "dimension {} (columns of the value matrix)",
                head.value().ncols()
            ),
        ));
    }
    check_query(head, query)?;
    Ok(head.value() * law.tilted_mean(&head.tilt(query)))
}

/// Refuses a query that does not fit the key-query matrix.
pub(super) fn check_query(head: &Head, query: &DVector<f64>) -> Result<()> {
    if query.len() == head.key_query().ncols() {
        Ok(())
    } else {
        Err(Error::shape(
            "the query",
            format!("{} coordinates", query.len()),
            format!(
                "{} (columns of the key-query matrix)",
                head.key_query().ncols()
            ),
        ))
    }
}
