//! T10 and T11: risk transfer and in-context linear regression.

use super::super::theorem::{ProofStatus, Statement};
use super::{LENGTH, constant, location};

pub(crate) const RISK_TRANSFER: Statement = Statement {
    id: "T10",
    name: "risk-transfer",
    title: "The finite-prompt flow ends as well as the infinite one, up to explicit gaps",
    statement: "lim R_L(theta_L(t)) <= R_inf(theta_inf(T)) + |grad R_inf| r + (|Hess| + H r) r^2/2 + g1, \
        if g2 (e^{beta T} - 1)/beta <= r; g1 = sqrt(E|l'(T)|^2 MSE) + MSE/2, \
        g2 = sqrt(E|J_L - J|^2 E|l'(T)|^2) + sqrt(E|J_L|^2 MSE)",
    hypotheses: &[
        "loss 1-smooth in the output; both flows from one start",
        "g1, g2 hold within r of theta_inf(t) for t <= T; beta is a Lipschitz constant of grad R_inf there",
        "the numbers: T11's task, |Sig^{1/2} A Sig^{1/2}| <= alpha, MSE by T7.gaussian, E|J_L - J|^2 by T9.key-query.gaussian-query",
    ],
    constants: &[
        LENGTH,
        constant("MSE", "E|That - T|^2"),
        constant("J_L, J", "derivatives of That and T in the parameters"),
        constant(
            "H",
            "(4/sqrt 3) tau^2 |Sig|^3 (|b| + |A|_F), a Lipschitz constant of the Hessian of R_inf",
        ),
    ],
    proof_idea: "Smoothness and Cauchy-Schwarz give g1 and g2; Gronwall's inequality keeps the flows together up to T; \
        R_L decreases along its own flow.",
    source: "this project, docs/theory.md section 13; makes explicit Theorem 4.3 of E. Boursier, C. Boyer, \"Softmax as Linear \
        Attention in the Large-Prompt Regime: a Measure-based Perspective\", arXiv 2512.11784, ICML 2026",
    location: location("bound::RegressionClass", "src/bound/risk_transfer.rs"),
    status: ProofStatus::ProvedOnPaper,
    lemmas: &[],
};

pub(crate) const RISK_TRANSFER_TUBE: Statement = Statement {
    id: "T10.tube",
    name: "risk-transfer-tube",
    title: "Risk transfer with the curvature along the infinite flow instead of one Lipschitz constant",
    statement: "T10 with INT_0^T g2(t) exp(INT_t^T mu) dt <= r instead of g2 (e^{beta T} - 1)/beta <= r, \
        mu(t) = max(0, -lambda_min(Hess R_inf(theta_inf(t))) + H r)",
    hypotheses: &["those of T10"],
    constants: &[constant(
        "mu",
        "largest rate at which the flows can part in the tube",
    )],
    proof_idea: "The gradients at two points differ by the mean Hessian between them times their difference; only its negative \
        eigenvalues drive the flows apart. After the first growth there are none.",
    source: "this project, docs/theory.md section 13",
    location: location(
        "regression::transfer::transfer",
        "src/regression/transfer/mod.rs",
    ),
    status: ProofStatus::ProvedOnPaper,
    lemmas: &[],
};

pub(crate) const ICL_REGRESSION: Statement = Statement {
    id: "T11",
    name: "icl-regression",
    title: "In-context linear regression: the risk at L examples, exactly",
    statement: "R_L(A,b) - R_inf(A,b) = 1/2 E_x[ b^2 (tau^2 tr Sig + v) r_2 - b^2 tau^2 eta (r_2 + 6 r_3 - 6 E P_2^2) + 2 b tau^2 zeta r_2 ], \
        at the score variance q = x^T A^T Sig A x, with eta = |Sig A x|^2 and zeta = x^T Sig A x; \
        R_inf = tau^2/2 tr((b Sig A - I) Sig (b Sig A - I)^T) + v/2",
    hypotheses: &[
        "w ~ N(0, tau^2 I), x ~ N(0, Sig), Sig positive definite, y = <w,x> + N(0,v)",
        "tokens (x_i, y_i) and query (x, 0); U = diag(A, 0), last row of V (0, .., 0, b)",
        "L >= 1",
    ],
    constants: &[
        LENGTH,
        constant(
            "r_2, r_3, E P_2^2",
            "participation ratios of T3 at the score variance q",
        ),
        constant("tau^2, v", "variances of an entry of w and of the noise"),
    ],
    proof_idea: "Given w and x the tokens are normal and T3 applies to the value row b e_y: the score variance does not depend on w, and \
        tau_V = b^2 (w^T Sig w + v), T = b w^T Sig A x. Average over w. By the reflection w -> -w the other blocks of the head have no gradient.",
    source: "this project, docs/theory.md section 14; makes explicit Theorem 5.1 (v1), 5.2 (v2) of E. Boursier, C. Boyer, \"Softmax as Linear \
        Attention in the Large-Prompt Regime: a Measure-based Perspective\", arXiv 2512.11784, ICML 2026",
    location: location(
        "regression::risk::FinitePromptRisk",
        "src/regression/risk/finite.rs",
    ),
    status: ProofStatus::ProvedOnPaper,
    lemmas: &[],
};
