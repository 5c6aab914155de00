//! Sums, products, quotients, square roots and integer powers of intervals.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::Interval;

/// The rounding error `x + y - fl(x + y)`, exactly, if nothing overflows (Knuth's TwoSum, no branch).
fn sum_error(x: f64, y: f64, sum: f64) -> f64 {
    let y_part = sum - x;
    (x - (sum - y_part)) + (y - y_part)
}

/// A float that is at least `x + y`.
fn sum_up(x: f64, y: f64) -> f64 {
    let sum = x + y;
    if !(x.is_finite() && y.is_finite()) {
        // A limit, kept; inf - inf is undefined.
        return if sum.is_nan() { f64::INFINITY } else { sum };
    }
    // NaN, after an overflow, counts as an error too.
    if sum_error(x, y, sum) <= 0.0 {
        sum
    } else {
        sum.next_up()
    }
}

/// A float that is at most `x + y`.
fn sum_down(x: f64, y: f64) -> f64 {
    -sum_up(-x, -y)
}

/// `x y` rounded to nearest, with `0 * inf = 0`: an infinite end is a limit that is not attained.
fn product(x: f64, y: f64) -> f64 {
    if x == 0.0 || y == 0.0 { 0.0 } else { x * y }
}

/// One float up, unless the result is a limit that was given (`exact`) or an exact zero.
fn up(value: f64, exact: bool) -> f64 {
    if exact { value } else { value.next_up() }
}

fn down(value: f64, exact: bool) -> f64 {
    if exact { value } else { value.next_down() }
}

/// A point at infinity.
fn is_limit(x: Interval) -> bool {
    x.lower == x.upper && x.lower.is_infinite()
}

fn contains_zero(x: Interval) -> bool {
    x.lower <= 0.0 && x.upper >= 0.0
}

impl Add for Interval {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        // A limit plus something that may be the opposite limit.
        let undefined = |x: Self, y: Self| {
            (x.lower == f64::INFINITY && y.lower == f64::NEG_INFINITY)
                || (x.upper == f64::NEG_INFINITY && y.upper == f64::INFINITY)
        };
        if undefined(self, other) || undefined(other, self) {
            return Self::WHOLE;
        }
        Self::between(
            sum_down(self.lower, other.lower),
            sum_up(self.upper, other.upper),
        )
    }
}

impl Neg for Interval {
    type Output = Self;

    fn neg(self) -> Self {
        Self {
            lower: -self.upper,
            upper: -self.lower,
        }
    }
}

impl Sub for Interval {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Interval {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        if (is_limit(self) && contains_zero(other)) || (is_limit(other) && contains_zero(self)) {
            return Self::WHOLE;
        }
        // Two non-negative numbers, the common case: the ends multiply.
        if self.lower >= 0.0 && other.lower >= 0.0 {
            return Self::between(
                product_down(self.lower, other.lower).max(0.0),
                product_up(self.upper, other.upper),
            );
        }
        let pairs = [
            (self.lower, other.lower),
            (self.lower, other.upper),
            (self.upper, other.lower),
            (self.upper, other.upper),
        ];
        let lower = pairs.map(|(x, y)| product_down(x, y));
        let upper = pairs.map(|(x, y)| product_up(x, y));
        Self::between(
            lower.into_iter().fold(f64::INFINITY, f64::min),
            upper.into_iter().fold(f64::NEG_INFINITY, f64::max),
        )
    }
}

/// Whether a product of ends is exactly a limit or zero, so that there is nothing to round.
fn is_exact(x: f64, y: f64) -> bool {
    x == 0.0 || y == 0.0 || x.is_infinite() || y.is_infinite()
}

fn product_up(x: f64, y: f64) -> f64 {
    up(product(x, y), is_exact(x, y))
}

fn product_down(x: f64, y: f64) -> f64 {
    down(product(x, y), is_exact(x, y))
}

impl Div for Interval {
    type Output = Self;

    /// The whole line if the divisor contains 0 or is a point at infinity.
    fn div(self, other: Self) -> Self {
        if contains_zero(other) || is_limit(other) {
            return Self::WHOLE;
        }
        // Two non-negative finite numbers, the common case: the ends divide crosswise.
        if self.lower >= 0.0 && other.lower > 0.0 && self.upper.max(other.upper) < f64::INFINITY {
            return Self::between(
                down(self.lower / other.upper, self.lower == 0.0).max(0.0),
                up(self.upper / other.lower, self.upper == 0.0),
            );
        }
        // 1/y decreases on either side of 0; an infinite end of y gives the end 0.
        let pairs = [
            (self.lower, other.lower),
            (self.lower, other.upper),
            (self.upper, other.lower),
            (self.upper, other.upper),
        ];
        let quotient = |(x, y): (f64, f64)| -> (f64, bool) {
            if x == 0.0 {
                (0.0, true)
            } else if y.is_infinite() {
                // x / y tends to 0 as y grows; an infinite x besides may do anything of its sign.
                (if x.is_infinite() { x * y } else { 0.0 }, true)
            } else {
                (x / y, x.is_infinite())
            }
        };
        let ends = pairs.map(quotient);
        let lower = ends.map(|e| down(e.0, e.1));
        let upper = ends.map(|e| up(e.0, e.1));
        let quotient = Self::between(
            lower.into_iter().fold(f64::INFINITY, f64::min),
            upper.into_iter().fold(f64::NEG_INFINITY, f64::max),
        );
        if self.lower >= 0.0 && other.lower > 0.0 {
            // An underflow must not make it negative.
            quotient.known_non_negative()
        } else {
            quotient
        }
    }
}

