//! T19 `lower-bound`: no prompt does better.

use crate::bound::theorem::{ProofStatus, Statement, Theorem};
use crate::bound::vocabulary::{CENTRED, LENGTH, constant, location};
use crate::bound::{GaussianOutput, KnownMoments};
use crate::law::WeightStep;
use crate::parameter::PromptLength;

impl Theorem {
    /// T19 `lower-bound`: A lower bound of the squared error by one expectation over one token.
    pub const LOWER_BOUND: Theorem = Theorem::new(&Statement {
        id: "T19",
        name: "lower-bound",
        title: "A lower bound of the squared error by one expectation over one token",
        statement: "E|sum p_i f(X_i)|^2 >= L E[ ( w |f| / (w + L - 1) )^2 ]",
        hypotheses: &[CENTRED, "L >= 1"],
        constants: &[LENGTH, constant("w", "exp(<a,X> - Lam(a)), E w = 1")],
        proof_idea: "In T2 the term of pairs, L(L-1) INT t |g|^2 phi^{L-2}, is not negative. The other is L E[w^2 |f|^2 (w + W')^{-2}], W' the sum of \
        the other weights, of mean L - 1: Jensen.",
        source: "this project, docs/theory.md section 17",
        location: location("bound::lower_bound", "src/bound/lower.rs"),
        status: ProofStatus::MachineChecked,
        lemmas: &["proofs/laplace/lower_bound.v::lower_bound"],
    });
}

/// A number that the error is not below.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LowerBound {
    /// The theorem.
    pub theorem: Theorem,
    /// The value.
    pub value: f64,
}

impl LowerBound {
    /// Of `E|That - T|^2` by T19.
    pub(crate) fn new(value: f64) -> Option<Self> {
        let theorem = Theorem::LOWER_BOUND;
        (value >= 0.0 && value < f64::INFINITY).then_some(Self { theorem, value })
    }

    /// Averaged over a list of queries, the weights divided by their sum.
    pub(crate) fn average(list: &[Self], weights: &[f64]) -> Option<Self> {
        let total: f64 = weights.iter().sum();
        let parts = list.iter().zip(weights);
        let sum: f64 = parts.map(|(one, weight)| weight * one.value).sum();
        // The rounding of both sums.
        let rounding = 2.0 * f64::EPSILON * (list.len() as f64 + 2.0);
        Self::new(sum / total * (1.0 - rounding))
    }
}

/// Relative allowance for the trapezoidal rule and for rounding.
const ALLOWANCE: f64 = 1e-9;
/// Standard deviation of the scores up to which Gaussian tokens are served.
const LARGEST: f64 = 200.0;

/// T19 at one query and one prompt length: for Gaussian tokens and tokens of finite support, of which the one-token expectation is an integral or a sum.
///
/// Rounded down: by steps of 1/128 of `ln w`, and for Gaussian tokens by a relative `1e-9`, which is more than the error of the trapezoidal rule
/// (theory, section 17).
///
/// ```
/// use attention_bounds::bound::{GaussianOutput, KnownMoments, lower_bound};
/// use attention_bounds::parameter::PromptLength;
///
/// // Without scores the error is tau_V / L.
/// let known = KnownMoments::gaussian(GaussianOutput::new(0.0, 3.0, 0.0).unwrap());
/// let found = lower_bound(&known, PromptLength::new(10).unwrap()).unwrap();
/// assert!(found.value <= 0.3 && found.value > 0.299_999);
/// ```
pub fn lower_bound(known: &KnownMoments, length: PromptLength) -> Option<LowerBound> {
    let l = length.as_f64();
    let value = match (known.gaussian_output(), known.steps()) {
        (Some(output), _) => gaussian(output, l)?,
        (None, Some(steps)) => finite(steps, l),
        (None, None) => return None,
    };
    LowerBound::new(value * (1.0 - ALLOWANCE))
}

/// `L sum_j u_j^2 E[|f|^2; step j]`, `u = w / (w + L - 1)` at the smallest weight of the step.
fn finite(steps: &[WeightStep], l: f64) -> f64 {
    let parts = steps.iter().map(|step| {
        let share = share(step.ln_weight.0, l);
        share * share * step.square
    });
    l * parts.sum::<f64>()
}

/// `w / (w + L - 1)`.
fn share(ln_weight: f64, l: f64) -> f64 {
    // A weight may vanish next to no others.
    if l == 1.0 {
        return 1.0;
    }
    1.0 / (1.0 + (l - 1.0) * (-ln_weight).exp())
}

fn gaussian(output: &GaussianOutput, l: f64) -> Option<f64> {
    let (of_variance, of_response) = gaussian_factors(output.score_variance(), l)?;
    // tau_V times the first is at least eta times what the second may lack.
    Some((output.tau_v() * of_variance + output.eta() * of_response).max(0.0))
}

/// `L E[u^2]` and `L E[u^2 ((N - s)^2 - 1)] / s^2`, which T19 multiplies with `tau_V` and `eta`: given the score `s N`, `|f|^2` has the mean
/// `tau_V + eta ((N - s)^2 - 1) / s^2`. Nothing for scores beyond the range.
pub(in crate::bound) fn gaussian_factors(score_variance: f64, l: f64) -> Option<(f64, f64)> {
    let s = score_variance.sqrt();
    if !(s <= LARGEST) {
        return None;
    }
    if s < 1e-6 {
        // u^2 is 1/L^2 up to a relative 2 s N (L - 1)/L, which changes the mean by the order of s^2 = 1e-12; eta is at most tau_V s^2.
        return Some((1.0 / l, -1.0 / l));
    }
    let step = (0.4 / s).min(0.2);
    let count = ((2.0 * s + 18.0) / step).ceil() as u32;
    let (mut first, mut second) = (0.0, 0.0);
    for place in 0..=count {
        let z = -9.0 + step * f64::from(place);
        let u = share(s * z - 0.5 * s * s, l);
        let part = u * u * (-0.5 * z * z).exp();
        first += part;
        second += part * ((z - s) * (z - s) - 1.0);
    }
    let scale = l * step / std::f64::consts::TAU.sqrt();
    Some((scale * first, scale * second / (s * s)))
}
