//! `e^x` in a form that the compiler turns into vector instructions.

/// Arguments below this give `e^{-708}` (3.3e-308) instead of a smaller number or zero.
const SMALLEST: f64 = -708.0;

/// `1.5 2^52`: adding it rounds a number of modest size to an integer, kept in the lowest bits.
const SHIFT: f64 = 6_755_399_441_055_744.0;
/// `ln 2` in two parts; the first has 32 bits, so that its product with an exponent is exact.
const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// Chebyshev approximation of `(e^r - 1 - r) / r^2` on `|r| <= 1.001 ln 2 / 2`, highest power first,
/// computed with 50 digits; times `r^2`, its error is at most 1.3e-17.
const COEFFICIENTS: [f64; 10] = [
    2.510_047_250_569_499_6e-8,
    2.762_020_159_103_154_7e-7,
    2.755_726_827_690_569_6e-6,
    2.480_152_105_786_820_4e-5,
    0.000_198_412_698_631_715_57,
    0.001_388_888_891_736_708_1,
    0.008_333_333_333_330_039,
    0.041_666_666_666_623_824,
    0.166_666_666_666_666_69,
    0.500_000_000_000_000_1,
];

/// `e^x` for `x <= 709`, within 1.5 units in the last place of the true value for `x >= -708`.
///
/// Below -708 the result is `e^{-708}`; NaN gives NaN; above 709 the result is meaningless. The caller is a
/// softmax that has subtracted its largest score, so that `x <= 0` and a weight of `1e-308` counts for
/// nothing.
///
/// No multiplication is fused with an addition, so the bits do not depend on the processor.
#[inline(always)]
pub(crate) fn exponential(x: f64) -> f64 {
    let x = if x < SMALLEST { SMALLEST } else { x };
    let shifted = x * std::f64::consts::LOG2_E + SHIFT;
    let exponent = shifted - SHIFT;
    let r = (x - exponent * LN_2_HIGH) - exponent * LN_2_LOW;
    let series = COEFFICIENTS.iter().fold(0.0, |sum, c| sum * r + c);
    let mantissa = 1.0 + (r + r * r * series);
    // The lowest bits of `shifted` are the exponent; adding the bias and shifting left leaves 2^exponent.
    mantissa * f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Units in the last place between the two.
    fn distance(x: f64) -> f64 {
        let wanted = x.exp();
        let unit = wanted.next_up() - wanted;
        (exponential(x) - wanted).abs() / unit
    }

    #[test]
    fn agrees_with_the_library_within_two_units() {
        // f64::exp is itself within one unit of the true value.
        let mut worst = 0.0_f64;
        for k in 0..2_000_000 {
            worst = worst.max(distance(-707.999 + 0.000_708_499 * f64::from(k)));
            worst = worst.max(distance(-1e-6 * f64::from(k)));
        }
        assert!(worst <= 2.0, "{worst}");
    }

    #[test]
    fn edges() {
        assert_eq!(exponential(0.0), 1.0);
        assert_eq!(exponential(-0.0), 1.0);
        assert_eq!(exponential(-1e-20), 1.0);
        assert!(exponential(f64::NAN).is_nan());
        for x in [-708.0, -709.0, -1e300, f64::NEG_INFINITY] {
            let value = exponential(x);
            assert!(value > 3.3e-308 && value < 3.31e-308, "{x}: {value}");
        }
    }

    #[test]
    fn products_are_kept() {
        for k in 0..1000 {
            let x = -0.3 * f64::from(k);
            let product = exponential(x) * exponential(-0.25);
            assert!((product / exponential(x - 0.25) - 1.0).abs() < 1e-13);
        }
    }
}
