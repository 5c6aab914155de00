//! Tokens that are in every prompt.

use nalgebra::{DMatrix, DVector};

use super::Head;
use crate::error::{Error, Result};

/// Tokens that every prompt holds besides its random ones: an attention sink, the words of an instruction, the query's own token.
///
/// A prompt of length `L` then is `L` i.i.d. tokens and these. With normalised weights `w0_j = e^{<a, x0_j> - Lam(a)}` they have the total weight
/// `W0 = sum_j w0_j`, which does not grow with `L`: the limit `T = V m(a)` is that of prompts without them.
#[derive(Debug, Clone, PartialEq)]
pub struct FixedTokens {
    /// One token a column, `d x n`.
    tokens: DMatrix<f64>,
    query: bool,
}

impl FixedTokens {
    /// Most tokens that are accepted.
    pub const MOST: usize = 1 << 16;

    /// The rows of a matrix, one token each.
    ///
    /// # Errors
    /// [`Error::Parameter`] if there is no row or more than [`FixedTokens::MOST`], or an entry is not finite.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::attention::FixedTokens;
    /// use attention_bounds::nalgebra::{self, dmatrix};
    ///
    /// // Two tokens in the plane.
    /// let fixed = FixedTokens::new(&dmatrix![0.0, 1.0; 3.0, 0.0])?;
    /// assert_eq!(fixed.count(), 2);
    /// assert!(FixedTokens::new(&dmatrix![f64::NAN]).is_err());
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn new(rows: &DMatrix<f64>) -> Result<Self> {
        let refuse = |value: String, required| {
            Err(Error::Parameter {
                parameter: "fixed_tokens",
                value,
                required,
                theorem: None,
            })
        };
        if !(1..=Self::MOST).contains(&rows.nrows()) || rows.ncols() == 0 {
            let shape = format!("a matrix of shape {} x {}", rows.nrows(), rows.ncols());
            return refuse(shape, "from 1 to 65536 tokens, one a row");
        }
        if let Some(entry) = rows.iter().find(|x| !x.is_finite()) {
            return refuse(
                format!("a matrix with the entry {entry}"),
                "finite numbers only",
            );
        }
        Ok(Self {
            tokens: rows.transpose(),
            query: false,
        })
    }

    /// The query's own token alone, for tokens of this dimension.
    pub fn of_query(dimension: usize) -> Self {
        Self {
            tokens: DMatrix::zeros(dimension, 0),
            query: true,
        }
    }

    /// These tokens and the query's own.
    #[must_use]
    pub fn and_query(self) -> Self {
        Self {
            query: true,
            ..self
        }
    }

    /// How many tokens they are, the query's own included.
    pub fn count(&self) -> usize {
        self.tokens.ncols() + usize::from(self.query)
    }

    /// Is the query's own token one of them?
    pub fn holds_query(&self) -> bool {
        self.query
    }

    /// The tokens besides the query's own, one a column.
    pub fn tokens(&self) -> &DMatrix<f64> {
        &self.tokens
    }

    /// All of them in a prompt that is asked with this query, one a column.
    pub fn at(&self, query: &DVector<f64>) -> DMatrix<f64> {
        if !self.query {
            return self.tokens.clone();
        }
        let columns = self.tokens.ncols();
        let mut all = self.tokens.clone().resize_horizontally(columns + 1, 0.0);
        // The query has the dimension of a token, see `check`.
        for (entry, z) in all.column_mut(columns).iter_mut().zip(query.iter()) {
            *entry = *z;
        }
        all
    }

    /// Refuses tokens that do not fit the head (`U` is `d x e`): they are in `R^d`, and the query can be one only if `d = e`.
    ///
    /// # Errors
    /// [`Error::Shape`].
    pub fn check(&self, head: &Head) -> Result<()> {
        let (d, e) = head.key_query().shape();
        if self.tokens.nrows() != d {
            return Err(Error::shape(
                "the list of fixed tokens",
                format!("{} x {}", self.tokens.ncols(), self.tokens.nrows()),
                format!("n x {d}, one token a row (the dimension of the other tokens)"),
            ));
        }
        if self.query && d != e {
            return Err(Error::shape(
                "the query that is in the prompt",
                format!("{e} coordinates"),
                format!("{d}, the dimension of a token"),
            ));
        }
        Ok(())
    }
}
