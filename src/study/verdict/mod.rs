//! Verdicts: does a simulation agree with exact values, bounds and claims?
//!
//! Every comparison of a run belongs to one family. A bound `B` is called violated if the hypothesis that the
//! true value is at most `B` is rejected, and consistent if the hypothesis that it is at least `B` is; an exact
//! value is called violated if equality is rejected on either side. Holm's procedure keeps the probability of
//! any false "violated" below the error probability of the run, and that of any false "consistent" too. Both allow for
//! what the prompts may all have missed, see `unseen`.

pub(super) mod evidence;
mod holm;
pub mod summary;
#[cfg(test)]
mod tests;
pub(super) mod unseen;

use std::collections::{BTreeSet, HashMap};
use std::f64::consts::LN_2;

use crate::monte_carlo::{CellEstimates, QueryChoice, Reliability, Route};
use crate::parameter::{ErrorProbability, PromptLength};
use crate::record::{Against, Comparison, Family, QueryLabel, Row, Simulated, Verdict, Witness};
use crate::study::question::Question;
use crate::study::simulate::SimulationRequest;
use crate::study::verdict::evidence::{Evidence, compared};
use crate::study::verdict::holm::holm;
use crate::study::verdict::unseen::allowances;

/// The levels of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Levels {
    /// Each interval fails to cover with this probability, for itself alone.
    pub interval: ErrorProbability,
    /// Any verdict of the run is wrong with this probability, by chance.
    pub family: ErrorProbability,
}

impl Default for Levels {
    /// 0.95 of an interval, 1e-6 of a run.
    fn default() -> Self {
        Self {
            interval: ErrorProbability::DEFAULT_INTERVAL,
            family: ErrorProbability::DEFAULT_FAMILY,
        }
    }
}

/// The part of the level of a comparison that is spent on what the prompts may all have missed.
const UNSEEN: f64 = 0.01;

/// Fills in what the simulation of the question found, compares it with everything in the rows, and gives verdicts.
///
/// `quantiles` are the orders of the quantile rows. Rows without a cell in the simulation stay as they are, but
/// for claims, which are also compared with exact values.
pub fn judge(
    question: &Question<'_>,
    rows: &mut [Row],
    estimates: &[CellEstimates],
    quantiles: &[f64],
    request: &SimulationRequest,
    route: Route,
    levels: Levels,
) -> Family {
    let cells = Cells::new(estimates);
    let error = levels.family.get();
    let (mut wanted, mut most) = (BTreeSet::new(), 1);
    for row in rows.iter() {
        if let Some(cell) = cells.of(row) {
            wanted.insert((cell.query, cell.length, row.metric));
            most += compared(row);
        }
    }
    let ln_interval = levels.interval.get().ln() - LN_2;
    let ln_verdict = error.ln() + UNSEEN.ln() - (most as f64).ln();
    let prompts = estimates
        .first()
        .map_or(2, |cell| cell.output_error.prompts);
    let unseen = allowances(question, &wanted, prompts, [ln_interval, ln_verdict]);
    let mut tests = Vec::new();
    for (place, row) in rows.iter_mut().enumerate() {
        compare_claims_with_exact(row);
        let Some(cell) = cells.of(row) else {
            continue;
        };
        let Some(evidence) = Evidence::of(cell, row.metric, quantiles, &unseen) else {
            continue;
        };
        row.monte_carlo = Some(evidence.simulated(cell, levels.interval));
        evidence.tests(place, row, &mut tests);
    }
    let violations: Vec<f64> = tests.iter().map(|test| test.violation).collect();
    let confirmations: Vec<f64> = tests
        .iter()
        .map(|t| t.confirmation.unwrap_or(1.0))
        .collect();
    let violated = holm(&violations, error);
    let confirmed = holm(&confirmations, error);
    let level = error / tests.len().max(1) as f64;
    for ((test, violated), confirmed) in tests.iter().zip(violated).zip(confirmed) {
        let Some(row) = rows.get_mut(test.row) else {
            continue;
        };
        let Some(evidence) = cells
            .of(row)
            .and_then(|cell| Evidence::of(cell, row.metric, quantiles, &unseen))
        else {
            continue;
        };
        let reliable = |found: Simulated| found.reliability == Reliability::Reliable;
        let equal = test.confirmation.is_none() && row.monte_carlo.is_some_and(reliable);
        let verdict = if violated {
            Verdict::Violated
        } else if confirmed || equal {
            Verdict::Consistent
        } else {
            Verdict::Inconclusive
        };
        row.comparisons.push(Comparison {
            witness: Witness::MonteCarlo,
            against: test.against,
            standardised: test.standardised,
            p_value: Some(test.violation),
            verdict,
            detectable: evidence.detectable(test, level),
        });
    }
    Family {
        prompts: request.prompts,
        seed: request.seed,
        route,
        longest: request.longest.map(PromptLength::get),
        average_only: request.average_only,
        confidence: 1.0 - levels.interval.get(),
        comparisons: tests.len(),
        error_probability: error,
    }
}

/// Compares claims with exact values, where nothing is simulated.
pub fn compare_with_exact(rows: &mut [Row]) {
    rows.iter_mut().for_each(compare_claims_with_exact);
}

/// The cells of a simulation by query and length.
struct Cells<'a> {
    places: HashMap<(QueryChoice, u64), &'a CellEstimates>,
    averaged: bool,
}

impl<'a> Cells<'a> {
    fn new(estimates: &'a [CellEstimates]) -> Self {
        let key = |cell: &'a CellEstimates| ((cell.query, cell.length), cell);
        Self {
            places: estimates.iter().map(key).collect(),
            averaged: estimates.iter().any(|c| c.query == QueryChoice::Average),
        }
    }

    /// The cell of a row. The average over a single query is that query.
    fn of(&self, row: &Row) -> Option<&'a CellEstimates> {
        let query = match row.query {
            QueryLabel::Index(index) => QueryChoice::Index(index),
            QueryLabel::Average if self.averaged => QueryChoice::Average,
            QueryLabel::Average => QueryChoice::Index(0),
        };
        self.places.get(&(query, row.length)).copied()
    }
}

/// A claim below the exact value is false, whatever a simulation says.
fn compare_claims_with_exact(row: &mut Row) {
    let Ok(exact) = &row.exact else {
        return;
    };
    for (place, claim) in row.claims.iter().enumerate() {
        let Ok(value) = claim.value else {
            continue;
        };
        let verdict = if exact.value - exact.error > value {
            Verdict::Violated
        } else if exact.value + exact.error <= value {
            Verdict::Consistent
        } else {
            Verdict::Inconclusive
        };
        row.comparisons.push(Comparison {
            witness: Witness::Exact,
            against: Against::Claim(place),
            standardised: None,
            p_value: None,
            verdict,
            detectable: None,
        });
    }
}
