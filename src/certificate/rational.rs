//! Floats and decimals as exact rationals in Coq's notation.

use num_bigint::BigUint;

use crate::render::Decimal;

/// The number as a Coq term, exactly: `3`, `(-5)`, `(7/16)`. `None` if it is not finite.
///
/// A float is an integer times a power of two; the quotient is in lowest terms.
///
/// # Examples
/// ```
/// use attention_bounds::certificate::exact;
///
/// assert_eq!(exact(0.4375).as_deref(), Some("(7/16)"));
/// assert_eq!(exact(f64::INFINITY), None);
/// ```
pub fn exact(number: f64) -> Option<String> {
    if !number.is_finite() {
        return None;
    }
    let bits = number.abs().to_bits();
    let (stored, fraction) = ((bits >> 52) as i64, bits & ((1 << 52) - 1));
    // Subnormal numbers have no implied leading bit and the exponent of the smallest normal ones.
    let (mantissa, exponent) = match stored {
        0 => (fraction, -1074),
        _ => (fraction | (1 << 52), stored - 1075),
    };
    if mantissa == 0 {
        return Some("0".to_owned());
    }
    let zeros = mantissa.trailing_zeros();
    let mantissa = BigUint::from(mantissa >> zeros);
    let exponent = exponent + i64::from(zeros);
    let one = BigUint::from(1_u8);
    let (numerator, denominator) = if exponent >= 0 {
        (mantissa << exponent.unsigned_abs(), one)
    } else {
        (mantissa, one << exponent.unsigned_abs())
    };
    Some(quotient(number < 0.0, &numerator, &denominator))
}

/// A decimal as a Coq term, exactly.
///
/// # Examples
/// ```
/// use attention_bounds::certificate::decimal;
/// use attention_bounds::render::Decimal;
///
/// assert_eq!(decimal(&Decimal::at_least(0.25, 2).unwrap()), "(25/100)");
/// ```
pub fn decimal(decimal: &Decimal) -> String {
    let mantissa = decimal.mantissa();
    let (sign, digits) = match mantissa.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, mantissa.as_str()),
    };
    let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
    let numerator = format!("{whole}{rest}")
        .parse::<BigUint>()
        .unwrap_or_default();
    let exponent = i64::from(decimal.exponent()) - rest.len() as i64;
    // At most 10^324 and a few digits.
    let power = BigUint::from(10_u8).pow(exponent.unsigned_abs() as u32);
    let one = BigUint::from(1_u8);
    if exponent >= 0 {
        quotient(sign, &(numerator * power), &one)
    } else {
        quotient(sign, &numerator, &power)
    }
}

fn quotient(negative: bool, numerator: &BigUint, denominator: &BigUint) -> String {
    if *numerator == BigUint::ZERO {
        return "0".to_owned();
    }
    let sign = if negative { "-" } else { "" };
    match (negative, *denominator == BigUint::from(1_u8)) {
        (false, true) => numerator.to_string(),
        (true, true) => format!("({sign}{numerator})"),
        (false, false) => format!("({numerator}/{denominator})"),
        (true, false) => format!("(({sign}{numerator})/{denominator})"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_numbers() {
        for (number, term) in [
            (0.0, "0"),
            (-0.0, "0"),
            (3.0, "3"),
            (-5.0, "(-5)"),
            (0.4375, "(7/16)"),
            (-0.5, "((-1)/2)"),
            (0.1, "(3602879701896397/36028797018963968)"),
            (1e22, "10000000000000000000000"),
        ] {
            assert_eq!(exact(number).unwrap(), term);
        }
        assert!(exact(f64::NAN).is_none() && exact(f64::INFINITY).is_none());
        // 2^-1074 and the largest float.
        let smallest = exact(f64::from_bits(1)).unwrap();
        let power = BigUint::from(1_u8) << 1074_u32;
        assert_eq!(smallest, format!("(1/{power})"));
        let largest = (BigUint::from((1_u64 << 53) - 1) << 971_u32).to_string();
        assert_eq!(exact(f64::MAX).unwrap(), largest);
    }

    #[test]
    fn decimals() {
        let term = |value: f64, digits| decimal(&Decimal::at_least(value, digits).unwrap());
        assert_eq!(term(0.25, 3), "(250/1000)");
        assert_eq!(term(1234.0, 4), "1234");
        assert_eq!(term(123_456.0, 3), "124000");
        assert_eq!(term(0.0, 2), "0".to_owned());
        assert_eq!(term(1.5e-7, 2), "(15/100000000)");
    }

    proptest! {
        /// Numerator and denominator are exact, so their quotient in floats, each correctly rounded, is the number
        /// again when both fit 53 bits.
        #[test]
        fn quotients_read_back(mantissa in 1_i64..(1 << 53), shift in 0_i32..50) {
            let number = mantissa as f64 * 2f64.powi(-shift);
            let term = exact(number).unwrap();
            let inside = term.trim_start_matches('(').trim_end_matches(')');
            let (p, q) = inside.split_once('/').unwrap_or((inside, "1"));
            let (p, q): (u64, u64) = (p.parse().unwrap(), q.parse().unwrap());
            prop_assert_eq!(p as f64 / q as f64, number);
            prop_assert!(q == 1 || p % 2 == 1);
        }
    }
}
