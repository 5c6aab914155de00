//! T4, fourth-moment form.

use crate::bound::Bound;
use crate::bound::chernoff;
use crate::bound::logarithm::ln_add;
use crate::bound::moments::{check_delta, check_non_negative};
use crate::bound::theorem::{ProofStatus, Statement, Theorem};
use crate::bound::vocabulary::{A2, CENTRED, LENGTH, OWN_4, RHO, constant, location};
use crate::error::Result;
use crate::interval::Interval;
use crate::parameter::{PromptLength, refused};

impl Theorem {
    /// T4.fourth `chernoff-fourth-moment`: Explicit bound of the fourth moment of the error.
    pub const CHERNOFF_FOURTH_MOMENT: Theorem = Theorem::new(&Statement {
        id: "T4.fourth",
        name: "chernoff-fourth-moment",
        title: "Explicit bound of the fourth moment of the error",
        statement: "E|sum p_i f(X_i)|^4 <= (A4 / L^3 + 3 A2^2 / L^2) / (1-del)^4 \
        + L F4 exp( -(del L - 1)^2 / (2 (L-1) rho) )",
        hypotheses: &[CENTRED, "L >= 2", "1/L < del < 1 (a proof parameter)"],
        constants: &[
            LENGTH,
            RHO,
            A2,
            constant("A4", "E[w^4 |f|^4]"),
            constant("F4", "E|f|^4"),
        ],
        proof_idea: "As T4, with E|sum w_i f_i|^4 <= L A4 + 3 L^2 A2^2 for independent centred vectors.",
        source: OWN_4,
        location: location(
            "bound::fourth_moment_bound",
            "src/bound/chernoff/fourth_moment.rs",
        ),
        status: ProofStatus::MachineChecked,
        lemmas: &["proofs/chernoff/chernoff_bound.v::chernoff_fourth_moment"],
    });
}

/// Moments of a centred weighted function `f` (`E[w f] = 0`), as logarithms; `-inf` is zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FourthMoments {
    ln_rho: f64,
    pub(in crate::bound) ln_a2: f64,
    pub(in crate::bound) ln_a4: f64,
    pub(in crate::bound) ln_f4: f64,
}

impl FourthMoments {
    /// From `ln rho`, `ln A2 = ln E[w^2 |f|^2]`, `ln A4 = ln E[w^4 |f|^4]` and `ln F4 = ln E|f|^4`.
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter) unless `ln rho` is finite and at least 0 and the others are less
    /// than `+inf`.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::bound::FourthMoments;
    /// use attention_bounds::parameter::PromptLength;
    ///
    /// // All moments 1, L = 100, del = 1/2.
    /// let found = FourthMoments::new(0.0, 0.0, 0.0, 0.0)?.at(PromptLength::new(100)?, 0.5)?;
    /// let expected = 16.0 * (1e-6 + 3e-4) + 100.0 * (-49f64.powi(2) / 198.0).exp();
    /// assert!((found.upper() - expected).abs() < 1e-13);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn new(ln_rho: f64, ln_a2: f64, ln_a4: f64, ln_f4: f64) -> Result<Self> {
        check_non_negative("ln rho", ln_rho)?;
        for (name, value) in [("ln A2", ln_a2), ("ln A4", ln_a4), ("ln F4", ln_f4)] {
            if !(value < f64::INFINITY) {
                return refused(name, value, "less than infinity");
            }
        }
        Ok(Self {
            ln_rho,
            ln_a2,
            ln_a4,
            ln_f4,
        })
    }

    /// Adds the three moments to a record of T9, where they are those of the product `|VY|^2 |Y|^2`.
    pub(in crate::bound) fn describe_mixed(&self, bound: Bound) -> Bound {
        bound
            .with_hypothesis("ln sqrt(E[w^2 |VY|^2] E[w^2 |Y|^2])", self.ln_a2)
            .with_hypothesis("ln E[w^4 |VY|^2 |Y|^2]", self.ln_a4)
            .with_hypothesis("ln(|V|^2 E|Y|^4)", self.ln_f4)
    }

    /// The bound of [`fourth_moment_bound`] at a given `del`, enclosed; `L >= 2`, `1/L < del < 1`.
    ///
    /// # Errors
    /// If `L = 1` or `del` is not certainly between `1/L` and 1.
    pub fn at(&self, length: PromptLength, delta: f64) -> Result<Interval> {
        check_delta(delta, length.as_f64())?;
        Ok(ln_enclosure(self, length.as_f64(), delta).exp())
    }
}

