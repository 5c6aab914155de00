//! Nodes in `t` for `1/D^2 = INT t e^{-tD} dt`, the same for every `D` of a range.

use nalgebra::{DMatrix, SymmetricEigen};

/// Step in `ln t`. At it the lattice errs relatively by at most `2 cos(c)^{-2} / (e^{2 pi c / h} - 1)`, 8e-17 at `c = 3/2` (T2, `outer-lattice`).
const STEP: f64 = 0.21875;
/// Nodes that stand for all those at which `t D <= 1`.
const LEFT: usize = 7;
/// Nodes of the lattice that they stand for: further left `t D` is less than `e^{-43}`.
const REPLACED: usize = 200;
/// Beyond `t D` of this nothing is left: `(1 + x) e^{-x}` is below 1.4e-18.
const LARGEST: f64 = 45.0;

/// One node: `INT t^2 f(t) dln t` is about the sum of `factor t^2 f(t)`.
#[derive(Debug, Clone, Copy)]
pub(super) struct QuadratureNode {
    pub ln_t: f64,
    pub factor: f64,
}

/// Nodes for denominators `D` with `ln D` between these, from left to right.
///
/// They are those of a lattice in `ln t`, but for the nodes with `t D <= 1`: of the measure that puts `h t^2` on each of these `e^{-tD}` is almost a
/// polynomial, so that Gauss's rule needs few nodes.
pub(super) fn nodes(ln_least: f64, ln_largest: f64) -> Vec<QuadratureNode> {
    let left = gauss().into_iter().map(|(y, mass)| QuadratureNode {
        ln_t: libm::log(y) - ln_largest,
        factor: STEP * mass / (y * y),
    });
    let reach = (LARGEST.ln() + ln_largest - ln_least).max(0.0);
    let count = (reach / STEP).ceil() as usize;
    let right = (1..=count).map(|place| QuadratureNode {
        ln_t: place as f64 * STEP - ln_largest,
        factor: STEP,
    });
    left.chain(right).collect()
}

/// Left of this `t D` the lattice alone leaves out less than `x^2/2 = 1.3e-18`.
const LEAST: f64 = -20.5;

/// The nodes of the lattice alone, multiples of its step, so that their places are floats.
pub(super) fn lattice(ln_least: f64, ln_largest: f64) -> Vec<QuadratureNode> {
    let first = ((LEAST - ln_largest) / STEP).floor();
    let last = ((LARGEST.ln() - ln_least) / STEP).ceil();
    let count = (last - first).max(0.0) as usize;
    let node = |place: usize| QuadratureNode {
        ln_t: (first + place as f64) * STEP,
        factor: STEP,
    };
    (0..=count).map(node).collect()
}

/// Gauss's rule for the measure that puts `y^2` on `y = e^{-jh}`, `j = 0, 1, ..`: nodes and masses, by Stieltjes' recurrence.
fn gauss() -> Vec<(f64, f64)> {
    let points: Vec<f64> = (0..REPLACED)
        .map(|j| libm::exp(-(j as f64) * STEP))
        .collect();
    let inner = |p: &[f64], q: &[f64], power: i32| -> f64 {
        let terms = points.iter().zip(p.iter().zip(q));
        terms.map(|(y, (p, q))| y.powi(2 + power) * p * q).sum()
    };
    let (mut before, mut last) = (vec![0.0; REPLACED], vec![1.0; REPLACED]);
    let total = inner(&last, &last, 0);
    let mut norm = total;
    let mut jacobi = DMatrix::zeros(LEFT, LEFT);
    let mut ratio = 0.0;
    for row in 0..LEFT {
        let centre = inner(&last, &last, 1) / norm;
        if let Some(entry) = jacobi.get_mut((row, row)) {
            *entry = centre;
        }
        let next: Vec<f64> = points
            .iter()
            .zip(last.iter().zip(&before))
            .map(|(y, (last, before))| (y - centre) * last - ratio * before)
            .collect();
        let new_norm = inner(&next, &next, 0);
        ratio = new_norm / norm;
        for place in [(row, row + 1), (row + 1, row)] {
            if let Some(entry) = jacobi.get_mut(place) {
                *entry = ratio.sqrt();
            }
        }
        (before, last, norm) = (last, next, new_norm);
    }
    let eigen = SymmetricEigen::new(jacobi);
    let mut rule: Vec<(f64, f64)> = eigen
        .eigenvalues
        .iter()
        .zip(eigen.eigenvectors.row(0).iter())
        .map(|(y, first)| (*y, total * first * first))
        .collect();
    rule.sort_by(|x, y| x.0.total_cmp(&y.0));
    rule
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every denominator of the range has its square inverted, and its own inverse (the bias) as well.
    #[test]
    fn inverse_squares_of_a_range() {
        for (width, rule) in [0.0, 0.7, 5.0, 60.0].into_iter().flat_map(|width| {
            [nodes, lattice].map(|rule: fn(f64, f64) -> Vec<QuadratureNode>| (width, rule))
        }) {
            let nodes = rule(-2.0, width - 2.0);
            for i in 0..=100 {
                let ln_d = -2.0 + width * f64::from(i) / 100.0;
                let found = |power: f64| -> f64 {
                    let terms = nodes.iter().map(|node| {
                        let ln_x = node.ln_t + ln_d;
                        node.factor * libm::exp(power * ln_x - libm::exp(ln_x))
                    });
                    terms.sum()
                };
                assert!(
                    (found(2.0) - 1.0).abs() < 4e-15,
                    "{width} {i} {:e}",
                    found(2.0) - 1.0
                );
                // `INT (1 - e^{-x}) e^{-x} dx = 1/2`, as a bias, whose integrand vanishes at 0.
                let vanishing: f64 = nodes
                    .iter()
                    .map(|node| {
                        let x = libm::exp(node.ln_t + ln_d);
                        -node.factor * x * libm::expm1(-x) * libm::exp(-x)
                    })
                    .sum();
                assert!((vanishing - 0.5).abs() < 4e-15, "{width} {i} {vanishing}");
            }
        }
    }
}
