//! T10.gaussian: T10 with the errors of Gaussian tokens.

use super::super::theorem::{ProofStatus, Statement};
use super::{LENGTH, constant, location};

pub(crate) const GAUSSIAN_TRANSFER: Statement = Statement {
    id: "T10.gaussian",
    name: "gaussian-transfer",
    title: "Risk transfer for Gaussian tokens: errors of the order of E P_2, local along the flow",
    statement: "MSE <= b^2 E[(c_0 + tau^2 |Sig| q) r_2(q)], E|J_L - J|^2 <= b^2 |Sig| E[|g|^2 G(q)] + MSE/b^2, q = k^2 |g|^2, \
        G = r_2 ( tau^2 (|Sig| sqrt(K) + sqrt(x tr Sig^2))^2 + |Sig| (tau^2 tr Sig + c_0 + 2 tau^2 |Sig|) N + tau^2 tr Sig^2 + c_0 tr Sig ), \
        K = ( n + sqrt(2 + 4q + q^2 + n^2) + sqrt(x) z^2 )^2, N = ( sqrt(1+q) + sqrt(x) z )^2, n^2 = x q (1+4q), x = r_3/r_2, \
        z = 2 sqrt(q) + sqrt(3 + 3 sqrt(q + 4q^2) + 4q); \
        with them T10, or |theta_L - theta_inf|(T) <= INT_0^T g2(t) exp(INT_t^T mu) dt, \
        mu(t) = -lambda_min(Hess R_inf(theta_inf(t))) + M r(t)/2, while that is at most r(t)",
    hypotheses: &[
        "T11's task, |Sig^{1/2} A Sig^{1/2}| <= k within r(t) of theta_inf(t)",
        "r_2 and r_3 are E P_2 and E P_3 at the score variance q, or T5's bounds of them",
        "r does not decrease; M is a Lipschitz constant of Hess R_inf within r(t) of theta_inf(t)",
    ],
    constants: &[
        LENGTH,
        constant("g", "standard normal in R^d, the query is Sig^{1/2} g"),
        constant("c_0", "E y^2 = tau^2 tr Sig + v"),
        constant(
            "M",
            "3 tau^2 |Sig|^{3/2} sqrt(b^2 |Sig|^3 + |Sig A Sig^{1/2}|_F^2)",
        ),
    ],
    proof_idea: "Given the scores the rest of the tokens is normal, so the error of the Jacobian is a sum of E sum p_i^2 (S_i - mean)^2, \
        E(var - s^2)^2 and participation ratios. Stein's identity with scores counted from the tilted mean closes on E sum p_i^k (S_i - s^2)^j. \
        The distance grows at the rate -lambda_min of the mean Hessian between the flows.",
    source: "this project, docs/theory.md section 13",
    location: location(
        "bound::gaussian_transfer::risk_gaps",
        "src/bound/gaussian_transfer/mod.rs",
    ),
    status: ProofStatus::ProvedOnPaper,
    lemmas: &[],
};
