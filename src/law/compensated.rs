//! Sums and dot products whose rounding does not grow with the number of terms.

use nalgebra::DMatrix;
use pulp::{Arch, Simd, WithSimd};

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

/// Sums side by side, so that the processor adds several terms at once; the same on every processor.
const LANES: usize = 8;

/// `<tilt, x - origin>` of every column `x` of `points`, as if it were computed with twice the digits and then rounded.
///
/// Differences and products are exact pairs, so that neither a common shift of the points nor coordinates that
/// cancel cost digits. Where a product overflows in parts, the plain sum is the answer.
pub(crate) fn scores_about(points: &DMatrix<f64>, tilt: &[f64], origin: &[f64]) -> Vec<f64> {
    Arch::new().dispatch(Scores {
        points: points.as_slice(),
        tilt,
        origin,
        count: points.ncols(),
    })
}

struct Scores<'a> {
    points: &'a [f64],
    tilt: &'a [f64],
    origin: &'a [f64],
    count: usize,
}

impl WithSimd for Scores<'_> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Vec<f64> {
        let points = self.points.chunks_exact(self.tilt.len().max(1));
        let mut scores: Vec<f64> = points
            .map(|x| centred_score(self.tilt, x, self.origin))
            .collect();
        // Points without coordinates.
        scores.resize(self.count, 0.0);
        scores
    }
}

/// One of [`scores_about`].
#[inline(always)]
pub(crate) fn centred_score(tilt: &[f64], point: &[f64], origin: &[f64]) -> f64 {
    let (mut high, mut low) = ([0.0; LANES], [0.0; LANES]);
    let parts = tilt
        .chunks(LANES)
        .zip(point.chunks(LANES))
        .zip(origin.chunks(LANES));
    for ((tilt, point), origin) in parts {
        let numbers = tilt.iter().zip(point).zip(origin);
        for ((high, low), ((a, x), o)) in high.iter_mut().zip(&mut low).zip(numbers) {
            let (difference, left) = two_sum(*x, -o);
            let product = a * difference;
            // Exact, if nothing overflows or underflows.
            let rest = a.mul_add(difference, -product);
            let (sum, error) = two_sum(*high, product);
            *high = sum;
            *low += error + (rest + a * left);
        }
    }
    let mut sum: Sum = high.into_iter().collect();
    sum.low += low.iter().sum::<f64>();
    let value = sum.high + sum.low;
    if value.is_finite() {
        return value;
    }
    let numbers = tilt.iter().zip(point).zip(origin);
    numbers.map(|((a, x), o)| a * (x - o)).sum()
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
        assert_eq!(centred_score(&[0.7], &[1e8 + 2.0], &[1e8]), 1.4);
        // 2^-60 (2^60 + 1) - 1: the second product is lost by a plain sum.
        let tiny = 2.0_f64.powi(-60);
        assert_eq!(
            centred_score(&[1.0, tiny, -1.0], &[1.0, 1.0, 1.0], &[0.0; 3]),
            tiny
        );
        assert_eq!(centred_score(&[1e300], &[1.0], &[0.0]), 1e300);
        assert!(centred_score(&[1e300], &[1e300], &[0.0]).is_infinite());
    }
}
