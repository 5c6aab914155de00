//! T5 `laplace-bound`: an explicit bound with the sharp constant.

pub(in crate::bound) mod chords;
pub(in crate::bound) mod fractional;
pub(in crate::bound) mod inverse_moment;

use super::logarithm::ln_add;
use super::moments::LogMoments;
use super::{Bound, Formula, GaussianOutput, KnownMoments, SecondMoment};
use crate::bound::laplace::inverse_moment::{InverseMoment, inverse_moment, ln_enclosure};
use crate::bound::theorem::{ProofStatus, Statement, Theorem};
use crate::bound::vocabulary::{KAPPA, LENGTH, OWN_5, RHO, constant, location};
use crate::interval::Interval;
use crate::parameter::PromptLength;

impl Theorem {
    /// T3.order `participation-order`: Gaussian tokens: the error is at most its value at one token times the participation.
    pub const PARTICIPATION_ORDER: Theorem = Theorem::new(&Statement {
        id: "T3.order",
        name: "participation-order",
        title: "Gaussian tokens: the error is at most its value at one token times the participation",
        statement: "E|That - T|^2 <= (tau_V + eta) r_2 <= tau_V + eta, because P_2^2 <= P_3",
        hypotheses: &["tokens N(m0, Gamma)", "L >= 1"],
        constants: &[
            constant("r_2", "E P_2, P_2 = sum_i p_i^2"),
            constant("tau_V", "tr(V Gamma V^T)"),
            constant("eta", "|V Gamma a|^2"),
        ],
        proof_idea: "Cauchy-Schwarz with sum p_i = 1: (sum p_i^{1/2} p_i^{3/2})^2 <= sum p_i^3. So \
        -6 r_3 + 6 E22 <= 0 in T3. All p_i <= 1 gives r_2 <= 1.",
        source: "this project, docs/theory.md section 4",
        location: location("bound::laplace::gaussian_bound", "src/bound/laplace/mod.rs"),
        status: ProofStatus::MachineChecked,
        lemmas: &[
            "proofs/gaussian/gaussian_exact.v::gaussian_error_le",
            "proofs/gaussian/participation_order.v::participation_square_le_cube",
        ],
    });

    /// T5.participation `laplace-participation`: Explicit bound of the expected sum of squared attention weights.
    pub const LAPLACE_PARTICIPATION: Theorem = Theorem::new(&Statement {
        id: "T5.participation",
        name: "laplace-participation",
        title: "Explicit bound of the expected sum of squared attention weights",
        statement: "r_2 = E sum_i p_i^2 <= min(1, L rho I_2(L-1))",
        hypotheses: &["L >= 4", "0 < th <= 1 (a proof parameter of I_2, see T5)"],
        constants: &[
            LENGTH,
            RHO,
            KAPPA,
            constant("I_2(n)", "E (w_1 + ... + w_n)^{-2}, bounded as in T5"),
        ],
        proof_idea: "The Laplace identity for P_2 with E[w^2 e^{-tw}] <= rho.",
        source: OWN_5,
        location: location("bound::participation_bounds", "src/bound/laplace/mod.rs"),
        status: ProofStatus::MachineChecked,
        lemmas: &["proofs/laplace/laplace_bound.v::participation_ratio_splits"],
    });
}

/// The best proof parameters of T5.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Laplace {
    /// Logarithm of the bound, in plain floats: for the search only.
    pub ln_value: f64,
    single: f64,
    pairs: f64,
    second: InverseMoment,
    fourth: InverseMoment,
}

/// Minimises `A2 [ L I_2(L-1) + 6 L (L-1) rho I_4(L-2) ]`; needs `L >= 7`. A search in plain floats;
/// [`Laplace::ln_enclosure`] evaluates the bound at what it finds.
pub(crate) fn search(moments: &LogMoments, length: f64) -> Laplace {
    let second = inverse_moment(moments, 2, length - 1.0);
    let fourth = inverse_moment(moments, 4, length - 2.0);
    let ln_length = length.ln();
    let single = moments.a2 + ln_length + second.ln_value;
    let pairs =
        moments.a2 + 6f64.ln() + ln_length + (length - 1.0).ln() + moments.rho + fourth.ln_value;
    Laplace {
        ln_value: ln_add(single, pairs),
        single,
        pairs,
        second,
        fourth,
    }
}

