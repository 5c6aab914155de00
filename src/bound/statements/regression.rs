//! T11: in-context linear regression.

use super::super::theorem::{ProofStatus, Statement};
use super::{LENGTH, constant, location};

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
    location: location("icl::finite::FinitePromptRisk", "src/icl/finite.rs"),
    status: ProofStatus::ProvedOnPaper,
    lemmas: &[],
};
