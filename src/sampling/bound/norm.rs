//! T13.norm: a deviation probability from the law of one draw.

use super::draws::{Atom, Draws};
use super::ways::{Turn, Way};
use crate::bound::{Bound, Theorem, minimise};
use crate::interval::Interval;

/// Searched on each side of the best `ln lam` of the Gaussian limit.
const RANGE: f64 = 3.0;

/// `P(|That - T| >= eps)` at budget `b` by the best of these ways; 0 if there is none.
pub(super) fn bound(draws: &Draws, ways: &[Way], epsilon: f64, budget: u64) -> Bound {
    let theorem = Theorem::SAMPLED_NORM;
    let at = |way: &Way, atoms: &[Atom], lambda: f64| {
        let point = Interval::point(lambda);
        ln_probability(draws, atoms, way, (epsilon, budget as f64), point).upper()
    };
    // Way and parameter by groups of keys; the bound itself by every key.
    let best = ways
        .iter()
        .map(|way| {
            let start = gaussian_lambda(draws, way, epsilon, budget as f64).ln();
            let value = |x: f64| at(way, &draws.groups, x.exp());
            (way, minimise(start - RANGE, start + RANGE, value))
        })
        .min_by(|(_, x), (_, y)| x.value.total_cmp(&y.value));
    let Some((way, found)) = best else {
        return Bound::proved(theorem, 0.0, 1.0, "every key is read");
    };
    let lambda = found.at.exp();
    let ln_value = at(way, &draws.atoms, lambda);
    let value = Interval::point(ln_value).exp().upper();
    Bound::proved(theorem, value, 1.0, "the law of one draw").with_parameter("lam", lambda)
}

/// The best `lam` if `G` were its second order.
fn gaussian_lambda(draws: &Draws, way: &Way, epsilon: f64, budget: f64) -> f64 {
    let noise = draws.reach_square.upper() / (epsilon * epsilon);
    let of_weights = draws.weight_square.upper() - draws.share.upper().powi(2);
    let both = noise + of_weights.max(0.0) + 2.0 * draws.cross.upper() / epsilon;
    let lambda = budget * budget / (way.count.upper() * both);
    if lambda > 0.0 { lambda.min(1e300) } else { 1.0 }
}

/// The logarithm of `2 C e^{-lam} (1 + G)^r`, or of the product over coins.
fn ln_probability(
    draws: &Draws,
    atoms: &[Atom],
    way: &Way,
    (epsilon, budget): (f64, f64),
    lambda: Interval,
) -> Interval {
    let budget = Interval::point(budget);
    let of_reach = lambda / (budget * Interval::point(epsilon));
    let of_weight = lambda / budget;
    let all = match way.turn {
        Turn::Draws { count, left_out } => {
            let one: Interval = atoms
                .iter()
                .map(|atom| {
                    let x = atom.reach * of_reach;
                    let a = atom.weight * of_weight;
                    let a = if left_out { -a } else { a };
                    atom.chance * (rise(-a) * (Interval::ONE + x) + (-a).exp() * rise(x))
                })
                .sum();
            let cross = of_reach * of_weight * draws.cross;
            Interval::point(count as f64) * (one + cross).ln_1p()
        }
        Turn::Coins => {
            let tail = Interval::point(draws.tail as f64);
            let read = budget / tail;
            let skipped = (Interval::ONE - read).known_non_negative();
            let keys = atoms.iter().map(|atom| {
                let x = atom.reach * of_reach;
                let a = atom.weight * of_weight;
                let (heads, tails) = (a * skipped, -(a * read));
                let of_heads = rise(-heads) + (-heads).exp() * rise(x * skipped);
                let of_tails = rise(-tails) + (-tails).exp() * rise(x * read);
                // |E Y e^{-a}|: both faces pull the same way.
                let pull = x * read * skipped * (-tails).exp() * size((-a).exp_m1());
                let factor = read * of_heads + skipped * of_tails + pull;
                atom.chance * tail * factor.ln_1p()
            });
            keys.sum()
        }
    };
    Interval::LN_2 + way.ln_factor - lambda + all
}

/// `e^x - 1 - x`, never negative.
pub(super) fn rise(x: Interval) -> Interval {
    // For small x by Taylor's remainder, at most x^2/2 e^{max(x, 0)}.
    let direct = x.exp_m1() - x;
    let remainder = x.square() / Interval::point(2.0) * x.known_non_negative().exp();
    direct.min(remainder).known_non_negative()
}

fn size(x: Interval) -> Interval {
    x.max(-x)
}
