//! The records that a simulation gives.

use serde::{Deserialize, Serialize};

use super::histogram::Histogram;
use crate::monte_carlo::plan::{QueryChoice, Route};

/// The fraction of prompts whose share [`Estimate::largest_share`] is.
pub const HEAVY_FRACTION: f64 = 0.01;

/// A mean over independent prompts, with its standard error.
///
/// An [`Estimate`] is neither a bound nor an exact value: there is no conversion between the three.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Mean over the prompts.
    pub mean: f64,
    /// Its standard error: the sample standard deviation (`n - 1` in the denominator) over `sqrt(n)`.
    pub standard_error: f64,
    /// Number of prompts `n`, at least 2.
    pub prompts: u64,
    /// Seed of the random streams.
    pub seed: u64,
    /// Sample skewness of the numbers whose mean this is.
    pub skewness: f64,
    /// The share of the sum that the largest 1% of the prompts carry, within 4% of itself; `None` for a
    /// quantity that can be negative.
    ///
    /// About 0.01 to 0.1 for a quantity of moderate spread. Near 1, the mean rests on a handful of prompts:
    /// the tail is heavier than the sample shows, the standard error is itself too small as a rule, and an
    /// interval built on it is not reliable.
    pub largest_share: Option<f64>,
}

impl Estimate {
    /// The estimate of `factor` times the quantity, `factor >= 0`.
    pub(in crate::monte_carlo) fn scaled(self, factor: f64) -> Self {
        Self {
            mean: factor * self.mean,
            standard_error: factor * self.standard_error,
            ..self
        }
    }
}

/// Estimates of the squared error of a gradient in two norms.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct GradientEstimates {
    /// Squared Frobenius norm of the Jacobian's error.
    pub frobenius: Estimate,
    /// Squared operator norm, if it was measured.
    pub operator: Option<Estimate>,
}

/// How often the error reached a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Deviation {
    /// The threshold `eps`.
    pub threshold: f64,
    /// Prompts with `|That - T| >= eps`; a binomial number.
    pub count: u64,
    /// Prompts in all.
    pub prompts: u64,
}

impl Deviation {
    /// The estimate of `P(|That - T| >= eps)`.
    pub fn frequency(&self) -> f64 {
        self.count as f64 / self.prompts as f64
    }
}

/// Everything that was estimated for one query and one prompt length.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CellEstimates {
    /// The query.
    pub query: QueryChoice,
    /// The prompt length.
    pub length: u64,
    /// How prompts were drawn.
    pub route: Route,
    /// `E |That - T|^2`.
    pub output_error: Estimate,
    /// `E That - T`, one estimate for each output coordinate.
    pub bias: Vec<Estimate>,
    /// `E P_2`.
    pub participation_two: Estimate,
    /// `E P_3`.
    pub participation_three: Estimate,
    /// `E 1/P_2`, the mean effective prompt length.
    pub effective_length: Estimate,
    /// The share of the attention that fixed tokens take, if there are any.
    pub fixed_share: Option<Estimate>,
    /// Error of the gradient in `V`: `m |mhat - m|^2` (Frobenius, `m` outputs) and `|mhat - m|^2` (operator).
    pub value_gradient: Option<GradientEstimates>,
    /// Error of the gradient in `U`: `|V (Chat - C)|^2 |z|^2`.
    pub key_query_gradient: Option<GradientEstimates>,
    /// Deviation counts, one for each threshold.
    pub deviations: Vec<Deviation>,
    /// The distribution of `|That - T|`, for its order statistics.
    #[serde(skip)]
    pub errors: Option<Histogram>,
}
