//! Integer counts of a cell: deviations, distribution of the error, heavy tails.

use serde::{Deserialize, Serialize};

use super::histogram::Histogram;
use crate::monte_carlo::plan::Plan;

/// Bits of the histograms that the share of the largest prompts is read from: 3% wide bins.
const SHARE_BITS: u32 = 5;
/// Bits of the histogram that quantiles are read from: 0.024% wide bins.
const ERROR_BITS: u32 = 12;

/// Counts over the prompts of a cell; joined by addition, so the order does not matter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::monte_carlo) struct Tally {
    /// Prompts with `|That - T| >= eps`, for every threshold.
    pub deviations: Vec<u64>,
    /// One histogram for every quantity.
    pub quantities: Vec<Histogram>,
    /// `|That - T|`, if quantiles are wanted.
    pub errors: Option<Histogram>,
}

impl Tally {
    pub fn new(plan: &Plan) -> Self {
        let quantities = plan.quantities();
        Self {
            deviations: vec![0; plan.thresholds.len()],
            quantities: quantities
                .iter()
                .map(|_| Histogram::new(SHARE_BITS))
                .collect(),
            errors: plan.quantiles.then(|| Histogram::new(ERROR_BITS)),
        }
    }

    /// Adds the counts of a block.
    pub fn add(&mut self, block: &mut BlockTally) {
        for (sum, count) in self.deviations.iter_mut().zip(&block.deviations) {
            *sum = sum.saturating_add(*count);
        }
        for (histogram, bins) in self.quantities.iter_mut().zip(&mut block.quantities) {
            histogram.add(bins);
        }
        if let Some(histogram) = &mut self.errors {
            histogram.add(&mut block.errors);
        }
    }

    /// Adds the counts of other prompts of the same cell; `None` if they are not of the same kind.
    pub fn join(&mut self, other: &Self) -> Option<()> {
        for (sum, count) in self.deviations.iter_mut().zip(&other.deviations) {
            *sum = sum.checked_add(*count)?;
        }
        for (one, two) in self.quantities.iter_mut().zip(&other.quantities) {
            one.join(two)?;
        }
        match (&mut self.errors, &other.errors) {
            (Some(one), Some(two)) => one.join(two),
            (None, None) => Some(()),
            _ => None,
        }
    }

    /// Is this a tally of `prompts` prompts under `plan`?
    pub fn fits(&self, plan: &Plan, prompts: u64) -> bool {
        let fits = |histogram: &Histogram, bits| {
            histogram.bits() == bits && histogram.is_finite() && histogram.count() == prompts
        };
        self.deviations.len() == plan.thresholds.len()
            && self.deviations.iter().all(|count| *count <= prompts)
            && self.quantities.len() == plan.quantities().len()
            && self
                .quantities
                .iter()
                .all(|histogram| fits(histogram, SHARE_BITS))
            && self.errors.is_some() == plan.quantiles
            && self
                .errors
                .iter()
                .all(|histogram| fits(histogram, ERROR_BITS))
    }
}

/// The bins of the prompts of one block, one list for every histogram of [`Tally`].
#[derive(Debug)]
pub(in crate::monte_carlo) struct BlockTally {
    deviations: Vec<u64>,
    quantities: Vec<Vec<u32>>,
    errors: Vec<u32>,
}

impl BlockTally {
    /// Room for `prompts` prompts.
    pub fn new(plan: &Plan, prompts: usize) -> Self {
        Self {
            deviations: vec![0; plan.thresholds.len()],
            quantities: plan
                .quantities()
                .iter()
                .map(|_| Vec::with_capacity(prompts))
                .collect(),
            errors: Vec::with_capacity(if plan.quantiles { prompts } else { 0 }),
        }
    }

    /// Counts one prompt.
    pub fn push(&mut self, plan: &Plan, numbers: &[f64], error: f64) {
        for (bins, number) in self.quantities.iter_mut().zip(numbers) {
            bins.push(Histogram::bin(SHARE_BITS, *number));
        }
        for (count, eps) in self.deviations.iter_mut().zip(&plan.thresholds) {
            *count += u64::from(error >= *eps);
        }
        if plan.quantiles {
            self.errors.push(Histogram::bin(ERROR_BITS, error));
        }
    }
}
