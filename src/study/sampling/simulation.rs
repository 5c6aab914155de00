//! A simulation beside exact values and bounds, and whether they agree.

use super::SampledStudy;
use crate::error::{Error, Result};
use crate::exact::Exact;
use crate::monte_carlo::{ConfidenceInterval, Deviation, Estimate, Reliability};
use crate::parameter::{ErrorProbability, Positive};
use crate::record::{QueryLabel, SampleRow, SampleSimulation, SimulatedDeviation, Verdict};
use crate::sampling::{Design, SampledAttention, simulate};

/// The part of the level of a comparison that is spent on keys that no draw may have held.
const UNSEEN: f64 = 0.01;

impl SampledStudy {
    /// Fills in what a simulation of one query finds, if one was asked for.
    pub(super) fn simulated(
        &self,
        query: usize,
        sampled: &SampledAttention,
        rows: &mut [SampleRow],
    ) -> Result<()> {
        let Some((prompts, seed)) = self.simulation else {
            return Ok(());
        };
        for row in rows {
            let threshold = row.deviation.as_ref().map(|found| found.threshold);
            let threshold = threshold
                .map(|eps| Positive::new("threshold", eps))
                .transpose()?;
            let thresholds: Vec<Positive> = threshold.into_iter().collect();
            match simulate(
                sampled,
                row.budget,
                &thresholds,
                (prompts, seed, query as u64),
            ) {
                Ok(found) => {
                    let limits = |one: &Deviation| self.limits(one);
                    if let Some(deviation) = &mut row.deviation {
                        deviation.monte_carlo = found.deviations.first().map(limits);
                    }
                    row.monte_carlo = Some(Ok(found.error));
                }
                Err(Error::Unavailable { why, .. }) => row.monte_carlo = Some(Err(why)),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// A frequency with its limits.
    pub(super) fn limits(&self, found: &Deviation) -> SimulatedDeviation {
        let ConfidenceInterval { lower, upper } = found.interval(self.study.levels.interval);
        SimulatedDeviation {
            count: found.count,
            prompts: found.prompts,
            frequency: found.frequency(),
            lower,
            upper,
        }
    }

    /// Gives every row its verdict; what was compared.
    ///
    /// Each comparison of the run has an equal part of the error probability of the run (Bonferroni). Squared errors of this size are rounding: where all
    /// keys are read the simulation gives such a number for 0.
    pub(super) fn judge(&self, rows: &mut [SampleRow], rounding: f64) -> Option<SampleSimulation> {
        let count = |row: &SampleRow| {
            let deviation = row
                .deviation
                .as_ref()
                .and_then(|found| found.monte_carlo.map(|_| found.bounds.len()));
            match &row.monte_carlo {
                Some(Ok(_)) => 2 + row.bounds.len() + deviation.unwrap_or(0),
                _ => 0,
            }
        };
        let comparisons: usize = rows.iter().map(count).sum();
        let family = self.study.levels.family.get();
        let level = family / comparisons.max(1) as f64;
        let levels = ErrorProbability::new("level", level).ok();
        for row in rows.iter_mut() {
            row.verdict = self.verdict(row, levels, rounding);
        }
        self.simulation.map(|(prompts, seed)| SampleSimulation {
            prompts,
            seed,
            confidence: 1.0 - self.study.levels.interval.get(),
            comparisons,
            error_probability: family,
        })
    }

    fn verdict(&self, row: &SampleRow, level: Option<ErrorProbability>, rounding: f64) -> Verdict {
        let mut found = Vec::new();
        if let Ok(exact) = &row.exact {
            let bounds = row.bounds.iter().filter_map(|bound| bound.value());
            found.extend(bounds.map(|bound| above(exact.lower() > bound)));
        }
        if let (Some(Ok(estimate)), Some(level)) = (&row.monte_carlo, level) {
            let limits = estimate.interval(level);
            let bounds = row.bounds.iter().filter_map(|bound| bound.value());
            found.extend(bounds.map(|bound| above(limits.lower > bound + rounding)));
            if let Ok(exact) = &row.exact {
                let seen = self.seen(row, estimate.prompts, level);
                // The same with the rounding of the simulation.
                let exact = Exact {
                    error: exact.error + rounding,
                    ..*exact
                };
                found.push(against_exact(estimate, limits, &exact, seen));
            }
            if let Some(deviation) = &row.deviation
                && let Some(simulated) = deviation.monte_carlo
            {
                let limits = Deviation {
                    threshold: deviation.threshold,
                    count: simulated.count,
                    prompts: simulated.prompts,
                }
                .interval(level);
                let bounds = deviation.bounds.iter().filter_map(|bound| bound.value());
                found.extend(bounds.map(|bound| above(limits.lower > bound)));
            }
        }
        if found.contains(&Verdict::Violated) {
            Verdict::Violated
        } else if found.is_empty() || found.contains(&Verdict::Inconclusive) {
            Verdict::Inconclusive
        } else {
            Verdict::Consistent
        }
    }

    /// Was every key of the tail in some draw, but for a hundredth of this level? A heavy key that none held would be missing in the mean, and its
    /// absence would not show in the spread.
    ///
    /// A key of probability `q` is in none of `prompts` draws of `b` with probability at most `e^{-prompts b q}`, whatever the design.
    fn seen(&self, row: &SampleRow, prompts: u64, level: ErrorProbability) -> bool {
        let keys = self
            .points()
            .map_or(f64::INFINITY, |points| points.ncols() as f64);
        let tail = keys - row.kept as f64;
        // An average is over several simulations of equally many draws.
        let prompts = match (row.query, self.simulation) {
            (QueryLabel::Average, Some((each, _))) => each,
            _ => prompts,
        };
        let least = match self.least_chance(row.query) {
            Some(least) => least,
            None => 1.0 / tail,
        };
        let draws = prompts as f64 * row.budget as f64;
        tail.ln() - draws * least <= (UNSEEN * level.get()).ln()
    }

    /// The smallest probability of a draw under importance sampling.
    fn least_chance(&self, query: QueryLabel) -> Option<f64> {
        let of = |query| {
            let Design::ImportanceSampling(proxies) = self.design_at(query) else {
                return None;
            };
            let positive = proxies.iter().copied().filter(|proxy| *proxy > 0.0);
            let least = positive.fold(f64::INFINITY, f64::min);
            // The kept keys are counted too: that makes it smaller.
            Some(least / proxies.iter().sum::<f64>())
        };
        match query {
            QueryLabel::Index(index) => of(index),
            QueryLabel::Average => {
                let (_, weights) = self.queries().ok()?;
                (0..weights.len()).filter_map(of).reduce(f64::min)
            }
        }
    }
}

/// Is a bound violated?
fn above(violated: bool) -> Verdict {
    if violated {
        Verdict::Violated
    } else {
        Verdict::Consistent
    }
}

/// A mean that is too small contradicts nothing where it rests on few draws, or where a key may never have been drawn.
fn against_exact(
    estimate: &Estimate,
    limits: ConfidenceInterval,
    exact: &Exact,
    seen: bool,
) -> Verdict {
    let reliable = seen && Estimate::reliability(estimate.largest_share) == Reliability::Reliable;
    let equal = estimate.standardised(exact.value) == 0.0;
    if !equal && limits.lower > exact.upper() {
        Verdict::Violated
    } else if !reliable {
        Verdict::Inconclusive
    } else if !equal && limits.upper < exact.lower() {
        Verdict::Violated
    } else {
        Verdict::Consistent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_that_is_too_small_is_believed_only_if_it_rests_on_many_draws_that_saw_all_keys() {
        let verdict = |mean: f64, share: f64, seen: bool| {
            let estimate = Estimate {
                mean,
                standard_error: 0.01,
                prompts: 10_000,
                seed: 1,
                skewness: 0.0,
                largest_share: Some(share),
            };
            let limits = estimate.interval(ErrorProbability::new("level", 1e-4).unwrap());
            against_exact(&estimate, limits, &Exact::proved(1.0, 1e-3), seen)
        };
        use Verdict::{Consistent, Inconclusive, Violated};
        // Almost 4 standard errors are allowed.
        for (mean, reliable, doubtful) in [
            (1.0, Consistent, Inconclusive),
            (1.035, Consistent, Inconclusive),
            (0.965, Consistent, Inconclusive),
            (1.05, Violated, Violated),
            (0.95, Violated, Inconclusive),
        ] {
            assert_eq!(verdict(mean, 0.05, true), reliable, "{mean}");
            assert_eq!(verdict(mean, 0.5, true), doubtful, "{mean}, few draws");
            assert_eq!(verdict(mean, 0.05, false), doubtful, "{mean}, unseen keys");
        }
    }
}
