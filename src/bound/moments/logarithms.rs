//! The moments on which the bounds depend, as logarithms, and what is refused of them.

use crate::error::{Error, Result};

/// Largest exponent accepted (`s^2`, `sigma^2 |a|^2`, `ln rho`): far beyond any score that a computer
/// produces, and small enough that no later sum of exponents overflows.
pub(crate) const LARGEST_EXPONENT: f64 = 1e100;

/// The four moments on which T4 and T5 depend. Both increase in each of them, so these are upper bounds, and
/// the floats themselves are the arguments at which a bound is evaluated and reported.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct LogMoments {
    /// `ln rho`, `rho = E w^2`.
    pub rho: f64,
    /// `ln kap`, `kap = E w^{-1}`.
    pub kappa: f64,
    /// `ln A2`, `A2 = E[w^2 |f|^2]`; `-inf` is zero.
    pub a2: f64,
    /// `F0 = E |f|^2`.
    pub f0: f64,
}

pub(crate) fn rejected(parameter: &'static str, value: f64, required: &'static str) -> Error {
    Error::Parameter {
        parameter,
        value: value.to_string(),
        required,
        theorem: None,
    }
}

/// Accepts `1/L < del < 1`, decided exactly: `1/L` lies within half a float of its rounding.
pub(crate) fn check_delta(delta: f64, length: f64) -> Result<()> {
    if delta > 1.0 / length && delta < 1.0 && delta >= (1.0 / length).next_up() {
        Ok(())
    } else {
        Err(rejected("del", delta, "between 1/L and 1"))
    }
}
