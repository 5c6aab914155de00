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
use crate::exact::sums::score_weights::check_probabilities;
use crate::exact::sums::weights::{WeightAtoms, too_wide};
use crate::exact::value::UNIT;
use crate::law::centred_scores;
use crate::parameter::PromptLength;

/// Step in `ln t`: a dyadic number, at which the lattice errs by less than [`OF_LATTICE`] of the terms (`outer-lattice`, order 4).
const STEP: f64 = 0.1875;
const OF_LATTICE: f64 = 1e-16;
/// Nodes that make more than `ln 2`.
const HALF: usize = 4;
/// `e^{-x} (1 + x + x^2/2 + x^3/6) e^{x/2}` is at most 3.3, and a lattice sum beyond a node at most 1.5 times the integral.
const OF_RIGHT: f64 = 5.0;
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
/// all its weight on one token and the tilted law has nearly all its mass on one point. Proved (T16): the error
/// bounds the lattice and its ends and counts what cancels: the same sums with absolute values, times a bound of the relative rounding of every factor. A
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
    check_probabilities(probability)?;
    let centred = centred_scores(points, probability, tilt)?;
    let probability = normalised(probability);
    let weights = WeightAtoms::new(&probability, &centred.scores);
    weights.check_spread()?;
    let features = Features::new(points, &weights, value, centred.rounding)?;
    let outputs = value.nrows() as f64;
    let possible = points
        .column_iter()
        .zip(&probability)
        .filter(|(_, p)| **p > 0.0);
    let mut drawn = possible.map(|(x, _)| x);
    let first = drawn.next();
    let tokens_vary = drawn.any(|x| Some(x) != first);
    let unproved = unproved(&features, value, tokens_vary);
    let of = |[of_value, of_key_query]: [Exact; 2]| {
        // An error is 0 for certain only if all tokens are equal, or V is 0.
        let judged = |found: Exact, can_be_zero: bool| Exact {
            unproved: unproved.or(
                (!can_be_zero && !(found.value + found.error >= LEAST_VALUE)).then_some(UNDERFLOW),
            ),
            ..found.non_negative()
        };
        ExactGradient {
            value: judged(of_value, !tokens_vary).scaled(outputs),
            key_query: judged(of_key_query, !tokens_vary || value.amax() == 0.0)
                .scaled(query_square),
        }
    };
    let single = || of([features.single_token(&probability), features.limit_square()]);
    let Some((shortest, longest)) = range(lengths) else {
        return Ok(lengths.iter().map(|_| single()).collect());
    };
    let lattice = Lattice::new(&weights, &features, shortest, longest)?;
    Ok(lengths
        .iter()
        .map(|length| {
            if length.get() == 1 {
                return single();
            }
            let found = lattice.integrate(length.as_f64());
            of(found.map(|(value, error)| Exact::proved(value, error)))
        })
        .collect())
}

/// Relative errors up to which a margin covers products of them.
const LARGEST_ERROR: f64 = 1e-6;
/// Sizes of tokens and of values, and the smallest upper end of an error, for which no product of them, of probabilities and of `L^4` that counts underflows.
const SIZES: std::ops::RangeInclusive<f64> = 1e-50..=1e15;
const LEAST_VALUE: f64 = 1e-195;
const UNDERFLOW: &str = "products of tokens, values and probabilities may underflow";

/// Why the errors of the gradients are no bounds, if they are not.
fn unproved(features: &Features, value: &DMatrix<f64>, tokens_vary: bool) -> Option<&'static str> {
    let tokens = features.scalars().iter().map(|s| s.token_size);
    let tokens = tokens.fold(0.0, f64::max);
    let values = value.amax();
    let served =
        (SIZES.contains(&tokens) || !tokens_vary) && (SIZES.contains(&values) || values == 0.0);
    if !(features.relative <= LARGEST_ERROR) {
        Some("the scores are not known well enough")
    } else {
        (!served).then_some(UNDERFLOW)
    }
}

/// The nodes, and `E[q e^{-x}]` at `t = 0` and at half the `t` of the last one ([`Features::decays`]).
struct Lattice {
    nodes: Vec<Node>,
    means: [f64; 4],
    last: [f64; 4],
}

