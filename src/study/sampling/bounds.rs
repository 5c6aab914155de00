//! Bounds beside the exact values of one query.

use super::SampledStudy;
use crate::bound::Bound;
use crate::error::{Error, Result};
use crate::parameter::Positive;
use crate::record::{KeptPart, RowDeviation, SampleRow};
use crate::sampling::{SampledAttention, SampledBounds, markov_bound};

impl SampledStudy {
    /// Bounds of the mean error of each row, and of the probability of the deviation that was asked for.
    pub(super) fn bound(
        &self,
        sampled: &SampledAttention,
        part: &KeptPart,
        rows: &mut [SampleRow],
    ) -> Result<()> {
        let threshold = match self.deviation {
            Some(epsilon) => Some(threshold(epsilon, part.relative_to)?),
            None => None,
        };
        let bounds = SampledBounds::new(sampled);
        for row in rows {
            row.bounds = vec![bounds.mean_error(row.budget)?];
            let Some(threshold) = threshold else {
                continue;
            };
            let mut found = bounds.failure_probabilities(threshold, row.budget)?;
            if let Ok(exact) = &row.exact {
                let markov = markov_bound(exact, threshold);
                // The same theorem from the exact error instead of a bound of it.
                if let Some(old) = found
                    .iter_mut()
                    .find(|old| old.theorem() == markov.theorem())
                    && is_less(&markov, old)
                {
                    *old = markov;
                }
            }
            row.deviation = Some(RowDeviation {
                threshold: threshold.get(),
                bounds: found,
                monte_carlo: None,
            });
        }
        Ok(())
    }
}

fn is_less(new: &Bound, old: &Bound) -> bool {
    match (new.value(), old.value()) {
        (Some(new), Some(old)) => new < old,
        (new, _) => new.is_some(),
    }
}

/// `sqrt(epsilon) |T|`.
pub(super) fn threshold(epsilon: Positive, squared: f64) -> Result<Positive> {
    let threshold = epsilon.get().sqrt() * squared.sqrt();
    Positive::new("a deviation relative to |T|", threshold).map_err(|_| Error::Unavailable {
        what: "the probability of a deviation",
        why: format!("it is relative to |T|, and |T|^2 is {squared}"),
    })
}
