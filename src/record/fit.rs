//! The printed proposition against exact values.

use serde::Serialize;

use crate::exact::Exact;
use crate::record::{Cell, Metric};

/// How a printed proposition is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrintedWords {
    /// Its number in the paper.
    pub proposition: &'static str,
    /// Its right-hand side.
    pub formula: &'static str,
    /// The matrix whose gradient it is about; the output if there is none.
    pub matrix: Option<&'static str>,
}

/// The exponent of a bound that is uniform over the class.
#[derive(Debug, Clone, PartialEq)]
pub struct UniformExponent {
    /// The bound's theorem.
    pub theorem: &'static str,
    /// `min(1, 1/(4 q^2))`, or why there is none.
    pub value: Cell<f64>,
}

/// The smallest `c1` of a printed proposition for each `c2`.
#[derive(Debug, Clone, PartialEq)]
pub struct FitAnswer {
    /// One line that describes law, query and head.
    pub description: String,
    /// The error that the proposition bounds.
    pub metric: Metric,
    /// The proposition.
    pub printed: PrintedWords,
    /// The `sigma` of the proposition.
    pub sigma: f64,
    /// The prompt lengths of the grid.
    pub lengths: Vec<u64>,
    /// One point for each `c2`.
    pub points: Vec<FitPoint>,
    /// The exponent of T8, or why there is none.
    pub kappa: Cell<f64>,
    /// `q = sigma |U| varsigma` of T7.
    pub q: f64,
    /// The exponent of T7, or of T9 for a gradient.
    pub uniform: UniformExponent,
    /// The rare-atom law of T12 at each length, if it was asked for.
    pub witness: Vec<WitnessPoint>,
    /// Remarks.
    pub notes: Vec<String>,
}

/// The smallest `c1` for one `c2`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FitPoint {
    /// `c2`.
    pub c2: f64,
    /// `c2 / sigma^2`, the exponent of `1/L`.
    pub exponent: f64,
    /// The smallest `c1`.
    pub c1: f64,
    /// The prompt length where error and right-hand side are equal.
    pub binds_at: u64,
}

/// The rare-atom law with `eps = 1/L`.
#[derive(Debug, Clone, PartialEq)]
pub struct WitnessPoint {
    /// `L`.
    pub length: u64,
    /// `eps`.
    pub probability: f64,
    /// `h`.
    pub half_width: f64,
    /// Its exact error.
    pub exact: Cell<Exact>,
    /// T7 for its class.
    pub bound: Option<f64>,
}
