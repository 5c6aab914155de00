//! The heads of a model: one row each.

use crate::exact::Exact;
use crate::record::{Cell, ReachedLength};

/// What a scan found.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanAnswer {
    /// One line that describes model, tokens and queries.
    pub description: String,
    /// The prompt lengths, ascending.
    pub lengths: Vec<u64>,
    /// The relative error whose smallest prompt length was asked for.
    pub epsilon: Option<f64>,
    /// The number of heads that were asked for.
    pub asked: usize,
    /// The heads that are done, by layer, then head: fewer than were asked for if the scan was stopped.
    pub rows: Vec<ScanRow>,
    /// Remarks.
    pub notes: Vec<String>,
}

/// One head of one layer.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanRow {
    /// Number of the layer, as the tensors are named.
    pub layer: usize,
    /// Number of the head, from 0.
    pub head: usize,
    /// What was found, or why the head has no profile.
    pub profile: Cell<HeadProfile>,
}

/// A head in a few numbers, each an average over the queries.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadProfile {
    /// `s`, the standard deviation of a score.
    pub score_deviation: f64,
    /// `rho = E w^2 = e^{Lam(2a) - 2 Lam(a)}`: `L E P_2` tends to it as `L` grows.
    pub rho: f64,
    /// `E P_2` at the longest prompt.
    pub participation: Cell<Exact>,
    /// The effective prompt length `1 / E P_2` there.
    pub effective_length: Cell<f64>,
    /// `E H` in nats (T18) there.
    pub entropy: Cell<Exact>,
    /// `E|T|^2`, which errors are relative to.
    pub relative_to: f64,
    /// `E|That - T|^2` at each length.
    pub errors: Vec<LengthError>,
    /// The smallest length from which on the relative error is at most the threshold, if one was given.
    pub reached: Option<Cell<ReachedLength>>,
}

/// The error at one prompt length.
#[derive(Debug, Clone, PartialEq)]
pub struct LengthError {
    /// The prompt length `L`.
    pub length: u64,
    /// `E|That - T|^2`, or why there is no value.
    pub exact: Cell<Exact>,
    /// The same over `E|T|^2`; none if that is 0.
    pub relative: Option<f64>,
}
