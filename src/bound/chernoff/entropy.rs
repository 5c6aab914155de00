//! T6 `chernoff-entropy`: T4 and the crude bound joined, for a law known only through its variance proxy.

use crate::bound::Bound;
use crate::bound::minimise::{HIGHEST, LOWEST, Unit, minimise_sum};
use crate::bound::sub_gaussian::SubGaussianMoments;
use crate::bound::theorem::{ProofStatus, Statement, Theorem};
use crate::bound::vocabulary::{
    LENGTH, OUTPUT_LAMBDA, OUTPUT_PROXY, OWN_6, SIGMA, TILT, constant, location,
};
use crate::interval::Interval;
use crate::parameter::PromptLength;

impl Theorem {
    /// T6.chernoff-entropy `chernoff-entropy`: T4 and the crude bound joined, for a law known only through its variance proxy.
    pub const CHERNOFF_ENTROPY: Theorem = Theorem::new(&Statement {
        id: "T6.chernoff-entropy",
        name: "chernoff-entropy",
        title: "T4 and the crude bound joined, for a law known only through its variance proxy",
        statement: "E|That - T|^2 <= A2 / ((1-del)^2 L) + p (ln L + D_lam(c) - ln p) / lam, \
        p = exp( -(L / rho)(del + (1-del) ln(1-del)) ), rho = e^{2 sigma^2 |a|^2}, A2 the smaller of that of T6.chernoff and \
        (1 / (e lam')) e^{2 sigma^2 |a|^2 + D_lam'(c)}, |c| = 2 sigma^2 |V| |a|",
        hypotheses: &[
            OUTPUT_PROXY,
            "L >= 3",
            OUTPUT_LAMBDA,
            "0 < del < 1 (a proof parameter)",
        ],
        constants: &[LENGTH, SIGMA, TILT, constant("D_lam(c)", "see T6.norm-mgf")],
        proof_idea: "As T4, with p a Chernoff bound of P(W <= (1-del) L) in which e^{-lw} is bounded by a parabola through \
        w = 0 that touches it at w = rho. On that event the error is at most the largest |f_i|^2, whose mean given an event of probability p \
        is at most (ln(L E e^{lam |f|^2}) - ln p) / lam.",
        source: OWN_6,
        location: location(
            "bound::chernoff_entropy_bound",
            "src/bound/chernoff/entropy.rs",
        ),
        status: ProofStatus::ProvedOnPaper,
        lemmas: &[],
    });
}

/// Shortest prompt: `p (ln L + D - ln p)` increases in `p <= 1` only if `ln L + D >= 1`.
const SHORTEST: u64 = 3;
/// The exponent `E = (L / rho)(1 - x + x ln x)` beyond which the second term is nothing next to the first.
const LARGEST_DECAY: f64 = 2000.0;

/// T6 `chernoff-entropy` at its proof parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::bound) struct ChernoffEntropy {
    /// At least the logarithm of the bound at `del`, `lam`.
    pub ln_value: f64,
    delta: f64,
    lambda: f64,
    ln_a2: f64,
    sum_dominates: bool,
}

impl SubGaussianMoments<'_> {
    /// The smaller of two bounds of `ln A2`: that of `sub-gaussian-moments` and `N(2, 1; V)` of `weighted-norm-moments`.
    pub(in crate::bound) fn ln_least_second_moment(&self) -> f64 {
        let by_divergence = self.second_moment().value;
        by_divergence.min(self.ln_weighted_moment(2, 1).value)
    }

    /// The best `del` and `lam` found; `L >= 3`. A search in plain floats, then one enclosure.
    pub(in crate::bound) fn chernoff_entropy(&self, length: f64, ln_a2: f64) -> ChernoffEntropy {
        let ln_rho = 2.0 * self.energy();
        let of_length = self.minimise_over_lambda(length.ln()).1;
        let first = best_delta(ln_a2, ln_rho, length, self.entropy_at(of_length, length));
        // The decay found moves the best lam, which moves the best decay a little.
        let extra = length.ln() + first.decay.min(LARGEST_DECAY);
        let lambda = self.minimise_over_lambda(extra).1;
        let found = best_delta(ln_a2, ln_rho, length, self.entropy_at(lambda, length));
        ChernoffEntropy {
            ln_value: self
                .ln_chernoff_entropy(length, ln_a2, found.delta, lambda)
                .upper(),
            delta: found.delta,
            lambda,
            ln_a2,
            sum_dominates: found.sum_dominates,
        }
    }

    /// `ln L + D_lam(c)` and `ln lam`, in plain floats.
    fn entropy_at(&self, lambda: f64, length: f64) -> (f64, f64) {
        let exponent = length.ln() + self.norm_mgf_enclosure(lambda).upper();
        (exponent, lambda.ln())
    }

    /// Logarithm of `A2 / ((1-del)^2 L) + p (ln L + D_lam(c) - ln p) / lam`, enclosed, at the floats `A2`, `del`, `lam`.
    fn ln_chernoff_entropy(&self, length: f64, ln_a2: f64, delta: f64, lambda: f64) -> Interval {
        if self.is_constant() {
            return Interval::point(f64::NEG_INFINITY);
        }
        let del = Interval::point(delta);
        let ln_share = (-del).ln_1p();
        let ln_length = Interval::point(length).ln();
        let sum = Interval::point(ln_a2) - ln_length - ln_share.double();
        // x = 1 - del: 1 - x + x ln x = del + (1 - del) ln(1 - del), which is at least 0.
        let rate = (-Interval::point(self.energy()).double()).exp();
        let cramer = (del + (Interval::ONE - del) * ln_share).known_non_negative();
        let decay = (ln_length + cramer.ln()).exp() * rate;
        let exponent = ln_length + self.norm_mgf_enclosure(lambda);
        sum.ln_add((exponent + decay).ln() - decay - Interval::point(lambda).ln())
    }
}

