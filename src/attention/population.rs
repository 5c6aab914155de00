//! Attention over infinitely many tokens.

use nalgebra::DVector;

use super::Head;
use crate::error::{Error, Result};
use crate::law::TokenLaw;

/// Population attention `T[mu](z) = V m(U z + b)`, with `m = grad Lam` (T0).
///
/// `query` has length `e` (`U` is `d x e`), the result length `m` (`V` is `m x d`). An error
/// if head, law and query do not fit together.
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
