//! T10.gaussian: T10 with the errors of Gaussian tokens.

use super::super::theorem::{ProofStatus, Statement};
use super::{LENGTH, constant, location};

pub(crate) const GAUSSIAN_TRANSFER: Statement = Statement {
    id: "T10.gaussian",
    name: "gaussian-transfer",
    title: "Risk transfer for Gaussian tokens: gaps of the first order in E P_2, local along the flow",
    statement: "|R_L - R_inf| <= |b| tau res k |Sig|^{1/2} E[u r_2] + b^2 E[r_2 F] / 2; gap of the gradients in A <= \
        |Sig|^{1/2} ( |b| tau res E[u r_2 (sqrt(tr Sig^2) + 2 |Sig| q)] + b^2 E[sqrt(u G F r_2)] + b^2 tau^2 k sqrt(|Sig| tr Sig^2) E[u r_2] ), \
        in b <= tau res k |Sig|^{1/2} E[u r_2] + |b| E[r_2 F] + |b| tau^2 |Sig| E[r_2 q], F = c_0 + tau^2 |Sig| q; \
        |theta_L - theta_inf|(T) <= INT_0^T g2(t) exp(INT_t^T mu) dt, \
        mu(t) = -lambda_min(Hess R_inf(theta_inf(t))) + M r(t)/2, while that is at most r(t)",
    hypotheses: &[
        "T11's task, |Sig^{1/2} A Sig^{1/2}| <= k within r(t) of theta_inf(t)",
        "r_2 and r_3 are E P_2 and E P_3 at the score variance q, or T5's bounds of them",
        "r does not decrease; M is a Lipschitz constant of Hess R_inf within r(t) of theta_inf(t)",
    ],
    constants: &[
        LENGTH,
        constant("u, q", "chi-square with d degrees of freedom, and k^2 u"),
        constant("c_0", "E y^2 = tau^2 tr Sig + v"),
        constant(
            "res",
            "tau |(b Sig A - I) Sig^{1/2}|_F, the root of twice the excess of R_inf",
        ),
        constant(
            "G",
            "bound of E|sum p_i (y_i - ybar) x_i - Sig w|^2 at the score variance q, theory section 13, gradient-order",
        ),
        constant(
            "M",
            "3 tau^2 |Sig|^{3/2} sqrt(b^2 |Sig|^3 + |Sig A Sig^{1/2}|_F^2)",
        ),
    ],
    proof_idea: "Given w and x the loss's derivative does not see the prompt, so the gaps see biases and products of errors. Given the scores the rest of the tokens is normal, so the error of the Jacobian is a sum of E sum p_i^2 (S_i - mean)^2, \
        E(var - s^2)^2 and participation ratios. Stein's identity with scores counted from the tilted mean closes on E sum p_i^k (S_i - s^2)^j. \
        The distance grows at the rate -lambda_min of the mean Hessian between the flows.",
    source: "this project, docs/theory.md section 13",
    location: location(
        "bound::regression::gaussian::risk_gaps",
        "src/bound/regression/gaussian/mod.rs",
    ),
    status: ProofStatus::ProvedOnPaper,
    lemmas: &[],
};
