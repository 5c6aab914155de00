//! The ways in which a design is a sum of independent draws, or is dominated by one.

use crate::interval::Interval;
use crate::sampling::design::Design;
use crate::sampling::sampled::SampledAttention;

/// What is added up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Turn {
    /// That many independent draws, of keys that are read (`false`) or left out (`true`).
    Draws {
        /// How many.
        count: u64,
        /// Left out?
        left_out: bool,
    },
    /// A coin for each key of the tail.
    Coins,
}

/// A way to bound a probability under a design: by independent draws, times a factor.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way {
    /// What is added up.
    pub turn: Turn,
    /// `r`: the covariance of `num / D` is at most `r Cov(Y) / b^2`.
    pub count: Interval,
    /// What `max|Y| / b` is multiplied with to bound a summand of `num / D`.
    pub stretch: Interval,
    /// `ln C`.
    pub ln_factor: Interval,
}

/// The ways for this design at a budget of `b` of the `n` keys of the tail; none if every key is read for certain.
pub(super) fn ways(attention: &SampledAttention, budget: u64) -> Vec<Way> {
    let tail = attention.tail_size() as u64;
    let draws = |count, left_out| Way {
        turn: Turn::Draws { count, left_out },
        count: Interval::point(count as f64),
        stretch: Interval::ONE,
        ln_factor: Interval::ZERO,
    };
    let (b, n) = (Interval::point(budget as f64), Interval::point(tail as f64));
    let read = b / n;
    let skipped = Interval::point(tail.saturating_sub(budget) as f64) / n;
    let coins = |ln_factor| Way {
        turn: Turn::Coins,
        count: b * skipped,
        stretch: read.max(skipped),
        ln_factor,
    };
    match attention.drawn_by() {
        Design::WithReplacement | Design::ImportanceSampling(_) => vec![draws(budget, false)],
        _ if budget >= tail => Vec::new(),
        Design::Bernoulli if attention.kept_indices().is_empty() => {
            // The condition that a key is drawn: 1 - (1 - b/n)^n.
            let some = -(n * (-read).ln_1p()).exp_m1();
            vec![coins(-some.ln())]
        }
        Design::Bernoulli => vec![coins(Interval::ZERO)],
        Design::WithoutReplacement => {
            let out = tail - budget;
            let first = match out < budget {
                true => draws(out, true),
                false => draws(budget, false),
            };
            let exact = Interval::point(8.0) * b * skipped;
            vec![first, coins(exact.sqrt().ln())]
        }
    }
}