/// Bounds `E|sum_i p_i f(X_i)|^4` (theory T4, fourth moment), `L >= 2`:
///
/// `(A4 / L^3 + 3 A2^2 / L^2) / (1-del)^4 + L F4 exp( -(del L - 1)^2 / (2 (L-1) rho) )`, minimised over
/// `1/L < del < 1`.
///
/// The trivial bound is `L F4`. Both values are upper ends of enclosures at the reported `del` and moments.
pub fn fourth_moment_bound(moments: &FourthMoments, length: PromptLength) -> Bound {
    let theorem = Theorem::CHERNOFF_FOURTH_MOMENT;
    if length.get() < 2 {
        return Bound::not_applicable(theorem, "L >= 2 is required");
    }
    let (delta, dominant) = search(moments, length.as_f64());
    let value = ln_enclosure(moments, length.as_f64(), delta).exp().upper();
    let ln_length = Interval::point(length.as_f64()).ln();
    let trivial = (ln_length + Interval::point(moments.ln_f4)).exp().upper();
    Bound::proved(theorem, value, trivial, dominant)
        .with_hypothesis("L", length.as_f64())
        .with_hypothesis("ln rho", moments.ln_rho)
        .with_hypothesis("ln A2", moments.ln_a2)
        .with_hypothesis("ln A4", moments.ln_a4)
        .with_hypothesis("ln F4", moments.ln_f4)
        .with_parameter("del", delta)
}

/// The best `del` and the term that dominates there; `L >= 2`. A search in plain floats.
pub(in crate::bound) fn search(moments: &FourthMoments, length: f64) -> (f64, &'static str) {
    let ln_length = length.ln();
    let ln_others = (length - 1.0).ln();
    let ln_rate = ln_others - moments.ln_rho - std::f64::consts::LN_2;
    let diagonal = moments.ln_a4 - 3.0 * ln_length;
    let pairs = 3f64.ln() + 2.0 * moments.ln_a2 - 2.0 * ln_length;
    // As in T4, 1 - del = (1 - 1/L)(1 - u) and del L - 1 = (L - 1) u.
    let sum = ln_add(diagonal, pairs) + 4.0 * (ln_length - ln_others);
    let complement = ln_length + moments.ln_f4;
    let (unit, (first, second)) = chernoff::balance(sum, 4.0, complement, ln_rate);
    let dominant = if second > first {
        "small total weight: L F4 exp(-(del L - 1)^2 / (2 (L - 1) rho))"
    } else if diagonal > pairs {
        "weighted sum, one token: A4 / ((1 - del)^4 L^3)"
    } else {
        "weighted sum, pairs of tokens: 3 A2^2 / ((1 - del)^4 L^2)"
    };
    (chernoff::delta(unit, length), dominant)
}

/// Logarithm of the bound at a float `del`, `1/L < del < 1`, enclosed.
pub(in crate::bound) fn ln_enclosure(moments: &FourthMoments, length: f64, delta: f64) -> Interval {
    let ln_length = Interval::point(length).ln();
    let diagonal = Interval::point(moments.ln_a4) - ln_length - ln_length.double();
    let pairs =
        Interval::point(3.0).ln() + Interval::point(moments.ln_a2).double() - ln_length.double();
    let ln_complement = (Interval::ONE - Interval::point(delta)).ln();
    let sum = diagonal.ln_add(pairs) - ln_complement.double().double();
    let exponent = chernoff::exponent(delta, moments.ln_rho, length);
    sum.ln_add(ln_length + Interval::point(moments.ln_f4) - exponent)
}
