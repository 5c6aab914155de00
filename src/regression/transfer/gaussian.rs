//! T10.gaussian with numbers: the guaranteed length from the errors of Gaussian tokens, with one Lipschitz constant and along the flow.

use super::record::{GaussianLength, GaussianTransfer};
use super::search::smallest;
use crate::bound::regression::gaussian::{
    HeadSet, QueryErrors, RiskGaps, gronwall_distance, risk_at_the_limit, risk_gaps, tube_step,
};
use crate::error::Result;
use crate::parameter::Positive;
use crate::regression::{RegressionHead, RegressionTask};

pub use super::gaussian_path::{InfinitePath, PathPoint};

/// The excess of the infinite flow at the last time that is tried, relative to `eps`.
const END: f64 = 0.02;

/// The lengths that T10.gaussian guarantees for `lim R_L(theta_L) <= v/2 + eps`.
///
/// # Errors
/// Those of the infinite flow and of its norms.
pub fn guaranteed(
    task: &RegressionTask,
    start: &RegressionHead,
    epsilon: Positive,
) -> Result<GaussianTransfer> {
    let epsilon = epsilon.get();
    let path = InfinitePath::new(task, start, END * epsilon)?;
    let errors =
        |ln_length| QueryErrors::new(path.constants, ln_length, path.surroundings.alignment);
    let global = |errors: &QueryErrors, room| global(&path, errors, room, epsilon);
    let along = |errors: &QueryErrors, room| along(&path, errors, room, epsilon);
    Ok(GaussianTransfer {
        beta: path.beta,
        lipschitz: path.surroundings.gradient(&path.constants),
        path_points: path.points.len() as u64,
        path_allowance: path.allowance,
        global: smallest(&errors, &global)?,
        along: smallest(&errors, &along)?,
    })
}

/// Gronwall's inequality with `beta` on the surroundings of the flow, at the best of the path's times, if all gaps are multiplied by `e^room`.
fn global(
    path: &InfinitePath,
    errors: &QueryErrors,
    room: f64,
    epsilon: f64,
) -> Option<GaussianLength> {
    let set = &path.surroundings;
    let gaps = risk_gaps(errors, set).multiplied(room);
    let (beta, lipschitz) = (path.beta, set.gradient(&path.constants));
    let mut best: Option<GaussianLength> = None;
    for point in &path.points {
        let ln_distance = gronwall_distance(gaps.ln_gradient, beta, point.time);
        let distance = ln_distance.exp() + path.allowance;
        // The flows stay in the surroundings.
        if distance > super::gaussian_path::MARGIN {
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

/// The distance along the tube, at the best of the path's times, if all gaps are multiplied by `e^room`.
fn along(
    path: &InfinitePath,
    errors: &QueryErrors,
    room: f64,
    epsilon: f64,
) -> Option<GaussianLength> {
    let mut best: Option<GaussianLength> = None;
    walk(path, errors, room, |point, distance, ln_growth| {
        // Both the error of the points and the distance of the flows separate the heads.
        let apart = distance + path.allowance;
        let set = point.set.widened(&path.constants, apart);
        // The cheap terms first: most times are too early.
        let accepted = epsilon.min(best.as_ref().map_or(f64::INFINITY, |b| b.excess));
        let at = |gap| {
            risk_at_the_limit(
                &path.constants,
                &set,
                (point.excess, point.gradient),
                apart,
                gap,
            )
        };
        if at(0.0) >= accepted {
            return;
        }
        let gaps = risk_gaps(errors, &set).multiplied(room);
        let excess = at(gaps.ln_risk.exp());
        if excess <= accepted {
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
    walk(path, errors, 0.0, |point, distance, _| {
        list.push((point.time, distance + path.allowance));
    });
    list
}

/// Steps along the tube; `visit` sees the end of every interval, the distance there and `INT_0^T mu`.
fn walk(
    path: &InfinitePath,
    errors: &QueryErrors,
    room: f64,
    mut visit: impl FnMut(&PathPoint, f64, f64),
) {
    errors.prepare(path.points.iter().map(|point| point.set.alignment));
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
            let gap = (risk_gaps(errors, &set).ln_gradient + room).exp();
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
) -> GaussianLength {
    GaussianLength {
        ln_length: errors.ln_length(),
        time: point.time,
        infinite_excess: point.excess,
        ln_growth,
        ln_distance,
        ln_output_error: gaps.ln_output_error,
        ln_risk_gap: gaps.ln_risk,
        ln_key_query_gap: gaps.ln_key_query,
        ln_value_gap: gaps.ln_value,
        ln_gradient_gap: gaps.ln_gradient,
        excess,
    }
}
