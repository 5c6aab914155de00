//! The mean of a number over independent trials, in blocks with their own random streams.

use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::estimator::estimate::{Deviation, Estimate, HEAVY_FRACTION};
use super::estimator::histogram::Histogram;
use super::estimator::moments::{Node, Sums, push_node, total};
use super::plan::Plan;
use crate::error::{Error, Result};
use crate::parameter::refused;

/// Bits of the histogram that the share of the largest trials is read from: 3% wide bins.
const SHARE_BITS: u32 = 5;

/// How many trials, in blocks of which size, and the seed that is reported.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Blocks {
    /// Trials in all.
    pub trials: u64,
    /// Trials in a block.
    pub size: u64,
    /// The seed.
    pub seed: u64,
}

impl Blocks {
    /// The mean of a number that is at least 0, and how often its square root reaches each threshold. Every block begins with new memory and the
    /// stream of its number, so that the result does not depend on the number of threads.
    ///
    /// # Errors
    /// [`Error::Parameter`] for fewer than 2 trials or more than [`Plan::MAX_PROMPTS`]; [`Error::Unavailable`] if a number is not finite.
    pub fn squares<M>(
        self,
        thresholds: &[f64],
        begin: impl Fn(u64) -> (ChaCha8Rng, M) + Sync,
        draw: impl Fn(&mut ChaCha8Rng, &mut M) -> f64 + Sync,
    ) -> Result<(Estimate, Vec<Deviation>)> {
        let Self { trials, size, seed } = self;
        if !(2..=Plan::MAX_PROMPTS).contains(&trials) {
            return refused("prompts", trials, "an integer from 2 to 2^48");
        }
        let found: Vec<(Sums, Vec<u32>, Vec<u64>)> = (0..trials.div_ceil(size))
            .into_par_iter()
            .map(|number| {
                let (mut random, mut memory) = begin(number);
                let (mut sums, mut bins) = (Sums::new(1), Vec::new());
                let mut counts = vec![0; thresholds.len()];
                for _ in 0..size.min(trials - number * size) {
                    let square = draw(&mut random, &mut memory);
                    sums.push(&[square], &[], 0.0);
                    bins.push(Histogram::bin(SHARE_BITS, square));
                    for (count, threshold) in counts.iter_mut().zip(thresholds) {
                        *count += u64::from(square.sqrt() >= *threshold);
                    }
                }
                (sums, bins, counts)
            })
            .collect();
        let (mut nodes, mut histogram) = (Vec::new(), Histogram::new(SHARE_BITS));
        let mut counts = vec![0; thresholds.len()];
        for (index, (sums, mut bins, of_block)) in (0..).zip(found) {
            histogram.add(&mut bins);
            for (count, more) in counts.iter_mut().zip(of_block) {
                *count += more;
            }
            let level = 0;
            push_node(&mut nodes, Node { level, index, sums });
        }
        let finished = total(&nodes).filter(Sums::is_finite);
        let sums = finished
            .as_ref()
            .and_then(|sums| Some((sums.prompts, *sums.moments.first()?)));
        let Some((count, moments)) = sums else {
            return Err(Error::Unavailable {
                what: "the Monte Carlo estimate",
                why: "a score or an output is not a finite number, or its square overflows; what is given must be smaller".into(),
            });
        };
        let n = count as f64;
        let estimate = Estimate {
            mean: moments.mean,
            standard_error: (moments.deviations / (n - 1.0) / n).sqrt(),
            prompts: count,
            seed,
            skewness: moments.skewness(n),
            largest_share: Some(histogram.share_of_largest(HEAVY_FRACTION)),
        };
        let deviations = thresholds
            .iter()
            .zip(counts)
            .map(|(threshold, count)| Deviation {
                threshold: *threshold,
                count,
                prompts: trials,
            });
        Ok((estimate, deviations.collect()))
    }
}
