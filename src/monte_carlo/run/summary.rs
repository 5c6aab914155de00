//! From the sums of a finished run to its estimates.

use super::partial::{CellState, Partial, all_blocks, refuse};
use crate::error::{Error, Result};
use crate::monte_carlo::estimator::estimate::{
    CellEstimates, Deviation, Estimate, GradientEstimates, HEAVY_FRACTION,
};
use crate::monte_carlo::estimator::moments::total;
use crate::monte_carlo::plan::Quantity;

impl Partial {
    /// The estimates of a finished, whole run.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if blocks are missing: the run is not finished, or this is a share of it.
    pub fn estimates(&self) -> Result<Vec<CellEstimates>> {
        self.check()?;
        self.cells
            .iter()
            .map(|cell| self.cell_estimates(cell))
            .collect()
    }

    fn cell_estimates(&self, cell: &CellState) -> Result<CellEstimates> {
        let blocks = all_blocks(&self.plan, cell.length)?;
        if cell.first != 0 || cell.next != blocks {
            return Err(Error::Unavailable {
                what: "the estimate",
                why: format!(
                    "only blocks {} to {} of {blocks} of length {} are done; resume the run, or join its \
                     shares",
                    cell.first, cell.next, cell.length
                ),
            });
        }
        let sums = total(&cell.nodes).ok_or_else(|| refuse("a cell has no prompts"))?;
        let count = sums.prompts as f64;
        let all: Vec<Estimate> = sums
            .moments
            .iter()
            .enumerate()
            .map(|(place, moments)| Estimate {
                mean: moments.mean,
                standard_error: (moments.deviations / (count - 1.0) / count).sqrt(),
                prompts: sums.prompts,
                seed: self.plan.seed,
                skewness: moments.skewness(count),
                largest_share: cell
                    .tally
                    .quantities
                    .get(place)
                    .map(|histogram| histogram.share_of_largest(HEAVY_FRACTION)),
            })
            .collect();
        let quantities = self.plan.quantities();
        let find = |wanted: Quantity| {
            let place = quantities.iter().position(|quantity| *quantity == wanted)?;
            all.get(place).copied()
        };
        let need = |wanted| find(wanted).ok_or_else(|| refuse("a quantity is missing"));
        Ok(CellEstimates {
            query: cell.query,
            length: cell.length,
            route: self.plan.route,
            output_error: need(Quantity::OutputError)?,
            bias: all.iter().skip(quantities.len()).copied().collect(),
            participation_two: need(Quantity::ParticipationTwo)?,
            participation_three: need(Quantity::ParticipationThree)?,
            effective_length: need(Quantity::EffectiveLength)?,
            fixed_share: find(Quantity::FixedShare),
            value_gradient: find(Quantity::ValueGradient).map(|operator| GradientEstimates {
                frobenius: operator.scaled(self.outputs as f64),
                operator: Some(operator),
            }),
            key_query_gradient: find(Quantity::KeyQueryGradient).map(|frobenius| {
                GradientEstimates {
                    frobenius,
                    operator: find(Quantity::KeyQueryOperator),
                }
            }),
            deviations: self
                .plan
                .thresholds
                .iter()
                .zip(&cell.tally.deviations)
                .map(|(threshold, count)| Deviation {
                    threshold: *threshold,
                    count: *count,
                    prompts: sums.prompts,
                })
                .collect(),
            errors: cell.tally.errors.clone(),
        })
    }
}
