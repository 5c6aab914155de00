//! The table of sampled attention.

use nalgebra::DMatrix;
use rayon::prelude::*;

use super::SampledStudy;
use super::rows::{QueryRows, Template};
use crate::error::{Error, Result};
use crate::exact::Exact;
use crate::monte_carlo::Estimate;
use crate::parameter::Positive;
use crate::record::{Cell, KeptPart, QueryLabel, SampleRow, SampleTable};
use crate::study::layer::joined;

impl SampledStudy {
    /// The errors at every query and budget and on average, with everything that was asked for beside them. Queries are computed in parallel; the rows
    /// do not depend on the number of threads.
    ///
    /// Where an exact value is not available its cell says why.
    ///
    /// # Errors
    /// [`Error::Unavailable`] without a budget; before anything is computed, [`Error::Parameter`] for a budget beyond the keys that are not kept at some query,
    /// and what [`SampledAttention`](crate::sampling::SampledAttention) refuses of scores, values, kept sets and proxies.
    pub fn table(&self) -> Result<SampleTable> {
        if self.budgets.is_empty() {
            return Err(Error::Unavailable {
                what: "the table of sampled attention",
                why: "no budget is given".into(),
            });
        }
        let readings = if self.compare { 3 } else { 1 };
        let queries = self.checked(readings * self.budgets.len())?.len();
        let values = self.values()?;
        self.study.progress.start(queries as u64);
        let of = |query: usize| {
            let found = self.query_rows(query, &values);
            self.study.progress.step();
            found
        };
        let found: Result<Vec<QueryRows>> = (0..queries).into_par_iter().map(of).collect();
        let found = found?;
        let (_, weights) = self.queries()?;
        let kept_average = average_part(&found, weights);
        let average = average_rows(&found, weights, kept_average.relative_to);
        let (mut kept, mut rows) = (Vec::new(), Vec::new());
        for one in found {
            kept.push(one.part);
            rows.extend(one.rows);
        }
        kept.push(kept_average);
        rows.extend(average);
        let simulation = self.judge(&mut rows, ROUNDING * largest_square(&values));
        Ok(SampleTable {
            description: self.study.description.clone(),
            scenario: self.study.request().scenario,
            design: self.design_name(),
            keys: values.nrows() as u64,
            kept,
            rows,
            deviation: self.deviation.map(Positive::get),
            simulation,
            notes: Vec::new(),
        })
    }
}

/// Of a squared error, as a part of the largest squared value: `1e-13` of the values themselves.
const ROUNDING: f64 = 1e-26;

fn largest_square(values: &DMatrix<f64>) -> f64 {
    let squares = values.row_iter().map(|value| value.norm_squared());
    squares.fold(0.0, f64::max)
}

/// What is kept, on average.
fn average_part(queries: &[QueryRows], weights: &[f64]) -> KeptPart {
    let sum = |of: &dyn Fn(&KeptPart) -> f64| -> f64 {
        let parts = queries.iter().zip(weights);
        parts.map(|(query, weight)| weight * of(&query.part)).sum()
    };
    let alone = queries.iter().zip(weights);
    let alone: Option<Vec<(Exact, f64)>> = alone
        .map(|(query, weight)| Some((query.part.alone?, *weight)))
        .collect();
    KeptPart {
        query: QueryLabel::Average,
        kept: queries
            .iter()
            .map(|query| query.part.kept)
            .max()
            .unwrap_or(0),
        share: sum(&|part| part.share),
        alone: alone.map(Exact::average),
        relative_to: sum(&|part| part.relative_to),
    }
}

/// The averages of the rows, place by place: every query has the same readings and budgets in the same order.
fn average_rows(queries: &[QueryRows], weights: &[f64], relative_to: f64) -> Vec<SampleRow> {
    let template = Template {
        query: QueryLabel::Average,
        relative_to,
    };
    let Some(first) = queries.first() else {
        return Vec::new();
    };
    let places = first.rows.iter().enumerate();
    let of = |(place, row): (usize, &SampleRow)| {
        let all = || queries.iter().filter_map(|query| query.rows.get(place));
        let exact: Cell<Vec<Exact>> = all().map(|row| row.exact.clone()).collect();
        let exact = exact.map(|list| Exact::average(list.into_iter().zip(weights.iter().copied())));
        let kept = all().map(|row| row.kept).max().unwrap_or(row.kept);
        let budget = all().map(|row| row.budget).max().unwrap_or(row.budget);
        let estimates: Option<Cell<Vec<Estimate>>> =
            all().map(|row| row.monte_carlo.clone()).collect();
        SampleRow {
            design: row.design,
            monte_carlo: estimates.map(|list| list.map(|list| joined(&list, weights))),
            ..template.row(row.reading, kept, budget, exact)
        }
    };
    places.map(of).collect()
}
