//! The query law `nu`.

use nalgebra::{DMatrix, DVector};

use crate::error::{Error, Result};
use crate::law::{Gaussian, LawKind, TokenLaw};

/// Law of the query `z`.
#[derive(Debug, Clone)]
pub enum QueryLaw {
    /// A list of queries (columns) with probabilities that sum to 1; uniform unless said otherwise.
    List {
        /// One query a column, `e x n`.
        queries: DMatrix<f64>,
        /// Probability of each query.
        weights: Vec<f64>,
    },
    /// A Gaussian query.
    Gaussian(Gaussian),
}

impl QueryLaw {
    /// The uniform law on the columns of `queries` (`e x n`): at least one, all finite.
    ///
    /// # Errors
    /// [`Error::Shape`] for an empty list, [`Error::Parameter`] for an entry that is not finite.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::QueryLaw;
    /// use attention_bounds::nalgebra::dmatrix;
    ///
    /// // Two queries in the plane.
    /// let query = QueryLaw::uniform(dmatrix![1.0, 0.0; 0.0, 2.0]).unwrap();
    /// assert_eq!(query.dimension(), 2);
    /// ```
    pub fn uniform(queries: DMatrix<f64>) -> Result<Self> {
        let count = queries.ncols();
        check_queries(&queries)?;
        Ok(QueryLaw::List {
            queries,
            weights: vec![1.0 / count as f64; count],
        })
    }

    /// The columns of `queries` with these probabilities: non-negative, with sum 1 within `1e-9`.
    ///
    /// # Errors
    /// [`Error::Shape`] as [`QueryLaw::uniform`], or if there is not one weight a query; [`Error::Parameter`] if the weights are no probabilities.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::QueryLaw;
    /// use attention_bounds::nalgebra::{self, dmatrix};
    ///
    /// assert!(QueryLaw::weighted(dmatrix![1.0, 2.0], vec![0.25, 0.75]).is_ok());
    /// assert!(QueryLaw::weighted(dmatrix![1.0, 2.0], vec![0.25, 0.25]).is_err());
    /// ```
    pub fn weighted(queries: DMatrix<f64>, weights: Vec<f64>) -> Result<Self> {
        check_queries(&queries)?;
        if weights.len() != queries.ncols() {
            return Err(Error::shape(
                "the list of query weights",
                weights.len(),
                format!("{} weights, one a query", queries.ncols()),
            ));
        }
        let total: f64 = weights.iter().sum();
        if !(weights.iter().all(|w| *w >= 0.0) && (total - 1.0).abs() <= 1e-9) {
            return Err(Error::Parameter {
                parameter: "query weights",
                value: format!("a list with sum {total}"),
                required: "non-negative numbers with sum 1 (within 1e-9)",
                theorem: None,
            });
        }
        Ok(QueryLaw::List { queries, weights })
    }

    /// A Gaussian query.
    pub fn gaussian(law: Gaussian) -> Self {
        QueryLaw::Gaussian(law)
    }

    /// The query has the law of a token.
    ///
    /// Available for a Gaussian law and for a law with a finite support that can be listed (empirical, or
    /// Rademacher of dimension 20 at most); unavailable otherwise.
    ///
    /// # Errors
    /// [`Error::Unavailable`] for any other law; [`Error::Parameter`] if a law of one's own lists probabilities that
    /// are none.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::{QueryLaw, Rademacher, Sphere};
    ///
    /// // The four vertices of a square are a list; a sphere is none.
    /// let query = QueryLaw::from_tokens(&Rademacher::new(2, 1.0)?)?;
    /// assert!(query.query(3).is_some() && query.query(4).is_none());
    /// assert!(QueryLaw::from_tokens(&Sphere::new(2, 1.0)?).is_err());
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn from_tokens(law: &dyn TokenLaw) -> Result<Self> {
        if let Some(gaussian) = LawKind::of(law).gaussian() {
            return Ok(QueryLaw::Gaussian(gaussian.clone()));
        }
        match law.support() {
            Some((points, weights)) => Self::weighted(points, weights),
            None => Err(Error::Unavailable {
                what: "a query with the law of the tokens",
                why: format!(
                    "the {} law is neither Gaussian nor a list of points; give a list of queries or a \
                     Gaussian query",
                    law.name()
                ),
            }),
        }
    }

    /// Dimension of a query.
    pub fn dimension(&self) -> usize {
        match self {
            QueryLaw::List { queries, .. } => queries.nrows(),
            QueryLaw::Gaussian(law) => law.mean().len(),
        }
    }

    /// Query number `index` of a list.
    pub fn query(&self, index: usize) -> Option<DVector<f64>> {
        match self {
            QueryLaw::List { queries, .. } if index < queries.ncols() => {
                Some(queries.column(index).into_owned())
            }
            _ => None,
        }
    }
}

fn check_queries(queries: &DMatrix<f64>) -> Result<()> {
    if queries.is_empty() {
        return Err(Error::shape(
            "the query list",
            format!(
                "{} queries of {} coordinates",
                queries.ncols(),
                queries.nrows()
            ),
            "at least one query of at least one coordinate",
        ));
    }
    match queries.iter().position(|x| !x.is_finite()) {
        None => Ok(()),
        Some(index) => Err(Error::Parameter {
            parameter: "query",
            value: format!(
                "{} in coordinate {} of query {}",
                queries[index],
                index % queries.nrows(),
                index / queries.nrows()
            ),
            required: "finite",
            theorem: None,
        }),
    }
}
