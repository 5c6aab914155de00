//! Lattices of nodes for one-dimensional laws: standard normal, and one coordinate of a sphere.
//!
//! Both are the trapezoid rule on the whole line for an analytic integrand that decays at both ends,
//! for which it converges faster than any power of the step.

use std::f64::consts::PI;

use super::Resolution;
use super::atoms::check_atom_count;
use crate::error::{Error, Result};
use crate::parameter::refused;

/// A node and its probability.
pub(super) type Node = (f64, f64);

/// Refuses a broken resolution and a scale of the scores that is not a finite number.
fn check(resolution: &Resolution, scale: f64) -> Result<()> {
    // `f64::min` drops a NaN, so the scale needs its own guard.
    if !(scale >= 0.0 && scale < f64::INFINITY) {
        return refused("score deviation", scale, "a finite number, at least 0");
    }
    let positive = |x: f64| x > 0.0 && x < f64::INFINITY;
    if positive(resolution.score_step)
        && positive(resolution.standard_step)
        && positive(resolution.margin)
        && resolution.ln_length >= 0.0
        && resolution.ln_length < f64::INFINITY
    {
        Ok(())
    } else {
        refused(
            "resolution",
            format!("{resolution:?}"),
            "finite steps and margin greater than 0 and a finite ln_length, at least 0",
        )
    }
}

/// Products of nodes and of steps in the range of their scores, at most: what an exact value takes time for, a few seconds.
const MOST_WORK: f64 = 2e9;

/// Refuses scores `<a, X>` of size `scale` before anything is computed if an exact value by `count` nodes, whose scores lie in an
/// interval of length `range`, would take too long.
fn check_scores(scale: f64, count: f64, range: f64, resolution: &Resolution) -> Result<()> {
    let work = count * (range / resolution.score_step);
    if work <= MOST_WORK {
        return Ok(());
    }
    Err(Error::Unavailable {
        what: "the exact value of a law that is discretised",
        why: format!(
            "the scores are {scale:.3e} in size (that of a token times the norm of the tilt), which needs {count:.1e} nodes; up to about {:.1e} \
             they are served, so radius, half width, covariance or tilt must be smaller",
            0.95 * scale * (MOST_WORK / work).sqrt()
        ),
    })
}

/// Nodes `z` of the standard normal law for scores `deviation * z`, with weights
/// `step / sqrt(2 pi) e^{-z^2 / 2}`; the one node 0 if `deviation` is 0.
///
/// The weights sum to 1 up to the tails cut off and `2 e^{-2 pi^2 / step^2}`; they are not renormalised,
/// because that would spread an error of the window over all nodes. `rows` is the number of output
/// coordinates an atom will carry, for the limit on memory.
pub(super) fn normal_lattice(
    deviation: f64,
    resolution: &Resolution,
    rows: usize,
) -> Result<Vec<Node>> {
    check(resolution, deviation)?;
    if deviation == 0.0 {
        return Ok(vec![(0.0, 1.0)]);
    }
    let step = resolution.normal_step(deviation);
    let (lower, upper) = resolution.normal_window(deviation);
    let (first, last) = ((lower / step).ceil(), (upper / step).ceil());
    let count = first + last + 1.0;
    check_scores(deviation, count, deviation * (lower + upper), resolution)?;
    check_atom_count(count, rows)?;
    let scale = step / (2.0 * PI).sqrt();
    Ok((-(first as i64)..=last as i64)
        .map(|index| {
            let node = index as f64 * step;
            (node, scale * (-0.5 * node * node).exp())
        })
        .collect())
}

/// A node of one coordinate of a uniform point on the unit sphere.
pub(super) struct SphereNode {
    /// The coordinate `xi`, in `(-1, 1)`.
    pub(super) coordinate: f64,
    /// `1 - xi^2`, without cancellation.
    pub(super) complement: f64,
    /// Its probability.
    pub(super) weight: f64,
}

