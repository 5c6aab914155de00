//! Score atoms with the output centred, and their single-token expectations with bounds of the rounding.

use std::sync::Arc;

use nalgebra::{DMatrix, DVector};

use crate::error::{Error, Result};
use crate::exact::output::moments::{LeftEnd, OutputMoments, OutputNode, RightEnd};
use crate::exact::output::node_sums::{NodeSums, Size};
use crate::exact::sums::compensated::{Centred, GROUP, OF_SUM, lost_by_underflow};
use crate::exact::sums::integral::may_stop;
use crate::exact::sums::score_weights::ScoreWeights;
use crate::exact::sums::weights::{WeightAtoms, ln_phi_and_rounding, on_lattice_below, too_wide};
use crate::exact::value::UNIT;
use crate::law::{ScoreAtoms, Sum};

/// Nodes evaluated together, so that the sums over atoms are one matrix product.
pub(super) const BLOCK: usize = 32;
/// Nodes beyond which a lattice is refused.
pub(super) const MOST_NODES: usize = 20_000;
/// Score atoms with the output centred at `T = V m(a)`.
pub(in crate::exact) struct CentredAtoms {
    pub(super) weights: WeightAtoms,
    /// `f`, one column an atom.
    pub(super) outputs: Centred,
    pub(super) sizes: Vec<Size>,
    /// Bounds of the relative errors of an `x` but for the roundings that made it a weight, and of a probability; of the rounding of
    /// conditional variances (absolute) and of squared norms (relative).
    pub(super) of_x: f64,
    pub(super) of_probability: f64,
    pub(super) of_spread: f64,
    pub(super) of_norm: f64,
    /// Why the errors of the integrals are no bounds, if they are not.
    pub(in crate::exact) unproved: Option<&'static str>,
    pub(in crate::exact) exact: bool,
}

/// May a lattice end with this node, at this `tau`?
pub(super) type Stop<'a> = dyn Fn(f64, &OutputNode) -> bool + 'a;

/// Outputs below this have squares that may underflow.
const LEAST_OUTPUT: f64 = 1e-120;

impl CentredAtoms {
    /// # Errors
    /// If the square of an output overflows.
    pub fn new(atoms: &ScoreAtoms) -> Result<Self> {
        let ScoreWeights {
            weights,
            of_x,
            of_probability,
            unproved,
        } = ScoreWeights::new(atoms)?;
        let tilted = weights.tilted();
        let mut outputs = Centred::new(Arc::clone(&atoms.outputs), &tilted);
        let mut rounding = std::mem::take(&mut outputs.rounding);
        for (all, own) in rounding.iter_mut().zip(&atoms.rounding.outputs) {
            *all += own;
        }
        let norms = std::mem::take(&mut outputs.norms);
        // What the errors of the tilted probabilities and of the outputs move T by.
        let relative = of_x + weights.rounding(0.0) + 8.0 * UNIT;
        let of_mean: f64 = tilted
            .iter()
            .zip(norms.iter().zip(&rounding))
            .map(|(p, (norm, rounding))| p * (relative * norm + rounding))
            .sum();
        let largest = outputs.largest;
        let of_mean = of_mean + lost_by_underflow(&norms);
        let sizes: Vec<Size> = norms
            .iter()
            .zip(rounding)
            .zip(&atoms.spreads)
            .map(|((norm, rounding), spread)| Size {
                square: norm * norm + spread,
                norm: *norm,
                rounding: rounding + of_mean,
            })
            .collect();
        if !sizes.iter().all(|size| size.square.is_finite()) {
            return Err(overflow());
        }
        let spread = atoms.spreads.iter().fold(0.0_f64, |most, x| most.max(*x));
        let largest = largest.max(spread.sqrt());
        let unproved = unproved.or(underflow(largest));
        Ok(Self {
            of_norm: (outputs.shape().0 as f64 + 4.0) * UNIT,
            weights,
            outputs,
            sizes,
            of_x,
            of_probability,
            of_spread: atoms.rounding.spread,
            unproved,
            exact: atoms.exact,
        })
    }

    /// `E|f|^2` and a bound of its rounding.
    pub fn mean_square(&self) -> (f64, f64) {
        let (mut square, mut rounding) = (Sum::default(), 0.0);
        for (p, size) in self.weights.probability().iter().zip(&self.sizes) {
            square.add(p * size.square);
            rounding += p * size.rounding * (2.0 * size.norm + size.rounding);
        }
        let square = square.value();
        let relative = self.of_probability + self.of_norm + 8.0 * UNIT;
        (square, rounding + self.of_spread + relative * square)
    }

