//! What a simulation says about one row: its interval, and the p-values of what it is compared with.

use crate::monte_carlo::{
    CellEstimates, ConfidenceInterval, Deviation, Estimate, Histogram, Reliability, upper_quantile,
};
use crate::parameter::ErrorProbability;
use crate::record::{Against, Metric, Row, Simulated};

/// Probability with which [`crate::record::Comparison::detectable`] would be found.
pub const POWER: f64 = 0.9;

/// What a simulation says about a row.
pub(in crate::study) enum Evidence<'a> {
    Mean(Estimate, Reliability),
    Count(Deviation),
    Quantile(&'a Histogram, f64),
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

impl<'a> Evidence<'a> {
    pub fn of(cell: &'a CellEstimates, metric: Metric, quantiles: &[f64]) -> Option<Self> {
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

    pub fn is_reliable(&self) -> bool {
        !matches!(self, Evidence::Mean(_, Reliability::HeavyTail))
    }

    pub fn simulated(&self, cell: &CellEstimates, error: ErrorProbability) -> Simulated {
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
    pub fn tests(&self, place: usize, row: &Row, tests: &mut Vec<Test>) {
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

    /// See [`crate::record::Comparison::detectable`]; the standard error is taken to be the same fraction of the mean as here.
    pub fn detectable(&self, test: &Test, level: f64) -> Option<f64> {
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
