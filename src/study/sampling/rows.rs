//! The rows of one query.

use super::SampledStudy;
use crate::error::{Error, Result};
use crate::exact::Exact;
use crate::record::{Cell, KeptPart, QueryLabel, Reading, SampleRow, Verdict};
use crate::sampling::{Kept, SampledAttention, SampledError};

use nalgebra::DMatrix;

/// What is known of one query.
pub(super) struct QueryRows {
    pub part: KeptPart,
    pub rows: Vec<SampleRow>,
}

impl SampledStudy {
    /// All rows of one query.
    pub(super) fn query_rows(&self, query: usize, values: &DMatrix<f64>) -> Result<QueryRows> {
        let context = self.context(query, values)?;
        let sampled = self.hybrid(query, context.clone())?;
        let part = KeptPart {
            query: QueryLabel::Index(query),
            kept: sampled.kept_indices().len() as u64,
            share: sampled.kept_share(),
            alone: sampled.kept_alone(),
            relative_to: sampled.limit().norm_squared(),
        };
        let template = Template {
            query: part.query,
            relative_to: part.relative_to,
        };
        let mut rows = self.drawn(&template, Reading::Hybrid, &sampled, &self.budgets)?;
        self.bound(&sampled, &part, &mut rows)?;
        self.simulated(query, &sampled, &mut rows)?;
        if self.compare {
            let reads = self.budgets.iter().map(|budget| part.kept + budget);
            let reads: Vec<u64> = reads.collect();
            if !self.keeps_nothing() {
                let uniform = context.clone().design(self.uniform_design())?;
                rows.extend(self.drawn(&template, Reading::Uniform, &uniform, &reads)?);
            }
            for read in reads {
                rows.push(template.top(&context, read)?);
            }
        }
        Ok(QueryRows { part, rows })
    }

    /// The rows of a draw at these budgets.
    fn drawn(
        &self,
        template: &Template,
        reading: Reading,
        sampled: &SampledAttention,
        budgets: &[u64],
    ) -> Result<Vec<SampleRow>> {
        let kept = sampled.kept_indices().len() as u64;
        let design = sampled.drawn_by().name();
        let of = |(exact, budget): (Cell<SampledError>, &u64)| {
            let bias_norm = exact.as_ref().ok().map(|found| found.bias_norm);
            SampleRow {
                design,
                bias_norm,
                ..template.row(reading, kept, *budget, exact.map(|found| found.error))
            }
        };
        let found = errors(sampled, budgets)?;
        Ok(found.into_iter().zip(budgets).map(of).collect())
    }
}

/// Exact errors at these budgets, or why there are none.
pub(super) fn errors(
    sampled: &SampledAttention,
    budgets: &[u64],
) -> Result<Vec<Cell<SampledError>>> {
    match sampled.budgets(budgets) {
        Ok(found) => Ok(found.into_iter().map(Ok).collect()),
        Err(Error::Unavailable { why, .. }) => Ok(vec![Err(why); budgets.len()]),
        Err(error) => Err(error),
    }
}

/// What the rows of one query share.
pub(super) struct Template {
    pub query: QueryLabel,
    pub relative_to: f64,
}

impl Template {
    /// A row without anything but its exact value.
    pub fn row(&self, reading: Reading, kept: u64, budget: u64, exact: Cell<Exact>) -> SampleRow {
        let relative = exact
            .as_ref()
            .ok()
            .map(|exact| exact.value / self.relative_to);
        SampleRow {
            query: self.query,
            reading,
            design: "none",
            kept,
            budget,
            relative: relative.filter(|relative| relative.is_finite()),
            exact,
            bias_norm: None,
            bounds: Vec::new(),
            deviation: None,
            monte_carlo: None,
            verdict: Verdict::Inconclusive,
        }
    }

    /// The error of the heaviest keys alone.
    fn top(&self, context: &SampledAttention, read: u64) -> Result<SampleRow> {
        let exact = if read == context.tail_size() as u64 {
            // All keys are read.
            Some(Exact::ZERO)
        } else {
            let kept = Kept::new().top(read as usize);
            context.clone().keep(&kept)?.kept_alone()
        };
        let exact = exact.ok_or_else(|| "no value was computed".to_owned());
        Ok(self.row(Reading::Top, read, 0, exact))
    }
}
