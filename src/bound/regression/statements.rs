//! Theorems of in-context regression that are computed outside this room: T10 and T11.

use crate::bound::theorem::{ProofStatus, Statement, Theorem};
use crate::bound::vocabulary::{LENGTH, constant, location};

impl Theorem {
    /// T10.tube `risk-transfer-tube`: Risk transfer with the curvature along the infinite flow instead of one Lipschitz constant.
    pub const RISK_TRANSFER_TUBE: Theorem = Theorem::new(&Statement {
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
    });

    /// T11 `icl-regression`: In-context linear regression: the risk at L examples, exactly.
    pub const ICL_REGRESSION: Theorem = Theorem::new(&Statement {
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
    });
}
