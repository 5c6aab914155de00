//! Numbers in decimal: upper bounds rounded up, exact values rounded to nearest.

use std::fmt;

/// More significant digits than any `f64` has (767), so that a number written with them is exact.
const ALL_DIGITS: usize = 800;

/// A decimal number `sign d.ddd x 10^exponent`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decimal {
    negative: bool,
    /// Significant digits, at least one, the decimal point after the first.
    digits: Vec<u8>,
    exponent: i32,
}

impl Decimal {
    /// The smallest decimal of `significant_digits` digits that is at least `value`; `None` unless
    /// `value` is finite.
    ///
    /// Guarantee: the result is at least `value` as a real number, not only after it is read back. The
    /// digits dropped are looked at one by one in the exact decimal expansion of `value`.
    pub fn at_least(value: f64, significant_digits: usize) -> Option<Self> {
        let keep = significant_digits.max(1);
        let mut decimal = Self::parse(&format!("{:.*e}", ALL_DIGITS.max(keep), value))?;
        let dropped = decimal.digits.split_off(keep.min(decimal.digits.len()));
        if !decimal.negative && dropped.iter().any(|digit| *digit != b'0') {
            decimal.bump();
        }
        Some(decimal)
    }

    /// The decimal of `significant_digits` digits nearest to `value`; `None` unless `value` is finite.
    pub fn nearest(value: f64, significant_digits: usize) -> Option<Self> {
        Self::parse(&format!("{:.*e}", significant_digits.max(1) - 1, value))
    }

    /// Reads the output of `{:e}`.
    fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = text.split_once('e')?;
        let digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
        Some(Self {
            negative: mantissa.starts_with('-'),
            digits,
            exponent: exponent.parse().ok()?,
        })
    }

    /// Adds one unit in the last place.
    fn bump(&mut self) {
        for digit in self.digits.iter_mut().rev() {
            if *digit == b'9' {
                *digit = b'0';
            } else {
                *digit += 1;
                return;
            }
        }
        // Every digit was 9: 9.99 became 0.00 and is now 10.0.
        self.digits.pop();
        self.digits.insert(0, b'1');
        self.exponent += 1;
    }

    /// `d.ddd`, with a sign if it is negative.
    pub fn mantissa(&self) -> String {
        let mut text = String::with_capacity(self.digits.len() + 2);
        if self.negative {
            text.push('-');
        }
        for (index, digit) in self.digits.iter().enumerate() {
            if index == 1 {
                text.push('.');
            }
            text.push(char::from(*digit));
        }
        text
    }

    /// The power of ten.
    pub fn exponent(&self) -> i32 {
        self.exponent
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.mantissa())?;
        if self.exponent == 0 {
            return Ok(());
        }
        write!(formatter, "e{}", self.exponent)
    }
}

/// `value` rounded up to `significant_digits` decimal digits, as `d.ddde-x`.
///
/// Guarantee: the number printed is at least `value` (see [`Decimal::at_least`]); infinity is `inf`.
///
/// # Examples
/// ```
/// use attention_bounds::render::{round_down, round_nearest, round_up};
///
/// assert_eq!([round_up(0.125, 2), round_down(0.125, 2), round_nearest(0.126, 2)], ["1.3e-1", "1.2e-1", "1.3e-1"]);
/// ```
pub fn round_up(value: f64, significant_digits: usize) -> String {
    Decimal::at_least(value, significant_digits)
        .map_or_else(|| value.to_string(), |decimal| decimal.to_string())
}

/// `value` rounded down; see [`round_up`].
pub fn round_down(value: f64, significant_digits: usize) -> String {
    match round_up(-value, significant_digits) {
        negative if value == 0.0 => negative.trim_start_matches('-').to_owned(),
        text => match text.strip_prefix('-') {
            Some(positive) => positive.to_owned(),
            None => format!("-{text}"),
        },
    }
}

/// `value` rounded to the nearest number of `significant_digits` decimal digits.
pub fn round_nearest(value: f64, significant_digits: usize) -> String {
    Decimal::nearest(value, significant_digits)
        .map_or_else(|| value.to_string(), |decimal| decimal.to_string())
}

