//! What exact values and bounds of a question come in: for every query of a list, and averaged over the query law.

use crate::bound::{Bound, LowerBound};
use crate::exact::{AverageOutput, Exact, ExactOutput, list_average};
use crate::record::Cell;
use crate::study::cells::gradient_bounds::GradientCells;

/// Exact values of one metric, one a length or the reason: for every query, and averaged over the law.
pub(in crate::study) type AllExact = (Vec<Cell<Vec<Exact>>>, Cell<Vec<Exact>>);

/// Exact results: for every query of a list, and averaged over the query law.
pub(in crate::study) struct ExactCells {
    /// One entry a query (none for a continuous query law): a result for each length, or the reason.
    pub queries: Vec<Cell<Vec<ExactOutput>>>,
    /// A result for each length, or the reason.
    pub average: Cell<Vec<AverageOutput>>,
    /// The same of the share of fixed tokens, if there are any.
    pub shares: Option<AllExact>,
}

/// The average exists if every query has its value; otherwise the first reason is the reason.
pub(super) fn average_of_list(
    cells: &[Cell<Vec<ExactOutput>>],
    weights: &[f64],
    lengths: usize,
) -> Cell<Vec<AverageOutput>> {
    let columns: Vec<&Vec<ExactOutput>> = cells
        .iter()
        .map(|cell| cell.as_ref().map_err(Clone::clone))
        .collect::<Cell<_>>()?;
    (0..lengths)
        .map(|i| {
            let outputs: Vec<&ExactOutput> = columns.iter().filter_map(|c| c.get(i)).collect();
            list_average(&outputs, weights).map_err(|error| error.to_string())
        })
        .collect()
}

/// Bounds of one query, or of the average: one list of records a length, for each metric.
#[derive(Debug, Clone, Default)]
pub(in crate::study) struct BoundCells {
    /// Of `E|That - T|^2`.
    pub output: Vec<Vec<Bound>>,
    /// What `E|That - T|^2` is not below, by length.
    pub lower: Vec<Option<LowerBound>>,
    /// Of `E P_2`.
    pub participation: Vec<Vec<Bound>>,
    /// Of `P(|That - T| >= eps)`; empty if no `eps` was asked for.
    pub tail: Vec<Vec<Bound>>,
    /// Of the errors of both gradients; empty if they were not asked for.
    pub gradients: GradientCells,
}

/// Bounds for every query of a list (none for a continuous query law), and averaged over the law.
pub(in crate::study) struct AllBounds {
    pub queries: Vec<BoundCells>,
    pub average: BoundCells,
}

/// The average exists if every query has its value; otherwise the first reason is the reason.
pub(in crate::study) fn average_of_exact<'a>(
    cells: impl Iterator<Item = &'a Cell<Vec<Exact>>>,
    weights: &[f64],
    lengths: usize,
) -> Cell<Vec<Exact>> {
    let columns: Vec<&Vec<Exact>> = cells
        .map(|cell| cell.as_ref().map_err(Clone::clone))
        .collect::<Cell<_>>()?;
    let average = |place: usize| {
        let values = columns.iter().filter_map(|c| c.get(place).copied());
        Exact::average(values.zip(weights.iter().copied()))
    };
    Ok((0..lengths).map(average).collect())
}
