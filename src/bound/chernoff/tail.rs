//! T4, tail form: a deviation probability.

use crate::bound::chernoff;
use crate::bound::moments::LogMoments;
use crate::bound::theorem::{ProofStatus, Statement, Theorem};
use crate::bound::vocabulary::{A2, CENTRED, LENGTH, OWN_4, RHO, constant, location};
use crate::bound::{Bound, Formula, KnownMoments};
use crate::interval::Interval;
use crate::parameter::{Positive, PromptLength};

impl Theorem {
    /// T4.tail `chernoff-tail`: Explicit bound of a deviation probability.
    pub const CHERNOFF_TAIL: Theorem = Theorem::new(&Statement {
        id: "T4.tail",
        name: "chernoff-tail",
        title: "Explicit bound of a deviation probability",
        statement: "P(|sum p_i f(X_i)| >= eps) <= A2 / ((1-del)^2 L eps^2) + exp( -L del^2 / (2 rho) )",
        hypotheses: &[
            CENTRED,
            "L >= 1",
            "eps > 0",
            "0 < del < 1 (a proof parameter)",
        ],
        constants: &[LENGTH, RHO, A2, constant("eps", "deviation")],
        proof_idea: "Chebyshev's inequality for sum w_i f_i where the weights sum to at least (1-del) L, and \
        Chernoff's bound for the probability that they do not.",
        source: OWN_4,
        location: location("bound::tail_bound", "src/bound/chernoff/tail.rs"),
        status: ProofStatus::MachineChecked,
        lemmas: &["proofs/chernoff/chernoff_bound.v::chernoff_tail"],
    });
}

/// Bounds `P(|That - T| >= eps)` for a known token law (theory T4, tail form), any `L >= 1`:
///
/// `P <= A2 / ((1-del)^2 L eps^2) + exp( -L del^2 / (2 rho) )`, minimised over `0 < del < 1`.
///
/// The trivial bound is 1. The value is the upper end of an enclosure at the reported `del` and is never
/// clamped.
///
/// # Examples
/// ```
/// use attention_bounds::bound::{GaussianOutput, KnownMoments, tail_bound};
/// use attention_bounds::parameter::{Positive, PromptLength};
///
/// // rho = A2 = 1: the best del is at least as good as 1/2.
/// let known = KnownMoments::gaussian(GaussianOutput::new(0.0, 1.0, 0.0)?);
/// let bound = tail_bound(&known, Positive::new("eps", 1.0)?, PromptLength::new(100)?);
/// assert!(bound.value().unwrap() <= 0.04 + (-12.5f64).exp());
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn tail_bound(known: &KnownMoments, deviation: Positive, length: PromptLength) -> Bound {
    let moments = known.logarithms();
    let ln_length = length.as_f64().ln();
    let ln_rate = ln_length - moments.rho - std::f64::consts::LN_2;
    let chebyshev = moments.a2 - ln_length - 2.0 * deviation.get().ln();
    let (unit, (first, second)) = chernoff::balance(chebyshev, 2.0, 0.0, ln_rate);
    let dominant = if first >= second {
        "weighted sum: A2 / ((1 - del)^2 L eps^2)"
    } else {
        "small total weight: exp(-L del^2 / (2 rho))"
    };
    let theorem = Theorem::CHERNOFF_TAIL;
    // The next float where u is too close to 1 for f64, see `chernoff::delta`.
    let delta = unit.value().min(1f64.next_down());
    let value = ln_enclosure(&moments, deviation.get(), length.as_f64(), delta).exp();
    Bound::proved(theorem, value.upper(), 1.0, dominant)
        .with_hypothesis("L", length.as_f64())
        .with_hypothesis("eps", deviation.get())
        .with_hypothesis("ln rho", moments.rho)
        .with_hypothesis("ln A2", moments.a2)
        .with_parameter("del", delta)
        .with_formula(Some(Formula::ChernoffTail {
            ln_a2: moments.a2,
            ln_rho: moments.rho,
            length: length.as_f64(),
            delta,
            deviation: deviation.get(),
        }))
}

/// Logarithm of the bound at a float `del`, `0 < del < 1`, enclosed.
pub(in crate::bound) fn ln_enclosure(
    moments: &LogMoments,
    deviation: f64,
    length: f64,
    delta: f64,
) -> Interval {
    let (length, delta) = (Interval::point(length), Interval::point(delta));
    let ln_complement = (Interval::ONE - delta).ln();
    let ln_scale = length.ln() + Interval::point(deviation).ln().double();
    let chebyshev = Interval::point(moments.a2) - ln_scale - ln_complement.double();
    let exponent =
        length * delta.square() / Interval::point(2.0) * (-Interval::point(moments.rho)).exp();
    chebyshev.ln_add(-exponent)
}