/// How many digits of `value` its absolute `error` leaves, from 1 to `most`.
///
/// # Examples
/// ```
/// use attention_bounds::render::significant_digits;
///
/// assert_eq!((significant_digits(2.0, 1e-3, 9), significant_digits(2.0, 0.0, 9)), (3, 9));
/// ```
pub fn significant_digits(value: f64, error: f64, most: usize) -> usize {
    let digits = -(error / value.abs()).log10();
    if !(digits >= 1.0) {
        // The error is as large as the value, or there is no ratio: an exact zero, or NaN.
        return if error == 0.0 { most } else { 1 };
    }
    if digits >= most as f64 {
        most
    } else {
        digits as usize
    }
}

#[cfg(test)]
mod tests {
    use crate::render::decimal::*;
    use proptest::prelude::*;

    #[test]
    fn roundings_of_known_numbers() {
        assert_eq!(round_up(1.0, 3), "1.00");
        assert_eq!(round_up(0.1, 3), "1.01e-1"); // the float 0.1 exceeds 1/10
        assert_eq!(round_up(0.3, 1), "3e-1"); // the float 0.3 is below 3/10
        assert_eq!(round_up(9.991, 3), "1.00e1");
        // The float 9.99 exceeds 999/100, so the digits carry into the exponent.
        assert_eq!(round_up(9.99, 3), "1.00e1");
    }

    #[test]
    fn the_ends_of_the_range() {
        assert_eq!(round_up(0.0, 3), "0.00");
        assert_eq!(round_up(f64::INFINITY, 3), "inf");
        assert_eq!(round_up(f64::NAN, 3), "NaN");
        // 2^-1074 = 4.9406564584124654417...e-324
        assert_eq!(round_up(f64::from_bits(1), 6), "4.94066e-324");
        assert_eq!(round_up(f64::from_bits(1), 7), "4.940657e-324");
        // (2 - 2^-52) 2^1023 = 1.797693134862315708...e308
        assert_eq!(round_up(f64::MAX, 5), "1.7977e308");
        assert_eq!(round_up(f64::MAX, 17), "1.7976931348623158e308");
        assert_eq!(round_up(-1.999, 2), "-1.9");
    }

    #[test]
    fn digits_follow_the_error() {
        assert_eq!(significant_digits(1.0, 1e-3, 7), 3);
        assert_eq!(significant_digits(1.0, 0.0, 7), 7);
        assert_eq!(significant_digits(0.0, 0.0, 7), 7);
        assert_eq!(significant_digits(1.0, 1e-12, 7), 7);
        assert_eq!(significant_digits(1.0, 5.0, 7), 1);
        assert_eq!(significant_digits(1.0, f64::NAN, 7), 1);
        assert_eq!(significant_digits(0.0, 1e-3, 7), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        // The oracle compares integers: value = k 2^-40 and decimal = m 10^(e - 20) with e >= 0, so that
        // decimal >= value means m 10^e >= ceil(k 10^20 / 2^40), and all of it fits in 128 bits.
        #[test]
        fn rounded_up_is_the_least_decimal_above(k in 1_u64..(1 << 53), digits in 1_usize..9) {
            let value = k as f64 / (1_u64 << 40) as f64;
            let decimal = Decimal::at_least(value, digits).unwrap();
            let m: u128 = decimal.digits.iter().fold(0, |m, d| 10 * m + u128::from(d - b'0'));
            let e = decimal.exponent - (digits as i32 - 1) + 20;
            prop_assume!(e >= 0);
            let unit = 10_u128.checked_pow(e as u32).unwrap();
            let value_scaled = (u128::from(k) * 10_u128.pow(20)).div_ceil(1 << 40);
            let at_least = |m: u128| m * unit >= value_scaled;
            prop_assert!(at_least(m), "{decimal} is below {value:e}");
            prop_assert!(!at_least(m - 1), "{decimal} is not the least above {value:e}");
        }

        #[test]
        fn rounded_up_holds_at_every_magnitude(bits in any::<u64>(), digits in 1_usize..25) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            let read: f64 = round_up(value, digits).parse().unwrap();
            prop_assert!(read >= value);
            let near: f64 = round_nearest(value, 17).parse().unwrap();
            prop_assert_eq!(near, value);
        }
    }
}