impl Lattice {
    /// The errors of both gradients for `length >= 2` tokens, and bounds of their errors.
    fn integrate(&self, length: f64) -> [(f64, f64); 2] {
        let (mut sums, mut errors) = ([0.0; 2], [0.0; 2]);
        let of_sum = UNIT * self.nodes.len() as f64 + OF_LATTICE;
        let mut cut = None;
        for (place, node) in self.nodes.iter().enumerate() {
            let half = place
                .checked_sub(HALF)
                .and_then(|before| self.nodes.get(before));
            if let Some(half) = half
                && is_past(length, half.ln_phi)
            {
                cut = Some(half.ln_phi);
                break;
            }
            let ways = tuples(length, node.ln_phi);
            // Of the powers of phi, and of everything else.
            let (of_ln_phi, of_terms) = node.rounding;
            let exponent = length * node.ln_phi.abs().min(1e3);
            let mut relative =
                (length * of_ln_phi + UNIT * (16.0 + exponent) + of_terms + of_sum).exp_m1();
            if place == 0 {
                // Here every x is at most 1/10, so that what lies to the left falls at least as t^{9/5}.
                relative += 1.0 / STEP;
            }
            let terms = node.terms.sum(&ways, -1.0);
            let sizes = node.sizes.sum(&ways, 1.0);
            let [_, two, three, four] = ways;
            let left_out = match node.singles {
                true => node.sizes.sum(&[0.0, two, three, four], 1.0),
                false => [0.0; 2],
            };
            for place in 0..2 {
                sums[place] += terms[place];
                errors[place] += relative * sizes[place] + left_out[place];
            }
        }
        let beyond = self.beyond(length, cut);
        [0, 1].map(|place| {
            let error = STEP * errors[place] + beyond[place];
            (STEP * sums[place], 1.01 * error)
        })
    }

    /// What lies to the right of the last node or of the one where `ln phi` at half its `t` is `cut` (theory, `lattice-ends`).
    fn beyond(&self, length: f64, cut: Option<f64>) -> [f64; 2] {
        let (ln_phi, [token, output, square, fourth]) = match cut {
            Some(ln_phi) => (ln_phi, self.means),
            None => {
                let half = self.nodes.iter().rev().nth(HALF);
                (half.map_or(0.0, |node| node.ln_phi), self.last)
            }
        };
        let one = OF_RIGHT * length * (ln_phi * (length - 1.0)).exp();
        let two = if length > 2.0 {
            OF_RIGHT * length * length * (ln_phi * (length - 2.0)).exp()
        } else {
            OF_RIGHT * length * length
        };
        [
            one * token,
            2.0 * (one * (square + fourth) + two * output * token),
        ]
    }
}

impl Lattice {
    fn new(
        weights: &WeightAtoms,
        features: &Features,
        shortest: f64,
        longest: f64,
    ) -> Result<Self> {
        // The left end must serve every part, and the weights themselves, by which the right end is found; and no x may exceed 1/10.
        let mut tau = -10.0_f64.ln() - weights.largest();
        for importance in features.importances() {
            tau = tau.min(weights.left_end(&importance, shortest, longest)?);
        }
        tau = (tau / STEP).floor() * STEP;
        let means = features.decays(weights, f64::NEG_INFINITY);
        let mut nodes = Vec::new();
        // Where the integrals may stop at half of t.
        let mut past = 0;
        while past <= HALF {
            let start = nodes.len();
            block(
                weights,
                features,
                tau,
                (shortest, longest),
                &mut nodes,
                &mut past,
            );
            if nodes.len() > MOST_NODES {
                return Err(too_wide());
            }
            tau += (nodes.len() - start) as f64 * STEP;
        }
        let last = features.decays(weights, tau - (HALF + 1) as f64 * STEP);
        Ok(Self { nodes, means, last })
    }
}

/// Appends up to [`BLOCK`] nodes from `tau` on, and counts in `past` those that may end the lattice, up to one more than [`HALF`].
fn block(
    weights: &WeightAtoms,
    features: &Features,
    tau: f64,
    (shortest, longest): (f64, f64),
    to: &mut Vec<Node>,
    past: &mut usize,
) {
    let atoms = features.atoms();
    // p x^j e^{-x}, j = 1, 2, 3, a row an atom and a column a node.
    let mut bumps = [(); 3].map(|()| DMatrix::zeros(atoms, BLOCK));
    let mut rows = Vec::with_capacity(BLOCK);
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
                *other = -p * k.finite() * k.rise;
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
        *past += usize::from(may_stop(shortest, longest, row.ln_phi, row.bump));
        if *past > HALF {
            break;
        }
    }
    // Where every x is at most 1, the terms of two different tokens are at most about L E[x^2 e^{-x}] times those
    // of one, and those of degree 4 at most L^2 E[x^2 e^{-x}]^2, of a sum of at least L^{-2}: both negligible here.
    let last = rows.last().map_or(f64::INFINITY, |row: &Rows| row.bump);
    let end = tau + rows.len() as f64 * STEP;
    if end + weights.largest() < 0.0 && longest * last < 1e-19 && longest * longest * last < 1e-10 {
        features.singles(&rows, to);
    } else {
        features.contract(&bumps, &rows, to);
    }
}
