//! T10 with numbers: how long a prompt is guaranteed to be long enough, and how long one has to be.

pub mod gaussian;
mod gaussian_path;
mod guarantee;
mod needed;
mod path;
mod record;
mod search;

use super::flow::{FlowOptions, State, follow};
use super::risk::{InfinitePrompt, infinite};
use super::{RegressionHead, RegressionTask};
use crate::error::{Error, Result};
use crate::parameter::Positive;
use crate::progress::Progress;
use guarantee::guaranteed;
use needed::needed;
use path::Path;

pub use record::{GaussianLength, GaussianTransfer, NeededLength, TransferAnswer, TransferBound};

/// The least accepted excess, relative to the risk `E y^2 / 2` of predicting 0: below, risks do not resolve it.
const LEAST: f64 = 1e-12;
/// The most dimensions: with a start that commutes with the covariance, whose flow has `d + 1` numbers, and with another, whose flow has `d^2 + 1`.
const MOST_DIMENSIONS: (usize, usize) = (24, 8);

/// The guaranteed length of T10 for `R_L <= v/2 + epsilon` at the end of the flow, globally and along a tube, and the length that the exact flow
/// needs.
///
/// # Errors
/// If `epsilon` is below `1e-12 E y^2 / 2`, the dimension is above 24 (8 if `A` does not commute with `Sig` at the start), or the infinite flow gives up or does not come to a third of it before the horizon.
pub fn transfer(
    task: &RegressionTask,
    start: &RegressionHead,
    accepted: Positive,
    options: &FlowOptions,
    progress: &dyn Progress,
) -> Result<TransferAnswer> {
    let epsilon = accepted.get();
    if !(epsilon >= 0.5 * LEAST * task.label_variance()) {
        return Err(Error::Parameter {
            parameter: "epsilon",
            value: epsilon.to_string(),
            required: "at least 1e-12 of E y^2 / 2 = (tau^2 tr Sig + v) / 2, which double precision resolves",
            theorem: Some("T10"),
        });
    }
    let most = if State::new(task, start)?.is_commuting() {
        MOST_DIMENSIONS.0
    } else {
        MOST_DIMENSIONS.1
    };
    if task.dimension() > most {
        return Err(Error::Parameter {
            parameter: "the dimension of task.covariance",
            value: task.dimension().to_string(),
            required: "at most 24, or 8 if start.direction does not commute with it: flows in more dimensions take minutes",
            theorem: Some("T10"),
        });
    }
    progress.start(4);
    // A finer flow than usual: the path is cut at its steps, and ends by its excess, however small the gradient is.
    let finer = FlowOptions {
        step_tolerance: (1e-2 * options.step_tolerance).max(1e-11),
        gradient_tolerance: f64::MIN_POSITIVE,
        ..*options
    };
    let flow = follow(&InfinitePrompt(task), start, &[], &finer)?;
    let mut last = None;
    for (number, step) in flow.steps.iter().enumerate() {
        if infinite::excess(task, &step.head)? <= epsilon / 3.0 {
            last = Some(number);
            break;
        }
    }
    let Some(last) = last else {
        return Err(Error::Unavailable {
            what: "the guaranteed prompt length",
            why: "the infinite flow does not come within epsilon/3 of its least risk before flow.horizon".into(),
        });
    };
    let path = Path::new(task, flow.steps.get(..=last).unwrap_or_default())?;
    progress.step();
    let [global, tube] = guaranteed(task, &path, epsilon)?;
    progress.step();
    let gaussian = gaussian::guaranteed(task, start, accepted).map_err(|error| error.to_string());
    progress.step();
    let needed = needed(task, start, epsilon, options).map_err(|error| error.to_string());
    progress.step();
    Ok(TransferAnswer {
        description: String::new(),
        epsilon,
        floor: 0.5 * task.noise_variance(),
        horizon: path.horizon,
        risk_at_horizon: path.end_risk,
        gradient_at_horizon: path.end_gradient,
        global,
        tube,
        gaussian,
        needed,
        notes: Vec::new(),
    })
}
