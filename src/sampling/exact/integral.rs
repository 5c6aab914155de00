//! The integrals over `t`, from the value of each design at one `t`.

use rayon::prelude::*;

use crate::exact::UNIT;
use crate::sampling::exact::quadrature::QuadratureNode;

/// Nodes that are computed at once, on as many threads as there are.
const BLOCK: usize = 8;
/// `(1 + x) e^{-x}` is at most 1.14 `e^{-x/2.4}`, and four nodes back `t` is smaller by more than that factor.
const BACK: (usize, f64) = (4, 1.14);
/// What is left out on the right, relatively.
const NEGLIGIBLE: f64 = 1e-17;
/// Relative error of the quadrature, for every denominator: lattice, ends, what stands for the left end, roundings.
const OF_QUADRATURE: f64 = 1e-15;

/// Expectations at one `t`, all divided by `e^{ln_scale}`; `N` is numerator less `T` times the denominator `D`, in units.
pub(super) struct NodeValue {
    pub ln_scale: f64,
    /// `E|N|^2 e^{-tD}` and its error.
    pub square: (f64, f64),
    /// `E N e^{-tD}`, and the error of its norm.
    pub first: (Vec<f64>, f64),
    /// `E e^{-tD}`, an upper bound.
    pub total: f64,
    /// Are the expectations known to a part of themselves? The integrals end where they are not.
    pub known: bool,
}

/// `E|N/D|^2` and `E N/D`, with their errors.
pub(super) struct Integrals {
    pub square: (f64, f64),
    pub first: (Vec<f64>, f64),
}

/// The integrals; `farthest` is at least `|N/D|`.
pub(super) fn integrate(
    nodes: &[QuadratureNode],
    rows: usize,
    farthest: f64,
    value: impl Fn(f64) -> NodeValue + Sync,
) -> Integrals {
    let (mut square, mut of_square, mut of_first) = (0.0, 0.0, 0.0);
    let mut first = vec![0.0; rows];
    let mut sizes_of_first = 0.0;
    let mut totals: Vec<f64> = Vec::new();
    'nodes: for block in nodes.chunks(BLOCK) {
        let values: Vec<NodeValue> = block.par_iter().map(|node| value(node.ln_t)).collect();
        for (node, found) in block.iter().zip(values) {
            if !found.known {
                let back = totals.len().checked_sub(BACK.0);
                let total = back.and_then(|place| totals.get(place)).unwrap_or(&1.0);
                of_square += BACK.1 * farthest * farthest * total;
                of_first += farthest * total;
                break 'nodes;
            }
            let scale = libm::exp(2.0 * node.ln_t + found.ln_scale) * node.factor;
            square += scale * found.square.0;
            of_square += scale * found.square.1;
            let scale = libm::exp(node.ln_t + found.ln_scale) * node.factor;
            let mut size = 0.0;
            for (sum, entry) in first.iter_mut().zip(&found.first.0) {
                *sum += scale * entry;
                size += entry * entry;
            }
            sizes_of_first += scale * size.sqrt();
            of_first += scale * found.first.1;
            totals.push(libm::exp(found.ln_scale) * found.total);
        }
        let back = totals.len().checked_sub(1 + BACK.0);
        let total = back.and_then(|place| totals.get(place));
        let left_out = |total: &f64| BACK.1 * farthest * farthest * total;
        if total.is_some_and(|total| left_out(total) <= NEGLIGIBLE * square) {
            break;
        }
    }
    // Of the sum, and of `ln t` in the nodes and in the exponents, some 40 at most where they count.
    let additions = (nodes.len() as f64 + 256.0) * UNIT;
    let root = square.max(0.0).sqrt();
    Integrals {
        square: (
            square,
            of_square + (OF_QUADRATURE + additions) * square.abs(),
        ),
        first: (
            first,
            of_first + OF_QUADRATURE * root + additions * sizes_of_first,
        ),
    }
}