    /// `E f` and a bound of its rounding, in norm.
    pub fn mean(&self) -> (Vec<f64>, f64) {
        let probability = self.weights.probability();
        let mean = self.outputs.sum(probability);
        let relative = self.of_probability + 8.0 * UNIT;
        let rounding = probability
            .iter()
            .zip(&self.sizes)
            .map(|(p, size)| p * (relative * size.norm + size.rounding))
            .sum();
        (mean.as_slice().to_vec(), rounding)
    }

    /// Single-token expectations on a lattice of this step, good for all lengths from `shortest >= 2` to `longest`.
    pub fn moments(&self, step: f64, shortest: f64, longest: f64) -> Result<OutputMoments> {
        let tau = self.leftmost(shortest, longest)?;
        // A multiple of the step: of a dyadic step every node then is a float.
        let tau = (tau / step).floor() * step;
        self.moments_from(tau, step, &|_, node| {
            may_stop(shortest, longest, node.ln_phi, node.bump)
        })
    }

    /// The leftmost `tau` that integrals for these lengths need.
    pub fn leftmost(&self, shortest: f64, longest: f64) -> Result<f64> {
        Self::leftmost_of(&self.weights, &self.sizes, shortest, longest)
    }

    pub(super) fn leftmost_of(
        weights: &WeightAtoms,
        sizes: &[Size],
        shortest: f64,
        longest: f64,
    ) -> Result<f64> {
        let importance = |of: fn(&Size) -> f64| -> Vec<f64> { sizes.iter().map(of).collect() };
        let mut tau = f64::INFINITY;
        for importance in [importance(|size| size.square), importance(|_| 1.0)] {
            tau = tau.min(weights.left_end(&importance, shortest, longest)?);
        }
        left_end_of_bias(weights, sizes, tau, longest)
    }

    /// Single-token expectations on the lattice that starts at `tau` and ends with the first node at which `stop` is true.
    pub fn moments_from(&self, mut tau: f64, step: f64, stop: &Stop<'_>) -> Result<OutputMoments> {
        let mut moments = OutputMoments {
            step,
            nodes: Vec::new(),
            bias: Vec::new(),
            left: Self::left_end_of(&self.weights, &self.sizes, tau),
            right: RightEnd::default(),
            outputs: node_count(&self.sizes),
            mean_square: self.mean_square().0,
        };
        loop {
            if self.block(tau, step, stop, &mut moments) {
                let last = tau + (moments.nodes.len() - 1) as f64 % BLOCK as f64 * step;
                moments.right = Self::right_end_of(&self.weights, &self.sizes, last);
                return Ok(moments);
            }
            if moments.nodes.len() > MOST_NODES {
                return Err(too_wide());
            }
            tau += BLOCK as f64 * step;
        }
    }

    /// What bounds the integrals to the left.
    pub(super) fn left_end_of(weights: &WeightAtoms, sizes: &[Size], tau: f64) -> LeftEnd {
        let mut end = LeftEnd {
            reach: reach(weights, sizes, tau),
            ..LeftEnd::default()
        };
        for ((p, k), size) in weights.kernels(tau).zip(sizes) {
            let part = p * k.bump_below();
            end.bump += part;
            end.square += part * size.square;
        }
        end
    }

    /// What bounds the integrals to the right.
    pub(super) fn right_end_of(weights: &WeightAtoms, sizes: &[Size], tau: f64) -> RightEnd {
        let mut end = RightEnd::default();
        for ((p, k), size) in weights.kernels(tau).zip(sizes) {
            let part = p * (1.0 + k.x) * k.decay;
            end.bump += part;
            end.square += part * size.square;
            end.bias += p * size.norm * k.decay;
        }
        end
    }

