//! Arithmetic on logarithms: a bound is a sum of terms that overflow where it does not.

use super::Interval;

impl Interval {
    /// `ln(e^x + e^y)` for `x` and `y` logarithms; `-inf` is the logarithm of 0.
    ///
    /// It increases in both, so each end is the value at two ends: the larger one `m` plus
    /// `ln(1 + e^{-d})`, where `d` is the distance of the two.
    pub fn ln_add(self, other: Self) -> Self {
        let end = |x: f64, y: f64| -> Self {
            let (small, large) = if x < y { (x, y) } else { (y, x) };
            if small == f64::NEG_INFINITY || large == f64::INFINITY {
                return Self::point(large);
            }
            let (small, large) = (Self::point(small), Self::point(large));
            large + (small - large).exp().ln_1p()
        };
        Self::between(
            end(self.lower, other.lower).lower,
            end(self.upper, other.upper).upper,
        )
    }

    /// Twice the number, exactly; an overflow rounds outward.
    pub fn double(self) -> Self {
        self + self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_logarithms() {
        let ln = |x: f64| Interval::point(x).ln();
        assert!(ln(2.0).ln_add(ln(3.0)).contains(5f64.ln()));
        assert!(ln(2.0).ln_add(ln(3.0)).width() < 1e-14);
        let zero = Interval::point(f64::NEG_INFINITY);
        assert_eq!(zero.ln_add(Interval::ONE), Interval::ONE);
        assert_eq!(zero.ln_add(zero), zero);
        let large = Interval::point(1e300);
        assert!(large.ln_add(large).contains(1e300));
        let apart = Interval::point(900.0).ln_add(Interval::point(-1e15));
        assert!(apart.contains(900.0) && apart.width() < 1e-12);
        let unknown = Interval::WHOLE.ln_add(Interval::ONE);
        assert_eq!((unknown.lower(), unknown.upper()), (1.0, f64::INFINITY));
    }
}
