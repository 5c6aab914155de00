//! The gaps of the risk and of its gradient on a set of heads, from the errors of Gaussian tokens.

use crate::bound::logarithm::ln_add;
use crate::bound::regression::gaussian::constants::HeadSet;
use crate::bound::regression::gaussian::query::QueryErrors;
use crate::bound::theorem::{ProofStatus, Statement, Theorem};
use crate::bound::vocabulary::{LENGTH, constant, location};

impl Theorem {
    /// T10.gaussian `gaussian-transfer`: Risk transfer for Gaussian tokens: gaps of the first order in E P_2, local along the flow.
    pub const GAUSSIAN_TRANSFER: Theorem = Theorem::new(&Statement {
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
            "src/bound/regression/gaussian/gaps.rs",
        ),
        status: ProofStatus::ProvedOnPaper,
        lemmas: &[],
    });
}

/// Bounds on one set of heads, as logarithms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RiskGaps {
    /// `ln MSE`, the squared error of the output.
    pub ln_output_error: f64,
    /// `ln g_1`, `g_1 >= |R_L - R_inf|`.
    pub ln_risk: f64,
    /// Of the gap of the gradients in `A`.
    pub ln_key_query: f64,
    /// Of the gap of the gradients in `b`.
    pub ln_value: f64,
    /// `ln g_2`, `g_2 >= |grad R_L - grad R_inf|`.
    pub ln_gradient: f64,
}

impl RiskGaps {
    /// The gaps with all of them multiplied by `e^room`.
    #[must_use]
    pub fn multiplied(self, room: f64) -> Self {
        Self {
            ln_output_error: self.ln_output_error + room,
            ln_risk: self.ln_risk + room,
            ln_key_query: self.ln_key_query + room,
            ln_value: self.ln_value + room,
            ln_gradient: self.ln_gradient + room,
        }
    }
}

/// Room for the rounding of a few sums of logarithms.
pub(super) const ROUNDING: f64 = 1e-9;

/// The gaps on a set of heads (theory section 13, `bias-gap`), with the averages `O`, `S`, `Z`, `B`, `P` of [`ErrorMoments`] in their order and
/// `res` at least `tau |(b Sig A - I) Sig^{1/2}|_F`:
///
/// ```text
/// |R_L - R_inf|  <= g_1 = |b| tau res k |Sig|^{1/2} Z + b^2 O / 2,
/// in A:  |Sig|^{1/2} ( |b| tau res B + b^2 P + b^2 tau^2 k sqrt(|Sig| tr Sig^2) Z ),     in b:  tau res k |Sig|^{1/2} Z + |b| O + |b| tau^2 S.
/// ```
pub fn risk_gaps(errors: &QueryErrors, set: &HeadSet) -> RiskGaps {
    let c = errors.constants();
    let m = errors.moments(set.alignment);
    let (ln_b, ln_weight) = (set.value.ln(), c.weight_variance.ln());
    let (ln_top, ln_k) = (0.5 * c.largest.ln(), set.alignment.ln());
    let ln_residual = 0.5 * ln_weight + set.residual.ln();
    let ln_output_error = 2.0 * ln_b + m.ln_output + ROUNDING;
    let ln_missed = ln_residual + ln_k + ln_top + m.ln_size;
    let ln_risk = ln_add(ln_b + ln_missed, ln_output_error - std::f64::consts::LN_2) + ROUNDING;
    let ln_covariance = ln_add(
        ln_b + ln_residual + m.ln_bias,
        2.0 * ln_b
            + ln_add(
                m.ln_product,
                ln_weight + ln_k + ln_top + 0.5 * c.square_trace.ln() + m.ln_size,
            ),
    );
    let ln_key_query = ln_top + ln_covariance + ROUNDING;
    let ln_value = ln_add(
        ln_missed,
        ln_b + ln_add(m.ln_output, ln_weight + m.ln_signal),
    ) + ROUNDING;
    RiskGaps {
        ln_output_error,
        ln_risk,
        ln_key_query,
        ln_value,
        ln_gradient: 0.5 * ln_add(2.0 * ln_key_query, 2.0 * ln_value) + ROUNDING,
    }
}