impl Interval {
    /// The square root of a non-negative number; what the interval has below 0 is ignored, and the whole
    /// line is returned if nothing is left.
    pub fn sqrt(self) -> Self {
        if !(self.upper >= 0.0) {
            return Self::WHOLE;
        }
        let lower = self.lower.max(0.0);
        let root = |x: f64| (x.sqrt(), x == 0.0 || x.is_infinite());
        let (low, high) = (root(lower), root(self.upper));
        Self::between(down(low.0, low.1), up(high.0, high.1))
    }

    /// The square, never negative.
    pub fn square(self) -> Self {
        self.powi(2)
    }

    /// The integer power; `x^0 = 1`.
    pub fn powi(self, exponent: u32) -> Self {
        if exponent.is_multiple_of(2) {
            // An even power depends on |x|.
            let magnitude = if contains_zero(self) {
                Self::up_to((-self.lower).max(self.upper))
            } else if self.upper < 0.0 {
                -self
            } else {
                self
            };
            return magnitude.power_of_non_negative(exponent);
        }
        if self.lower >= 0.0 {
            return self.power_of_non_negative(exponent);
        }
        // An odd power increases: the ends, each with its sign.
        let power = |x: f64| {
            let magnitude = Self::point(x.abs()).power_of_non_negative(exponent);
            if x < 0.0 { -magnitude } else { magnitude }
        };
        Self::between(power(self.lower).lower, power(self.upper).upper)
    }

    /// By squaring; all factors are at least 0, so every product is monotone in its ends.
    fn power_of_non_negative(self, exponent: u32) -> Self {
        let (mut base, mut left, mut result) = (self, exponent, Self::ONE);
        while left > 0 {
            if !left.is_multiple_of(2) {
                result = if result == Self::ONE {
                    base
                } else {
                    result * base
                };
            }
            left /= 2;
            if left > 0 {
                base = base * base;
            }
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INF: f64 = f64::INFINITY;

    fn interval(lower: f64, upper: f64) -> Interval {
        Interval::new(lower, upper).unwrap()
    }

    #[test]
    fn exact_sums_stay_points_and_others_are_one_float_wide() {
        let half = Interval::point(0.5);
        assert_eq!(Interval::ONE - half, half);
        assert_eq!(
            Interval::ONE - Interval::point(0.999),
            Interval::point(1.0 - 0.999)
        );
        let tenths = Interval::point(0.1) + Interval::point(0.2);
        assert_eq!(tenths.lower().next_up(), tenths.upper());
        // 1 + 2^-60 lies between 1 and the next float.
        let sum = Interval::ONE + Interval::point(2f64.powi(-60));
        assert_eq!(sum, interval(1.0, 1f64.next_up()));
    }

    #[test]
    fn overflow_and_underflow() {
        let max = Interval::point(f64::MAX);
        assert_eq!(max + max, interval(f64::MAX, INF));
        assert_eq!(-max - max, interval(-INF, -f64::MAX));
        assert_eq!(max * max, interval(f64::MAX, INF));
        let tiny = Interval::point(f64::from_bits(1));
        assert_eq!(tiny * tiny, interval(0.0, f64::from_bits(1)));
        assert_eq!(
            -tiny * tiny,
            interval(-f64::from_bits(1), f64::from_bits(1))
        );
        assert_eq!(tiny / max, interval(0.0, f64::from_bits(1)));
        assert_eq!(tiny * Interval::ZERO, Interval::ZERO);
        assert_eq!(Interval::ONE / tiny, interval(f64::MAX, INF));
    }

    #[test]
    fn limits() {
        let (plus, minus) = (Interval::point(INF), Interval::point(-INF));
        assert_eq!(minus + Interval::ONE, minus);
        assert_eq!(plus + minus, Interval::WHOLE);
        assert_eq!(minus + interval(0.0, INF), Interval::WHOLE);
        assert_eq!(plus * Interval::ZERO, Interval::WHOLE);
        assert_eq!(minus * Interval::point(-2.0), plus);
        assert_eq!(interval(1.0, INF) * interval(0.0, 1.0), interval(0.0, INF));
        assert_eq!(
            Interval::ONE / interval(1.0, INF),
            interval(0.0, 1f64.next_up())
        );
        assert_eq!(Interval::ONE / interval(-1.0, 1.0), Interval::WHOLE);
        assert_eq!(interval(1.0, INF) / interval(1.0, INF), interval(0.0, INF));
        assert_eq!(Interval::WHOLE + Interval::ONE, Interval::WHOLE);
    }

    #[test]
    fn powers_and_roots() {
        assert_eq!(interval(-3.0, 2.0).powi(2), interval(0.0, 9f64.next_up()));
        assert!(
            interval(-3.0, -2.0).powi(2).contains(4.0)
                && interval(-3.0, -2.0).powi(2).lower() > 3.9
        );
        let cube = interval(-3.0, 2.0).powi(3);
        assert!(cube.contains(-27.0) && cube.contains(8.0) && !cube.contains(9.0));
        assert_eq!(interval(-3.0, 2.0).powi(0), Interval::ONE);
        assert_eq!(interval(-1.0, 0.0).sqrt(), Interval::ZERO);
        assert_eq!(interval(-2.0, -1.0).sqrt(), Interval::WHOLE);
        let root = Interval::point(2.0).sqrt();
        assert!(root.square().contains(2.0) && root.width() < 1e-15);
    }
}
