//! T6 `output-concentration`: every pointwise bound of the squared output error of one query.

use super::laplace::fractional;
use super::moments::KnownMoments;
use super::sub_gaussian::{SubGaussianMoments, crude_bound};
use super::{Bound, Formula, GaussianOutput, SecondMoment, chernoff, laplace};
use crate::bound::theorem::{ProofStatus, Statement, Theorem};
use crate::bound::vocabulary::{
    A2, CENTRED, F0, KAPPA, LENGTH, OUTPUT_LAMBDA, OUTPUT_PROXY, OWN_4, OWN_5, OWN_6, RHO, SIGMA,
    TILT, constant, location,
};
use crate::interval::Interval;
use crate::parameter::PromptLength;

impl Theorem {
    /// trivial `trivial-bound`: What holds without concentration; every other bound is compared with it.
    pub const TRIVIAL_BOUND: Theorem = Theorem::new(&Statement {
        id: "trivial",
        name: "trivial-bound",
        title: "What holds without concentration; every other bound is compared with it",
        statement: "E|That - T|^2 <= min( L F0, sup |V(x - m(a))|^2, tau_V + eta )",
        hypotheses: &[
            "L F0: second moments",
            "the supremum: bounded support",
            "tau_V + eta: Gaussian tokens",
        ],
        constants: &[
            LENGTH,
            F0,
            constant("tau_V + eta", "tr(V Gamma V^T) + |V Gamma a|^2"),
        ],
        proof_idea: "Jensen: |sum p_i f_i|^2 <= sum p_i |f_i|^2 <= sum |f_i|^2. A weighted mean lies in the \
        convex hull of the support. For Gaussian tokens T3 with r_2 <= 1.",
        source: "this project, docs/theory.md section 0",
        location: location("bound::trivial_bound", "src/bound/output.rs"),
        status: ProofStatus::ProvedOnPaper,
        lemmas: &[],
    });

    /// T4 `chernoff-bound`: Explicit bound of the squared error with an elementary proof.
    pub const CHERNOFF_BOUND: Theorem = Theorem::new(&Statement {
        id: "T4",
        name: "chernoff-bound",
        title: "Explicit bound of the squared error with an elementary proof",
        statement: "E|sum p_i f(X_i)|^2 <= A2 / ((1-del)^2 L) + L F0 exp( -(del L - 1)^2 / (2 (L-1) rho) )",
        hypotheses: &[CENTRED, "L >= 2", "1/L < del < 1 (a proof parameter)"],
        constants: &[LENGTH, RHO, A2, F0],
        proof_idea: "Where the weights sum to at least (1-del) L, replace their sum by that and use that the \
        w_i f_i are independent and centred. Elsewhere use Jensen and drop w_i: the other weights are \
        independent of f_i and sum to at most (1-del) L with the probability that Chernoff's bound for \
        non-negative variables gives.",
        source: OWN_4,
        location: location("bound::output_bounds", "src/bound/output.rs"),
        status: ProofStatus::MachineChecked,
        lemmas: &["proofs/chernoff/chernoff_bound.v::chernoff_mean_square"],
    });

    /// T5 `laplace-bound`: Explicit bound of the squared error with the sharp constant A2 / L.
    pub const LAPLACE_BOUND: Theorem = Theorem::new(&Statement {
        id: "T5",
        name: "laplace-bound",
        title: "Explicit bound of the squared error with the sharp constant A2 / L",
        statement: "E|sum p_i f(X_i)|^2 <= A2 [ L I_2(L-1) + 6 L (L-1) rho I_4(L-2) ]; Gaussian tokens: \
        E|That - T|^2 <= (tau_V + eta) min(1, L e^{s^2} I_2(L-1)); \
        I_k(n) <= (n (1 - th/2))^{-k} + (kap/k)^k exp( -(n-k) (th/rho) (1 - th/2) ) (one split); \
        I_k(n) <= (n (1 - th/2))^{-k} + (n/2)^{-k} Q_k(n th / (2 rho)) + (kap/k)^k exp( -(n-k) / (2 rho) ), \
        Q_k(x) = e^{-x} sum_{j<k} x^j / j! (two splits)",
        hypotheses: &[
            CENTRED,
            "L >= 7; Gaussian tokens: L >= 4",
            "0 < th <= 1 (a proof parameter, one for each I_k)",
        ],
        constants: &[
            LENGTH,
            RHO,
            KAPPA,
            A2,
            constant("I_k(n)", "E (w_1 + ... + w_n)^{-k}"),
            constant(
                "s^2, tau_V, eta",
                "a^T Gamma a, tr(V Gamma V^T), |V Gamma a|^2",
            ),
        ],
        proof_idea: "In the Laplace identity T2, h <= A2 and |g(t)| <= t sqrt(rho A2), because E[w f] = 0. What \
        remains are inverse moments of a sum of weights: phi <= exp(-t + rho t^2/2) up to t = th/rho, and \
        beyond it phi decreases and the arithmetic-geometric mean bounds E (w_1 + ... + w_k)^{-k}.",
        source: OWN_5,
        location: location("bound::output_bounds", "src/bound/output.rs"),
        status: ProofStatus::MachineChecked,
        lemmas: &[
            "proofs/laplace/laplace_bound.v::laplace_mean_square_splits",
            "proofs/gaussian/gaussian_exact.v::gaussian_sharp_laplace_splits",
            "proofs/laplace/inverse_moment.v::inverse_moment_two_split",
        ],
    });

