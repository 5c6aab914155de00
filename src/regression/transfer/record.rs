//! What `transfer` finds, as records.

use serde::{Serialize, Serializer};

/// How long a prompt is guaranteed to be long enough, and how long one has to be.
#[derive(Debug, Clone, PartialEq)]
pub struct TransferAnswer {
    /// One line that describes task and start.
    pub description: String,
    /// The excess risk that is accepted.
    pub epsilon: f64,
    /// The limit of the infinite flow's risk, `v/2`.
    pub floor: f64,
    /// `T`.
    pub horizon: f64,
    /// `R_inf` of the infinite flow at `T`.
    pub risk_at_horizon: f64,
    /// `|grad R_inf|` there.
    pub gradient_at_horizon: f64,
    /// T10: one Lipschitz constant.
    pub global: TransferBound,
    /// T10.tube: the curvature along the flow.
    pub tube: TransferBound,
    /// T10.gaussian.
    pub gaussian: Result<GaussianTransfer, String>,
    /// What the exact flow needs.
    pub needed: Result<NeededLength, String>,
    /// Remarks.
    pub notes: Vec<String>,
}

/// A length whose exact flow ends within epsilon, while the flow with one example less does not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NeededLength {
    /// The length.
    pub length: u64,
    /// The limit of the risk along its flow.
    pub risk: f64,
    /// The same with one example less; none for `L = 1`.
    pub before: Option<f64>,
    /// Whether both flows converged, to a minimum that is resolved.
    pub converged: bool,
}

/// A guaranteed length and its ingredients.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TransferBound {
    /// The length; none if even `2^664` is not enough.
    pub length: Option<f64>,
    /// The radius of the tube within which the flow stays.
    pub radius: f64,
    /// At least `|Sig^{1/2} A Sig^{1/2}|` in the tube.
    pub alpha: f64,
    /// Lipschitz constant of the gradient of `R_inf` on the ball.
    pub lipschitz: f64,
    /// Logarithm of the factor from a constant gradient gap to the distance.
    pub ln_amplification: f64,
    /// `g1` at the end.
    pub risk_gap: f64,
    /// Largest `g2`.
    pub gradient_gap: f64,
    /// Logarithm of the bound of the distance of the flows.
    pub ln_distance: f64,
    /// `M(L)`.
    pub output: f64,
    /// `|Sig|^2 K(L)`.
    pub derivative: f64,
}

/// The lengths that T10.gaussian guarantees.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GaussianTransfer {
    /// `beta` of the surroundings of the flow.
    pub beta: f64,
    /// Lipschitz constant of `R_inf` there.
    pub lipschitz: f64,
    /// Points of the infinite flow.
    pub path_points: u64,
    /// Room for their error.
    pub path_allowance: f64,
    /// With one Lipschitz constant.
    #[serde(serialize_with = "found")]
    pub global: Result<GaussianLength, String>,
    /// With the curvature along the flow.
    #[serde(serialize_with = "found")]
    pub along: Result<GaussianLength, String>,
}

/// A bound of the length with its ingredients; errors are logarithms, as they may be far below the smallest float.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct GaussianLength {
    /// `ln L`.
    pub ln_length: f64,
    /// `T`.
    pub time: f64,
    /// `R_inf - v/2` of the infinite flow at `T`.
    pub infinite_excess: f64,
    /// `beta T`, or `INT_0^T mu`.
    pub ln_growth: f64,
    /// Logarithm of the bound of the distance of the flows at `T`.
    pub ln_distance: f64,
    /// `ln MSE`.
    pub ln_output_error: f64,
    /// `ln g_1`.
    pub ln_risk_gap: f64,
    /// `ln` of the bound of the gap of the gradients in `A`.
    pub ln_key_query_gap: f64,
    /// The same in `b`.
    pub ln_value_gap: f64,
    /// `ln g_2`.
    pub ln_gradient_gap: f64,
    /// The bound of `lim R_L(theta_L) - v/2`.
    pub excess: f64,
}

/// The length, or null where there is a reason instead.
fn found<S: Serializer>(
    length: &Result<GaussianLength, String>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    length.as_ref().ok().serialize(serializer)
}
