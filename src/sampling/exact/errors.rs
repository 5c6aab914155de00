//! T13 `sampled-attention`: error and bias at given budgets.

use nalgebra::DVector;

use crate::error::{Error, Result};
use crate::exact::Exact;
use crate::sampling::sampled::SampledAttention;

/// The exact error of sampled attention at one budget.
#[derive(Debug, Clone, PartialEq)]
pub struct SampledError {
    /// The budget `b`: draws from the tail, or their expected number under [`Design::Bernoulli`](crate::sampling::Design::Bernoulli).
    pub budget: u64,
    /// Keys that are read, kept ones included: `|K| + b`.
    pub read: u64,
    /// `E|That - T|^2`.
    pub error: Exact,
    /// `E That - T`, in `R^m`.
    pub bias: DVector<f64>,
    /// `|E That - T|`.
    pub bias_norm: Exact,
}

impl SampledAttention {
    /// The exact `E|That - T|^2` and bias, one result a budget.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a budget of 0 or beyond the tail, before anything is computed.
    pub fn budgets(&self, budgets: &[u64]) -> Result<Vec<SampledError>> {
        budgets.iter().try_for_each(|b| self.check_budget(*b))?;
        Err(Error::Unavailable {
            what: "the exact error",
            why: "it is not computed yet".to_owned(),
        })
    }

    /// `|T_K - T|^2`, the error of attention over the kept keys alone; none if nothing is kept.
    pub fn kept_alone(&self) -> Option<Exact> {
        None
    }
}
