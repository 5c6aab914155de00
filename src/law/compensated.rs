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
#[inline(always)]
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
/// cancel cost digits. Where a product overflows the result is not finite.
///
/// Besides, the largest sum of the absolute values of the products of a column, but for its rounding.
pub(crate) fn scores_about(points: &DMatrix<f64>, tilt: &[f64], origin: &[f64]) -> (Vec<f64>, f64) {
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
    type Output = (Vec<f64>, f64);

    // Loops, not adapters: only what is inlined here is compiled for these instructions.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> (Vec<f64>, f64) {
        // Points without coordinates have the score 0.
        let mut scores = vec![0.0; self.count];
        let points = self.points.chunks_exact(self.tilt.len().max(1));
        let mut largest = 0.0_f64;
        for (score, point) in scores.iter_mut().zip(points) {
            let (value, absolute) = centred_score(self.tilt, point, self.origin);
            *score = value;
            // NaN must not be passed over.
            largest = if absolute <= largest {
                largest
            } else {
                absolute
            };
        }
        (scores, largest)
    }
}

/// One of [`scores_about`], and the sum of the absolute values of its products.
#[inline(always)]
pub(crate) fn centred_score(tilt: &[f64], point: &[f64], origin: &[f64]) -> (f64, f64) {
    let mut sums = [[0.0; LANES]; 3];
    let (tilts, rest) = tilt.as_chunks::<LANES>();
    let (points, rest_of_point) = point.as_chunks::<LANES>();
    let (origins, rest_of_origin) = origin.as_chunks::<LANES>();
    for ((tilt, point), origin) in tilts.iter().zip(points).zip(origins) {
        add_products(&mut sums, tilt, point, origin);
    }
    // What is left is filled up with zeros.
    let full = |rest: &[f64]| {
        let mut full = [0.0; LANES];
        for (entry, x) in full.iter_mut().zip(rest) {
            *entry = *x;
        }
        full
    };
    if !rest.is_empty() {
        let (tilt, point, origin) = (full(rest), full(rest_of_point), full(rest_of_origin));
        add_products(&mut sums, &tilt, &point, &origin);
    }
    let [high, low, absolute] = sums;
    let absolute = absolute.iter().sum();
    let mut sum: Sum = high.into_iter().collect();
    sum.low += low.iter().sum::<f64>();
    (sum.high + sum.low, absolute)
}

#[inline(always)]
fn add_products(
    [high, low, absolute]: &mut [[f64; LANES]; 3],
    tilt: &[f64; LANES],
    point: &[f64; LANES],
    origin: &[f64; LANES],
) {
    for lane in 0..LANES {
        let (difference, left) = two_sum(point[lane], -origin[lane]);
        let product = tilt[lane] * difference;
        // Exact, if nothing overflows or underflows.
        let rest = tilt[lane].mul_add(difference, -product);
        let (sum, error) = two_sum(high[lane], product);
        high[lane] = sum;
        low[lane] += error + (rest + tilt[lane] * left);
        absolute[lane] += product.abs();
    }
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
        let score = |a: &[f64], x: &[f64], o: &[f64]| centred_score(a, x, o).0;
        assert_eq!(score(&[0.7], &[1e8 + 2.0], &[1e8]), 1.4);
        // 2^-60 (2^60 + 1) - 1: the second product is lost by a plain sum.
        let tiny = 2.0_f64.powi(-60);
        assert_eq!(score(&[1.0, tiny, -1.0], &[1.0, 1.0, 1.0], &[0.0; 3]), tiny);
        assert_eq!(score(&[1e300], &[1.0], &[0.0]), 1e300);
        assert!(!score(&[1e300], &[1e300], &[0.0]).is_finite());
    }
}
