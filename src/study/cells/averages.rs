//! Averages of bounds over a list of queries.

use crate::bound::{Bound, list_average};

/// The averages at each length, of lists of records by length, one list a query.
pub(in crate::study) fn average_records(
    queries: &[&Vec<Vec<Bound>>],
    weights: &[f64],
    lengths: usize,
) -> Vec<Vec<Bound>> {
    (0..lengths)
        .filter_map(|i| {
            let records: Option<Vec<Vec<Bound>>> =
                queries.iter().map(|cells| cells.get(i).cloned()).collect();
            Some(list_average(&records?, weights))
        })
        .collect()
}