    /// T6.chernoff `sub-gaussian-chernoff`: T4 for a law known only through its variance proxy.
    pub const SUB_GAUSSIAN_CHERNOFF: Theorem = Theorem::new(&Statement {
        id: "T6.chernoff",
        name: "sub-gaussian-chernoff",
        title: "T4 for a law known only through its variance proxy",
        statement: "T4 with rho = e^{2 sigma^2 |a|^2}, A2 = rho (8 sigma^2 |a|^2 + D_lam(c)) / lam, \
        F0 = sigma^2 |V|_F^2 + |c|^2, |c| = 2 sigma^2 |V| |a|",
        hypotheses: &[
            OUTPUT_PROXY,
            "L >= 2",
            OUTPUT_LAMBDA,
            "1/L < del < 1 (a proof parameter)",
        ],
        constants: &[LENGTH, SIGMA, TILT, constant("D_lam(c)", "see T6.norm-mgf")],
        proof_idea: "Lam >= 0 bounds rho. A2 = rho E|V(X-m)|^2 under the law tilted by 2a; Donsker-Varadhan for \
        lam |V(X-m)|^2 with relative entropy at most 8 sigma^2 |a|^2 and T6.norm-mgf bound it; T6.tilted-mean \
        bounds |c|. T4 increases in rho, A2 and F0.",
        source: OWN_6,
        location: location("bound::output_bounds", "src/bound/output.rs"),
        status: ProofStatus::MachineChecked,
        lemmas: &["proofs/sub_gaussian/sub_gaussian_bounds.v::sub_gaussian_chernoff"],
    });

    /// T6.laplace `sub-gaussian-laplace`: T5 for a law known only through its variance proxy.
    pub const SUB_GAUSSIAN_LAPLACE: Theorem = Theorem::new(&Statement {
        id: "T6.laplace",
        name: "sub-gaussian-laplace",
        title: "T5 for a law known only through its variance proxy",
        statement: "T5 with rho = e^{2 sigma^2 |a|^2}, kap = e^{sigma^2 |a|^2}, \
        A2 = rho (8 sigma^2 |a|^2 + D_lam(c)) / lam, |c| = 2 sigma^2 |V| |a|",
        hypotheses: &[
            OUTPUT_PROXY,
            "L >= 7",
            OUTPUT_LAMBDA,
            "0 < th <= 1 (a proof parameter, one for each I_k)",
        ],
        constants: &[LENGTH, SIGMA, TILT, constant("D_lam(c)", "see T6.norm-mgf")],
        proof_idea: "The constants of T6.chernoff, and kap = exp(Lam(a) + Lam(-a)) <= e^{sigma^2 |a|^2}. T5 \
        increases in rho, kap and A2.",
        source: OWN_6,
        location: location("bound::output_bounds", "src/bound/output.rs"),
        status: ProofStatus::MachineChecked,
        lemmas: &["proofs/sub_gaussian/sub_gaussian_bounds.v::sub_gaussian_laplace"],
    });

