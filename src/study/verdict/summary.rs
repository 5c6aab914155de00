//! The verdicts of a table, counted.

use crate::record::{Against, CheckSummary, Detectable, NegativeControl, Row, Verdict, Witness};

/// Counts the verdicts of a table's comparisons and finds the smallest violations that would have been seen.
pub fn summary(rows: &[Row], negative_control: bool) -> CheckSummary {
    let mut summary = CheckSummary {
        consistent: 0,
        violated: 0,
        inconclusive: 0,
        detectable_bound: None,
        detectable_exact: None,
        control: negative_control.then(NegativeControl::default),
    };
    for row in rows {
        if let (Ok(exact), Some(best)) = (&row.exact, row.best()) {
            // The exact value against the tightest bound.
            if exact.value - exact.error > best.value {
                summary.violated += 1;
            } else {
                summary.consistent += 1;
            }
        }
        for comparison in &row.comparisons {
            if row.is_control(comparison) {
                if let (Some(control), Witness::MonteCarlo) =
                    (&mut summary.control, comparison.witness)
                {
                    control.comparisons += 1;
                    control.rejected += usize::from(comparison.verdict == Verdict::Violated);
                    let by_exact = row.comparisons.iter().any(|other| {
                        other.witness == Witness::Exact
                            && other.against == comparison.against
                            && other.verdict == Verdict::Violated
                    });
                    control.known_false += usize::from(by_exact);
                }
                continue;
            }
            match comparison.verdict {
                Verdict::Consistent => summary.consistent += 1,
                Verdict::Violated => summary.violated += 1,
                Verdict::Inconclusive => summary.inconclusive += 1,
            }
            let Some(size) = comparison.detectable else {
                continue;
            };
            let slot = match comparison.against {
                Against::Exact => &mut summary.detectable_exact,
                _ => &mut summary.detectable_bound,
            };
            if slot.is_none_or(|found| size < found.size) {
                *slot = Some(Detectable {
                    metric: row.metric,
                    query: row.query,
                    length: row.length,
                    against: comparison.against,
                    size,
                });
            }
        }
    }
    summary
}
