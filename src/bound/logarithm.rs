//! Arithmetic on logarithms, in plain floats: for the search of proof parameters, never for a printed value.

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
}