    /// T6.crude `crude-bound`: A bound for every prompt length that grows like ln L.
    pub const CRUDE_BOUND: Theorem = Theorem::new(&Statement {
        id: "T6.crude",
        name: "crude-bound",
        title: "A bound for every prompt length that grows like ln L",
        statement: "E|That - T|^2 <= E max_i |V(X_i - m(a))|^2 <= (ln L + D_lam(c)) / lam, |c| = 2 sigma^2 |V| |a|",
        hypotheses: &[OUTPUT_PROXY, "L >= 1", OUTPUT_LAMBDA],
        constants: &[LENGTH, SIGMA, TILT, constant("D_lam(c)", "see T6.norm-mgf")],
        proof_idea: "Jensen bounds the error by the largest |f_i|^2; lam times its mean is at most \
        ln(L E e^{lam |f|^2}); T6.norm-mgf and T6.tilted-mean finish.",
        source: OWN_6,
        location: location("bound::output_bounds", "src/bound/output.rs"),
        status: ProofStatus::MachineChecked,
        lemmas: &["proofs/sub_gaussian/sub_gaussian_bounds.v::sub_gaussian_crude"],
    });
}

const LAW_UNKNOWN: &str = "the token law must be known (its cumulant generating function)";
const PROXY_UNKNOWN: &str = "a variance proxy of the token law must be known";

/// Every bound of `E|That - T|^2` at one query and one prompt length, in this order: trivial, T4, T5, T15, T15.chords,
/// T6 by T4, T6 by T5, T6 by T4 with relative entropy, crude.
///
/// * `known`: the moments of the token law at the tilt of the query; without them T4, T5, T15 and T15.chords do not apply.
/// * `sub_gaussian`: variance proxy, tilt norm and value spectrum; without them T6's own do not apply.
///
/// Values are upper ends of enclosures at the reported hypotheses and parameters, never clamped; one that
/// overflows is `+inf` and vacuous.
/// No monotonicity in `L` is promised.
///
/// # Examples
/// ```
/// use attention_bounds::bound::{GaussianOutput, KnownMoments, Theorem, output_bounds};
/// use attention_bounds::parameter::PromptLength;
///
/// // rho = A2 = F0 = 1: T4 at its best del is at most T4 at del = 1/2.
/// let known = KnownMoments::gaussian(GaussianOutput::new(0.0, 1.0, 0.0)?);
/// let bounds = output_bounds(Some(&known), None, PromptLength::new(100)?);
/// let t4 = bounds.iter().find(|bound| bound.theorem() == Theorem::CHERNOFF_BOUND).unwrap();
/// assert!(t4.value().unwrap() <= 0.04 + 100.0 * (-49f64.powi(2) / 198.0).exp());
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn output_bounds(
    known: Option<&KnownMoments>,
    sub_gaussian: Option<&SubGaussianMoments<'_>>,
    length: PromptLength,
) -> Vec<Bound> {
    let trivial = trivial_bound(known, sub_gaussian, length);
    let least = trivial.value().unwrap_or(f64::INFINITY);
    let mut bounds = vec![trivial];
    match known {
        Some(known) => {
            let moments = known.logarithms();
            let chernoff = chernoff::bound(Theorem::CHERNOFF_BOUND, &moments, length, least);
            bounds.push(match known.gaussian_output() {
                Some(gaussian) => in_gaussian_terms(chernoff, gaussian),
                None => chernoff,
            });
            bounds.push(match known.gaussian_output() {
                Some(gaussian) => laplace::gaussian_bound(gaussian, length, least),
                None => laplace::bound(Theorem::LAPLACE_BOUND, &moments, length, least),
            });
            let fractional = known.fractional();
            bounds.push(match known.gaussian_output() {
                Some(gaussian) => fractional::gaussian_bound(gaussian, fractional, length, least),
                None => fractional::bound(fractional, known.f0(), length, least),
            });
            bounds.push(laplace::chords::bound(
                fractional,
                known.gaussian_output(),
                known.f0(),
                length,
                least,
            ));
        }
        None => {
            for theorem in [
                Theorem::CHERNOFF_BOUND,
                Theorem::LAPLACE_BOUND,
                Theorem::FRACTIONAL_MOMENTS,
                Theorem::TWO_CHORD_FRACTIONAL_MOMENTS,
            ] {
                bounds.push(Bound::not_applicable(theorem, LAW_UNKNOWN));
            }
        }
    }
    match sub_gaussian {
        Some(class) => {
            let (moments, second) = class.logarithms();
            let describe = |bound: Bound| {
                if bound.value().is_none() {
                    return bound;
                }
                in_class_terms(class.describe(bound), class, second.lambda)
                    .with_parameter("lam", second.lambda)
            };
            let theorem = Theorem::SUB_GAUSSIAN_CHERNOFF;
            bounds.push(describe(chernoff::bound(theorem, &moments, length, least)));
            let theorem = Theorem::SUB_GAUSSIAN_LAPLACE;
            bounds.push(describe(laplace::bound(theorem, &moments, length, least)));
            bounds.push(chernoff::entropy::bound(class, length, least));
            bounds.push(crude_bound(class, length, least));
        }
        None => {
            for theorem in [
                Theorem::SUB_GAUSSIAN_CHERNOFF,
                Theorem::SUB_GAUSSIAN_LAPLACE,
                Theorem::CHERNOFF_ENTROPY,
                Theorem::CRUDE_BOUND,
            ] {
                bounds.push(Bound::not_applicable(theorem, PROXY_UNKNOWN));
            }
        }
    }
    bounds
}

