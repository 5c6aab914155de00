//! Sums over a law of finitely many points that is tilted by its scores.

use std::ops::Range;

use nalgebra::DVector;
use pulp::{Arch, Simd, WithSimd};

use crate::law::compensated::by_parts;
use crate::law::exponential::exponential;

const LANES: usize = 8;

/// Probabilities `q_i` and scores `s_i` of points.
pub(super) struct TiltedSums<'a> {
    weights: &'a [f64],
    scores: &'a [f64],
    /// The least and the largest score.
    ends: (f64, f64),
    /// `ln q_i`, where a probability is so small that others would underflow beside it.
    logarithms: Option<Vec<f64>>,
}

impl<'a> TiltedSums<'a> {
    pub(super) fn new(weights: &'a [f64], scores: &'a [f64], by_logarithms: bool) -> Self {
        let ends = by_parts(scores.len(), |part| {
            let scores = scores.get(part).unwrap_or_default();
            scores
                .iter()
                .fold(NOTHING, |ends, s| joined(ends, (*s, *s)))
        });
        Self {
            weights,
            scores,
            ends: ends.into_iter().fold(NOTHING, joined),
            logarithms: by_logarithms.then(|| weights.iter().map(|q| q.ln()).collect()),
        }
    }

    pub(super) fn scores(&self) -> &[f64] {
        self.scores
    }

    pub(super) fn ends(&self) -> (f64, f64) {
        self.ends
    }

    /// What is taken off the exponents at this multiple of the tilt, so that the largest is 0.
    pub(super) fn largest(&self, multiple: f64) -> f64 {
        match &self.logarithms {
            None => (multiple * self.ends.0).max(multiple * self.ends.1),
            Some(logarithms) => {
                let exponents = self.scores.iter().zip(logarithms);
                let exponents = exponents.map(|(s, ln_q)| multiple * s + ln_q);
                exponents.fold(f64::NEG_INFINITY, f64::max)
            }
        }
    }

    /// The terms `q_i e^{multiple s_i - largest}` of a part of the points, and their sum; 0 below `e^-708`.
    pub(super) fn terms(
        &self,
        multiple: f64,
        largest: f64,
        part: Range<usize>,
        terms: &mut Vec<f64>,
    ) -> f64 {
        let scores = self.scores.get(part.clone()).unwrap_or_default();
        terms.clear();
        match &self.logarithms {
            None => terms.extend(scores.iter().map(|s| multiple * s - largest)),
            Some(logarithms) => {
                let logarithms = logarithms.get(part.clone()).unwrap_or_default();
                let exponents = scores.iter().zip(logarithms);
                terms.extend(exponents.map(|(s, ln_q)| multiple * s + ln_q - largest));
            }
        }
        Arch::new().dispatch(Exponentials(terms));
        if self.logarithms.is_none() {
            let weights = self.weights.get(part).unwrap_or_default();
            for (term, weight) in terms.iter_mut().zip(weights) {
                *term *= weight;
            }
        }
        sum(terms)
    }

    /// `Lam` at a multiple of the tilt, and the probabilities of the points under that tilted law.
    pub(super) fn probabilities(&self, multiple: f64) -> (f64, DVector<f64>) {
        let largest = self.largest(multiple);
        let mut terms = Vec::new();
        let sum = self.terms(multiple, largest, 0..self.scores.len(), &mut terms);
        (largest + sum.ln(), DVector::from_vec(terms) / sum)
    }

    /// `Lam` at multiples of the tilt, and the mean of `numbers` under each of these tilted laws.
    pub(super) fn weigh(&self, multiples: &[f64], numbers: &[f64]) -> Vec<(f64, f64)> {
        let multiples: Vec<(f64, f64)> = multiples.iter().map(|m| (*m, self.largest(*m))).collect();
        let parts = by_parts(self.scores.len(), |part| {
            let mut terms = Vec::new();
            let of = |(multiple, largest): &(f64, f64)| {
                let total = self.terms(*multiple, *largest, part.clone(), &mut terms);
                let numbers = numbers.get(part.clone()).unwrap_or_default();
                for (term, number) in terms.iter_mut().zip(numbers) {
                    *term *= number;
                }
                (total, sum(&terms))
            };
            multiples.iter().map(of).collect::<Vec<_>>()
        });
        let found = multiples.iter().enumerate().map(|(place, (_, largest))| {
            let (mut total, mut mean) = (0.0, 0.0);
            for (of_total, of_mean) in parts.iter().filter_map(|part| part.get(place)) {
                total += of_total;
                mean += of_mean;
            }
            (largest + total.ln(), mean / total)
        });
        found.collect()
    }
}

/// The ends of no numbers.
const NOTHING: (f64, f64) = (f64::INFINITY, f64::NEG_INFINITY);

fn joined(one: (f64, f64), other: (f64, f64)) -> (f64, f64) {
    (one.0.min(other.0), one.1.max(other.1))
}

/// In sums side by side.
fn sum(numbers: &[f64]) -> f64 {
    let (chunks, rest) = numbers.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for chunk in chunks {
        for lane in 0..LANES {
            sums[lane] += chunk[lane];
        }
    }
    sums.iter().chain(rest).sum()
}

/// Replaces exponents, 0 at most, by their exponentials.
struct Exponentials<'a>(&'a mut [f64]);

impl WithSimd for Exponentials<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for x in self.0 {
            let found = exponential(*x);
            *x = if *x < -708.0 { 0.0 } else { found };
        }
    }
}
