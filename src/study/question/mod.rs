//! What is asked about: a token law, a head and a query law whose shapes fit.

mod remembered;

use crate::attention::{FixedTokens, Head, QueryLaw};
use crate::error::{Error, Result};
use crate::law::{LawKind, OutputLaw, TokenLaw};
use crate::parameter::refused;

pub(super) use remembered::Remembered;

/// Most cells of one request; a cell is a metric at a query and a length.
pub const MOST_CELLS: usize = 250_000;

/// A token law, a head and a query law whose shapes fit.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    pub(super) tokens: &'a dyn TokenLaw,
    pub(super) head: &'a Head,
    pub(super) query: &'a QueryLaw,
    /// Which closed forms the tokens have.
    pub(super) kind: LawKind<'a>,
    /// The tokens that are in every prompt, if there are any.
    pub(super) fixed: Option<&'a FixedTokens>,
    /// The tokens through the value matrix of the head, where several answers share them.
    pub(super) remembered: Option<&'a Remembered<'a>>,
}

impl<'a> Question<'a> {
    /// Checks that tokens and queries have the dimensions of the key-query matrix (`d x e`).
    ///
    /// # Errors
    /// [`Error::Shape`] if they have not.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::nalgebra::{self, dmatrix};
    /// use attention_bounds::{Head, QueryLaw, Rademacher, study::Question};
    ///
    /// let head = Head::new(dmatrix![1.0; 2.0], dmatrix![1.0, 0.0])?;
    /// let query = QueryLaw::uniform(dmatrix![1.0])?;
    /// assert!(Question::new(&Rademacher::new(2, 1.0)?, &head, &query).is_ok());
    /// assert!(Question::new(&Rademacher::new(3, 1.0)?, &head, &query).is_err());
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
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
            kind: LawKind::of(tokens),
            fixed: None,
            remembered: None,
        })
    }

    /// The same for prompts that hold fixed tokens.
    ///
    /// # Errors
    /// [`Error::Shape`] as [`FixedTokens::check`].
    pub fn with_fixed_tokens(self, fixed: &'a FixedTokens) -> Result<Self> {
        fixed.check(self.head)?;
        Ok(Self {
            fixed: Some(fixed),
            ..self
        })
    }

    /// The tokens seen through the value matrix of the head.
    pub(super) fn seen(&self) -> Box<dyn OutputLaw + 'a> {
        match self.remembered {
            Some(remembered) => Box::new(remembered),
            None => self.tokens.through(self.head.value()),
        }
    }

    /// The number of queries of a list; none for a continuous query law.
    pub(super) fn query_count(&self) -> usize {
        match self.query {
            QueryLaw::List { weights, .. } => weights.len(),
            QueryLaw::Gaussian(_) => 0,
        }
    }

    /// Refuses a request that is too large to be answered, before anything is computed.
    pub(super) fn check_size(&self, lengths: usize, metrics: usize) -> Result<()> {
        let queries = match self.query {
            QueryLaw::List { weights, .. } => weights.len(),
            QueryLaw::Gaussian(_) => 1,
        };
        let cells = queries.saturating_mul(lengths).saturating_mul(metrics);
        if cells <= MOST_CELLS {
            return Ok(());
        }
        refused(
            "queries x lengths x metrics",
            format!("{queries} x {lengths} x {metrics} = {cells}"),
            "at most 250000: ask for fewer queries, lengths (grid) or metrics",
        )
    }
}
