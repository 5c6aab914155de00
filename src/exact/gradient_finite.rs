//! `finite-gradient`: the errors of both gradients for a finitely supported law, by the Laplace identity.

use nalgebra::{DMatrix, DVector};

use super::gradient::{ExactGradient, check_shapes};
use super::gradient_features::{Features, Rows};
use super::gradient_nodes::{is_past, tuples};
use super::integral::may_stop;
use super::participation::range;
use super::weights::{WeightAtoms, kernel, too_wide};
use super::{Exact, ROUNDING};
use crate::error::{Error, Result};
use crate::parameter::PromptLength;

/// Step in `ln t`; every second node makes the comparison, whose lattice error is below 6e-11 (`outer-lattice`).
const STEP: f64 = 0.14;
/// Nodes evaluated together, so that the sums over atoms are matrix products.
const BLOCK: usize = 32;
/// Nodes beyond which a lattice is refused.
const MOST_NODES: usize = 20_000;

/// Both gradient errors of the law on the columns of `points` (`d x n`) with these probabilities, one result a
/// length (`finite-gradient`).
///
/// With `y = X - m(a)`, `o = V y` and `F = o y^T - V C(a)`:
/// `V (Chat - C) = sum_i p_i F_i - (sum_i p_i o_i)(sum_i p_i y_i)^T`, whose squared norm is a polynomial of degree 4
/// in the weights. By T2 its expectation is an integral over `t` of products of single-token expectations: the
/// cost is `O(n d^2)` a node, and does not grow with `L`.
///
/// # Errors
/// If shapes do not fit, if a score is not finite or the scores spread over thousands of units.
///
/// # Accuracy
/// Relative `1e-9` or better, except where the error is a small difference of its terms: where attention has
/// all its weight on one token and the tilted law has nearly all its mass on one point. The error estimate
/// counts what cancels.
pub fn finite_gradient_error(
    (points, probability): (&DMatrix<f64>, &[f64]),
    value: &DMatrix<f64>,
    tilt: &DVector<f64>,
    query_square: f64,
    lengths: &[PromptLength],
) -> Result<Vec<ExactGradient>> {
    check_shapes(points.nrows(), value, tilt)?;
    if points.ncols() == 0 || points.ncols() != probability.len() {
        return Err(Error::shape(
            "the list of probabilities",
            probability.len(),
            format!(
                "one for each of the {} points, at least one",
                points.ncols()
            ),
        ));
    }
    let scores = points.tr_mul(tilt);
    if !scores.iter().all(|s| s.is_finite()) {
        return Err(Error::Unavailable {
            what: "the exact error of a gradient",
            why: "a score is not a finite number; tilt or tokens must be smaller".into(),
        });
    }
    let weights = WeightAtoms::new(probability, scores.as_slice());
    let features = Features::new(points, &weights, value);
    let outputs = value.nrows() as f64;
    let single = || ExactGradient {
        value: rounded(outputs * features.single_token(probability)),
        key_query: rounded(features.limit_square() * query_square),
    };
    let Some((shortest, longest)) = range(lengths) else {
        return Ok(lengths.iter().map(|_| single()).collect());
    };
    // rho - 1.
    let excess = weights
        .iter()
        .map(|(p, ln_w)| p * (2.0 * ln_w).exp())
        .sum::<f64>()
        - 1.0;
    let excess = excess.max(0.0);
    let fine = lattice(&weights, &features, shortest, longest)?;
    let coarse: Vec<Node> = fine.iter().step_by(2).copied().collect();
    Ok(lengths
        .iter()
        .map(|length| {
            if length.get() == 1 {
                return single();
            }
            let length = length.as_f64();
            let (fine, coarse) = (
                integrate(&fine, STEP, length),
                integrate(&coarse, 2.0 * STEP, length),
            );
            // The centre m and the limit C are rounded too: that counts twice with the bias, which is at most
            // the root of the error, and as E[w F] = 0 at most (I_1 (rho - 1) / L)^{1/2} + I_3^{1/2}.
            let spread = (excess / length).sqrt();
            let centring = |size: f64, bias: f64| {
                let off = 2.0 * f64::EPSILON * size.sqrt();
                off * (2.0 * bias + off)
            };
            let mut v = Exact::from_resolutions(fine.value, coarse.value);
            let root = v.value.max(0.0).sqrt();
            v.error += centring(features.tilted_variance(), root * spread.min(1.0));
            let mut u = Exact::from_resolutions(fine.key_query, coarse.key_query);
            let bias = fine.linear.max(0.0).sqrt() * spread + fine.square.max(0.0).sqrt();
            let bias = bias.min(u.value.max(0.0).sqrt());
            u.error += ROUNDING * fine.size + centring(features.limit_square(), bias);
            ExactGradient {
                value: v.scaled(outputs),
                key_query: u.scaled(query_square),
            }
        })
        .collect())
}

fn rounded(value: f64) -> Exact {
    Exact {
        value,
        error: ROUNDING * value,
    }
}

