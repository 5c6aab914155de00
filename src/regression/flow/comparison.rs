//! In-context regression side by side: flows and minima at every prompt length and at the infinite prompt.

use rayon::prelude::*;

use super::follow::{FlowOptions, FlowPoint, Trajectory, follow};
use super::optimum::{hessian, minimise};
use super::record::{FlowAnswer, FlowCurve, FlowLimit, FlowRow, FlowSample};
use crate::error::Result;
use crate::parameter::PromptLength;
use crate::progress::Progress;
use crate::regression::risk::{
    FinitePromptRisk, InfinitePrompt, bayes, expansion, infinite, linear,
};
use crate::regression::{RegressionHead, RegressionTask};

/// Prompts and seed of the simulated Bayes risk.
const BAYES: (u64, u64) = (20_000, 1);

/// The flows from `start` at every length and at the infinite prompt, with the minimum, the closed form of linear attention and the Bayes
/// risk at each length. A length without an answer has no row but a note that says why.
///
/// # Errors
/// If the infinite flow gives up, or no length has an answer: the reason of the first.
pub fn flows(
    task: &RegressionTask,
    start: &RegressionHead,
    lengths: &[PromptLength],
    options: &FlowOptions,
    progress: &dyn Progress,
) -> Result<FlowAnswer> {
    progress.start(lengths.len() as u64 + 1);
    let limit = infinite::flow_limit(task);
    let endless = follow(&InfinitePrompt(task), start, &[], options)?;
    progress.step();
    let found: Vec<Result<(FlowRow, FlowCurve)>> = lengths
        .par_iter()
        .map(|&length| {
            let row = at_length(task, start, length, options, &limit);
            progress.step();
            row
        })
        .collect();
    let (mut rows, mut curves, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    let mut first = None;
    for (length, found) in lengths.iter().zip(found) {
        match found {
            Ok((row, curve)) => {
                rows.push(row);
                curves.push(curve);
            }
            Err(error) => {
                notes.push(format!("L = {}: no answer: {error}", length.get()));
                first = first.or(Some(error));
            }
        }
    }
    if let (true, Some(error)) = (rows.is_empty(), first) {
        return Err(error);
    }
    let bayes = 0.5 * task.noise_variance();
    curves.push(FlowCurve {
        length: None,
        samples: endless
            .steps
            .iter()
            .map(|point| sample(point, bayes, 0.0))
            .collect(),
    });
    let (scale, constant) = expansion::best_scale(task)?;
    Ok(FlowAnswer {
        description: String::new(),
        limit: FlowLimit {
            risk: bayes,
            value: limit.value,
            key_query_norm: limit.key_query.norm(),
            time: endless.end().map_or(f64::NAN, |p| p.time),
            converged: endless.converged,
            distance: endless.end().map_or(f64::NAN, |p| p.head.distance(&limit)),
            balance_drift: endless.balance_drift(),
            scale: 1.0 / limit.value,
            best_scale: scale,
            constant,
        },
        rows,
        curves,
        notes,
    })
}

fn sample(point: &FlowPoint, bayes: f64, distance: f64) -> FlowSample {
    FlowSample {
        time: point.time,
        risk: point.risk,
        excess: point.risk - bayes,
        value: point.head.value,
        key_query_norm: point.head.key_query.norm(),
        distance,
    }
}

fn at_length(
    task: &RegressionTask,
    start: &RegressionHead,
    length: PromptLength,
    options: &FlowOptions,
    limit: &RegressionHead,
) -> Result<(FlowRow, FlowCurve)> {
    let bayes = 0.5 * task.noise_variance();
    let risk = FinitePromptRisk::new(task, length)?;
    let flow = follow(&risk, start, &[], options)?;
    let samples = beside_the_infinite_flow(task, start, &flow, options, bayes)?;
    let end = flow.end().map_or(start, |point| &point.head);
    let best = minimise(&risk, end, 1e-2 * options.gradient_tolerance)?;
    let value = risk.risk(&best.head)?;
    let (_, linear_risk) = linear::minimum(task, length);
    let row = FlowRow {
        length: length.get(),
        minimum: value,
        excess: value.value - bayes,
        value: best.head.value,
        key_query_norm: best.head.key_query.norm(),
        distance: best.head.distance(limit),
        least_curvature: hessian(&risk, &best.head)?.symmetric_eigenvalues().min(),
        flow_risk: flow.end().map_or(f64::NAN, |p| p.risk),
        flow_time: flow.end().map_or(f64::NAN, |p| p.time),
        flow_converged: flow.converged,
        flow_distance: samples.iter().map(|s| s.distance).fold(0.0, f64::max),
        largest_increase: flow.largest_increase(),
        linear: linear_risk,
        bayes: bayes::risk(task, length, BAYES.0, BAYES.1)
            .map(|found| (found.mean, found.standard_error))
            .map_err(|error| error.to_string()),
    };
    let curve = FlowCurve {
        length: Some(length.get()),
        samples,
    };
    Ok((row, curve))
}

/// The steps of a flow, each with its distance from the infinite flow at the same time.
fn beside_the_infinite_flow(
    task: &RegressionTask,
    start: &RegressionHead,
    flow: &Trajectory,
    options: &FlowOptions,
    bayes: f64,
) -> Result<Vec<FlowSample>> {
    let times = flow.steps.iter().map(|p| p.time);
    let times: Vec<f64> = times.filter(|t| *t > 0.0).collect();
    let endless = follow(&InfinitePrompt(task), start, &times, options)?;
    // Where the infinite flow has converged it stays.
    let rest = endless.end().map_or(start, |p| &p.head);
    let beside = std::iter::once(start)
        .chain(endless.samples.iter().map(|p| &p.head))
        .chain(std::iter::repeat(rest));
    Ok(flow
        .steps
        .iter()
        .zip(beside)
        .map(|(point, other)| sample(point, bayes, point.head.distance(other)))
        .collect())
}
