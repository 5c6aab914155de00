//! The query law `nu`.

use nalgebra::{DMatrix, DVector};

use crate::error::{Error, Result};
use crate::law::Gaussian;

/// Law of the query `z`.
#[derive(Debug, Clone)]
pub enum QueryLaw {
    /// A list of queries (columns) with probabilities that sum to 1; uniform unless said otherwise.
    List {
        /// One query a column, `d x n`.
        queries: DMatrix<f64>,
        /// Probability of each query.
        weights: Vec<f64>,
    },
    /// A Gaussian query.
    Gaussian(Gaussian),
}

impl QueryLaw {
    /// The uniform law on the columns of `queries`.
    pub fn uniform(queries: DMatrix<f64>) -> Result<Self> {
        let count = queries.ncols();
        if count == 0 {
            return Err(Error::shape(
                "the query list",
                "0 queries",
                "at least one query",
            ));
        }
        Ok(QueryLaw::List {
            queries,
            weights: vec![1.0 / count as f64; count],
        })
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
