//! T4 `chernoff-bound`: an explicit bound with an elementary proof.

pub(in crate::bound) mod entropy;
pub(in crate::bound) mod fixed;
pub(in crate::bound) mod fourth_moment;
pub(in crate::bound) mod tail;

use super::minimise::{Unit, decay_range, minimise_sum};
use super::moments::LogMoments;
use super::{Bound, Formula, SecondMoment, Theorem};
use crate::interval::Interval;
use crate::parameter::PromptLength;

/// The best proof parameter of T4.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Chernoff {
    /// The proof parameter `del`, with `1/L < del < 1` exactly.
    pub delta: f64,
    /// True if the weighted-sum term is the larger one.
    pub sum_dominates: bool,
}

/// Minimises `A2 / ((1-del)^2 L) + L F0 exp( -(del L - 1)^2 / (2 (L-1) rho) )` over `1/L < del < 1`; needs
/// `L >= 2`. A search in plain floats; [`ln_enclosure`] evaluates the bound at what it finds.
///
/// With `del = 1/L + (1 - 1/L) u`, `0 < u < 1`, the two terms are `A2 L / ((L-1)^2 (1-u)^2)` and
/// `L F0 exp( -(L-1) u^2 / (2 rho) )`, free of cancellation.
pub(crate) fn search(moments: &LogMoments, length: f64) -> Chernoff {
    let ln_length = length.ln();
    let ln_others = (length - 1.0).ln();
    let ln_rate = ln_others - moments.rho - std::f64::consts::LN_2;
    let sum = moments.a2 + ln_length - 2.0 * ln_others;
    let complement = ln_length + moments.f0.ln();
    let (unit, (first, second)) = balance(sum, 2.0, complement, ln_rate);
    Chernoff {
        delta: delta(unit, length),
        sum_dominates: first >= second,
    }
}

/// The `u` where `e^{sum} (1-u)^{-power} + e^{complement} exp( -e^{ln_rate} u^2 )` is least, and the logarithms of the two terms
/// there. A search in plain floats.
pub(in crate::bound) fn balance(
    sum: f64,
    power: f64,
    complement: f64,
    ln_rate: f64,
) -> (Unit, (f64, f64)) {
    let (lower, upper) = decay_range(ln_rate, 2.0, complement - sum + 50.0);
    let (unit, _, terms) = minimise_sum(lower, upper, |u| {
        (
            sum - power * u.ln_complement,
            complement - (ln_rate + 2.0 * u.ln).exp(),
        )
    });
    (unit, terms)
}

/// The float nearest to `del = 1/L + (1 - 1/L) u` that satisfies `1/L < del < 1`; `L >= 2`.
///
/// `u` may be closer to 0 or 1 than the floats around `1/L` and 1 can tell. Then `del` is the next one inside,
/// which is what is reported and evaluated: at these ends the bound is flat, or far above the trivial one.
pub(super) fn delta(u: Unit, length: f64) -> f64 {
    let inverse = 1.0 / length;
    let least = inverse.next_up();
    (inverse + (1.0 - inverse) * u.value()).clamp(least, 1f64.next_down().max(least))
}

/// `exp( -(del L - 1)^2 / (2 (L-1) rho) )` as an exponent, without its sign.
pub(super) fn exponent(delta: f64, ln_rho: f64, length: f64) -> Interval {
    let length = Interval::point(length);
    // Positive, for del > 1/L.
    let shortfall = (Interval::point(delta) * length - Interval::ONE).known_non_negative();
    shortfall.square() / (length - Interval::ONE).double() * (-Interval::point(ln_rho)).exp()
}

/// Logarithm of T4 at a float `del`, `1/L < del < 1`, enclosed: `A2`, `F0` and `rho` are the floats of `moments`.
pub(crate) fn ln_enclosure(moments: &LogMoments, length: f64, delta: f64) -> Interval {
    let ln_length = Interval::point(length).ln();
    let ln_complement = (Interval::ONE - Interval::point(delta)).ln();
    let sum = Interval::point(moments.a2) - ln_length - ln_complement.double();
    let small = ln_length + Interval::point(moments.f0).ln() - exponent(delta, moments.rho, length);
    sum.ln_add(small)
}

/// T4 as a record, for moments of a known law or of a sub-Gaussian class (`theorem` says which).
pub(crate) fn bound(
    theorem: Theorem,
    moments: &LogMoments,
    length: PromptLength,
    trivial: f64,
) -> Bound {
    if length.get() < 2 {
        return Bound::not_applicable(theorem, "L >= 2 is required");
    }
    let found = search(moments, length.as_f64());
    let value = ln_enclosure(moments, length.as_f64(), found.delta).exp();
    let dominant = if found.sum_dominates {
        "weighted sum: A2 / ((1 - del)^2 L)"
    } else {
        "small total weight: L F0 exp(-(del L - 1)^2 / (2 (L - 1) rho))"
    };
    Bound::proved(theorem, value.upper(), trivial, dominant)
        .with_hypothesis("L", length.as_f64())
        .with_hypothesis("ln rho", moments.rho)
        .with_hypothesis("ln A2", moments.a2)
        .with_hypothesis("F0", moments.f0)
        .with_parameter("del", found.delta)
        .with_formula(Some(Formula::Chernoff {
            a2: SecondMoment::Exponential(moments.a2),
            f0: moments.f0,
            ln_rho: moments.rho,
            length: length.as_f64(),
            delta: found.delta,
        }))
}
