//! Verdicts: does a simulation agree with exact values, bounds and claims?
//!
//! Every comparison of a run belongs to one family. A bound `B` is called violated if the hypothesis that the
//! true value is at most `B` is rejected, and consistent if the hypothesis that it is at least `B` is; an exact
//! value is called violated if equality is rejected on either side. Holm's procedure keeps the probability of
//! any false "violated" below the error probability of the run, and that of any false "consistent" too.

use std::collections::HashMap;

use super::holm::holm;
use super::simulate::SimulationRequest;
use crate::monte_carlo::{
    CellEstimates, ConfidenceInterval, Deviation, Estimate, Histogram, QueryChoice, Reliability,
    Route, upper_quantile,
};
use crate::parameter::{ErrorProbability, PromptLength};
use crate::report::{
    Against, CheckSummary, Comparison, Detectable, EstimateLine, Family, Metric, NegativeControl,
    QueryLabel, Row, Simulated, Verdict, Witness,
};

/// Probability with which [`Comparison::detectable`] would be found.
pub const POWER: f64 = 0.9;

/// The levels of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Levels {
    /// Each interval fails to cover with this probability, for itself alone.
    pub interval: ErrorProbability,
    /// Any verdict of the run is wrong with this probability, by chance.
    pub family: ErrorProbability,
}

/// What a simulation says about a row.
enum Evidence<'a> {
    Mean(Estimate, Reliability),
    Count(Deviation),
    Quantile(&'a Histogram, f64),
}

/// A comparison before Holm's procedure.
struct Test {
    row: usize,
    against: Against,
    value: f64,
    standardised: Option<f64>,
    /// p-value of "nothing is violated".
    violation: f64,
    /// p-value of "the true value is at least the bound"; none for an exact value.
    confirmation: Option<f64>,
}

