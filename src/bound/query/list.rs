//! Bounds averaged over a list of queries: an average of valid bounds bounds the average error.

use crate::bound::{Bound, Formula, Part, Theorem};
use crate::interval::Interval;

/// Averages the records of a list of queries, theorem by theorem, with the probabilities of the queries;
/// `bounds[i]` are the records of query `i`, all in the same order.
///
/// Values are upper ends of interval sums, with the floats `weights` divided by their sum. There must be one for each
/// query, none of them negative; otherwise no record applies.
///
/// A theorem that does not apply to some query does not apply to the average. The last record is T6
/// `output-concentration`: the average of the smallest bound of each query, which is the sharpest.
pub fn list_average(bounds: &[Vec<Bound>], weights: &[f64]) -> Vec<Bound> {
    let Some(first) = bounds.first() else {
        return Vec::new();
    };
    let fits = weights.len() == bounds.len() && weights.iter().all(|w| *w >= 0.0);
    if !fits {
        let why = "a weight of at least 0 is required for every query";
        let records = first.iter();
        return records
            .map(|bound| Bound::not_applicable(bound.theorem(), why))
            .collect();
    }
    // The weights are divided by their sum, so that probabilities rounded to floats still average.
    let total: Interval = weights.iter().map(|w| Interval::point(*w)).sum();
    let average = |pick: &dyn Fn(&Vec<Bound>) -> Option<f64>| -> Option<f64> {
        let values = bounds.iter().map(pick).collect::<Option<Vec<f64>>>()?;
        // Equal numbers average to themselves, without rounding: a probability is at most 1.
        if let Some((first, rest)) = values.split_first()
            && rest.iter().all(|value| value == first)
        {
            return Some(*first);
        }
        let sum: Interval = values
            .iter()
            .zip(weights)
            .map(|(value, w)| Interval::point(*w) * Interval::point(*value))
            .sum();
        Some((sum / total).upper())
    };
    let trivial = average(&|records| {
        records
            .iter()
            .find(|b| b.theorem() == Theorem::TRIVIAL_BOUND)?
            .value()
    });
    let least = trivial.unwrap_or(f64::INFINITY);
    let record =
        |theorem: Theorem, pick: &dyn Fn(&[Bound]) -> Option<&Bound>| match average(&|records| {
            pick(records)?.value()
        }) {
            Some(value) => Bound::proved(theorem, value, least, "average over the queries")
                .with_hypothesis("queries", bounds.len() as f64)
                .with_formula(average_formula(bounds, weights, pick)),
            None => Bound::not_applicable(theorem, "it does not apply to every query"),
        };
    let mut averages: Vec<Bound> = first
        .iter()
        .enumerate()
        .map(|(i, bound)| {
            if bound.value().is_none() {
                return bound.clone();
            }
            record(bound.theorem(), &|records| records.get(i))
        })
        .collect();
    averages.push(record(Theorem::OUTPUT_CONCENTRATION, &|records| {
        records
            .iter()
            .filter(|bound| bound.value().is_some())
            .min_by(|x, y| {
                x.value()
                    .unwrap_or(f64::INFINITY)
                    .total_cmp(&y.value().unwrap_or(f64::INFINITY))
            })
    }));
    averages
}

/// The average of the formulas of the bounds picked; `None` if one of them has none.
fn average_formula(
    bounds: &[Vec<Bound>],
    weights: &[f64],
    pick: &dyn Fn(&[Bound]) -> Option<&Bound>,
) -> Option<Formula> {
    bounds
        .iter()
        .zip(weights)
        .map(|(records, weight)| {
            let bound = pick(records)?;
            Some(Part {
                weight: *weight,
                value: bound.value()?,
                formula: bound.formula()?.clone(),
            })
        })
        .collect::<Option<Vec<_>>>()
        .map(Formula::Average)
}