    /// Appends up to [`BLOCK`] nodes from `tau` on; true if the last of them may end the lattice.
    fn block(&self, tau: f64, step: f64, stop: &Stop<'_>, to: &mut OutputMoments) -> bool {
        let atoms = self.sizes.len();
        let mut factors = DMatrix::zeros(atoms, BLOCK);
        let mut others = vec![0.0; atoms];
        let mut done = false;
        let mut count = 0;
        for (node, mut column) in factors.column_iter_mut().enumerate() {
            let tau = tau + node as f64 * step;
            let mut sums = NodeSums::<Sum>::default();
            let mut terms = self
                .weights
                .kernels(tau)
                .zip(&self.sizes)
                .zip(column.iter_mut().zip(&mut others));
            loop {
                let mut part = NodeSums::<f64>::default();
                let mut taken = 0;
                for (((p, k), size), (factor, other)) in terms.by_ref().take(GROUP) {
                    part.add(p, &k, size);
                    *factor = p * k.x * k.decay;
                    *other = -p * k.finite() * k.rise;
                    taken += 1;
                }
                sums.add(&part);
                if taken < GROUP {
                    break;
                }
            }
            let sums = sums.value();
            // Relative error of x; that of a probability is at most as large.
            let of_x = self.of_x + self.weights.rounding(tau);
            // E[w f] = 0, so e^{-x} - 1 may stand for e^{-x}, and does where its bound is the smaller.
            let (direct, other) = sums.of_bias(of_x);
            if other < direct {
                column.copy_from_slice(&others);
            }
            let node = self.node(&sums, of_x, direct.min(other));
            to.nodes.push(node);
            count += 1;
            done = stop(tau, &node);
            if done {
                break;
            }
        }
        to.bias.extend(weighted_outputs(
            self.outputs.shape(),
            |first, size| self.outputs.columns(first, size),
            &factors,
            count,
        ));
        done
    }

    fn node(&self, sums: &NodeSums<f64>, of_x: f64, of_bias: f64) -> OutputNode {
        let (ln_phi, of_ln_phi) =
            ln_phi_and_rounding(sums.rise, sums.stay, sums.near, (of_x, OF_SUM));
        OutputNode {
            ln_phi,
            of_ln_phi,
            phi: libm::exp(ln_phi),
            bump: sums.bump,
            of_bump: of_x * (3.0 * sums.bump + sums.third_bump) + OF_SUM * sums.bump,
            square: sums.square,
            of_square: of_x * (3.0 * sums.square + sums.third)
                + (OF_SUM + self.of_norm) * sums.square
                + 2.0 * (sums.square * sums.of_square).sqrt()
                + sums.of_square
                + self.of_spread * sums.bump,
            of_bias,
        }
    }
}

pub(super) fn overflow() -> Error {
    Error::Unavailable {
        what: "the exact error",
        why: "the square of an output overflows; tokens or values must be below 1e154".into(),
    }
}

/// Why outputs whose largest coordinate is this are no ground for a proof, if they are not.
pub(super) fn underflow(largest: f64) -> Option<&'static str> {
    let why = "the squares of the outputs may underflow";
    (largest > 0.0 && largest < LEAST_OUTPUT).then_some(why)
}

/// The outputs summed with the factors in each of the first `count` columns.
pub(super) fn weighted_outputs(
    (rows, atoms): (usize, usize),
    outputs: impl Fn(usize, usize) -> DMatrix<f64>,
    factors: &DMatrix<f64>,
    count: usize,
) -> Vec<DVector<f64>> {
    let mut sums = vec![Sum::default(); rows * count];
    let mut part = DMatrix::zeros(rows, count);
    for first in (0..atoms).step_by(GROUP) {
        let size = GROUP.min(atoms - first);
        let outputs = outputs(first, size);
        part.gemm(1.0, &outputs, &factors.view((first, 0), (size, count)), 0.0);
        for (sum, entry) in sums.iter_mut().zip(part.iter()) {
            sum.add(*entry);
        }
    }
    sums.chunks(rows.max(1))
        .map(|column| DVector::from_iterator(column.len(), column.iter().map(|s| s.value())))
        .collect()
}

/// Number of atoms whose output is not the mean.
pub(super) fn node_count(sizes: &[Size]) -> f64 {
    sizes.iter().filter(|size| size.norm > 0.0).count() as f64
}

/// `A(t) = E[x |f| (1 - e^{-x})]`, a bound of `|G|` because `E[w f] = 0`.
fn reach(weights: &WeightAtoms, sizes: &[Size], tau: f64) -> f64 {
    weights
        .kernels(tau)
        .zip(sizes)
        .filter(|(_, size)| size.counts())
        .map(|((p, k), size)| p * k.whole * k.rise * (size.norm + size.rounding))
        .sum()
}

/// Moves the left end until the bias left of it is negligible beside what it could be at `t = 1/L`: `A(t) / t` does
/// not fall, so that `L INT |G|` to the left of `t` is at most `L A(t)`.
fn left_end_of_bias(
    weights: &WeightAtoms,
    sizes: &[Size],
    mut tau: f64,
    longest: f64,
) -> Result<f64> {
    let target = 1e-18 * reach(weights, sizes, on_lattice_below(-longest.ln()));
    let mut steps = 0;
    while reach(weights, sizes, tau) > target {
        tau -= 1.5;
        steps += 1;
        if steps > MOST_NODES {
            return Err(too_wide());
        }
    }
    Ok(tau)
}