/// What the integrands need at one `t`, contracted over coordinates.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub ln_phi: f64,
    /// `E[x^2 |y|^2 e^{-x}]` and `|E[x y e^{-x}]|^2`.
    pub value: [f64; 2],
    /// `|sum p F|^2`: one and two different tokens.
    pub linear: [f64; 2],
    /// `<sum p F, (sum p o)(sum p y)^T>`: one, two and three different tokens.
    pub mixed: [f64; 3],
    /// `|sum p o|^2 |sum p y|^2`: one to four different tokens.
    pub square: [f64; 4],
}

struct Integrals {
    value: f64,
    key_query: f64,
    /// `I_1` and `I_3`.
    linear: f64,
    square: f64,
    /// Sum of the absolute values of the three parts of `key_query`.
    size: f64,
}

fn integrate(nodes: &[Node], step: f64, length: f64) -> Integrals {
    let (mut value, mut linear, mut mixed, mut square) = (0.0, 0.0, 0.0, 0.0);
    for node in nodes {
        if is_past(length, node.ln_phi) {
            break;
        }
        let ways = tuples(length, node.ln_phi);
        let dot = |terms: &[f64]| -> f64 { terms.iter().zip(&ways).map(|(a, b)| a * b).sum() };
        value += dot(&node.value);
        linear += dot(&node.linear);
        mixed += dot(&node.mixed) / 2.0;
        square += dot(&node.square) / 6.0;
    }
    Integrals {
        value: step * value,
        linear: step * linear,
        square: step * square,
        key_query: step * (linear - 2.0 * mixed + square),
        size: step * (linear + 2.0 * mixed.abs() + square),
    }
}

fn lattice(
    weights: &WeightAtoms,
    features: &Features,
    shortest: f64,
    longest: f64,
) -> Result<Vec<Node>> {
    // The left end must serve every part, and the weights themselves, by which the right end is found.
    let mut tau = f64::INFINITY;
    for importance in features.importances() {
        tau = tau.min(weights.left_end(&importance, shortest, longest)?);
    }
    let mut nodes = Vec::new();
    loop {
        if block(weights, features, tau, (shortest, longest), &mut nodes) {
            return Ok(nodes);
        }
        if nodes.len() > MOST_NODES {
            return Err(too_wide());
        }
        tau += BLOCK as f64 * STEP;
    }
}

/// Appends up to [`BLOCK`] nodes from `tau` on; true if the last of them may end the lattice.
fn block(
    weights: &WeightAtoms,
    features: &Features,
    tau: f64,
    (shortest, longest): (f64, f64),
    to: &mut Vec<Node>,
) -> bool {
    let atoms = features.atoms();
    // p x^j e^{-x}, j = 1, 2, 3, a row an atom and a column a node.
    let mut bumps = [(); 3].map(|()| DMatrix::zeros(atoms, BLOCK));
    let mut rows = Vec::with_capacity(BLOCK);
    let mut done = false;
    let [first, second, third] = &mut bumps;
    let columns = first
        .column_iter_mut()
        .zip(second.column_iter_mut())
        .zip(third.column_iter_mut());
    for (place, ((mut one, mut two), mut three)) in columns.enumerate() {
        let tau = tau + place as f64 * STEP;
        let mut rise = 0.0;
        let mut sums = Rows::default();
        let places = one.iter_mut().zip(two.iter_mut()).zip(three.iter_mut());
        for (((p, ln_w), scalars), ((one, two), three)) in
            weights.iter().zip(features.scalars()).zip(places)
        {
            let k = kernel(tau + ln_w);
            rise += p * k.rise;
            let bump = p * k.x * k.decay;
            // E[w f] = 0, so e^{-x} - 1 may stand for e^{-x}: for t < 1 it cancels less.
            *one = if tau < 0.0 {
                -p * (tau + ln_w).exp() * k.rise
            } else {
                bump
            };
            *two = bump * k.x;
            *three = *two * k.x;
            sums.add(*two, *three, k.x, scalars);
        }
        sums.ln_phi = weights.ln_phi(rise, tau);
        rows.push(sums);
        done = may_stop(shortest, longest, sums.ln_phi, sums.bump);
        if done {
            break;
        }
    }
    // Where every x is at most 1, the terms of two different tokens are at most about L E[x^2 e^{-x}] times those
    // of one, and those of degree 4 at most L^2 E[x^2 e^{-x}]^2, of a sum of at least L^{-2}: both negligible here.
    let last = rows.last().map_or(f64::INFINITY, |row: &Rows| row.bump);
    let end = tau + rows.len() as f64 * STEP;
    let largest = weights
        .iter()
        .map(|(_, ln_w)| ln_w)
        .fold(f64::NEG_INFINITY, f64::max);
    if end + largest < 0.0 && longest * last < 1e-19 && longest * longest * last < 1e-10 {
        Features::singles(&rows, to);
    } else {
        features.contract(&bumps, &rows, to);
    }
    done
}
