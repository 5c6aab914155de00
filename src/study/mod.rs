//! The only room that sees more than one of exact values, bounds and estimates: it puts them side by
//! side and says whether they agree.

mod cells;
pub mod claim;
pub mod estimates;
pub mod fit;
pub mod formula;
pub mod length;
pub mod printed;
pub mod printed_form;

pub mod rate;
pub mod recheck;
pub mod simulate;
pub mod table;
pub mod verdict;

pub use crate::progress::{Progress, Silent};

use crate::attention::{Head, QueryLaw};
use crate::error::{Error, Result};
use crate::law::TokenLaw;

/// A token law, a head and a query law whose shapes fit: what every command asks about.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    tokens: &'a dyn TokenLaw,
    head: &'a Head,
    query: &'a QueryLaw,
}

impl<'a> Question<'a> {
    /// Checks that tokens and queries have the dimensions of the key-query matrix (`d x e`).
    pub fn new(tokens: &'a dyn TokenLaw, head: &'a Head, query: &'a QueryLaw) -> Result<Self> {
        let (d, e) = head.key_query().shape();
        if tokens.dimension() != d || query.dimension() != e {
            return Err(Error::shape(
                "the key-query matrix",
                format!("{d} x {e}"),
                format!(
                    "{} x {} (token dimension x query dimension)",
                    tokens.dimension(),
                    query.dimension()
                ),
            ));
        }
        Ok(Self {
            tokens,
            head,
            query,
        })
    }
}