impl Laplace {
    /// `th` and the number of splits of `I_2` and of `I_4`, for a record.
    pub fn parameters(&self) -> [(f64, f64); 2] {
        [&self.second, &self.fourth].map(|found| (found.theta, found.splits.count()))
    }

    /// Logarithm of T5 at the proof parameters found, enclosed; `A2`, `rho` and `kap` are the floats of `moments`.
    pub fn ln_enclosure(&self, moments: &LogMoments, length: f64) -> Interval {
        let l = Interval::point(length);
        let (second, fourth) = (&self.second, &self.fourth);
        let single = ln_enclosure(moments, 2, length - 1.0, second.theta, second.splits);
        let pairs = Interval::point(6.0).ln()
            + (l - Interval::ONE).ln()
            + Interval::point(moments.rho)
            + ln_enclosure(moments, 4, length - 2.0, fourth.theta, fourth.splits);
        Interval::point(moments.a2) + l.ln() + single.ln_add(pairs)
    }
}

/// Logarithm of `L rho I_2(L-1)`, enclosed.
pub(super) fn ln_participation(
    moments: &LogMoments,
    length: f64,
    second: &InverseMoment,
) -> Interval {
    Interval::point(length).ln()
        + Interval::point(moments.rho)
        + ln_enclosure(moments, 2, length - 1.0, second.theta, second.splits)
}

/// T5 as a record, for moments of a known law or of a sub-Gaussian class (`theorem` says which).
pub(crate) fn bound(
    theorem: Theorem,
    moments: &LogMoments,
    length: PromptLength,
    trivial: f64,
) -> Bound {
    if length.get() < 7 {
        return Bound::not_applicable(theorem, "L >= 7 is required");
    }
    let found = search(moments, length.as_f64());
    let value = found.ln_enclosure(moments, length.as_f64()).exp();
    let dominant = match (
        found.single >= found.pairs,
        found.second.main_dominates,
        found.fourth.main_dominates,
    ) {
        (true, true, _) => "single tokens: A2 L / ((L - 1)(1 - th/2))^2",
        (true, false, _) => "single tokens, small total weight: A2 L (kap/2)^2 exp(...)",
        (false, _, true) => "pairs of tokens: 6 A2 rho L (L - 1) / ((L - 2)(1 - th/2))^4",
        (false, _, false) => {
            "pairs of tokens, small total weight: 6 A2 rho L (L - 1) (kap/4)^4 exp(...)"
        }
    };
    Bound::proved(theorem, value.upper(), trivial, dominant)
        .with_hypothesis("L", length.as_f64())
        .with_hypothesis("ln rho", moments.rho)
        .with_hypothesis("ln kap", moments.kappa)
        .with_hypothesis("ln A2", moments.a2)
        .with_parameter("th of I_2", found.second.theta)
        .with_parameter("splits of I_2", found.second.splits.count())
        .with_parameter("th of I_4", found.fourth.theta)
        .with_parameter("splits of I_4", found.fourth.splits.count())
        .with_formula(Some(Formula::Laplace {
            a2: SecondMoment::Exponential(moments.a2),
            ln_rho: moments.rho,
            ln_kappa: moments.kappa,
            length: length.as_f64(),
            second: found.second.form(),
            fourth: found.fourth.form(),
        }))
}

