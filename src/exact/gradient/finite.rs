//! `finite-gradient`: the errors of both gradients for a finitely supported law, by the Laplace identity.

use nalgebra::{DMatrix, DVector};

use crate::error::{Error, Result};
use crate::exact::Exact;
use crate::exact::gradient::errors::{ExactGradient, check_shapes};
use crate::exact::gradient::features::Features;
use crate::exact::gradient::node::Node;
use crate::exact::gradient::nodes::{is_past, tuples};
use crate::exact::gradient::terms::{Rows, Terms};
use crate::exact::output::participation::range;
use crate::exact::sums::compensated::{GROUP, normalised};
use crate::exact::sums::integral::may_stop;
use crate::exact::sums::weights::{WeightAtoms, too_wide};
use crate::exact::value::UNIT;
use crate::law::centred_scores;
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
/// If shapes do not fit, if a score is not finite, the scores spread over thousands of units or a fourth power overflows.
///
/// # Accuracy
/// Relative `1e-9` or better, except where the error is a small difference of its terms: where attention has
/// all its weight on one token and the tilted law has nearly all its mass on one point. The error estimate
/// counts what cancels: the same sums with absolute values, times a bound of the relative rounding of every factor. A
/// sum that comes out below 0 is reported as 0, with an error that covers.
///
/// # Examples
/// ```
/// use attention_bounds::PromptLength;
/// use attention_bounds::exact::finite_gradient_error;
/// use attention_bounds::nalgebra::{self, dmatrix, dvector};
///
/// // One fair sign at the tilt 1: Chat = 0 and C = 1 - tanh^2, so the error in U is C^2 |z|^2.
/// let signs = (&dmatrix![-1.0, 1.0], [0.5, 0.5].as_slice());
/// let found = finite_gradient_error(signs, &dmatrix![1.0], &dvector![1.0], 3.0, &[PromptLength::new(1)?])?[0];
/// let covariance = 1.0 - 1f64.tanh().powi(2);
/// assert!((found.key_query.value - 3.0 * covariance.powi(2)).abs() < 1e-12);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
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
    let (scores, _) = centred_scores(points, probability, tilt)?;
    let probability = normalised(probability);
    let largest = scores.iter().fold(1.0_f64, |most, s| most.max(s.abs()));
    let weights = WeightAtoms::new(&probability, &scores);
    weights.check_spread()?;
    let features = Features::new(points, &weights, value, 2.0 * UNIT * largest)?;
    let outputs = value.nrows() as f64;
    let single = || ExactGradient {
        value: features.single_token(&probability).scaled(outputs),
        key_query: features.limit_square().scaled(query_square),
    };
    let Some((shortest, longest)) = range(lengths) else {
        return Ok(lengths.iter().map(|_| single()).collect());
    };
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
            let resolved = |fine: f64, coarse: f64, rounding: f64| {
                let resolved = Exact::from_resolutions(fine, coarse);
                Exact {
                    error: resolved.error + rounding,
                    ..resolved
                }
                .non_negative()
            };
            let value = resolved(fine.value, coarse.value, fine.of_value);
            let key_query = resolved(fine.key_query, coarse.key_query, fine.of_key_query);
            ExactGradient {
                value: value.scaled(outputs),
                key_query: key_query.scaled(query_square),
            }
        })
        .collect())
}

struct Integrals {
    value: f64,
    of_value: f64,
    key_query: f64,
    of_key_query: f64,
}

fn integrate(nodes: &[Node], step: f64, length: f64) -> Integrals {
    let (mut sums, mut roundings) = ([0.0; 2], [0.0; 2]);
    for (place, node) in nodes.iter().enumerate() {
        if is_past(length, node.ln_phi) {
            break;
        }
        let ways = tuples(length, node.ln_phi);
        // Of the powers of phi, and of everything else.
        let (of_ln_phi, of_terms) = node.rounding;
        let exponent = length * node.ln_phi.abs().min(1e3);
        let mut relative = length * of_ln_phi + UNIT * (8.0 + exponent) + of_terms;
        if place == 0 {
            // What lies to the left falls at least as t.
            relative += 1.0 / step;
        }
        let terms = node.terms.sum(&ways, -1.0);
        let mut sizes = node.sizes.sum(&ways, 1.0);
        if place == 0 {
            // But for the terms of one token, which the left end leaves below 1e-18 of their integral.
            let [one, ..] = ways;
            let alone = node.sizes.sum(&[one, 0.0, 0.0, 0.0], 1.0);
            for (size, alone) in sizes.iter_mut().zip(alone) {
                *size = (*size - alone).max(0.0);
            }
        }
        for place in 0..2 {
            sums[place] += terms[place];
            roundings[place] += relative * sizes[place];
        }
    }
    let [value, key_query] = sums.map(|sum| step * sum);
    let [of_value, of_key_query] = roundings.map(|sum| step * sum);
    Integrals {
        value,
        of_value,
        key_query,
        of_key_query,
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
    let mut others = vec![0.0; atoms];
    for (place, ((mut one, mut two), mut three)) in columns.enumerate() {
        let tau = tau + place as f64 * STEP;
        let mut sums = Terms::compensated();
        let places = one.iter_mut().zip(two.iter_mut()).zip(three.iter_mut());
        let mut terms = weights
            .kernels(tau)
            .zip(features.scalars())
            .zip(places.zip(&mut others));
        loop {
            let mut part = Terms::default();
            let mut taken = 0;
            for (((p, k), scalars), (((one, two), three), other)) in terms.by_ref().take(GROUP) {
                *one = p * k.x * k.decay;
                *two = *one * k.x;
                *three = *two * k.x;
                *other = -p * k.whole * k.rise;
                part.add(p, &k, scalars);
                taken += 1;
            }
            sums.add(&part);
            if taken < GROUP {
                break;
            }
        }
        let row = features.rows(&sums.value(), weights.rounding(tau));
        // E[w f] = 0, so e^{-x} - 1 may stand for e^{-x}, and does where it cancels less.
        if row.by_other {
            one.copy_from_slice(&others);
        }
        rows.push(row);
        done = may_stop(shortest, longest, row.ln_phi, row.bump);
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
        features.singles(&rows, to);
    } else {
        features.contract(&bumps, &rows, to);
    }
    done
}
