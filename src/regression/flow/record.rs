//! What `flow` finds: gradient flows and minima at every prompt length, as records.

use serde::Serialize;

use crate::exact::Exact;

/// Flows at several prompt lengths and at the infinite prompt.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowAnswer {
    /// One line that describes task and start.
    pub description: String,
    /// The infinite prompt.
    pub limit: FlowLimit,
    /// One row a length.
    pub rows: Vec<FlowRow>,
    /// The flow at each length, then that of the infinite prompt.
    pub curves: Vec<FlowCurve>,
    /// Remarks.
    pub notes: Vec<String>,
}

/// The flow of the infinite-prompt risk and what is known of its end.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FlowLimit {
    /// The least risk, `v/2`.
    pub risk: f64,
    /// `b` of the known limit.
    pub value: f64,
    /// `|A|_F` of the known limit.
    pub key_query_norm: f64,
    /// When the flow ended.
    pub time: f64,
    /// Whether its gradient fell below the tolerance.
    pub converged: bool,
    /// The distance of its end from the known limit.
    pub distance: f64,
    /// The largest change of `|A|_F^2 - b^2`.
    pub balance_drift: f64,
    /// `k` of the known limit, `A = k Sig^{-1}`.
    pub scale: f64,
    /// `k` of the finite-prompt minimum as `L` grows.
    pub best_scale: f64,
    /// `lim L (min R_L - v/2)`.
    pub constant: f64,
}

/// One prompt length.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowRow {
    /// `L`.
    pub length: u64,
    /// `min R_L`.
    pub minimum: Exact,
    /// `min R_L - v/2`.
    pub excess: f64,
    /// `b` of the minimum.
    pub value: f64,
    /// `|A|_F` of the minimum.
    pub key_query_norm: f64,
    /// The distance of the minimum from the limit of the infinite flow.
    pub distance: f64,
    /// The smallest eigenvalue of the Hessian at the minimum.
    pub least_curvature: f64,
    /// The risk at the end of the flow.
    pub flow_risk: f64,
    /// When the flow ended.
    pub flow_time: f64,
    /// Whether its gradient fell below the tolerance.
    pub flow_converged: bool,
    /// The largest distance from the infinite flow at the same time.
    pub flow_distance: f64,
    /// The largest increase of the risk from one step of the flow to the next.
    pub largest_increase: f64,
    /// The least risk of linear attention.
    pub linear: f64,
    /// The Bayes risk at this length: estimate and standard error.
    pub bayes: Result<(f64, f64), String>,
}

/// The steps of one flow.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FlowCurve {
    /// `L`, none for the infinite prompt.
    pub length: Option<u64>,
    /// Its steps.
    pub samples: Vec<FlowSample>,
}

/// One step of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FlowSample {
    /// Time.
    pub time: f64,
    /// The risk that the flow descends.
    pub risk: f64,
    /// Less `v/2`.
    pub excess: f64,
    /// `b`.
    pub value: f64,
    /// `|A|_F`.
    pub key_query_norm: f64,
    /// The distance from the infinite flow at the same time.
    pub distance: f64,
}
