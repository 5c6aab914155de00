//! The moments on which the bounds depend, as logarithms, and what is refused of them.

use crate::error::Result;
use crate::parameter::refused;

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

/// Refuses what is not a finite number, at least 0.
pub(crate) fn check_non_negative(parameter: &'static str, value: f64) -> Result<()> {
    if (0.0..f64::INFINITY).contains(&value) {
        Ok(())
    } else {
        refused(parameter, value, "a finite number, at least 0")
    }
}

/// Refuses what is not from 0 to [`LARGEST_EXPONENT`].
pub(crate) fn check_exponent(parameter: &'static str, value: f64) -> Result<()> {
    if (0.0..=LARGEST_EXPONENT).contains(&value) {
        Ok(())
    } else {
        refused(parameter, value, "a number from 0 to 1e100")
    }
}

/// Accepts `1/L < del < 1`, decided exactly: `1/L` lies within half a float of its rounding.
pub(crate) fn check_delta(delta: f64, length: f64) -> Result<()> {
    if delta > 1.0 / length && delta < 1.0 && delta >= (1.0 / length).next_up() {
        Ok(())
    } else {
        refused("del", delta, "between 1/L and 1")
    }
}
