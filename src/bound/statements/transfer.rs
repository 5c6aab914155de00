//! T10: from errors of attention to risks, gradients and flows.

use super::super::theorem::{ProofStatus, Statement};
use super::{LENGTH, constant, location};
use crate::bound::theorem::Constant;

const SOURCE: &str = "this project, docs/theory.md section 13; puts numbers to Theorem 4.3 of E. Boursier, C. Boyer, \
    \"Softmax as Linear Attention in the Large-Prompt Regime: a Measure-based Perspective\", arXiv 2512.11784, ICML 2026";
const TASK: &str =
    "in-context regression: x ~ N(0, Sig), w ~ N(0, tau^2 I), y = <w,x> + N(0, v), head (A, b)";
const GAPS: Constant = constant(
    "MSE, J_L, J, l'",
    "squared error of the output, Jacobians of the outputs in the parameters, derivative of the loss at the limit",
);
const FLOWS: Constant = constant(
    "theta_L, theta_inf",
    "gradient flows of R_L and of R_inf from the same start",
);

pub(crate) const RISK_TRANSFER: Statement = Statement {
    id: "T10",
    name: "risk-transfer",
    title: "Gaps of risk and gradient, distance of the gradient flows, and the risk at the end of the finite-prompt flow",
    statement: "|R_L - R_inf| <= g1 = sqrt(E|l'|^2 MSE) + MSE/2; |grad R_L - grad R_inf| <= g2 = sqrt(E|J_L - J|^2 E|l'|^2) + \
        sqrt(E|J_L|^2 MSE); |theta_L(T) - theta_inf(T)| <= (g2/beta)(e^{beta T} - 1); \
        lim R_L(theta_L) <= R_inf(theta_inf(T)) + Lip |theta_L(T) - theta_inf(T)| + g1 for every T",
    hypotheses: &[
        "a loss that is 1-smooth in its first argument",
        "the numbers: in-context regression with the squared loss",
        TASK,
        "g1, g2, beta and Lip hold on a set that both flows stay in up to T",
    ],
    constants: &[
        LENGTH,
        GAPS,
        FLOWS,
        constant("beta, Lip", "Lipschitz constants of grad R_inf and of R_inf on the set"),
    ],
    proof_idea: "Smoothness and Cauchy-Schwarz; Gronwall's inequality; R_L falls along its own flow. MSE by T3.order, the error of \
        the Jacobian by Stein's identity about the tilted mean, both with T5 for E P_2 and E P_3, as upper sums over the query.",
    source: SOURCE,
    location: location(
        "bound::risk_transfer::risk_gaps",
        "src/bound/risk_transfer/mod.rs",
    ),
    status: ProofStatus::ProvedOnPaper,
    lemmas: &[],
};

pub(crate) const CURVATURE_TRANSFER: Statement = Statement {
    id: "T10.sharp",
    name: "curvature-transfer",
    title: "The distance of the gradient flows by the curvature along the infinite flow",
    statement: "|theta_L(T) - theta_inf(T)| <= INT_0^T g2(t) exp( INT_t^T mu ) dt as long as this is at most r(T), \
        mu(t) = -lambda_min(Hess R_inf(theta_inf(t))) + M r(t) / 2",
    hypotheses: &[
        TASK,
        "r does not decrease; g2(t) and the Lipschitz constant M of the Hessian hold within r(t) of theta_inf(t)",
    ],
    constants: &[
        LENGTH,
        FLOWS,
        constant("g2(t)", "T10's bound of the gap of the gradients near theta_inf(t)"),
        constant("M", "3 tau^2 |Sig|^{3/2} sqrt(b^2 |Sig|^3 + |Sig A Sig^{1/2}|_F^2)"),
    ],
    proof_idea: "The difference of two gradients is the mean Hessian on the segment between the heads, symmetric, within M/2 times the \
        distance of that at theta_inf. So the distance grows at the rate -lambda_min + M r/2 at most, plus g2.",
    source: "this project, docs/theory.md section 13",
    location: location(
        "bound::risk_transfer::tube_step",
        "src/bound/risk_transfer/gronwall.rs",
    ),
    status: ProofStatus::ProvedOnPaper,
    lemmas: &[],
};
