//! A bound averaged over a Gaussian query, cell by cell in the size of the query.

use crate::bound::query::staircase::Staircase;
use crate::bound::query::survival::GaussianQuerySize;
use crate::bound::{Bound, Theorem};
use crate::interval::Interval;

/// What is left beyond the last cell is smaller than any bound by this factor, as a logarithm.
const REST: f64 = 40.0;

/// The cells, the bound, and the part of it that queries longer than the median contribute.
#[derive(Debug)]
pub(in crate::bound) struct QueryIntegral {
    pub stairs: Staircase,
    pub value: f64,
    pub rare: Interval,
}

impl QueryIntegral {
    /// Where the cells end for a query of this dimension and a prompt of this length.
    pub fn end(size: GaussianQuerySize, length: f64) -> f64 {
        size.beyond(length.ln() + REST)
    }

    /// The bound as a record.
    pub fn record(
        &self,
        theorem: Theorem,
        trivial: f64,
        describe: impl FnOnce(Bound) -> Bound,
    ) -> Bound {
        let dominant = if self.rare.upper() > 0.5 * self.value {
            "queries longer than the median"
        } else {
            "queries up to the median length"
        };
        describe(Bound::proved(theorem, self.value, trivial, dominant))
            .with_parameter("cells", self.stairs.count() as f64)
            .with_parameter("Y", self.stairs.end())
    }
}