/// What the search over `del` found.
struct Found {
    delta: f64,
    decay: f64,
    sum_dominates: bool,
}

/// The best `del` of (0, 1) at fixed `lam`, in plain floats; `exponent` is `ln L + D_lam(c)`.
fn best_delta(ln_a2: f64, ln_rho: f64, length: f64, (exponent, ln_lambda): (f64, f64)) -> Found {
    let ln_rate = length.ln() - ln_rho;
    let decay = |u: Unit| {
        let delta = u.value();
        // Below 1e-4 the two terms cancel and del^2 / 2 is right to that.
        let cramer = if delta < 1e-4 {
            0.5 * delta * delta
        } else {
            delta + u.complement() * u.ln_complement
        };
        (ln_rate + cramer.ln()).exp().min(1e300)
    };
    let terms = |u: Unit| {
        let decay = decay(u);
        (
            ln_a2 - length.ln() - 2.0 * u.ln_complement,
            (exponent + decay).ln() - decay - ln_lambda,
        )
    };
    // del^2 / 2 times L / rho from 1e-3 on: a smaller del cannot pay.
    let lower = (0.5 * (2e-3f64.ln() - ln_rate)).clamp(LOWEST, -4.0);
    let (unit, _, (sum, rest)) = minimise_sum(lower, HIGHEST, terms);
    Found {
        delta: unit.value().clamp(f64::MIN_POSITIVE, 1f64.next_down()),
        decay: decay(unit),
        sum_dominates: sum >= rest,
    }
}

/// T6 `chernoff-entropy`, `L >= 3`: for every `0 < del < 1` and admissible `lam`
///
/// `E|That - T|^2 <= A2 / ((1-del)^2 L) + p (ln L + D_lam(c) - ln p) / lam`, `p = exp( -(L / rho)(del + (1-del) ln(1-del)) )`,
///
/// with `rho = e^{2 sigma^2 |a|^2}`, `|c| = 2 sigma^2 |V| |a|`, and for `A2` the smaller of the bounds of `sub-gaussian-moments` and
/// `weighted-norm-moments` (theory T6, T9).
///
/// The trivial bound is that of the class, `L F0`. The value is the upper end of an enclosure at the reported `del`, `lam`
/// and `ln A2`; it is infinite if `2 lam sigma^2 |V|^2 < 1` is not certain. Below `L = 3` it does not apply.
///
/// # Examples
/// ```
/// use attention_bounds::bound::{SubGaussianMoments, ValueSpectrum, chernoff_entropy_bound};
/// use attention_bounds::parameter::{PromptLength, VarianceProxy};
///
/// let values = ValueSpectrum::from_eigenvalues(vec![1.0])?;
/// let class = SubGaussianMoments::new(VarianceProxy::new(1.0)?, 1.0, &values)?;
/// assert!(chernoff_entropy_bound(&class, PromptLength::new(2)?).value().is_none());
/// // N(0, 1) belongs to the class, and L times its error tends to 2e.
/// assert!(chernoff_entropy_bound(&class, PromptLength::new(1_000_000)?).value().unwrap() > 5.4e-6);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn chernoff_entropy_bound(class: &SubGaussianMoments<'_>, length: PromptLength) -> Bound {
    bound(class, length, class.trivial(length.as_f64()))
}

/// The same beside bounds of which this is the trivial one.
pub(in crate::bound) fn bound(
    class: &SubGaussianMoments<'_>,
    length: PromptLength,
    trivial: f64,
) -> Bound {
    let theorem = Theorem::CHERNOFF_ENTROPY;
    if length.get() < SHORTEST {
        return Bound::not_applicable(theorem, "L >= 3 is required");
    }
    let found = class.chernoff_entropy(length.as_f64(), class.ln_least_second_moment());
    let value = Interval::point(found.ln_value).exp().upper();
    let dominant = if found.sum_dominates {
        "weighted sum: A2 / ((1 - del)^2 L)"
    } else {
        "small total weight: p (ln L + D_lam(c) - ln p) / lam"
    };
    let bound = Bound::proved(theorem, value, trivial, dominant)
        .with_hypothesis("L", length.as_f64())
        .with_hypothesis("ln A2", found.ln_a2)
        .with_parameter("del", found.delta)
        .with_parameter("lam", found.lambda);
    class.describe(bound)
}
