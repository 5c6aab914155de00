//! T18 `expected-entropy`: how diffuse the attention weights are.

use nalgebra::DVector;

use crate::error::Result;
use crate::exact::Exact;
use crate::exact::output::moments::LEAST_EXPONENT;
use crate::exact::output::participation::range;
use crate::exact::sums::compensated::{GROUP, OF_SUM};
use crate::exact::sums::integral::{exp_non_positive, may_stop};
use crate::exact::sums::score_weights::ScoreWeights;
use crate::exact::sums::weights::{WeightAtoms, ln_phi_and_rounding, too_wide};
use crate::exact::value::{MARGIN, UNIT};
use crate::law::{OutputLaw, Resolution, Sum};
use crate::parameter::PromptLength;

/// Euler's constant.
const EULER: f64 = 0.577_215_664_901_532_9;
/// Step in `ln t`, a dyadic number at which the lattice errs by less than `OF_LATTICE` of its absolute terms (`outer-lattice`, order 1).
const STEP: f64 = 0.1875;
const OF_LATTICE: f64 = 1e-18;
/// Every `x L` at the first node is below the exponential of this.
const LEFT: f64 = -46.0;
/// Nodes beyond which a lattice is refused.
const MOST_NODES: usize = 20_000;

/// The expected entropy `E H`, `H = -sum_i p_i ln p_i`, of the attention weights in nats, one result a length (T18).
///
/// `E H = -L INT E[x (ln x + gamma) e^{-x}] phi^{L-1} dtau` with `x = t w`, `t = e^tau`, `phi = E e^{-x}` and Euler's constant `gamma`. It lies
/// between 0 and `ln L`, and `E H - ln L` tends to `-KL(mu_a | mu) = Lam(a) - <a, m(a)>` as `L` grows: `e^{E H}` is the number of tokens among which the
/// attention is spread.
///
/// # Errors
/// If the law has no score atoms or scores spread over thousands of units.
///
/// # Accuracy
/// Proved for laws of finite support (T16), an estimate by two resolutions for other laws. Each value carries its error.
///
/// # Examples
/// ```
/// use attention_bounds::PromptLength;
/// use attention_bounds::exact::expected_entropy;
/// use attention_bounds::law::{Rademacher, TokenLaw};
/// use attention_bounds::nalgebra::{self, dmatrix, dvector};
///
/// // Without a tilt the weights are 1/L.
/// let law = Rademacher::new(1, 1.0)?;
/// let found = expected_entropy(law.through(&dmatrix![1.0]).as_ref(), &dvector![0.0], &[PromptLength::new(50)?])?[0];
/// assert!((found.value - 50f64.ln()).abs() < 1e-12);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn expected_entropy(
    law: &dyn OutputLaw,
    tilt: &DVector<f64>,
    lengths: &[PromptLength],
) -> Result<Vec<Exact>> {
    let Some((shortest, longest)) = range(lengths) else {
        return Ok(vec![Exact::ZERO; lengths.len()]);
    };
    let lattice = |resolution: Resolution| -> Result<(EntropyMoments, Option<&'static str>)> {
        let atoms = ScoreWeights::new(&law.score_atoms(tilt, resolution)?)?;
        Ok((
            EntropyMoments::new(&atoms, shortest, longest)?,
            atoms.unproved,
        ))
    };
    let (fine, unproved) = lattice(Resolution::fine(longest.ln()))?;
    let coarse = match unproved {
        Some(_) => Some(lattice(Resolution::coarse(longest.ln()))?.0),
        None => None,
    };
    Ok(lengths
        .iter()
        .map(|length| {
            if length.get() == 1 {
                return Exact::ZERO;
            }
            let (value, error) = fine.integrate(length.as_f64());
            let found = match (unproved, &coarse) {
                (Some(why), Some(coarse)) => {
                    let (other, _) = coarse.integrate(length.as_f64());
                    Exact::from_resolutions(value, other, why).widened(error)
                }
                _ => Exact::proved(value, error),
            };
            found.non_negative()
        })
        .collect())
}

/// `E[x (ln x + gamma) e^{-x}]` on a lattice in `tau`, and what bounds the ends.
struct EntropyMoments {
    nodes: Vec<EntropyNode>,
    /// Of the lattice sum to the left of the first node, over `L`.
    left: f64,
    /// `E[(2 + max(0, ln x)) e^{-x}]` at the last node.
    right: f64,
}

struct EntropyNode {
    ln_phi: f64,
    of_ln_phi: f64,
    value: f64,
    /// With absolute values.
    size: f64,
    /// A bound of the rounding of the value.
    rounding: f64,
}

