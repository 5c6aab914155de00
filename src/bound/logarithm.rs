//! Arithmetic on logarithms, and the outward rounding of a finished bound.

/// Relative slack added to every finished bound, `2^-36 = 1.5e-11`.
///
/// The terms of a bound are sums of logarithms of size at most a few thousand wherever the value is a
/// finite `f64` and the term matters, each known to a few units of `2^-53`; their sum is then off by
/// less than `1e-12`, and `exp` turns that into the same relative error. The slack covers it, so that
/// rounding does not carry a bound below its formula.
pub(crate) const OUTWARD: f64 = 1.0 + 1.0 / 68_719_476_736.0;

/// `exp(ln_value)`, rounded up: the factor [`OUTWARD`] and one step up, which serves where the result
/// underflows. `-inf` stands for an exact zero and stays zero.
pub(crate) fn outward_exp(ln_value: f64) -> f64 {
    if ln_value == f64::NEG_INFINITY {
        0.0
    } else {
        outward(ln_value.exp())
    }
}

/// A non-negative value rounded up: the factor [`OUTWARD`] and one step up.
pub(crate) fn outward(value: f64) -> f64 {
    (value * OUTWARD).next_up()
}

/// `ln(e^x + e^y)`; infinities are handled, `NaN` propagates.
pub(crate) fn ln_add(x: f64, y: f64) -> f64 {
    if x == y {
        // Also the two infinities, for which the difference below would be NaN.
        return x + std::f64::consts::LN_2;
    }
    let (small, large) = if x < y { (x, y) } else { (y, x) };
    large + (small - large).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_logarithms() {
        assert!((ln_add(2f64.ln(), 3f64.ln()) - 5f64.ln()).abs() < 1e-15);
        assert!((ln_add(900.0, 900.0) - 900.0 - 2f64.ln()).abs() < 1e-12);
        assert_eq!(ln_add(f64::NEG_INFINITY, 1.5), 1.5);
        assert_eq!(
            ln_add(f64::NEG_INFINITY, f64::NEG_INFINITY),
            f64::NEG_INFINITY
        );
        assert_eq!(ln_add(f64::INFINITY, 0.0), f64::INFINITY);
        assert_eq!(ln_add(f64::INFINITY, f64::INFINITY), f64::INFINITY);
        assert!(ln_add(f64::NAN, 0.0).is_nan());
    }

    #[test]
    fn rounding_is_outward_and_keeps_zero() {
        assert_eq!(outward_exp(f64::NEG_INFINITY), 0.0);
        assert!(outward_exp(-1e5) > 0.0);
        assert!(outward_exp(0.0) > 1.0 && outward_exp(0.0) < 1.0 + 2e-11);
        assert_eq!(outward_exp(1e4), f64::INFINITY);
    }
}
