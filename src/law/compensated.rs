//! Sums and dot products whose rounding does not grow with the number of terms.

use std::ops::Range;

use nalgebra::DMatrix;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// Points that are taken together.
const PART: usize = 8192;

/// What is found of each part of `count` points, in their order: sums over them do not depend on the number of threads.
pub(crate) fn by_parts<T: Send>(
    count: usize,
    of: impl Fn(Range<usize>) -> T + Sync + Send,
) -> Vec<T> {
    let parts = (0..count.div_ceil(PART)).into_par_iter();
    parts
        .map(|part| of(part * PART..count.min((part + 1) * PART)))
        .collect()
}

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
    // Points without coordinates have the score 0.
    let mut scores = vec![0.0; points.ncols()];
    let parts = points
        .as_slice()
        .par_chunks((PART * tilt.len()).max(1))
        .zip(scores.par_chunks_mut(PART));
    let largest = parts.map(|(points, scores)| {
        Arch::new().dispatch(Scores {
            points,
            tilt,
            origin,
            scores,
        })
    });
    let largest = largest.reduce(|| 0.0, larger);
    (scores, largest)
}

/// NaN is not passed over.
#[inline(always)]
fn larger(one: f64, other: f64) -> f64 {
    if one.is_nan() || other <= one {
        one
    } else {
        other
    }
}

struct Scores<'a> {
    points: &'a [f64],
    tilt: &'a [f64],
    origin: &'a [f64],
    scores: &'a mut [f64],
}

impl WithSimd for Scores<'_> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let whole = self.tilt.len() - self.tilt.len() % LANES;
        let (tilt, tilt_rest) = self.tilt.split_at(whole);
        let (origin, origin_rest) = self.origin.split_at(whole);
        let (tilt_rest, origin_rest) = (filled(tilt_rest), filled(origin_rest));
        let mut largest = 0.0_f64;
        let points = self.points.chunks_exact(self.tilt.len().max(1));
        for (score, point) in self.scores.iter_mut().zip(points) {
            let (point, rest) = point.split_at(whole);
            let mut sums = [[simd.splat_f64s(0.0); LANES]; 3];
            sums = add_vectors(simd, sums, tilt, point, origin);
            if !rest.is_empty() {
                sums = add_vectors(simd, sums, &tilt_rest, &filled(rest), &origin_rest);
            }
            let sums = sums.map(|sums| {
                let mut lanes = [0.0; LANES];
                for (lanes, sum) in S::as_mut_simd_f64s(&mut lanes).0.iter_mut().zip(sums) {
                    *lanes = sum;
                }
                lanes
            });
            let (value, absolute) = of_lanes(sums);
            *score = value;
            largest = larger(largest, absolute);
        }
        largest
    }
}

/// What is left of a list, filled up with zeros.
#[inline(always)]
fn filled(rest: &[f64]) -> [f64; LANES] {
    let mut full = [0.0; LANES];
    for (entry, x) in full.iter_mut().zip(rest) {
        *entry = *x;
    }
    full
}

/// As [`add_products`], of many groups of [`LANES`] numbers.
#[inline(always)]
fn add_vectors<S: Simd>(
    simd: S,
    [mut high, mut low, mut absolute]: [[S::f64s; LANES]; 3],
    tilt: &[f64],
    point: &[f64],
    origin: &[f64],
) -> [[S::f64s; LANES]; 3] {
    let vectors = LANES / S::F64_LANES;
    let of = |numbers| S::as_simd_f64s(numbers).0.chunks_exact(vectors);
    for ((tilt, point), origin) in of(tilt).zip(of(point)).zip(of(origin)) {
        for (lane, ((tilt, point), origin)) in tilt.iter().zip(point).zip(origin).enumerate() {
            // As `two_sum`, of `point` and `-origin`.
            let difference = simd.sub_f64s(*point, *origin);
            let part = simd.sub_f64s(difference, *point);
            let kept = simd.sub_f64s(*point, simd.sub_f64s(difference, part));
            let left = simd.sub_f64s(kept, simd.add_f64s(*origin, part));
            let product = simd.mul_f64s(*tilt, difference);
            let rest = simd.negate_mul_add_f64s(*tilt, difference, product);
            let rest = simd.sub_f64s(simd.mul_f64s(*tilt, left), rest);
            let sum = simd.add_f64s(high[lane], product);
            let part = simd.sub_f64s(sum, high[lane]);
            let kept = simd.sub_f64s(high[lane], simd.sub_f64s(sum, part));
            let error = simd.add_f64s(kept, simd.sub_f64s(product, part));
            high[lane] = sum;
            low[lane] = simd.add_f64s(low[lane], simd.add_f64s(error, rest));
            let size = simd.max_f64s(product, simd.sub_f64s(simd.splat_f64s(0.0), product));
            absolute[lane] = simd.add_f64s(absolute[lane], size);
        }
    }
    [high, low, absolute]
}

/// Scores `<tilt, x>` of points (columns) in plain floats.
pub(super) fn plain_scores(points: &DMatrix<f64>, tilt: &[f64]) -> Vec<f64> {
    let mut scores = vec![0.0; points.ncols()];
    let parts = points
        .as_slice()
        .par_chunks((PART * tilt.len()).max(1))
        .zip(scores.par_chunks_mut(PART));
    parts.for_each(|(points, scores)| {
        Arch::new().dispatch(PlainScores {
            points,
            tilt,
            scores,
        });
    });
    scores
}

struct PlainScores<'a> {
    points: &'a [f64],
    tilt: &'a [f64],
    scores: &'a mut [f64],
}

impl WithSimd for PlainScores<'_> {
    type Output = ();

    // Loops, not adapters: only what is inlined here is compiled for these instructions.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let (tilts, tilt_rest) = self.tilt.as_chunks::<LANES>();
        let points = self.points.chunks_exact(self.tilt.len().max(1));
        for (score, point) in self.scores.iter_mut().zip(points) {
            let (points, rest) = point.as_chunks::<LANES>();
            let mut sums = [0.0; LANES];
            for (tilt, point) in tilts.iter().zip(points) {
                for lane in 0..LANES {
                    sums[lane] += tilt[lane] * point[lane];
                }
            }
            let mut sum = 0.0;
            for (tilt, x) in tilt_rest.iter().zip(rest) {
                sum += tilt * x;
            }
            for part in sums {
                sum += part;
            }
            *score = sum;
        }
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
    if !rest.is_empty() {
        let (tilt, point) = (filled(rest), filled(rest_of_point));
        add_products(&mut sums, &tilt, &point, &filled(rest_of_origin));
    }
    of_lanes(sums)
}

/// The sum of all lanes, and that of the absolute values.
#[inline(always)]
fn of_lanes([high, low, absolute]: [[f64; LANES]; 3]) -> (f64, f64) {
    let mut sum: Sum = high.into_iter().collect();
    sum.low += low.iter().sum::<f64>();
    (sum.high + sum.low, absolute.iter().sum())
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
