//! The only room that sees more than one of exact values, bounds and estimates: it puts them side by
//! side and says whether they agree.

mod bounds;
pub mod claim;
pub mod estimates;
mod evidence;
mod exact;
pub mod fit;
pub mod formula;
mod gradient;
mod gradient_bounds;
mod holm;
pub mod length;
pub mod printed;
pub mod printed_form;
mod progress;
pub mod rate;
pub mod recheck;
pub mod regression;
pub mod reproduce;
pub mod simulate;
pub mod summary;
pub mod table;
pub mod transfer;
mod unseen;
pub mod verdict;
#[cfg(test)]
mod verdict_tests;

pub use progress::{Progress, Silent};

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
