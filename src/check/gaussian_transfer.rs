//! T10 with numbers: how long a prompt must be so that gradient flow on its risk ends within `eps` of the infinite-prompt limit.

use crate::bound::risk_transfer::{
    HeadSet, QueryErrors, RiskGaps, gronwall_distance, risk_at_the_limit, risk_gaps, tube_step,
};
use crate::error::{Error, Result};
use crate::icl::finite::FinitePromptRisk;
use crate::icl::flow::{FlowOptions, follow};
use crate::icl::optimum::minimise;
use crate::icl::{RegressionHead, RegressionTask};
use crate::parameter::PromptLength;
use crate::report::{Cell, TransferAnswer, TransferBound};

pub use super::transfer_path::{InfinitePath, PathPoint};

/// The excess of the infinite flow at the last time that is tried, relative to `eps`.
const END: f64 = 0.02;
/// Largest `ln L` tried.
const LARGEST: f64 = 1e5;
/// Accuracy of `ln L`.
const RESOLUTION: f64 = 1e-3;

/// T10, T10.sharp and the smallest length that suffices, side by side.
///
/// # Errors
/// Unless `0 < eps < inf`, and those of flows and risks.
pub fn transfer(
    task: &RegressionTask,
    start: &RegressionHead,
    epsilon: f64,
) -> Result<TransferAnswer> {
    if !(epsilon > 0.0 && epsilon < f64::INFINITY) {
        return Err(Error::Parameter {
            parameter: "epsilon",
            value: epsilon.to_string(),
            required: "a finite number greater than 0",
            theorem: Some("T10"),
        });
    }
    let path = InfinitePath::new(task, start, END * epsilon)?;
    Ok(TransferAnswer {
        description: String::new(),
        epsilon,
        limit_risk: 0.5 * task.noise_variance(),
        beta: path.beta,
        lipschitz: path.surroundings.gradient(&path.constants),
        path_points: path.points.len() as u64,
        path_allowance: path.allowance,
        global: smallest(&path, |errors| global(&path, errors, epsilon))?,
        sharp: smallest(&path, |errors| sharp(&path, errors, epsilon))?,
        actual: actual(task, start, epsilon).map_err(|why| why.to_string()),
    })
}

/// The smallest `ln L` at which `holds` finds a bound, by doubling and halving.
fn smallest(
    path: &InfinitePath,
    holds: impl Fn(&QueryErrors) -> Option<TransferBound>,
) -> Result<Cell<TransferBound>> {
    let at = |ln_length: f64| -> Result<Option<TransferBound>> {
        let errors = QueryErrors::new(path.constants, ln_length, path.surroundings.alignment)?;
        Ok(holds(&errors))
    };
    let (mut low, mut high) = (2.0, 20.0);
    let mut found = at(high)?;
    while found.is_none() {
        (low, high) = (high, 1.5 * high);
        if high > LARGEST {
            return Ok(Err(format!(
                "no L up to e^{LARGEST:e} makes the bound small enough"
            )));
        }
        found = at(high)?;
    }
    while high - low > RESOLUTION {
        let middle = 0.5 * (low + high);
        match at(middle)? {
            Some(better) => (high, found) = (middle, Some(better)),
            None => low = middle,
        }
    }
    found.map_or_else(|| Ok(Err("no bound was found".to_owned())), |b| Ok(Ok(b)))
}

/// T10: Gronwall with `beta` on the surroundings of the flow, at the best of the path's times.
pub fn global(path: &InfinitePath, errors: &QueryErrors, epsilon: f64) -> Option<TransferBound> {
    let set = &path.surroundings;
    let gaps = risk_gaps(errors, set);
    let (beta, lipschitz) = (path.beta, set.gradient(&path.constants));
    let mut best: Option<TransferBound> = None;
    for point in &path.points {
        let ln_distance = gronwall_distance(gaps.ln_gradient, beta, point.time);
        let distance = ln_distance.exp() + path.allowance;
        // The flows stay in the surroundings.
        if distance > super::transfer_path::MARGIN {
            break;
        }
        let excess = point.excess + lipschitz * distance + gaps.ln_risk.exp();
        if best.as_ref().is_none_or(|b| excess < b.excess) {
            best = Some(record(
                errors,
                &gaps,
                point,
                ln_distance,
                excess,
                beta * point.time,
            ));
        }
    }
    best.filter(|b| b.excess <= epsilon)
}

