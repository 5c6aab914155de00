//! One coordinate of a Rademacher or cube law: `ln cosh`, `ln (sinh x / x)` and their derivatives.

use std::f64::consts::LN_2;

use super::bessel::{bessel_ratio, log_hypergeometric};

/// `ln cosh x`, without overflow and with full relative accuracy near zero.
pub(in crate::law) fn log_cosh(x: f64) -> f64 {
    let x = x.abs();
    if x < 1.0 {
        let s = x.sinh();
        0.5 * (s * s).ln_1p()
    } else {
        x + (-2.0 * x).exp().ln_1p() - LN_2
    }
}

/// `c^2 sech^2 x`, `c^2` times the derivative of `tanh`; 0 where it underflows.
pub(in crate::law) fn tanh_slope(x: f64, c: f64) -> f64 {
    let decay = (-x.abs()).exp();
    let sech = 2.0 * c * decay / (1.0 + decay * decay);
    sech * sech
}

/// `ln(sinh x / x)`, without overflow and with full relative accuracy near zero.
pub(in crate::law) fn log_sinhc(x: f64) -> f64 {
    let x = x.abs();
    // The closed form loses digits below 1; there the power series, of the sphere in R^3, has few terms.
    if x < 1.0 {
        log_hypergeometric(3, x)
    } else {
        x + (-(-2.0 * x).exp()).ln_1p() - (2.0 * x).ln()
    }
}

/// The Langevin function `coth x - 1 / x`, the derivative of `ln(sinh x / x)`.
pub(in crate::law) fn langevin(x: f64) -> f64 {
    if x.abs() < 1.0 {
        x * bessel_ratio(3, x.abs()).over_kappa
    } else {
        1.0 / x.tanh() - 1.0 / x
    }
}

/// `h^2 / x^2 - h^2 / sinh^2 x`, `h^2` times the derivative of the Langevin function.
pub(in crate::law) fn langevin_slope(x: f64, h: f64) -> f64 {
    let x = x.abs();
    if x < 1.0 {
        h * h * bessel_ratio(3, x).slope
    } else {
        let (first, second) = (h / x, h / x.sinh());
        first * first - second * second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_branches_agree_where_they_meet() {
        let slope = |x| langevin_slope(x, 1.0);
        for f in [log_cosh, log_sinhc, langevin, slope] {
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
        assert_eq!(tanh_slope(1e300, 1e150), 0.0);
        assert!((tanh_slope(-400.0, 1e150) / 4e300 - (-800.0_f64).exp()).abs() < 1e-300);
        assert!(log_sinhc(1e300).is_finite());
        assert!((langevin_slope(1e160, 1e150) / 1e-20 - 1.0).abs() < 1e-14);
    }
}
