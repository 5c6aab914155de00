//! The trivial bound, T4 and T5: one query, any law.

use super::super::theorem::{ProofStatus, Statement};
use super::{A2, F0, KAPPA, LENGTH, RHO, constant, location};

const OWN_4: &str = "this project, docs/theory.md section 5";
const OWN_5: &str = "this project, docs/theory.md section 6";
const CENTRED: &str = "f(X) = V(X - m(a)) or any other f with E[w f] = 0";

pub(crate) const TRIVIAL_BOUND: Statement = Statement {
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
};

pub(crate) const CHERNOFF_BOUND: Statement = Statement {
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
    lemmas: &["proofs/chernoff_bound.v::chernoff_mean_square"],
};

pub(crate) const CHERNOFF_TAIL: Statement = Statement {
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
    lemmas: &["proofs/chernoff_tail.v::chernoff_tail"],
};

pub(crate) const CHERNOFF_FOURTH_MOMENT: Statement = Statement {
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
    lemmas: &["proofs/chernoff_fourth_moment.v::chernoff_fourth_moment"],
};

pub(crate) const LAPLACE_BOUND: Statement = Statement {
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
        "proofs/laplace_bound.v::laplace_mean_square_splits",
        "proofs/gaussian_exact.v::gaussian_sharp_laplace_splits",
        "proofs/laplace_inverse_moment.v::inverse_moment_two_split",
    ],
};

pub(crate) const LAPLACE_PARTICIPATION: Statement = Statement {
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
    lemmas: &["proofs/laplace_bound.v::participation_ratio_splits"],
};
