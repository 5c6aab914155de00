//! One coordinate of a Rademacher or cube law: `ln cosh`, `ln (sinh x / x)` and their derivatives.

use std::f64::consts::LN_2;

use super::bessel::{bessel_ratio, log_hypergeometric};

/// `ln cosh x`, without overflow and with full relative accuracy near zero.
pub(super) fn log_cosh(x: f64) -> f64 {
    let x = x.abs();
    if x < 1.0 {
        let s = x.sinh();
        0.5 * (s * s).ln_1p()
    } else {
        x + (-2.0 * x).exp().ln_1p() - LN_2
    }
}

/// `sech^2 x`, the derivative of `tanh`; 0 where it underflows.
pub(super) fn tanh_slope(x: f64) -> f64 {
    let sech = 1.0 / x.cosh();
    sech * sech
}

/// `ln(sinh x / x)`, without overflow and with full relative accuracy near zero.
pub(super) fn log_sinhc(x: f64) -> f64 {
    let x = x.abs();
    // The closed form loses digits below 1; there the power series, of the sphere in R^3, has few terms.
    if x < 1.0 {
        log_hypergeometric(3, x)
    } else {
        x + (-(-2.0 * x).exp()).ln_1p() - (2.0 * x).ln()
    }
}

/// The Langevin function `coth x - 1 / x`, the derivative of `ln(sinh x / x)`.
pub(super) fn langevin(x: f64) -> f64 {
    if x.abs() < 1.0 {
        x * bessel_ratio(3, x.abs()).over_kappa
    } else {
        1.0 / x.tanh() - 1.0 / x
    }
}

/// `1 / x^2 - 1 / sinh^2 x`, the derivative of the Langevin function.
pub(super) fn langevin_slope(x: f64) -> f64 {
    let x = x.abs();
    if x < 1.0 {
        bessel_ratio(3, x).slope
    } else {
        let (inverse, sinh) = (1.0 / x, x.sinh());
        inverse * inverse - 1.0 / sinh / sinh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_branches_agree_where_they_meet() {
        for f in [log_cosh, log_sinhc, langevin, langevin_slope] {
            let (below, above) = (f(1.0 - 1e-15), f(1.0));
            assert!((below - above).abs() < 4e-15, "{below} {above}");
        }
    }

    #[test]
    fn small_and_large_arguments_have_their_limits() {
        let x = 1e-9;
        assert!((log_cosh(x) / (x * x / 2.0) - 1.0).abs() < 1e-14);
        assert!((log_sinhc(x) / (x * x / 6.0) - 1.0).abs() < 1e-14);
        assert!((langevin(-x) / (-x / 3.0) - 1.0).abs() < 1e-14);
        assert!((log_cosh(-1e300) - 1e300).abs() < 1e285);
        assert_eq!(tanh_slope(1e300), 0.0);
        assert!(log_sinhc(1e300).is_finite() && langevin_slope(1e300) >= 0.0);
    }
}
