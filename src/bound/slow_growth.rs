//! T20 `slow-growth`: how much the error can grow with the prompt.

use crate::bound::theorem::{ProofStatus, Statement, Theorem};
use crate::bound::vocabulary::{LENGTH, constant, location};
use crate::interval::Interval;
use crate::parameter::PromptLength;

impl Theorem {
    /// T20 `slow-growth`: The error grows no faster than the number of pairs of tokens.
    pub const SLOW_GROWTH: Theorem = Theorem::new(&Statement {
        id: "T20",
        name: "slow-growth",
        title: "The error grows no faster than the number of pairs of tokens",
        statement: "E(L') <= L'(L'-1) / (L(L-1)) E(L) for L' >= L >= 2, E(L) = E|That - T|^2 at L tokens",
        hypotheses: &["any law; L' >= L >= 2"],
        constants: &[
            LENGTH,
            constant("E(L)", "E|That - T|^2, also averaged over queries"),
        ],
        proof_idea: "In T2, E(L) = INT t [L h phi^{L-1} + L(L-1) |g|^2 phi^{L-2}] dt, both terms are not negative and phi <= 1.",
        source: "this project, docs/theory.md section 16",
        location: location("bound::lasts_until", "src/bound/slow_growth.rs"),
        status: ProofStatus::MachineChecked,
        lemmas: &["proofs/laplace/lower_bound.v::slow_growth"],
    });
}

/// The longest prompt up to which the error stays at most `epsilon` by T20, if it is at most `value <= epsilon` at `length`
/// (at most `2^53`; `length` itself for one token, of which T20 says nothing).
///
/// Rounded down: `L'(L'-1) / (L(L-1)) value <= epsilon` holds for the result.
///
/// ```
/// use attention_bounds::bound::lasts_until;
/// use attention_bounds::parameter::PromptLength;
///
/// let length = |l| PromptLength::new(l).unwrap();
/// // 10 * 9 * 4 = 360 >= 19 * 18 = 342.
/// assert_eq!(lasts_until(length(10), 0.01, 0.04), length(19));
/// assert_eq!(lasts_until(length(10), 0.01, 0.01), length(10));
/// ```
pub fn lasts_until(length: PromptLength, value: f64, epsilon: f64) -> PromptLength {
    let l = Interval::point(length.as_f64());
    let pairs = l * (l - Interval::ONE);
    if !(value <= epsilon) || length.get() < 2 {
        return length;
    }
    // x(x-1) <= p is x <= 1/2 + sqrt(1/4 + p).
    let quarter = Interval::point(0.25);
    let growth = pairs * Interval::point(epsilon) / Interval::point(value);
    let root = (Interval::point(0.5) + (quarter + growth).sqrt()).lower();
    let longest = PromptLength::MAX as f64;
    let last = if root.is_nan() {
        longest
    } else {
        root.min(longest)
    } as u64;
    PromptLength::new(last).map_or(length, |last| last.max(length))
}
