//! What a simulation says about one row: its interval, and the p-values of what it is compared with.

use std::collections::HashMap;

use super::unseen::{Allowance, Key};
use crate::monte_carlo::{
    CellEstimates, ConfidenceInterval, Deviation, Estimate, Histogram, Reliability,
    student_quantile,
};
use crate::parameter::ErrorProbability;
use crate::record::{Against, Metric, Row, Simulated};

/// Probability with which [`crate::record::Comparison::detectable`] would be found.
pub const POWER: f64 = 0.9;

/// What a simulation says about a row.
pub(in crate::study) enum Evidence<'a> {
    Mean(Mean),
    Count(Deviation),
    Quantile(&'a Histogram, f64),
}

/// At most so many comparisons of a simulation with a row are made.
pub(in crate::study) fn compared(row: &Row) -> usize {
    let bounds = row.bounds.iter().filter(|bound| bound.value().is_some());
    let claims = row.claims.iter().filter(|claim| claim.value.is_ok());
    usize::from(row.exact.is_ok()) + bounds.count() + claims.count()
}

/// A comparison before Holm's procedure.
pub(in crate::study) struct Test {
    pub row: usize,
    pub against: Against,
    pub value: f64,
    pub standardised: Option<f64>,
    /// p-value of "nothing is violated".
    pub violation: f64,
    /// p-value of "the true value is at least the bound"; none for an exact value.
    pub confirmation: Option<f64>,
}

/// A mean, and what its prompts may have missed: at the level of its interval, and at that of a verdict.
#[derive(Clone, Copy)]
pub(in crate::study) struct Mean {
    estimate: Estimate,
    reliability: Reliability,
    interval: Allowance,
    verdict: Allowance,
}

impl Mean {
    /// A mean of this cell, and its allowances at the two levels; without them, nothing is known of what may be missing.
    pub fn new(
        estimate: Estimate,
        cell: &CellEstimates,
        allowances: Option<[Allowance; 2]>,
    ) -> Self {
        let share = estimate.largest_share.or(cell.output_error.largest_share);
        let [interval, verdict] = allowances.unwrap_or([Allowance::UNKNOWN; 2]);
        Self {
            estimate,
            reliability: Estimate::reliability(share),
            interval,
            verdict,
        }
    }

    /// Does the interval say less than what may be missing?
    fn reliability(&self, found: ConfidenceInterval) -> Reliability {
        let mean = self.estimate.mean;
        let missing = self.interval.is_known()
            && (self.interval.lowered(found.upper) < mean
                || self.interval.raised(found.lower) > mean);
        match self.reliability {
            Reliability::Reliable if missing => Reliability::Unseen,
            other => other,
        }
    }

    /// p-value of the hypothesis that the true mean is at most `value`.
    fn above(&self, value: f64) -> f64 {
        self.estimate.p_above(self.verdict.raised(value))
    }

    /// p-value of the hypothesis that it is at least `value`; 1 for a heavy tail, whose mean is too small as a rule.
    fn below(&self, value: f64) -> f64 {
        match self.reliability {
            Reliability::HeavyTail => 1.0,
            _ => self.estimate.p_below(self.verdict.lowered(value)),
        }
    }

    /// p-value of the hypothesis that it is at least a bound: as [`Self::below`], but where it is not known what may be missing,
    /// the spread of the sample is all there is to go by.
    fn confirmation(&self, value: f64) -> f64 {
        if self.verdict.is_known() || self.reliability == Reliability::HeavyTail {
            return self.below(value);
        }
        self.estimate.p_below(value)
    }
}

impl<'a> Evidence<'a> {
    pub fn of(
        cell: &'a CellEstimates,
        metric: Metric,
        quantiles: &[f64],
        allowances: &HashMap<Key, [Allowance; 2]>,
    ) -> Option<Self> {
        let estimate = match metric {
            Metric::Output => cell.output_error,
            Metric::Bias { coordinate } => *cell.bias.get(coordinate)?,
            Metric::Participation => cell.participation_two,
            Metric::Entropy => return None,
            Metric::FixedShare => cell.fixed_share?,
            Metric::ValueGradient => cell.value_gradient?.frobenius,
            Metric::KeyQueryGradient => cell.key_query_gradient?.frobenius,
            Metric::KeyQueryGradientOperator => cell.key_query_gradient?.operator?,
            Metric::Tail => return cell.deviations.first().copied().map(Evidence::Count),
            Metric::Quantile { index } => {
                let order = *quantiles.get(index)?;
                return Some(Evidence::Quantile(cell.errors.as_ref()?, order));
            }
        };
        let allowance = allowances.get(&(cell.query, cell.length, metric));
        Some(Evidence::Mean(Mean::new(
            estimate,
            cell,
            allowance.copied(),
        )))
    }

    pub fn simulated(&self, cell: &CellEstimates, error: ErrorProbability) -> Simulated {
        let (mean, standard_error, interval) = match self {
            Evidence::Mean(Mean { estimate: e, .. }) => {
                (e.mean, Some(e.standard_error), e.interval(error))
            }
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
            lower: interval.lower,
            upper: interval.upper,
            prompts: cell.output_error.prompts,
            largest_share: match self {
                Evidence::Mean(mean) => mean.estimate.largest_share,
                _ => None,
            },
            reliability: match self {
                Evidence::Mean(mean) => mean.reliability(interval),
                _ => Reliability::Reliable,
            },
            effective_length: cell.effective_length.mean,
        }
    }

    /// Appends every test of the row.
    pub fn tests(&self, place: usize, row: &Row, tests: &mut Vec<Test>) {
        let mut add = |against, value, violation, confirmation| {
            tests.push(Test {
                row: place,
                against,
                value,
                standardised: match self {
                    Evidence::Mean(mean) => Some(mean.estimate.standardised(value)),
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
            Evidence::Mean(mean) => {
                if let Ok(exact) = &row.exact {
                    // The exact value may be wrong by its error: the nearest value is compared.
                    let nearest = mean.estimate.mean.max(exact.value - exact.error);
                    let value = nearest.min(exact.value + exact.error);
                    let violation = 2.0 * mean.above(value).min(mean.below(value));
                    add(Against::Exact, value, violation.min(1.0), None);
                }
                for (against, value) in upper {
                    add(
                        against,
                        value,
                        mean.above(value),
                        Some(mean.confirmation(value)),
                    );
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

    /// See [`crate::record::Comparison::detectable`]; the standard error is taken to be the same fraction of the mean as here.
    pub fn detectable(&self, test: &Test, level: f64) -> Option<f64> {
        match self {
            Evidence::Count(deviation) => {
                let found = deviation.detectable(test.value, level, POWER)?;
                Some(found / test.value).filter(|factor| factor.is_finite())
            }
            Evidence::Mean(mean) if mean.reliability == Reliability::Reliable => {
                let estimate = &mean.estimate;
                let size = estimate.mean.abs();
                let relative = estimate.standard_error / size;
                let quantile = |p| student_quantile(p, estimate.prompts);
                match test.against {
                    Against::Exact => {
                        let sample = quantile(0.5 * level) + quantile(1.0 - POWER);
                        let value = estimate.mean;
                        let unseen = (mean.verdict.raised(value) - value)
                            .max(value - mean.verdict.lowered(value));
                        Some(sample * relative + unseen / size)
                    }
                    _ => Some(1.0 / (1.0 - (quantile(level) + quantile(1.0 - POWER)) * relative))
                        .filter(|factor| *factor >= 1.0)
                        .map(|factor| factor * mean.verdict.raised(test.value) / test.value),
                }
                .filter(|x| x.is_finite())
            }
            _ => None,
        }
    }
}
