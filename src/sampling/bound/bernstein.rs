//! T13.bernstein: an explicit exponential bound of a deviation probability; T13.mean: one of the mean error.

use super::draws::Draws;
use super::ways::Way;
use crate::bound::{Bound, Theorem, minimise};
use crate::interval::Interval;

/// Range of `logit(th / s)`.
const LOGITS: (f64, f64) = (-14.0, 14.0);

/// `1 / (1 + e^{-x})`, a part of `s`.
fn part(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

/// The part `th / s` where `ln_value` is least, that value rounded up, and `th`; the part 1 is tried too.
pub(super) fn best_part(draws: &Draws, ln_value: impl Fn(f64) -> f64) -> (f64, f64, f64) {
    let found = minimise(LOGITS.0, LOGITS.1, |x| ln_value(part(x)));
    let all = ln_value(1.0);
    let (part, value) = match all <= found.value {
        true => (1.0, all),
        false => (part(found.at), found.value),
    };
    (part, value, part * draws.share.upper())
}

/// `1 - th`, the part of the denominator that is counted on, for `th = part s`.
pub(super) fn counted_on(draws: &Draws, part: f64) -> Interval {
    (Interval::ONE - Interval::point(part) * draws.share).known_non_negative()
}

/// The logarithm of the bound of `P(den <= (1-th) D)`, `th = part s`: the better one of the Poisson lower tail and Bernstein's inequality. The
/// denominator is never below `(1-s) D`.
pub(super) fn ln_small_denominator(draws: &Draws, budget: u64, part: f64) -> Interval {
    if part >= 1.0 {
        return Interval::point(f64::NEG_INFINITY);
    }
    let part = Interval::point(part);
    let left = Interval::ONE - part;
    let entropy = (part + left * left.ln()).known_non_negative();
    let poisson = draws.share.square() / draws.weight_square * entropy;
    let theta = part * draws.share;
    let third = draws.share * theta / Interval::point(3.0);
    let bernstein = theta.square() / (draws.weight_variance + third).double();
    -(Interval::point(budget as f64) * poisson.max(bernstein))
}

/// `P(|That - T| >= eps)`; 0 if there is no way because every key is read.
pub(super) fn bound(draws: &Draws, ways: &[Way], epsilon: f64, budget: u64) -> Bound {
    let theorem = Theorem::SAMPLED_BERNSTEIN;
    let best = ways
        .iter()
        .map(|way| {
            best_part(draws, |part| {
                ln_probability(draws, way, epsilon, budget, part)
            })
        })
        .min_by(|x, y| x.1.total_cmp(&y.1));
    let Some((part, ln_value, theta)) = best else {
        return Bound::proved(theorem, 0.0, 1.0, "every key is read");
    };
    let small = ln_small_denominator(draws, budget, part).upper();
    // The second term is the larger one if it is more than half of the sum.
    let dominant = if small > ln_value - std::f64::consts::LN_2 {
        "small denominator: e^{-b J}"
    } else {
        "numerator: 2 C exp(-b^2 eps'^2 / (2 (r E|Y|^2 + b eps' B/3)))"
    };
    let value = Interval::point(ln_value).exp().upper();
    Bound::proved(theorem, value, 1.0, dominant)
        .with_hypothesis("eps", epsilon)
        .with_hypothesis("b", budget as f64)
        .with_hypothesis("E|Y|^2", draws.reach_square.upper())
        .with_hypothesis("max|Y|", draws.most.upper())
        .with_hypothesis("s", draws.share.upper())
        .with_hypothesis("rho", draws.weight_square.upper())
        .with_hypothesis("v", draws.weight_variance.upper())
        .with_parameter("th", theta)
}

fn ln_probability(draws: &Draws, way: &Way, epsilon: f64, budget: u64, part: f64) -> f64 {
    let b = Interval::point(budget as f64);
    let reached = b * Interval::point(epsilon) * counted_on(draws, part);
    let third = reached * way.stretch * draws.most / Interval::point(3.0);
    let variance = (way.count * draws.reach_square + third).double();
    // Where nothing varies nothing deviates.
    let exponent = if variance == Interval::ZERO {
        Interval::point(f64::INFINITY)
    } else {
        reached.square() / variance
    };
    let numerator = Interval::LN_2 + way.ln_factor - exponent;
    numerator
        .ln_add(ln_small_denominator(draws, budget, part))
        .upper()
}

/// `E|That - T|^2`.
pub(super) fn mean_bound(draws: &Draws, variance: Option<Interval>, budget: u64) -> Bound {
    let theorem = Theorem::SAMPLED_MEAN;
    let trivial = draws.farthest_square.upper();
    let Some(variance) = variance else {
        return Bound::proved(theorem, 0.0, trivial, "every key is read");
    };
    let terms = |part: f64| {
        let numerator = variance.ln() - counted_on(draws, part).ln().double();
        let small = ln_small_denominator(draws, budget, part) + draws.farthest_square.ln();
        (numerator, small)
    };
    let (part, ln_value, theta) = best_part(draws, |part| {
        let (numerator, small) = terms(part);
        numerator.ln_add(small).upper()
    });
    let (numerator, small) = terms(part);
    let dominant = if small.upper() > numerator.upper() {
        "small denominator: M^2 e^{-b J}"
    } else {
        "numerator: r' E|Y|^2 / ((1-th)^2 b^2)"
    };
    let value = Interval::point(ln_value).exp().upper();
    Bound::proved(theorem, value, trivial, dominant)
        .with_hypothesis("b", budget as f64)
        .with_hypothesis("E|Y|^2", draws.reach_square.upper())
        .with_hypothesis("s", draws.share.upper())
        .with_hypothesis("rho", draws.weight_square.upper())
        .with_hypothesis("v", draws.weight_variance.upper())
        .with_hypothesis("M^2", trivial)
        .with_parameter("th", theta)
}
