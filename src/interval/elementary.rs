//! Exponentials and logarithms of intervals.
//!
//! All four functions increase, so each end is the function at an end, moved outward.

use super::Interval;

/// Floats by which an end is moved: the stated accuracy of 1 ulp and one ulp for safety, an ulp being at
/// most two floats.
const STEPS: u32 = 4;

fn up(value: f64) -> f64 {
    (0..STEPS).fold(value, |x, _| x.next_up())
}

fn down(value: f64) -> f64 {
    (0..STEPS).fold(value, |x, _| x.next_down())
}

impl Interval {
    /// `e^x`; never negative. Exact at 0 and at the limits `-inf` (0) and `+inf`.
    pub fn exp(self) -> Self {
        let exact = |x: f64| x == 0.0 || x.is_infinite();
        let (low, high) = (libm::exp(self.lower), libm::exp(self.upper));
        Self::between(
            if exact(self.lower) {
                low
            } else {
                down(low).max(0.0)
            },
            if exact(self.upper) { high } else { up(high) },
        )
    }

    /// `e^x - 1`, accurate near 0; never below -1.
    pub fn exp_m1(self) -> Self {
        let exact = |x: f64| x == 0.0 || x.is_infinite();
        let (low, high) = (libm::expm1(self.lower), libm::expm1(self.upper));
        Self::between(
            if exact(self.lower) {
                low
            } else {
                down(low).max(-1.0)
            },
            if exact(self.upper) { high } else { up(high) },
        )
    }

    /// `ln x`; `-inf` at 0. What the interval has below 0 is ignored, and the whole line is returned if
    /// nothing is left.
    pub fn ln(self) -> Self {
        if !(self.upper >= 0.0) {
            return Self::WHOLE;
        }
        let exact = |x: f64| x == 0.0 || x == 1.0 || x.is_infinite();
        let lower = self.lower.max(0.0);
        let end = |x: f64| {
            if x == 0.0 {
                f64::NEG_INFINITY
            } else {
                libm::log(x)
            }
        };
        let (low, high) = (end(lower), end(self.upper));
        Self::between(
            if exact(lower) { low } else { down(low) },
            if exact(self.upper) { high } else { up(high) },
        )
    }

    /// `ln(1 + x)`, accurate near 0; `-inf` at -1. What the interval has below -1 is ignored, and the
    /// whole line is returned if nothing is left.
    pub fn ln_1p(self) -> Self {
        if !(self.upper >= -1.0) {
            return Self::WHOLE;
        }
        let exact = |x: f64| x == 0.0 || x == -1.0 || x.is_infinite();
        let lower = self.lower.max(-1.0);
        let end = |x: f64| {
            if x == -1.0 {
                f64::NEG_INFINITY
            } else {
                libm::log1p(x)
            }
        };
        let (low, high) = (end(lower), end(self.upper));
        Self::between(
            if exact(lower) { low } else { down(low) },
            if exact(self.upper) { high } else { up(high) },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INF: f64 = f64::INFINITY;

    #[test]
    fn exponential_at_the_ends_of_the_range() {
        let exp = |x: f64| Interval::point(x).exp();
        assert_eq!(exp(0.0), Interval::ONE);
        assert_eq!(exp(-INF), Interval::ZERO);
        assert_eq!(exp(INF), Interval::point(INF));
        // Underflow: between 0 and a few of the least positive floats.
        let least = f64::from_bits(1);
        for x in [-1e15, -1e300, -746.0, -745.2] {
            assert_eq!(exp(x).lower(), 0.0);
            assert!(exp(x).upper() > 0.0 && exp(x).upper() <= 8.0 * least);
        }
        // Overflow: at least a float near the largest.
        for x in [709.8, 1e15] {
            assert!(exp(x).lower() > 1.797e308 && exp(x).upper() == INF);
        }
        assert!(exp(-740.0).lower() > 0.0 && exp(709.78).upper() < INF);
        // e = 2.718281828459045235...
        assert!(exp(1.0).lower() < std::f64::consts::E && exp(1.0).upper() > std::f64::consts::E);
        assert!(exp(1.0).width() < 5e-15);
    }

    #[test]
    fn exponential_minus_one() {
        let exp_m1 = |x: f64| Interval::point(x).exp_m1();
        assert_eq!(exp_m1(0.0), Interval::ZERO);
        assert_eq!(exp_m1(-1e15).lower(), -1.0);
        assert_eq!(exp_m1(-INF), Interval::point(-1.0));
        let tiny = exp_m1(1e-300);
        assert!(tiny.contains(1e-300) && tiny.width() < 1e-314);
    }

    #[test]
    fn logarithm_at_the_ends_of_the_range() {
        let ln = |x: f64| Interval::point(x).ln();
        assert_eq!(ln(1.0), Interval::ZERO);
        assert_eq!(ln(0.0), Interval::point(-INF));
        assert_eq!(ln(-1.0), Interval::WHOLE);
        // ln 2^-1074 = -744.4400719213812...
        let least = ln(f64::from_bits(1));
        assert!(least.contains(-744.440_071_921_381_2) && least.width() < 1e-12);
        assert!(ln(f64::MAX).contains(709.782_712_893_384));
        assert_eq!(Interval::new(-1.0, 1.0).unwrap().ln().lower(), -INF);
    }

    #[test]
    fn logarithm_of_one_plus() {
        let ln_1p = |x: f64| Interval::point(x).ln_1p();
        assert_eq!(ln_1p(0.0), Interval::ZERO);
        assert_eq!(ln_1p(-1.0), Interval::point(-INF));
        assert_eq!(ln_1p(-1.5), Interval::WHOLE);
        // The float below 1 is 1 - 2^-53: ln 2^-53 = -36.7368005696771...
        let near = ln_1p(-(1f64.next_down()));
        assert!(near.contains(-36.736_800_569_677_1) && near.width() < 1e-13);
        assert!(ln_1p(1e-310).contains(1e-310));
    }
}
