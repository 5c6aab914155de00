//! A study of a head that is known by its cache: keys, values and queries, whatever computed them.

use nalgebra::DMatrix;

use super::setting::{Study, asked_with};
use crate::attention::{QueryLaw, key_value_head, key_value_pairs};
use crate::error::{Error, Result};

/// Said under every table of a cache.
pub(super) const NOTE: &str = "key-value pairs: X is a key and behind it its value, d = k + m; sigma^2, and d, sigma, norm_U, norm_V of formulas, are of such pairs";

impl Study {
    /// A study of the head with these keys (`N x k`) and values (`N x m`), one token a row, after norms, rotary positions and all else, and of
    /// queries in `R^k`. A prompt is `L` draws of the `N` pairs; the score of a key is `scale <query, key>`.
    ///
    /// Scores and values are all that attention sees, so this serves any model. Gradients are refused: a cache has no matrices `V` and `U`.
    ///
    /// # Errors
    /// [`Error::Shape`] if there are not as many values as keys, or the query has not the dimension of the keys;
    /// [`Error::Parameter`] for an entry or a scale that is not finite.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::nalgebra::{self, dmatrix};
    /// use attention_bounds::{QueryLaw, Study};
    ///
    /// # fn main() -> attention_bounds::Result<()> {
    /// // Two keys in the plane and their values; a query that scores both alike: That is the mean of L fair draws of 1 and 3.
    /// let (keys, values) = (dmatrix![1.0, 2.0; 1.0, -2.0], dmatrix![1.0; 3.0]);
    /// let query = QueryLaw::uniform(dmatrix![5.0; 0.0])?;
    /// let study = Study::from_cache(&keys, &values, 0.5f64.sqrt(), query)?;
    /// let table = study.lengths([10])?.table()?;
    /// assert!((table.rows[0].exact.as_ref().unwrap().value - 0.1).abs() < 1e-12);
    /// assert!(study.lengths([10])?.gradients().table().is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_cache(
        keys: &DMatrix<f64>,
        values: &DMatrix<f64>,
        scale: f64,
        query: QueryLaw,
    ) -> Result<Self> {
        let tokens = key_value_pairs(keys, values)?;
        let (count, k, m) = (keys.nrows(), keys.ncols(), values.ncols());
        if query.dimension() != k {
            return Err(Error::shape(
                "the query",
                format!("dimension {}", query.dimension()),
                format!("dimension {k}, that of the keys"),
            ));
        }
        let description = format!(
            "{count} key-value pairs (k = {k}, m = {m}); {}; scores {scale} <query, key>",
            asked_with(&query)
        );
        let study = Self::new(tokens, key_value_head(scale, k, m)?, query)?;
        Ok(study.of_cache().named("library", &description))
    }

    /// The same, its tokens taken for pairs of a key and a value.
    pub(crate) fn of_cache(&self) -> Self {
        self.with(|study| study.cache = true)
    }

    /// Refuses gradients of a head without matrices.
    pub(super) fn without_cache(&self) -> Result<()> {
        if !self.cache {
            return Ok(());
        }
        Err(Error::Unavailable {
            what: "the gradient in V or U",
            why: "the head is given by its keys and values, and has no matrices V and U".into(),
        })
    }
}