impl EntropyMoments {
    fn new(atoms: &ScoreWeights, shortest: f64, longest: f64) -> Result<Self> {
        let weights = &atoms.weights;
        let mut tau = LEFT - longest.ln() - weights.largest().max(0.0);
        tau = (tau / STEP).floor() * STEP;
        // Below e^{-46} / L, x (|ln x| + gamma) falls to the left by at least a factor e^{-h/2} a step, and 1 / (e^{h/2} - 1) is below 11.
        let left = 11.0
            * STEP
            * weights
                .kernels(tau)
                .zip(weights.iter())
                .map(|((p, k), (_, ln_w))| p * k.whole * ((tau + ln_w).abs() + EULER))
                .sum::<f64>();
        let mut nodes = Vec::new();
        loop {
            let (node, bump) = node(atoms, tau);
            let done = may_stop(shortest, longest, node.ln_phi, bump);
            nodes.push(node);
            if done {
                let right = right_end(weights, tau);
                return Ok(Self { nodes, left, right });
            }
            if nodes.len() > MOST_NODES {
                return Err(too_wide());
            }
            tau += STEP;
        }
    }

    /// `E H` for `length >= 2` tokens, and a bound of its error.
    fn integrate(&self, length: f64) -> (f64, f64) {
        let (mut sum, mut sizes, mut rounding) = (0.0, 0.0, 0.0);
        let mut power = 0.0;
        for node in &self.nodes {
            let exponent = (length - 1.0) * node.ln_phi;
            if !(exponent > LEAST_EXPONENT) {
                power = LEAST_EXPONENT.exp();
                break;
            }
            power = exp_non_positive(exponent);
            let relative = ((length - 1.0) * node.of_ln_phi + UNIT * (8.0 - exponent)).exp_m1();
            sum += node.value * power;
            sizes += node.size * power;
            rounding += power * (node.rounding + relative * node.size);
        }
        let scale = STEP * length;
        let of_sum = UNIT * (self.nodes.len() as f64 + 8.0) + OF_LATTICE;
        // Beyond a node the absolute terms add up to at most twice their integral, and over all nodes to at most 4.
        let right = 2.0 * length * power * self.right.min(2.0);
        let error = scale * (rounding + of_sum * sizes) + length * self.left + right;
        (-scale * sum, MARGIN * error)
    }
}

/// The sums over the atoms at one node, and `E[x^2 e^{-x}]`.
fn node(atoms: &ScoreWeights, tau: f64) -> (EntropyNode, f64) {
    let mut sums = [Sum::default(); 7];
    let mut terms = atoms.weights.kernels(tau).zip(atoms.weights.iter());
    loop {
        let mut part = [0.0; 7];
        let mut taken = 0;
        for ((p, k), (_, ln_w)) in terms.by_ref().take(GROUP) {
            let first = p * k.x * k.decay;
            let logarithm = tau + ln_w + EULER;
            let term = first * logarithm;
            let size = term.abs();
            let numbers = [
                p * k.rise,
                p * k.decay,
                first,
                first * k.x,
                term,
                size,
                k.x * size,
            ];
            for (sum, number) in part.iter_mut().zip(numbers) {
                *sum += number;
            }
            taken += 1;
        }
        for (sum, part) in sums.iter_mut().zip(part) {
            sum.add(part);
        }
        if taken < GROUP {
            break;
        }
    }
    let [rise, stay, near, bump, value, size, second] = sums.map(Sum::value);
    let of_x = atoms.of_x + atoms.weights.rounding(tau);
    let (ln_phi, of_ln_phi) = ln_phi_and_rounding(rise, stay, near, (of_x, OF_SUM));
    // The logarithm is off by that of the weight and by the roundings of two sums.
    let of_logarithm = atoms.of_x
        + atoms.weights.of_ln_weight()
        + 3.0 * UNIT * (tau.abs() + atoms.weights.largest().abs() + 1.0);
    let rounding = (2.0 * of_x + OF_SUM) * size + of_x * second + of_logarithm * near;
    let node = EntropyNode {
        ln_phi,
        of_ln_phi,
        value,
        size,
        rounding,
    };
    (node, bump)
}

/// `INT_x^inf |ln y + gamma| e^{-y} dy` is at most `(2 + max(0, ln x)) e^{-x}`.
fn right_end(weights: &WeightAtoms, tau: f64) -> f64 {
    weights
        .kernels(tau)
        .zip(weights.iter())
        .map(|((p, k), (_, ln_w))| p * k.decay * (2.0 + (tau + ln_w).max(0.0)))
        .sum()
}
