//! The exact finite-prompt error, by the Laplace identity (T2) and its Gaussian closed form (T3).

use serde::Serialize;

/// A value computed without simulation, with an estimate of its absolute numerical error.
///
/// An [`Exact`] is not a bound and not an estimate of a random quantity: there is no conversion
/// between the three.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Exact {
    /// The value.
    pub value: f64,
    /// Absolute error estimate: disagreement of two resolutions plus a rounding allowance.
    pub error: f64,
}
