//! Budgets for `P(|That - T| >= threshold) <= delta`: proved, simulated, and what a published rule asks for.

use super::SampledStudy;
use super::rows::errors;
use crate::error::{Error, Result};
use crate::parameter::{ErrorProbability, Positive};
use crate::record::{
    BudgetDeviation, BudgetRow, Cell, ProvedBudget, RuleBudget, SimulatedBudget, SimulatedDeviation,
};
use crate::sampling::{SampledAttention, SampledBounds, Variances, published_budget, simulate};

/// The part of the tail that the pilot sample of the rule has, at least [`LEAST_PILOT`] keys.
const PILOT: f64 = 0.05;
const LEAST_PILOT: u64 = 16;
/// The simulation where nothing else is said: draws and seed.
const USUAL: (u64, u64) = (2_000, 1);

/// What is asked of one query.
pub(super) struct Asked<'a> {
    pub query: usize,
    pub sampled: &'a SampledAttention,
    pub threshold: Positive,
    pub delta: ErrorProbability,
}

impl SampledStudy {
    /// All three budgets of one query.
    pub(super) fn deviation_budgets(&self, asked: &Asked) -> Result<BudgetDeviation> {
        Ok(BudgetDeviation {
            proved: proved(asked)?,
            simulated: cell(self.simulated_budget(asked))?,
            rule: cell(self.rule(asked))?,
        })
    }

    fn frequency(&self, asked: &Asked, budget: u64) -> Result<SimulatedDeviation> {
        let (prompts, seed) = self.simulation.unwrap_or(USUAL);
        let plan = (prompts, seed, asked.query as u64);
        let found = simulate(asked.sampled, budget, &[asked.threshold], plan)?;
        let first = found.deviations.first().ok_or_else(|| Error::Unavailable {
            what: "the simulation",
            why: "nothing was counted".into(),
        })?;
        Ok(self.limits(first))
    }

    /// By bisection, to within 2%.
    fn simulated_budget(&self, asked: &Asked) -> Result<SimulatedBudget> {
        let supports = |found: &SimulatedDeviation| found.upper <= asked.delta.get();
        let (mut few, mut enough) = (0, asked.sampled.tail_size() as u64);
        let mut last = self.frequency(asked, enough)?;
        if !supports(&last) {
            return Err(Error::Unavailable {
                what: "the simulated budget",
                why: format!(
                    "with {enough} draws, {} of {} simulations deviate: the upper limit of the probability is {:.3e}",
                    last.count, last.prompts, last.upper
                ),
            });
        }
        while enough - few > 1 + enough / 50 {
            let middle = few + (enough - few) / 2;
            let found = self.frequency(asked, middle)?;
            if supports(&found) {
                (enough, last) = (middle, found);
            } else {
                few = middle;
            }
        }
        Ok(SimulatedBudget {
            budget: enough,
            monte_carlo: last,
        })
    }

    /// What the published rule asks for, and what is true there.
    fn rule(&self, asked: &Asked) -> Result<RuleBudget> {
        let sampled = asked.sampled;
        let squared = sampled.limit().norm_squared();
        let relative = Positive::new("eps", asked.threshold.get() / squared.sqrt())?;
        let tail = sampled.tail_size() as u64;
        let (_, seed) = self.simulation.unwrap_or(USUAL);
        let keys = ((PILOT * tail as f64).ceil() as u64).max(LEAST_PILOT);
        let pilot = Variances::Pilot { keys, seed };
        let rule = |from| published_budget(sampled, relative, asked.delta, from);
        let (known, guessed) = (rule(Variances::True)?, rule(pilot)?);
        let budget = known.attention;
        let frequency = |budget: u64| match budget <= tail {
            true => self.frequency(asked, budget).map(Some),
            false => Ok(None),
        };
        let budgets: Vec<u64> = Some(budget)
            .filter(|budget| *budget <= tail)
            .into_iter()
            .collect();
        let found = errors(sampled, &budgets)?;
        let error = found.first();
        Ok(RuleBudget {
            budget,
            pilot: guessed.attention,
            denominator: known.denominator,
            relative: error.and_then(|cell| Some(cell.as_ref().ok()?.error.value / squared)),
            monte_carlo: frequency(budget)?,
            denominator_monte_carlo: frequency(known.denominator)?,
        })
    }
}

fn proved(asked: &Asked) -> Result<Cell<ProvedBudget>> {
    let bounds = SampledBounds::new(asked.sampled);
    let found = bounds.smallest_budget(asked.threshold, asked.delta)?;
    let proof = found.and_then(|(budget, bound)| {
        Some(ProvedBudget {
            budget,
            value: bound.value()?,
            theorem: bound.theorem(),
        })
    });
    Ok(proof.ok_or_else(|| "it is not proved at any budget".to_owned()))
}

/// What is not available is a reason, anything else an error; so is what the rule does not accept.
fn cell<T>(found: Result<T>) -> Result<Cell<T>> {
    match found {
        Ok(found) => Ok(Ok(found)),
        Err(Error::Unavailable { why, .. }) => Ok(Err(why)),
        Err(Error::Parameter {
            parameter,
            value,
            required,
            ..
        }) => Ok(Err(format!(
            "{parameter} is {value}, and must be {required}"
        ))),
        Err(error) => Err(error),
    }
}

/// Of all queries the largest budgets; what one query has not, all have not.
pub(super) fn largest(rows: &[BudgetRow]) -> Option<BudgetDeviation> {
    fn of<T: Clone>(
        rows: &[BudgetRow],
        part: impl Fn(&BudgetDeviation) -> &Cell<T>,
        budget: impl Fn(&T) -> u64,
    ) -> Option<Cell<T>> {
        let all = rows
            .iter()
            .map(|row| row.deviation.as_ref().map(&part).cloned());
        let all: Option<Cell<Vec<T>>> = all.collect();
        all.map(|all| {
            let most = all?.into_iter().max_by_key(budget);
            most.ok_or_else(|| "there is no query".to_owned())
        })
    }
    Some(BudgetDeviation {
        proved: of(rows, |found| &found.proved, |at| at.budget)?,
        simulated: of(rows, |found| &found.simulated, |at| at.budget)?,
        rule: of(rows, |found| &found.rule, |at| at.budget)?,
    })
}
