//! T10.gaussian `gaussian-transfer`: T10 with the errors of Gaussian tokens instead of those of the sub-Gaussian class.
//!
//! In-context regression, squared loss. Everything here is about a set of heads ([`HeadSet`]) and a prompt length given by its logarithm.
//!
//! # What is guaranteed
//! Participation ratios, chi-square probabilities and their sums are rounded outward ([`crate::interval`]); the sums are upper sums of increasing
//! functions, not quadrature. Norms and polynomials of them are plain floats, raised by a relative `1e-10` or more.

mod constants;
mod gaps;
mod gronwall;
mod loss;
mod participation;
mod query;
mod spread;

pub use constants::{HeadSet, RegressionConstants, fourth_derivative};
pub use gaps::{RiskGaps, risk_gaps};
pub use gronwall::{TubeStep, gronwall_distance, risk_at_the_limit, tube_step};
pub use loss::{SmoothLoss, smooth_risk_gap};
pub use query::{ErrorMoments, QueryErrors};
