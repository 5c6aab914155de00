//! Fixed tokens of a [`Study`]: how they are given.

use std::sync::Arc;

use nalgebra::DMatrix;

use super::setting::Study;
use crate::attention::FixedTokens;
use crate::error::Result;

impl Study {
    /// Every prompt holds these tokens too: the rows of a matrix, one token each (T2.fixed).
    ///
    /// A prompt of length `L` then is `L` i.i.d. tokens and these. The table has rows of the share of the attention that they take
    /// ([`Metric::FixedShare`](crate::record::Metric::FixedShare)); simulations take the plain route.
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter) as [`FixedTokens::new`]; [`Error::Shape`](crate::Error::Shape) if they have not the dimension of the other tokens.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::nalgebra::{self, dmatrix};
    /// use attention_bounds::record::Metric;
    /// use attention_bounds::{Head, QueryLaw, Rademacher, Study};
    ///
    /// // U = 0: three signs and a token at 2 have the mean (S + 2) / 4, and T = 0.
    /// let head = Head::new(dmatrix![0.0], dmatrix![1.0])?;
    /// let study = Study::new(Rademacher::new(1, 1.0)?, head, QueryLaw::uniform(dmatrix![1.0])?)?;
    /// let table = study.fixed_tokens(&dmatrix![2.0])?.lengths([3])?.table()?;
    /// let row = |metric| table.rows.iter().find(|row| row.metric == metric).unwrap();
    /// let value = |metric| row(metric).exact.as_ref().unwrap().value;
    /// assert!((value(Metric::Output) - 7.0 / 16.0).abs() < 1e-12);
    /// assert!((value(Metric::FixedShare) - 0.25).abs() < 1e-12);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn fixed_tokens(&self, rows: &DMatrix<f64>) -> Result<Self> {
        let fixed = FixedTokens::new(rows)?;
        let holds = self.fixed.as_ref().is_some_and(|old| old.holds_query());
        self.with_fixed(if holds { fixed.and_query() } else { fixed })
    }

    /// Every prompt holds the token of the query too, as in self-attention; besides other fixed tokens, if there are some.
    ///
    /// # Errors
    /// [`Error::Shape`](crate::Error::Shape) if queries have not the dimension of tokens.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::nalgebra::{self, dmatrix};
    /// use attention_bounds::{Head, QueryLaw, Rademacher, Study};
    ///
    /// // U = 0: one sign and the query itself have the mean (X + 3) / 2.
    /// let head = Head::new(dmatrix![0.0], dmatrix![1.0])?;
    /// let study = Study::new(Rademacher::new(1, 1.0)?, head, QueryLaw::uniform(dmatrix![3.0])?)?;
    /// let table = study.query_in_prompt()?.lengths([1])?.table()?;
    /// assert!((table.rows[0].exact.as_ref().unwrap().value - 2.5).abs() < 1e-12);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn query_in_prompt(&self) -> Result<Self> {
        self.with_fixed(match self.fixed.as_deref() {
            Some(fixed) => fixed.clone().and_query(),
            None => FixedTokens::of_query(self.head.key_query().nrows()),
        })
    }

    /// The same with these fixed tokens instead of those it has, if it has some.
    ///
    /// # Errors
    /// [`Error::Shape`](crate::Error::Shape) as [`FixedTokens::check`].
    pub(crate) fn with_fixed(&self, fixed: FixedTokens) -> Result<Self> {
        fixed.check(&self.head)?;
        let mut study = self.clone();
        let said = self.fixed.as_deref().map_or_else(String::new, described);
        let before = self.description.strip_suffix(&said);
        let before = before.unwrap_or(&self.description);
        study.description = format!("{before}{}", described(&fixed));
        study.fixed = Some(Arc::new(fixed));
        Ok(study)
    }
}

/// The end of a description that says how many fixed tokens there are.
fn described(fixed: &FixedTokens) -> String {
    let tokens = match fixed.count() {
        1 => "1 fixed token".to_owned(),
        count => format!("{count} fixed tokens"),
    };
    let query = if fixed.holds_query() {
        ", the query's own included"
    } else {
        ""
    };
    format!("; every prompt holds {tokens}{query}")
}
