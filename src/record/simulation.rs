//! The estimates of a simulation.

use serde::Serialize;

use crate::monte_carlo::{Reliability, Route};
use crate::record::QueryLabel;

/// Every estimate of a simulation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SimulationAnswer {
    /// One line that describes law, query and head.
    pub description: String,
    /// How prompts were drawn.
    pub route: Route,
    /// Prompts for each cell.
    pub prompts: u64,
    /// Confidence of each interval.
    pub confidence: f64,
    /// One line for every estimate.
    #[serde(rename = "estimates")]
    pub lines: Vec<EstimateLine>,
}

/// One estimate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EstimateLine {
    /// For which query.
    pub query: QueryLabel,
    /// Prompt length.
    pub length: u64,
    /// What is estimated.
    pub quantity: String,
    /// Mean, frequency or sample quantile.
    pub mean: f64,
    /// Standard error; a quantile has none.
    pub standard_error: Option<f64>,
    /// Lower confidence limit.
    pub lower: f64,
    /// Upper confidence limit, may be infinite; null in JSON then.
    pub upper: f64,
    /// Share of the sum that the largest 1% of the prompts carry.
    pub largest_share: Option<f64>,
    /// Can the limits be trusted?
    pub reliability: Reliability,
}
