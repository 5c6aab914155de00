//! A histogram with bins of equal relative width: integer counts, so that joining is exact.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Counts of non-negative numbers by their leading bits.
///
/// A bin holds the numbers with the same binary exponent and the same leading `bits` bits after it:
/// its width is `2^-bits` of its lower end (relative), over the whole range of `f64`. Counts are integers,
/// so a joined histogram does not depend on the order of joining. Memory grows with the number of bins
/// that are not empty: at most `2^bits` for every factor of 2 between the smallest and the largest number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Histogram {
    bits: u32,
    counts: BTreeMap<u32, u64>,
}

/// Lower and upper end of an interval that contains a number.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bracket {
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

impl Histogram {
    /// Most bits of resolution.
    pub const MAX_BITS: u32 = 16;

    /// An empty histogram with bins of relative width `2^-bits`, at most [`Self::MAX_BITS`] bits.
    pub(in crate::monte_carlo) fn new(bits: u32) -> Self {
        Self {
            bits: bits.min(Self::MAX_BITS),
            counts: BTreeMap::new(),
        }
    }

    /// Bits of resolution.
    pub fn bits(&self) -> u32 {
        self.bits
    }

    /// The bin of a number that is not negative.
    pub(in crate::monte_carlo) fn bin(bits: u32, number: f64) -> u32 {
        // The sign bit is zero, so at most 11 + MAX_BITS bits remain. Minus zero counts as zero.
        (number.abs().to_bits() >> (52 - bits)) as u32
    }

    /// Counts numbers by their bins.
    pub(in crate::monte_carlo) fn add(&mut self, bins: &mut [u32]) {
        bins.sort_unstable();
        for run in bins.chunk_by(|one, two| one == two) {
            if let Some(bin) = run.first() {
                let count = self.counts.entry(*bin).or_insert(0);
                *count = count.saturating_add(run.len() as u64);
            }
        }
    }

    /// Adds the counts of another histogram of the same resolution; `None` if it is not the same.
    pub(in crate::monte_carlo) fn join(&mut self, other: &Self) -> Option<()> {
        if self.bits != other.bits {
            return None;
        }
        for (bin, count) in &other.counts {
            let sum = self.counts.entry(*bin).or_insert(0);
            *sum = sum.checked_add(*count)?;
        }
        Some(())
    }

    /// How many numbers were counted.
    pub fn count(&self) -> u64 {
        self.counts
            .values()
            .fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Are the bins those of finite numbers?
    pub(in crate::monte_carlo) fn is_finite(&self) -> bool {
        self.bits <= Self::MAX_BITS
            && self.counts.keys().all(|bin| {
                let ends = self.ends(*bin);
                u64::from(*bin) < 1 << (12 + self.bits) && ends.lower.is_finite()
            })
    }

    fn ends(&self, bin: u32) -> Bracket {
        let shift = 52 - self.bits;
        Bracket {
            lower: f64::from_bits(u64::from(bin) << shift),
            upper: f64::from_bits((u64::from(bin) + 1) << shift),
        }
    }

    /// The ends of the bin that holds the `rank`-th smallest number, ranks from 1 to [`Self::count`].
    ///
    /// The order statistic itself lies in `[lower, upper)`; the bracket has relative width `2^-bits`.
    pub fn order_statistic(&self, rank: u64) -> Option<Bracket> {
        let mut below = 0_u64;
        for (bin, count) in &self.counts {
            below = below.saturating_add(*count);
            if rank <= below {
                return (rank > 0).then(|| self.ends(*bin));
            }
        }
        None
    }

    /// The share of the sum of all numbers that its largest `fraction` carries, `0 < fraction <= 1`.
    ///
    /// `ceil(fraction count)` numbers are the largest. Each number is replaced by the middle of its bin,
    /// so the share has relative error `2^-bits` at most. Zero if all numbers are zero.
    pub fn share_of_largest(&self, fraction: f64) -> f64 {
        let mut open = (fraction * self.count() as f64).ceil();
        let (mut largest, mut total) = (0.0, 0.0);
        for (bin, count) in self.counts.iter().rev() {
            let ends = self.ends(*bin);
            // Halves first: the sum of the ends may overflow. Bin 0 holds zero, and counts as zero.
            let middle = if *bin == 0 {
                0.0
            } else {
                0.5 * ends.lower + 0.5 * ends.upper
            };
            let count = *count as f64;
            largest += open.min(count) * middle;
            open = (open - count).max(0.0);
            total += count * middle;
        }
        if total > 0.0 { largest / total } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(bits: u32, numbers: &[f64]) -> Histogram {
        let mut histogram = Histogram::new(bits);
        let mut bins: Vec<u32> = numbers.iter().map(|x| Histogram::bin(bits, *x)).collect();
        histogram.add(&mut bins);
        histogram
    }

    fn numbers() -> Vec<f64> {
        (1..=1000)
            .map(|k| (f64::from(k) * 0.73).sin().powi(6) * 1e3)
            .collect()
    }

    #[test]
    fn order_statistics_lie_in_their_brackets() {
        let mut sorted = numbers();
        let histogram = histogram(12, &sorted);
        sorted.sort_by(f64::total_cmp);
        for (k, x) in sorted.iter().enumerate() {
            let bracket = histogram.order_statistic(k as u64 + 1).unwrap();
            assert!(bracket.lower <= *x && *x < bracket.upper, "{x} {bracket:?}");
            assert!(bracket.upper - bracket.lower <= 2.5e-4 * bracket.lower);
        }
        assert!(histogram.order_statistic(0).is_none());
        assert!(histogram.order_statistic(1001).is_none());
    }

    #[test]
    fn joining_is_counting_everything() {
        let all = numbers();
        let (left, right) = all.split_at(317);
        let mut one = histogram(12, right);
        one.join(&histogram(12, left)).unwrap();
        assert_eq!(one, histogram(12, &all));
        assert!(one.join(&histogram(5, left)).is_none());
    }

    #[test]
    fn share_is_that_of_the_sorted_numbers() {
        let mut sorted = numbers();
        let share = histogram(5, &sorted).share_of_largest(0.01);
        sorted.sort_by(f64::total_cmp);
        let wanted = sorted[990..].iter().sum::<f64>() / sorted.iter().sum::<f64>();
        assert!((share / wanted - 1.0).abs() < 0.03, "{share} {wanted}");
        assert_eq!(histogram(5, &[0.0, -0.0]).share_of_largest(0.01), 0.0);
        assert_eq!(histogram(5, &[3.0]).share_of_largest(0.01), 1.0);
    }

    #[test]
    fn extreme_numbers_have_bins() {
        let histogram = histogram(16, &[0.0, 5e-324, f64::MIN_POSITIVE, f64::MAX]);
        assert!(histogram.is_finite());
        assert_eq!(histogram.count(), 4);
        assert_eq!(histogram.order_statistic(4).unwrap().upper, f64::INFINITY);
    }
}
