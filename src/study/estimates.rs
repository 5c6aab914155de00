//! Every estimate of a simulation, one line each.

use crate::monte_carlo::{CellEstimates, Estimate, QueryChoice};
use crate::parameter::ErrorProbability;
use crate::record::EstimateLine;
use crate::record::QueryLabel;
use crate::study::verdict::evidence::Evidence;

/// Every estimate of a simulation with its interval.
pub fn estimate_lines(
    estimates: &[CellEstimates],
    quantiles: &[f64],
    error: ErrorProbability,
) -> Vec<EstimateLine> {
    let mut lines = Vec::new();
    for cell in estimates {
        let mut add = |quantity: String, evidence: Evidence<'_>| {
            let found = evidence.simulated(cell, error);
            lines.push(EstimateLine {
                query: match cell.query {
                    QueryChoice::Index(index) => QueryLabel::Index(index),
                    QueryChoice::Average => QueryLabel::Average,
                },
                length: cell.length,
                quantity,
                mean: found.mean,
                standard_error: found.standard_error,
                lower: found.lower,
                upper: found.upper,
                largest_share: found.largest_share,
                reliability: found.reliability,
            });
        };
        let mean = |estimate: Estimate| {
            let share = estimate.largest_share.or(cell.output_error.largest_share);
            Evidence::Mean(estimate, Estimate::reliability(share))
        };
        add("E|That - T|^2".into(), mean(cell.output_error));
        add("E P_2".into(), mean(cell.participation_two));
        add("E P_3".into(), mean(cell.participation_three));
        add("E 1/P_2".into(), mean(cell.effective_length));
        for (coordinate, bias) in cell.bias.iter().enumerate() {
            add(format!("E (That - T)_{coordinate}"), mean(*bias));
        }
        for (name, gradient) in [("V", cell.value_gradient), ("U", cell.key_query_gradient)] {
            let Some(gradient) = gradient else {
                continue;
            };
            add(
                format!("gradient in {name}, Frobenius"),
                mean(gradient.frobenius),
            );
            if let Some(operator) = gradient.operator {
                add(format!("gradient in {name}, operator"), mean(operator));
            }
        }
        for deviation in &cell.deviations {
            let name = format!("P(|That - T| >= {})", deviation.threshold);
            add(name, Evidence::Count(*deviation));
        }
        if let Some(errors) = &cell.errors {
            for order in quantiles {
                let name = format!("quantile {order} of |That - T|");
                add(name, Evidence::Quantile(errors, *order));
            }
        }
    }
    lines
}
