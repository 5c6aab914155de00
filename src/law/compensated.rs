//! Sums and dot products whose rounding does not grow with the number of terms.

/// A sum with the rounding errors of its additions kept beside it.
///
/// The value is off by one rounding of itself and about `(n 2^-53)^2` of the sum of the absolute values of the
/// `n` terms (Ogita, Rump and Oishi 2005), whatever their order.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sum {
    high: f64,
    low: f64,
}

impl Sum {
    pub(crate) fn add(&mut self, term: f64) {
        let (sum, error) = two_sum(self.high, term);
        self.high = sum;
        self.low += error;
    }

    pub(crate) fn value(self) -> f64 {
        let sum = self.high + self.low;
        // Where the sum overflowed, its error is not a number.
        if sum.is_nan() { self.high } else { sum }
    }
}

impl FromIterator<f64> for Sum {
    fn from_iter<T: IntoIterator<Item = f64>>(terms: T) -> Self {
        let mut sum = Self::default();
        terms.into_iter().for_each(|term| sum.add(term));
        sum
    }
}

/// `x + y` rounded, and what the rounding left out, exactly.
fn two_sum(x: f64, y: f64) -> (f64, f64) {
    let sum = x + y;
    let part = sum - x;
    (sum, (x - (sum - part)) + (y - part))
}

/// `x` as a sum of two numbers of at most 26 bits each.
fn split(x: f64) -> (f64, f64) {
    const FACTOR: f64 = 134_217_729.0; // 2^27 + 1
    let scaled = FACTOR * x;
    let high = scaled - (scaled - x);
    (high, x - high)
}

/// `x y` rounded, and what the rounding left out; exactly, if nothing overflows or underflows.
fn two_product(x: f64, y: f64) -> (f64, f64) {
    let product = x * y;
    let ((a, b), (c, d)) = (split(x), split(y));
    (product, b * d - (((product - a * c) - b * c) - a * d))
}

/// `<tilt, point - origin>` of vectors of one length, as if it were computed with twice the digits and then rounded.
///
/// Differences and products are exact pairs, so that neither a common shift of the points nor coordinates that
/// cancel cost digits. Where a product overflows in parts, the plain sum is the answer.
pub(crate) fn centred_score<'a>(
    tilt: impl Iterator<Item = &'a f64>,
    point: impl Iterator<Item = &'a f64>,
    origin: impl Iterator<Item = &'a f64>,
) -> f64 {
    let mut sum = Sum::default();
    let mut plain = 0.0;
    for ((a, x), o) in tilt.zip(point).zip(origin) {
        let (difference, left) = two_sum(*x, -o);
        let (product, rest) = two_product(*a, difference);
        plain += product;
        sum.add(product);
        sum.low += rest + a * left;
    }
    let value = sum.high + sum.low;
    if value.is_finite() { value } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_equal_terms_lose_nothing() {
        let sum: Sum = std::iter::repeat_n(0.1, 1_000_000).collect();
        assert_eq!(sum.value(), 100_000.0);
        let plain: f64 = std::iter::repeat_n(0.1, 1_000_000).sum();
        assert!((plain - 1e5).abs() > 1e-7);
    }

    #[test]
    fn a_score_survives_a_shift_and_a_cancellation() {
        let score = |a: &[f64], x: &[f64], o: &[f64]| centred_score(a.iter(), x.iter(), o.iter());
        assert_eq!(score(&[0.7], &[1e8 + 2.0], &[1e8]), 1.4);
        // 2^-60 (2^60 + 1) - 1: the second product is lost by a plain sum.
        let tiny = 2.0_f64.powi(-60);
        assert_eq!(score(&[1.0, tiny, -1.0], &[1.0, 1.0, 1.0], &[0.0; 3]), tiny);
        assert_eq!(score(&[1e300], &[1.0], &[0.0]), 1e300);
        assert!(score(&[1e300], &[1e300], &[0.0]).is_infinite());
    }
}
