//! The prompt length that the exact flow needs.

use std::collections::BTreeMap;

use super::record::NeededLength;
use crate::error::{Error, Result};
use crate::parameter::PromptLength;
use crate::regression::flow::optimum::minimise;
use crate::regression::flow::{FlowOptions, follow};
use crate::regression::risk::{FinitePromptRisk, expansion};
use crate::regression::{RegressionHead, RegressionTask};

/// The longest prompt that is looked for. The curvature of the risk along `(c A, b/c)` falls like `1/L`: at longer prompts the minimum is not found in
/// double precision.
const LONGEST: f64 = 1e8;
/// Guesses of the length, at most.
const GUESSES: usize = 20;
/// Exact flows, at most.
const FLOWS: usize = 16;
/// The minimum is known well enough if the quadratic model says that the risk falls by less than this share of its excess.
const RESOLVED: f64 = 1e-6;

/// A length at which the exact flow ends within `epsilon` of `v/2`, and at one example less does not.
///
/// By the minimum of the risk near that of the expansion in `1/L` the length is guessed; the flows at it and around it decide.
///
/// # Errors
/// If the length is above about `1e8`, flows give up, or too many flows would be needed.
pub(super) fn needed(
    task: &RegressionTask,
    start: &RegressionHead,
    epsilon: f64,
    options: &FlowOptions,
) -> Result<NeededLength> {
    let floor = 0.5 * task.noise_variance();
    let refuse = |why: String| Error::Unavailable {
        what: "the length that the flow needs",
        why,
    };
    let (scale, constant) = expansion::best_scale(task)?;
    if !(constant <= LONGEST * epsilon) {
        return Err(refuse(format!(
            "it is about {:.1e}, and risks at lengths above 1e8 have minima that double precision does not find; an epsilon of at least {:.1e} has an answer",
            constant / epsilon,
            constant / LONGEST
        )));
    }
    let valley = expansion::on_the_valley(task, scale);
    let mut length = guess(task, &valley, (constant / epsilon).ceil().max(1.0), epsilon)?;
    // By length: the limit of the risk along the flow, and whether the flow converged.
    let mut known: BTreeMap<u64, (f64, bool)> = BTreeMap::new();
    // No bound from above yet, and nothing is shorter than 1.
    let (mut low, mut high) = (0_u64, None);
    let mut step = 1;
    while high != Some(low + 1) {
        if known.len() >= FLOWS {
            return Err(refuse(format!(
                "{FLOWS} flows have not found where the risk comes within epsilon; the last is at L = {length}"
            )));
        }
        let found = limit(task, start, length, options)?;
        known.insert(length, found);
        if found.0 - floor <= epsilon {
            high = Some(length);
        } else {
            low = length;
        }
        length = match high {
            Some(high) if low == 0 => high.saturating_sub(step).max(1),
            Some(high) => low + (high - low) / 2,
            None => (low + step).min(PromptLength::MAX),
        };
        step *= 2;
    }
    let length = low + 1;
    let (risk, converged) = known.get(&length).copied().unwrap_or((f64::NAN, false));
    Ok(NeededLength {
        length,
        risk,
        before: known.get(&low).map(|found| found.0),
        converged: converged && known.get(&low).is_none_or(|found| found.1),
    })
}

/// The length at which the least risk is `v/2 + epsilon`, nearly.
fn guess(task: &RegressionTask, valley: &RegressionHead, first: f64, epsilon: f64) -> Result<u64> {
    let floor = 0.5 * task.noise_variance();
    let (mut length, mut head) = (first, valley.clone());
    for _ in 0..GUESSES {
        let at = PromptLength::new(length as u64)?;
        let risk = FinitePromptRisk::new(task, at)?;
        // Where the minimiser fails the flows go on from here.
        let Ok(best) = minimise(&risk, &head, tolerance(epsilon)) else {
            break;
        };
        head = best.head;
        let next = (length * (best.risk - floor) / epsilon)
            .ceil()
            .clamp(1.0, 2.0 * LONGEST);
        if !((next - length).abs() > 1.0) {
            return Ok(next as u64);
        }
        length = next;
    }
    Ok(length as u64)
}

/// A gradient below which the excess of a risk with curvatures of order `1/L`, `L` about `1/epsilon`, is known to a small part of `epsilon`.
fn tolerance(epsilon: f64) -> f64 {
    (1e-4 * epsilon).min(1e-10)
}

/// The limit of the risk along the exact flow: the minimum next to its end; and whether it is one.
fn limit(
    task: &RegressionTask,
    start: &RegressionHead,
    length: u64,
    options: &FlowOptions,
) -> Result<(f64, bool)> {
    let risk = FinitePromptRisk::new(task, PromptLength::new(length)?)?;
    let flow = follow(&risk, start, &[], options)?;
    let Some(end) = flow.end() else {
        return Ok((f64::NAN, false));
    };
    if !flow.converged {
        return Ok((end.risk, false));
    }
    let excess = end.risk - 0.5 * task.noise_variance();
    Ok(match minimise(&risk, &end.head, tolerance(excess)) {
        Ok(best) => (best.risk, best.uncertainty <= RESOLVED * excess),
        Err(_) => (end.risk, false),
    })
}