/// T5 for Gaussian tokens: `(tau_V + eta) L e^{s^2} I_2(L-1)` with `rho = kap = e^{s^2}`, `L >= 4`.
///
/// The theorem takes the minimum of this and `tau_V + eta`; the latter is the trivial bound, with which
/// the record is compared, so that a prompt too short for the theorem shows as vacuous.
pub(crate) fn gaussian_bound(output: &GaussianOutput, length: PromptLength, trivial: f64) -> Bound {
    let theorem = Theorem::LAPLACE_BOUND;
    if length.get() < 4 {
        return Bound::not_applicable(theorem, "L >= 4 is required");
    }
    let moments = KnownMoments::gaussian(*output).logarithms();
    let second = inverse_moment(&moments, 2, length.as_f64() - 1.0);
    let scale = Interval::point(output.tau_v()) + Interval::point(output.eta());
    let value = (scale.ln() + ln_participation(&moments, length.as_f64(), &second)).exp();
    let dominant = if second.main_dominates {
        "single tokens: (tau_V + eta) e^{s^2} L / ((L - 1)(1 - th/2))^2"
    } else {
        "small total weight: (tau_V + eta) e^{3 s^2} L exp(...) / 4"
    };
    Bound::proved(theorem, value.upper(), trivial, dominant)
        .with_hypothesis("L", length.as_f64())
        .with_hypothesis("s^2", output.score_variance())
        .with_hypothesis("tau_V", output.tau_v())
        .with_hypothesis("eta", output.eta())
        .with_parameter("th of I_2", second.theta)
        .with_parameter("splits of I_2", second.splits.count())
        .with_formula(Some(Formula::GaussianLaplace {
            score_variance: output.score_variance(),
            tau_v: output.tau_v(),
            eta: output.eta(),
            length: length.as_f64(),
            second: second.form(),
        }))
}

/// Bounds the expected participation `r_2 = E P_2` of a known token law (theory T5, participation):
/// `r_2 <= min(1, L rho I_2(L-1))`, `L >= 4`.
///
/// Two records: the trivial bound 1, and `L rho I_2(L-1)`, which is vacuous where it exceeds 1.
///
/// # Examples
/// ```
/// use attention_bounds::bound::{GaussianOutput, KnownMoments, participation_bounds};
/// use attention_bounds::parameter::PromptLength;
///
/// // Without scores r_2 = 1/L.
/// let known = KnownMoments::gaussian(GaussianOutput::new(0.0, 1.0, 0.0)?);
/// let bounds = participation_bounds(&known, PromptLength::new(1000)?);
/// assert_eq!(bounds[0].value(), Some(1.0));
/// assert!(bounds[1].value().unwrap() >= 1e-3 && bounds[1].useful_value().is_some());
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn participation_bounds(known: &KnownMoments, length: PromptLength) -> Vec<Bound> {
    let trivial = Bound::proved(Theorem::TRIVIAL_BOUND, 1.0, 1.0, "sum_i p_i = 1")
        .with_formula(Some(Formula::Constant(1.0)));
    let theorem = Theorem::LAPLACE_PARTICIPATION;
    if length.get() < 4 {
        return vec![
            trivial,
            Bound::not_applicable(theorem, "L >= 4 is required"),
        ];
    }
    let moments = known.logarithms();
    let second = inverse_moment(&moments, 2, length.as_f64() - 1.0);
    let value = ln_participation(&moments, length.as_f64(), &second).exp();
    let dominant = if second.main_dominates {
        "L rho / ((L - 1)(1 - th/2))^2"
    } else {
        "small total weight: L rho (kap/2)^2 exp(...)"
    };
    let bound = Bound::proved(theorem, value.upper(), 1.0, dominant)
        .with_hypothesis("L", length.as_f64())
        .with_hypothesis("ln rho", moments.rho)
        .with_hypothesis("ln kap", moments.kappa)
        .with_parameter("th of I_2", second.theta)
        .with_parameter("splits of I_2", second.splits.count())
        .with_formula(Some(Formula::Participation {
            ln_rho: moments.rho,
            ln_kappa: moments.kappa,
            length: length.as_f64(),
            second: second.form(),
        }));
    vec![trivial, bound]
}