/// Fills in what the simulation found, compares it with everything in the rows, and gives verdicts.
///
/// `quantiles` are the orders of the quantile rows. Rows without a cell in the simulation stay as they are, but
/// for claims, which are also compared with exact values.
pub fn judge(
    rows: &mut [Row],
    estimates: &[CellEstimates],
    quantiles: &[f64],
    request: &SimulationRequest,
    route: Route,
    levels: Levels,
) -> Family {
    let cells = Cells::new(estimates);
    let mut tests = Vec::new();
    for (place, row) in rows.iter_mut().enumerate() {
        compare_claims_with_exact(row);
        let Some(cell) = cells.of(row) else {
            continue;
        };
        let Some(evidence) = Evidence::of(cell, row.metric, quantiles) else {
            continue;
        };
        row.monte_carlo = Some(evidence.simulated(cell, levels.interval));
        evidence.tests(place, row, &mut tests);
    }
    let error = levels.family.get();
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
            .and_then(|cell| Evidence::of(cell, row.metric, quantiles))
        else {
            continue;
        };
        let equal = test.confirmation.is_none() && evidence.is_reliable();
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

impl<'a> Evidence<'a> {
    fn of(cell: &'a CellEstimates, metric: Metric, quantiles: &[f64]) -> Option<Self> {
        let mean = |estimate: Estimate| {
            let share = estimate.largest_share.or(cell.output_error.largest_share);
            Some(Evidence::Mean(estimate, Estimate::reliability(share)))
        };
        match metric {
            Metric::Output => mean(cell.output_error),
            Metric::Bias { coordinate } => mean(*cell.bias.get(coordinate)?),
            Metric::Participation => mean(cell.participation_two),
            Metric::ValueGradient => mean(cell.value_gradient?.frobenius),
            Metric::KeyQueryGradient => mean(cell.key_query_gradient?.frobenius),
            Metric::KeyQueryGradientOperator => mean(cell.key_query_gradient?.operator?),
            Metric::Tail => cell.deviations.first().copied().map(Evidence::Count),
            Metric::Quantile { index } => Some(Evidence::Quantile(
                cell.errors.as_ref()?,
                *quantiles.get(index)?,
            )),
        }
    }

    fn is_reliable(&self) -> bool {
        !matches!(self, Evidence::Mean(_, Reliability::HeavyTail))
    }

    fn simulated(&self, cell: &CellEstimates, error: ErrorProbability) -> Simulated {
        let (mean, standard_error, ConfidenceInterval { lower, upper }) = match self {
            Evidence::Mean(e, _) => (e.mean, Some(e.standard_error), e.interval(error)),
            Evidence::Count(deviation) => {
                let p = deviation.frequency();
                let variance = p * (1.0 - p) / deviation.prompts as f64;
                (p, Some(variance.sqrt()), deviation.interval(error))
            }
            Evidence::Quantile(errors, order) => (
                errors.quantile(*order).unwrap_or(f64::NAN),
                None,
                errors.quantile_interval(*order, error),
            ),
        };
        Simulated {
            mean,
            standard_error,
            lower,
            upper,
            prompts: cell.output_error.prompts,
            largest_share: match self {
                Evidence::Mean(estimate, _) => estimate.largest_share,
                _ => None,
            },
            reliability: match self {
                Evidence::Mean(_, reliability) => *reliability,
                _ => Reliability::Reliable,
            },
            effective_length: cell.effective_length.mean,
        }
    }

    /// Appends every test of the row.
    fn tests(&self, place: usize, row: &Row, tests: &mut Vec<Test>) {
        let mut add = |against, value, violation, confirmation| {
            tests.push(Test {
                row: place,
                against,
                value,
                standardised: match self {
                    Evidence::Mean(estimate, _) => Some(estimate.standardised(value)),
                    _ => None,
                },
                violation,
                confirmation,
            });
        };
        let bounds = row
            .bounds
            .iter()
            .filter_map(|bound| Some((Against::Bound(bound.theorem()), bound.value()?)));
        let claims = row
            .claims
            .iter()
            .enumerate()
            .filter_map(|(i, claim)| Some((Against::Claim(i), *claim.value.as_ref().ok()?)));
        let upper = bounds.chain(claims);
        match self {
            Evidence::Mean(estimate, reliability) => {
                let reliable = *reliability == Reliability::Reliable;
                if let Ok(exact) = &row.exact {
                    // The exact value may be wrong by its error: the nearest value is compared.
                    let nearest = estimate.mean.max(exact.value - exact.error);
                    let value = nearest.min(exact.value + exact.error);
                    let above = estimate.p_above(value);
                    let below = if reliable {
                        estimate.p_below(value)
                    } else {
                        1.0
                    };
                    add(
                        Against::Exact,
                        value,
                        (2.0 * above.min(below)).min(1.0),
                        None,
                    );
                }
                for (against, value) in upper {
                    // An upper limit means nothing when the tail is heavy.
                    let below = if reliable {
                        estimate.p_below(value)
                    } else {
                        1.0
                    };
                    add(against, value, estimate.p_above(value), Some(below));
                }
            }
            Evidence::Count(deviation) => {
                for (against, value) in upper {
                    let confirmation = Some(deviation.p_below(value));
                    add(against, value, deviation.p_above(value), confirmation);
                }
            }
            Evidence::Quantile(..) => {}
        }
    }

    /// See [`Comparison::detectable`]; the standard error is taken to be the same fraction of the mean as here.
    fn detectable(&self, test: &Test, level: f64) -> Option<f64> {
        match self {
            Evidence::Count(deviation) => {
                let found = deviation.detectable(test.value, level, POWER)?;
                Some(found / test.value).filter(|factor| factor.is_finite())
            }
            Evidence::Mean(estimate, Reliability::Reliable) => {
                let relative = estimate.standard_error / estimate.mean.abs();
                let quantile = |p| upper_quantile(p, estimate.prompts);
                match test.against {
                    Against::Exact => {
                        Some((quantile(0.5 * level) + quantile(1.0 - POWER)) * relative)
                    }
                    _ => Some(1.0 / (1.0 - (quantile(level) + quantile(1.0 - POWER)) * relative))
                        .filter(|factor| *factor >= 1.0),
                }
                .filter(|x| x.is_finite())
            }
            _ => None,
        }
    }
}

/// Every estimate of a simulation with its interval.
pub fn estimate_lines(
    estimates: &[CellEstimates],
    quantiles: &[f64],
    error: ErrorProbability,
) -> Vec<EstimateLine> {
    let mut lines = Vec::new();
    for cell in estimates {
        let mut add = |quantity: String, evidence: Evidence<'_>| {
            let found = evidence.simulated(cell, error);
            lines.push(EstimateLine {
                query: match cell.query {
                    QueryChoice::Index(index) => QueryLabel::Index(index),
                    QueryChoice::Average => QueryLabel::Average,
                },
                length: cell.length,
                quantity,
                mean: found.mean,
                standard_error: found.standard_error,
                lower: found.lower,
                upper: found.upper,
                largest_share: found.largest_share,
                reliability: found.reliability,
            });
        };
        let mean = |estimate: Estimate| {
            let share = estimate.largest_share.or(cell.output_error.largest_share);
            Evidence::Mean(estimate, Estimate::reliability(share))
        };
        add("E|That - T|^2".into(), mean(cell.output_error));
        add("E P_2".into(), mean(cell.participation_two));
        add("E P_3".into(), mean(cell.participation_three));
        add("E 1/P_2".into(), mean(cell.effective_length));
        for (coordinate, bias) in cell.bias.iter().enumerate() {
            add(format!("E (That - T)_{coordinate}"), mean(*bias));
        }
        for (name, gradient) in [("V", cell.value_gradient), ("U", cell.key_query_gradient)] {
            let Some(gradient) = gradient else {
                continue;
            };
            add(
                format!("gradient in {name}, Frobenius"),
                mean(gradient.frobenius),
            );
            if let Some(operator) = gradient.operator {
                add(format!("gradient in {name}, operator"), mean(operator));
            }
        }
        for deviation in &cell.deviations {
            let name = format!("P(|That - T| >= {})", deviation.threshold);
            add(name, Evidence::Count(*deviation));
        }
        if let Some(errors) = &cell.errors {
            for order in quantiles {
                let name = format!("quantile {order} of |That - T|");
                add(name, Evidence::Quantile(errors, *order));
            }
        }
    }
    lines
}