/// Nodes of one coordinate `xi` of a uniform point on the unit sphere of `R^dimension`, `dimension >= 2`,
/// for scores `scale * xi`, `scale > 0`.
///
/// `xi` has density proportional to `(1 - xi^2)^{(d-3)/2}`, which `xi = tanh(sinh(v))` turns into
/// `sech^{d-1}(sinh v) cosh v dv`: analytic in `|Im v| < pi / 2`, with doubly exponential decay, and
/// `d xi / d v <= 1`, so that a step `score_step / scale` in `v` is at most `score_step` in the score.
/// In dimension 2 and for small scales the poles at `|Im v| = pi / 2` limit the step: 0.225 (coarse) leaves
/// an error of `e^{-2 pi (pi / 2) / 0.225} = 1e-19`, times the square of `2 pi / 0.225`.
/// The weights are divided by their sum, which the trapezoid rule makes as good as the exact constant.
///
/// The window is cut where the weight, also after multiplication by `e^{4 scale xi}` (participation
/// sums up to order 4), is below `e^{-margin^2 / 2}` times its largest value.
pub(super) fn sphere_lattice(
    dimension: usize,
    scale: f64,
    resolution: &Resolution,
    rows: usize,
) -> Result<Vec<SphereNode>> {
    check(resolution, scale)?;
    let power = dimension as f64 - 1.0;
    let step = (resolution.score_step / scale)
        .min(resolution.standard_step / power.sqrt())
        .min(0.75 * resolution.score_step);
    let negligible = 0.5 * resolution.margin * resolution.margin;
    // The largest value of 4 scale xi - power ln cosh u is attained where 4 scale (1 - xi^2) = power xi;
    // the upper end must lie `negligible` below it even with xi = 1.
    // Below 1e-150 the peak is at 0 to all digits.
    let tilt = (4.0 * scale).max(1e-150);
    let peak = 2.0 * tilt / (power + power.hypot(2.0 * tilt));
    let rest = power * peak / (tilt * (1.0 + peak)); // 1 - peak, without cancellation
    let deficit = tilt * rest - 0.5 * power * (rest * (1.0 + peak)).ln();
    let end = |height: f64| inverse_log_cosh(height / power).asinh();
    let (first, last) = (
        (end(negligible) / step).ceil(),
        (end(negligible + deficit) / step).ceil(),
    );
    let count = first + last + 1.0;
    check_scores(scale, count, 2.0 * scale, resolution)?;
    check_atom_count(count, rows)?;
    let mut nodes: Vec<SphereNode> = (-(first as i64)..=last as i64)
        .map(|index| {
            let v = index as f64 * step;
            let u = v.sinh();
            // Not the logarithm of a hyperbolic secant near 1, which would lose a power of thousands its digits.
            let square = u.sinh() * u.sinh();
            SphereNode {
                coordinate: u.tanh(),
                complement: 1.0 / (1.0 + square),
                weight: (-0.5 * power * square.ln_1p()).exp() * v.cosh(),
            }
        })
        .collect();
    let total: f64 = nodes.iter().map(|node| node.weight).sum();
    for node in &mut nodes {
        node.weight /= total;
    }
    Ok(nodes)
}

/// The `u >= 0` with `ln cosh u = height`.
fn inverse_log_cosh(height: f64) -> f64 {
    height + (-(-2.0 * height).exp_m1()).sqrt().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_weights_sum_to_one_at_both_resolutions() {
        for resolution in [Resolution::fine(27.0), Resolution::coarse(27.0)] {
            for deviation in [1e-6, 0.3, 1.0, 12.0] {
                let nodes = normal_lattice(deviation, &resolution, 1).unwrap();
                let total: f64 = nodes.iter().map(|n| n.1).sum();
                assert!((total - 1.0).abs() < 1e-15 * 10.0, "{deviation}: {total}");
            }
        }
    }

    #[test]
    fn sphere_nodes_have_the_moments_of_a_coordinate() {
        for resolution in [Resolution::fine(10.0), Resolution::coarse(10.0)] {
            for (dimension, scale) in [(2, 0.1), (2, 30.0), (3, 5.0), (7, 200.0), (400, 3.0)] {
                let nodes = sphere_lattice(dimension, scale, &resolution, 1).unwrap();
                let d = dimension as f64;
                let second: f64 = nodes.iter().map(|n| n.weight * n.coordinate.powi(2)).sum();
                let fourth: f64 = nodes.iter().map(|n| n.weight * n.coordinate.powi(4)).sum();
                assert!(
                    (second * d - 1.0).abs() < 2e-13,
                    "{dimension} {scale}: {second}"
                );
                assert!((fourth * d * (d + 2.0) / 3.0 - 1.0).abs() < 2e-13);
            }
        }
    }

    #[test]
    fn an_impossible_lattice_is_refused() {
        let fine = Resolution::fine(10.0);
        assert!(normal_lattice(1e12, &fine, 1).is_err());
        assert!(normal_lattice(f64::NAN, &fine, 1).is_err());
        assert!(sphere_lattice(3, 1e12, &fine, 1).is_err());
        assert!(sphere_lattice(3, f64::NAN, &fine, 1).is_err());
        let broken = Resolution {
            score_step: f64::NAN,
            ..fine
        };
        assert!(normal_lattice(1.0, &broken, 1).is_err());
    }
}