/// T10.sharp: the distance along the tube, at the best of the path's times.
pub fn sharp(path: &InfinitePath, errors: &QueryErrors, epsilon: f64) -> Option<TransferBound> {
    let mut best: Option<TransferBound> = None;
    walk(path, errors, |point, distance, ln_growth| {
        // Both the error of the points and the distance of the flows separate the heads.
        let apart = distance + path.allowance;
        let set = point.set.widened(&path.constants, apart);
        // The cheap terms first: most times are too early.
        let room = epsilon.min(best.as_ref().map_or(f64::INFINITY, |b| b.excess));
        let at = |gap| {
            risk_at_the_limit(
                &path.constants,
                &set,
                (point.excess, point.gradient),
                apart,
                gap,
            )
        };
        if at(0.0) >= room {
            return;
        }
        let gaps = risk_gaps(errors, &set);
        let excess = at(gaps.ln_risk.exp());
        if excess <= room {
            best = Some(record(
                errors,
                &gaps,
                point,
                distance.ln(),
                excess,
                ln_growth,
            ));
        }
    });
    best
}

/// The bound of the distance of the flows at every time of the path until the tube is lost.
pub fn distances(path: &InfinitePath, errors: &QueryErrors) -> Vec<(f64, f64)> {
    let mut list = vec![(0.0, 0.0)];
    walk(path, errors, |point, distance, _| {
        list.push((point.time, distance + path.allowance));
    });
    list
}

/// Steps along the tube; `visit` sees the end of every interval, the distance there and `INT_0^T mu`.
fn walk(path: &InfinitePath, errors: &QueryErrors, mut visit: impl FnMut(&PathPoint, f64, f64)) {
    let (mut distance, mut ln_growth) = (0.0, 0.0);
    let mut radius = 1e-12;
    for (point, next) in path.points.iter().zip(path.points.iter().skip(1)) {
        // A radius is a guess; it must hold the distance that it leads to.
        radius = f64::max(0.5 * radius, 1.01 * distance);
        let mut step_found = None;
        for _ in 0..60 {
            let (set, step) = path.between(point, next, radius);
            if !in_surroundings(path, &set) {
                return;
            }
            let gap = risk_gaps(errors, &set).ln_gradient.exp();
            let (largest, end) = tube_step(&step, distance, radius, gap);
            if largest <= radius {
                step_found = Some((end, step));
                break;
            }
            radius = (1.2 * largest).max(1.5 * radius);
        }
        let Some((end, step)) = step_found else {
            return;
        };
        ln_growth += step.duration * (-step.least_curvature + 0.5 * step.curvature_slope * radius);
        distance = end;
        visit(next, distance, ln_growth);
    }
}

/// `beta` and the largest alignment are those of the surroundings: the tube may not leave them.
fn in_surroundings(path: &InfinitePath, set: &HeadSet) -> bool {
    let all = &path.surroundings;
    set.alignment <= all.alignment
        && set.value <= all.value
        && set.response <= all.response
        && set.residual <= all.residual
}

fn record(
    errors: &QueryErrors,
    gaps: &RiskGaps,
    point: &PathPoint,
    ln_distance: f64,
    excess: f64,
    ln_growth: f64,
) -> TransferBound {
    TransferBound {
        ln_length: errors.ln_length(),
        time: point.time,
        infinite_excess: point.excess,
        ln_growth,
        ln_distance,
        ln_output_error: gaps.ln_output_error,
        ln_jacobian_error: gaps.ln_jacobian_error,
        jacobian: gaps.jacobian,
        loss_slope_square: gaps.loss_slope_square,
        ln_risk_gap: gaps.ln_risk,
        ln_gradient_gap: gaps.ln_gradient,
        excess,
    }
}

/// The smallest `L` for which the flow on `R_L` ends with a risk of at most `v/2 + eps`: doubling and halving, the end of the flow refined to
/// the minimum beside it. The risk at the end is taken to fall with `L`, which is observed and not proved.
///
/// # Errors
/// If a flow or a minimisation gives up, or no length up to 2^53 suffices.
pub fn actual(task: &RegressionTask, start: &RegressionHead, epsilon: f64) -> Result<u64> {
    let ends_well = |length: u64| -> Result<bool> {
        let risk = FinitePromptRisk::new(task, PromptLength::new(length)?)?;
        let flow = follow(&risk, start, &[], &FlowOptions::default())?;
        let end = flow.end().map_or(start, |point| &point.head);
        let best = minimise(&risk, end, 1e-9)?;
        Ok(best.risk - 0.5 * task.noise_variance() <= epsilon)
    };
    let (mut low, mut high) = (0, 1);
    while !ends_well(high)? {
        if high >= PromptLength::MAX {
            return Err(Error::Unavailable {
                what: "the smallest sufficient length",
                why: "no L up to 2^53 suffices".to_owned(),
            });
        }
        (low, high) = (high, (2 * high).min(PromptLength::MAX));
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if ends_well(middle)? {
            high = middle;
        } else {
            low = middle;
        }
    }
    Ok(high)
}
