//! Interval arithmetic with guaranteed enclosures: how every printed bound is evaluated.
//!
//! An [`Interval`] is a pair of `f64`, `lower <= upper`, neither of them `NaN`. It stands for a real number
//! that is known to lie between its ends. Every operation returns an interval that contains the result
//! for all numbers of its arguments; so the upper end of a formula evaluated in intervals is at least the
//! real value of the formula, whatever was rounded on the way.
//!
//! # How the ends are rounded
//! | operation | computed by | each end is moved outward by |
//! |---|---|---|
//! | `+`, `-` | IEEE 754 sum, rounding error by Knuth's TwoSum | one float, on the side of the error; none if the sum is exact |
//! | `*`, `/`, `sqrt` | IEEE 754, correctly rounded | one float |
//! | `powi` | repeated multiplication | one float a multiplication |
//! | `exp`, `exp_m1`, `ln`, `ln_1p` | the `libm` crate, see [`elementary`](self#elementary-functions) | four floats |
//!
//! # Elementary functions
//! They are those of the pure Rust crate `libm` 0.2.16, not of the platform. Its sources (`exp.rs`, `log.rs`,
//! `log1p.rs`, from FreeBSD's msun) state "according to an error analysis, the error is always less than
//! 1 ulp", and its test suite (`libm-test/src/precision.rs`) sets 1 ulp against MPFR as the worst case of
//! `Exp`, `Expm1`, `Log` and `Log1p`. An ulp is at most two steps between neighbouring floats (where the result
//! crosses a power of two). The ends are moved by four: the stated ulp, and one more for safety. The
//! stated accuracy is the one thing that is taken on trust here; `benches/rounding.rs` compares it with MPFR
//! on a million arguments.
//!
//! # Infinite ends
//! An infinite end is a limit. `[x, +inf]` is what an overflow leaves: the number is at least `x`. The
//! point `-inf` stands for the logarithm of an exact zero and is kept through sums: `-inf + x = -inf`, and
//! `exp` of it is exactly 0. Where a result is undefined (`NaN` given, `inf - inf`, `0 * inf` with the infinite
//! point, division by an interval that contains 0, a logarithm of negative numbers only) the whole line
//! `[-inf, +inf]` is returned; its upper end is a (vacuous) upper bound.

mod arithmetic;
mod elementary;
mod lists;
mod logarithm;

use crate::error::{Error, Result};

/// A real number known to lie in `[lower, upper]`; see the [module](self).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    lower: f64,
    upper: f64,
}

impl Interval {
    /// `[-inf, +inf]`: nothing is known.
    pub const WHOLE: Self = Self {
        lower: f64::NEG_INFINITY,
        upper: f64::INFINITY,
    };
    /// The number 0.
    pub const ZERO: Self = Self {
        lower: 0.0,
        upper: 0.0,
    };
    /// The number 1.
    pub const ONE: Self = Self {
        lower: 1.0,
        upper: 1.0,
    };
    /// `ln 2`, between two neighbouring floats (`0.693147180559945309417...`).
    pub const LN_2: Self = Self {
        // The float nearest to ln 2 is below it, by 2.3e-17.
        lower: std::f64::consts::LN_2,
        upper: std::f64::consts::LN_2.next_up(),
    };

    /// The interval between two ends.
    ///
    /// # Errors
    /// If an end is `NaN` or `lower > upper`.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::interval::Interval;
    ///
    /// let found = Interval::new(1.0, 2.0)? - Interval::new(0.25, 0.5)?;
    /// assert_eq!((found.lower(), found.upper()), (0.5, 1.75));
    /// assert!(Interval::new(2.0, 1.0).is_err());
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn new(lower: f64, upper: f64) -> Result<Self> {
        if lower <= upper {
            Ok(Self { lower, upper })
        } else {
            Err(Error::Parameter {
                parameter: "an interval",
                value: format!("[{lower}, {upper}]"),
                required: "two numbers, the lower one first",
                theorem: None,
            })
        }
    }