/// T4 of Gaussian tokens as a formula in `s^2`, `tau_V` and `eta`, of which the moments are upper bounds.
fn in_gaussian_terms(bound: Bound, gaussian: &GaussianOutput) -> Bound {
    let formula = match bound.formula() {
        Some(Formula::Chernoff { length, delta, .. }) => Some(Formula::GaussianChernoff {
            score_variance: gaussian.score_variance(),
            tau_v: gaussian.tau_v(),
            eta: gaussian.eta(),
            length: *length,
            delta: *delta,
        }),
        other => other.cloned(),
    };
    bound.with_formula(formula)
}

/// T4 and T5 of a sub-Gaussian class as formulas in which `A2` is that of T6.
fn in_class_terms(bound: Bound, class: &SubGaussianMoments<'_>, lambda: f64) -> Bound {
    let mut formula = bound.formula().cloned();
    if let (Some(Formula::Chernoff { a2, .. } | Formula::Laplace { a2, .. }), Some(class)) =
        (&mut formula, class.at_lambda(lambda))
    {
        *a2 = SecondMoment::SubGaussian(class);
    }
    bound.with_formula(formula)
}

/// The bound that every other is compared with, the smallest of those whose constants are known:
///
/// * `L F0`, the Jensen step of T4: `E|sum_i p_i f_i|^2 <= sum_i E|f_i|^2`, with `F0` of the law, or
///   `sigma^2 |V|_F^2 + |c|^2` of the sub-Gaussian class;
/// * `sup |V(x - m(a))|^2` over a bounded support, for `That` lies in its convex hull;
/// * `tau_V + eta` for Gaussian tokens (T3 with `r_2 <= 1`).
///
/// Does not apply if neither a law nor a proxy is given.
pub fn trivial_bound(
    known: Option<&KnownMoments>,
    sub_gaussian: Option<&SubGaussianMoments<'_>>,
    length: PromptLength,
) -> Bound {
    let candidates = [
        known.map(|k| {
            let (l, f0) = (length.as_f64(), k.f0());
            let value = Interval::point(l) * Interval::point(f0);
            (
                value.upper(),
                "Jensen: L F0",
                Formula::Jensen { length: l, f0 },
            )
        }),
        known.and_then(KnownMoments::radius_squared).map(|r| {
            let dominant = "bounded support: sup |V(x - m(a))|^2";
            (r, dominant, Formula::Constant(r))
        }),
        known.and_then(KnownMoments::gaussian_output).map(|g| {
            let (tau_v, eta) = (g.tau_v(), g.eta());
            let value = Interval::point(tau_v) + Interval::point(eta);
            let dominant = "Gaussian tokens: tau_V + eta";
            (value.upper(), dominant, Formula::Variance { tau_v, eta })
        }),
        sub_gaussian.map(|class| {
            let (l, f0) = (length.as_f64(), class.f0());
            let dominant = "Jensen: L (sigma^2 |V|_F^2 + |c|^2)";
            (
                class.trivial(length.as_f64()),
                dominant,
                Formula::Jensen { length: l, f0 },
            )
        }),
    ];
    let least = candidates
        .into_iter()
        .flatten()
        .min_by(|x, y| x.0.total_cmp(&y.0));
    match least {
        Some((value, dominant, formula)) => {
            let bound = Bound::proved(Theorem::TRIVIAL_BOUND, value, value, dominant)
                .with_formula(Some(formula))
                .with_hypothesis("L", length.as_f64());
            match known {
                Some(known) => bound.with_hypothesis("F0", known.f0()),
                None => bound,
            }
        }
        None => Bound::not_applicable(
            Theorem::TRIVIAL_BOUND,
            "the token law or a variance proxy must be known",
        ),
    }
}
