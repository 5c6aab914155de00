//! T10.gaussian with numbers: the guaranteed length from the errors of Gaussian tokens, with one Lipschitz constant and along the flow.

use super::record::{GaussianLength, GaussianTransfer};
use crate::bound::regression::gaussian::{
    HeadSet, QueryErrors, RiskGaps, gronwall_distance, risk_at_the_limit, risk_gaps, tube_step,
};
use crate::error::Result;
use crate::parameter::Positive;
use crate::regression::{RegressionHead, RegressionTask};

pub use super::gaussian_path::{InfinitePath, PathPoint};

/// The excess of the infinite flow at the last time that is tried, relative to `eps`.
const END: f64 = 0.02;
/// Largest `ln L` tried.
const LARGEST: f64 = 1e5;
/// Accuracy of `ln L`.
const RESOLUTION: f64 = 1e-3;

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
    Ok(GaussianTransfer {
        beta: path.beta,
        lipschitz: path.surroundings.gradient(&path.constants),
        path_points: path.points.len() as u64,
        path_allowance: path.allowance,
        global: smallest(&path, |errors| global(&path, errors, epsilon))?,
        along: smallest(&path, |errors| along(&path, errors, epsilon))?,
    })
}

/// The smallest `ln L` at which `holds` finds a bound, by doubling and halving.
fn smallest(
    path: &InfinitePath,
    holds: impl Fn(&QueryErrors) -> Option<GaussianLength>,
) -> Result<std::result::Result<GaussianLength, String>> {
    let at = |ln_length: f64| -> Result<Option<GaussianLength>> {
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

/// Gronwall's inequality with `beta` on the surroundings of the flow, at the best of the path's times.
pub fn global(path: &InfinitePath, errors: &QueryErrors, epsilon: f64) -> Option<GaussianLength> {
    let set = &path.surroundings;
    let gaps = risk_gaps(errors, set);
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

/// The distance along the tube, at the best of the path's times.
pub fn along(path: &InfinitePath, errors: &QueryErrors, epsilon: f64) -> Option<GaussianLength> {
    let mut best: Option<GaussianLength> = None;
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