    /// The float itself, as a real number; the whole line for `NaN`.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::interval::Interval;
    ///
    /// // The float 0.1 is above 1/10, so ten of them are more than 1.
    /// let sum: Interval = std::iter::repeat_n(Interval::point(0.1), 10).sum();
    /// assert!(sum.upper() > 1.0);
    /// ```
    pub fn point(value: f64) -> Self {
        Self::between(value, value)
    }

    /// `[0, upper]`, for a quantity that is known to be at least 0 and at most `upper`; the whole line if
    /// `upper` is negative or `NaN`.
    pub fn up_to(upper: f64) -> Self {
        Self::between(0.0, upper)
    }

    /// The interval between two ends, or the whole line if there is none.
    fn between(lower: f64, upper: f64) -> Self {
        if lower <= upper {
            Self { lower, upper }
        } else {
            Self::WHOLE
        }
    }

    /// The lower end; the number is not below it.
    pub fn lower(self) -> f64 {
        self.lower
    }

    /// The upper end; the number is not above it.
    pub fn upper(self) -> f64 {
        self.upper
    }

    /// `upper - lower`, rounded to nearest: for reports, not for proofs.
    pub fn width(self) -> f64 {
        if self.lower == self.upper {
            0.0
        } else {
            self.upper - self.lower
        }
    }

    /// Whether `value` lies in the interval.
    pub fn contains(self, value: f64) -> bool {
        self.lower <= value && value <= self.upper
    }

    /// The larger of two numbers.
    pub fn max(self, other: Self) -> Self {
        Self {
            lower: self.lower.max(other.lower),
            upper: self.upper.max(other.upper),
        }
    }

    /// The smaller of two numbers.
    pub fn min(self, other: Self) -> Self {
        Self {
            lower: self.lower.min(other.lower),
            upper: self.upper.min(other.upper),
        }
    }

    /// The same number, known besides to be at least 0: `[max(lower, 0), max(upper, 0)]`.
    ///
    /// For quantities whose sign is proved elsewhere and whose enclosure reaches below 0 by rounding.
    pub fn known_non_negative(self) -> Self {
        self.max(Self::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_ordered_numbers() {
        assert!(Interval::new(1.0, 2.0).is_ok());
        assert!(Interval::new(2.0, 1.0).is_err());
        assert!(Interval::new(f64::NAN, 1.0).is_err() && Interval::new(0.0, f64::NAN).is_err());
        assert_eq!(Interval::point(f64::NAN), Interval::WHOLE);
        assert_eq!(Interval::up_to(-1.0), Interval::WHOLE);
        assert_eq!(Interval::up_to(3.0), Interval::new(0.0, 3.0).unwrap());
    }

    #[test]
    fn logarithm_of_two() {
        // 2^60 ln 2 = 799144290325165978.9988...
        let scaled = |x: f64| (x * (1u64 << 60) as f64) as u64;
        assert!(scaled(Interval::LN_2.lower) <= 799_144_290_325_165_978);
        assert!(scaled(Interval::LN_2.upper) > 799_144_290_325_165_978);
        assert_eq!(Interval::LN_2.lower.next_up(), Interval::LN_2.upper);
    }

    #[test]
    fn largest_and_smallest() {
        let (a, b) = (
            Interval::new(1.0, 5.0).unwrap(),
            Interval::new(2.0, 3.0).unwrap(),
        );
        assert_eq!(a.max(b), Interval::new(2.0, 5.0).unwrap());
        assert_eq!(a.min(b), Interval::new(1.0, 3.0).unwrap());
        assert_eq!(
            Interval::new(-1.0, 2.0).unwrap().known_non_negative(),
            Interval::up_to(2.0)
        );
        assert!(a.contains(1.0) && !a.contains(0.5) && !a.contains(f64::NAN));
        assert_eq!(
            (a.width(), Interval::point(f64::INFINITY).width()),
            (4.0, 0.0)
        );
    }
}
