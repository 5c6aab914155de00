//! T10 with numbers: how long a prompt is guaranteed to be long enough, and how long one has to be.

pub mod gaussian;
mod gaussian_path;
mod guarantee;
mod path;
mod record;

use super::flow::{FlowOptions, follow};
use super::risk::{FinitePromptRisk, InfinitePrompt};
use super::{RegressionHead, RegressionTask};
use crate::error::{Error, Result};
use crate::parameter::{Positive, PromptLength};
use crate::progress::Progress;
use guarantee::guaranteed;
use path::Path;

pub use record::{GaussianLength, GaussianTransfer, TransferAnswer, TransferBound};

/// The guaranteed length of T10 for `R_L <= v/2 + epsilon` at the end of the flow, globally and along a tube, and the actual smallest length.
///
/// # Errors
/// If a flow gives up, or no length up to 2^53 reaches `epsilon`.
pub fn transfer(
    task: &RegressionTask,
    start: &RegressionHead,
    accepted: Positive,
    options: &FlowOptions,
    progress: &dyn Progress,
) -> Result<TransferAnswer> {
    let epsilon = accepted.get();
    progress.start(4);
    // A finer flow than usual: the path is cut at its steps.
    let finer = FlowOptions {
        step_tolerance: (1e-2 * options.step_tolerance).max(1e-11),
        ..*options
    };
    let flow = follow(&InfinitePrompt(task), start, &[], &finer)?;
    let floor = 0.5 * task.noise_variance();
    let Some(last) = flow
        .steps
        .iter()
        .position(|p| p.risk - floor <= epsilon / 3.0)
    else {
        return Err(Error::Unavailable {
            what: "the guaranteed prompt length",
            why: "the infinite flow does not come within epsilon/3 of its least risk before the horizon".into(),
        });
    };
    let path = Path::new(task, flow.steps.get(..=last).unwrap_or_default())?;
    progress.step();
    let global = guaranteed(task, &path, epsilon, false)?;
    let tube = guaranteed(task, &path, epsilon, true)?;
    progress.step();
    let gaussian = gaussian::guaranteed(task, start, accepted)?;
    progress.step();
    let actual = actual(task, start, floor + epsilon, options)?;
    progress.step();
    Ok(TransferAnswer {
        description: String::new(),
        epsilon,
        floor,
        horizon: path.horizon,
        risk_at_horizon: path.end_risk,
        gradient_at_horizon: path.end_gradient,
        global,
        tube,
        gaussian,
        actual: actual.0,
        actual_risk: actual.1,
        before: actual.2,
        notes: Vec::new(),
    })
}

/// The smallest `L` whose exact flow ends at a risk of at most `target`; that risk, and the one at `L - 1`.
fn actual(
    task: &RegressionTask,
    start: &RegressionHead,
    target: f64,
    options: &FlowOptions,
) -> Result<(u64, f64, Option<f64>)> {
    let risk_at = |length: u64| -> Result<f64> {
        let risk = FinitePromptRisk::new(task, PromptLength::new(length)?)?;
        let flow = follow(&risk, start, &[], options)?;
        Ok(flow.end().map_or(f64::NAN, |p| p.risk))
    };
    let mut high = 1;
    let mut at_high = risk_at(high)?;
    let mut below = None;
    while !(at_high <= target) {
        below = Some((high, at_high));
        high = (2 * high).min(PromptLength::MAX);
        at_high = risk_at(high)?;
        if high == PromptLength::MAX && !(at_high <= target) {
            return Err(Error::Unavailable {
                what: "the smallest sufficient prompt length",
                why: "even 2^53 examples do not reach epsilon".into(),
            });
        }
    }
    while let Some((low, _)) = below
        && high - low > 1
    {
        let middle = low + (high - low) / 2;
        let risk = risk_at(middle)?;
        if risk <= target {
            (high, at_high) = (middle, risk);
        } else {
            below = Some((middle, risk));
        }
    }
    Ok((high, at_high, below.map(|b| b.1)))
}