/// Counts the verdicts of a table's comparisons and finds the smallest violations that would have been seen.
pub fn summary(rows: &[Row], negative_control: bool) -> CheckSummary {
    let mut summary = CheckSummary {
        consistent: 0,
        violated: 0,
        inconclusive: 0,
        detectable_bound: None,
        detectable_exact: None,
        control: negative_control.then(NegativeControl::default),
    };
    for row in rows {
        if let (Ok(exact), Some(best)) = (&row.exact, row.best()) {
            // The exact value against the tightest bound.
            if exact.value - exact.error > best.value {
                summary.violated += 1;
            } else {
                summary.consistent += 1;
            }
        }
        for comparison in &row.comparisons {
            if row.is_control(comparison) {
                if let (Some(control), Witness::MonteCarlo) =
                    (&mut summary.control, comparison.witness)
                {
                    control.comparisons += 1;
                    control.rejected += usize::from(comparison.verdict == Verdict::Violated);
                    let by_exact = row.comparisons.iter().any(|other| {
                        other.witness == Witness::Exact
                            && other.against == comparison.against
                            && other.verdict == Verdict::Violated
                    });
                    control.known_false += usize::from(by_exact);
                }
                continue;
            }
            match comparison.verdict {
                Verdict::Consistent => summary.consistent += 1,
                Verdict::Violated => summary.violated += 1,
                Verdict::Inconclusive => summary.inconclusive += 1,
            }
            let Some(size) = comparison.detectable else {
                continue;
            };
            let slot = match comparison.against {
                Against::Exact => &mut summary.detectable_exact,
                _ => &mut summary.detectable_bound,
            };
            if slot.is_none_or(|found| size < found.size) {
                *slot = Some(Detectable {
                    metric: row.metric,
                    query: row.query,
                    length: row.length,
                    against: comparison.against,
                    size,
                });
            }
        }
    }
    summary
}
