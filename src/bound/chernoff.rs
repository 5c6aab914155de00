//! T4 `chernoff-bound`: an explicit bound with an elementary proof.

use super::logarithm::{ln_add, outward_exp};
use super::minimise::{Unit, decay_range, minimise};
use super::moments::LogMoments;
use super::{Bound, Theorem};
use crate::parameter::PromptLength;

/// One evaluation of T4.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Chernoff {
    /// Logarithm of the bound.
    pub ln_value: f64,
    /// The proof parameter `del`.
    pub delta: f64,
    /// True if the weighted-sum term is the larger one.
    pub sum_dominates: bool,
}

/// `A2 / ((1-del)^2 L) + L F0 exp( -(del L - 1)^2 / (2 (L-1) rho) )`, minimised over `1/L < del < 1`; needs
/// `L >= 2`.
///
/// With `del = 1/L + (1 - 1/L) u`, `0 < u < 1`, the two terms are `A2 L / ((L-1)^2 (1-u)^2)` and
/// `L F0 exp( -(L-1) u^2 / (2 rho) )`, free of cancellation.
pub(crate) fn evaluate(moments: &LogMoments, length: f64) -> Chernoff {
    let ln_length = length.ln();
    let ln_others = (length - 1.0).ln();
    let ln_rate = ln_others - moments.rho - std::f64::consts::LN_2;
    let sum = moments.a2 + ln_length - 2.0 * ln_others;
    let complement = ln_length + moments.f0;
    let terms = |x: f64| {
        let u = Unit::logistic(x);
        (
            sum - 2.0 * u.ln_complement,
            complement - (ln_rate + 2.0 * u.ln).exp(),
        )
    };
    let (lower, upper) = decay_range(ln_rate, 2.0, complement - sum + 50.0);
    let found = minimise(lower, upper, |x| {
        let (first, second) = terms(x);
        ln_add(first, second)
    });
    let (first, second) = terms(found.at);
    let u = Unit::logistic(found.at).value();
    Chernoff {
        ln_value: found.value,
        delta: 1.0 / length + (1.0 - 1.0 / length) * u,
        sum_dominates: first >= second,
    }
}

/// Logarithm of T4 for Gaussian tokens of score variance `q`, per unit of `tau_V + eta`, at a fixed `del`:
/// `e^q / ((1-del)^2 L) + L exp( -(del L - 1)^2 / (2 (L-1) e^q) )`, `L >= 2`.
pub(crate) fn gaussian_at(delta: f64, score_variance: f64, length: f64) -> f64 {
    let sum = score_variance - 2.0 * (-delta).ln_1p() - length.ln();
    let shortfall = (delta * length - 1.0).powi(2) / (2.0 * (length - 1.0));
    ln_add(sum, length.ln() - shortfall * (-score_variance).exp())
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
    let found = evaluate(moments, length.as_f64());
    let dominant = if found.sum_dominates {
        "weighted sum: A2 / ((1 - del)^2 L)"
    } else {
        "small total weight: L F0 exp(-(del L - 1)^2 / (2 (L - 1) rho))"
    };
    Bound::proved(theorem, outward_exp(found.ln_value), trivial, dominant)
        .with_hypothesis("L", length.as_f64())
        .with_hypothesis("ln rho", moments.rho)
        .with_hypothesis("ln A2", moments.a2)
        .with_hypothesis("F0", moments.f0.exp())
        .with_parameter("del", found.delta)
}
