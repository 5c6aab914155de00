//! Trapezoidal sums that are halved in step until two agree.

use crate::error::{Error, Result};
use crate::exact::Exact;
use crate::exact::average::output::OF_AVERAGE;

const MOST_HALVINGS: usize = 6;
/// Relative disagreement of two lattices below which an average is accepted.
const TOLERANCE: f64 = 1e-11;

/// The sum of the nodes, in their order, so that it does not depend on the number of threads.
pub(in crate::exact) fn added(nodes: &[Vec<Exact>], lengths: usize) -> Vec<Exact> {
    nodes.iter().fold(vec![Exact::ZERO; lengths], |sums, node| {
        sums.iter().zip(node).map(|(a, b)| a.plus(*b)).collect()
    })
}

/// Trapezoidal sums, halved in step until two agree; `between` gives the sum over the nodes halfway between those so far.
///
/// # Errors
/// Those of `between`, and [`Error::Accuracy`] if the sums do not agree in the end.
pub(in crate::exact) fn halved_until_they_agree(
    mut coarse: Vec<Exact>,
    mut between: impl FnMut() -> Result<Vec<Exact>>,
) -> Result<Vec<Exact>> {
    let mut reached = f64::INFINITY;
    for _ in 0..MOST_HALVINGS {
        let fine: Vec<Exact> = coarse
            .iter()
            .zip(&between()?)
            .map(|(a, b)| a.plus(*b).scaled(0.5))
            .collect();
        let difference = |(a, b): (&Exact, &Exact)| (a.value - b.value).abs();
        reached = coarse
            .iter()
            .zip(&fine)
            .filter(|(a, b)| a.value != b.value)
            .map(|(a, b)| difference((a, b)) / b.value.abs())
            .fold(0.0, f64::max);
        if reached <= TOLERANCE {
            return Ok(coarse
                .iter()
                .zip(&fine)
                .map(|(a, b)| {
                    let error = b.error + 4.0 * difference((a, b));
                    Exact::estimated(b.value, error, OF_AVERAGE).non_negative()
                })
                .collect());
        }
        coarse = fine;
    }
    Err(Error::Accuracy {
        what: "the average over the Gaussian query did not converge",
        reached,
        wanted: TOLERANCE,
    })
}
