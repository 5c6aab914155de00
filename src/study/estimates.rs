//! Every estimate of a simulation, one line each.

use std::collections::BTreeSet;
use std::f64::consts::LN_2;

use super::question::Question;
use super::verdict::evidence::{Evidence, Mean};
use super::verdict::unseen::allowances;
use crate::monte_carlo::{CellEstimates, Estimate, QueryChoice};
use crate::parameter::ErrorProbability;
use crate::record::{EstimateLine, Metric, QueryLabel};

/// Every estimate of a simulation with its interval.
pub fn estimate_lines(
    question: &Question<'_>,
    estimates: &[CellEstimates],
    quantiles: &[f64],
    error: ErrorProbability,
) -> Vec<EstimateLine> {
    let wanted: BTreeSet<_> = estimates
        .iter()
        .flat_map(|cell| {
            let mut metrics = vec![Metric::Output, Metric::Participation];
            let bias = |coordinate| Metric::Bias { coordinate };
            metrics.extend((0..cell.bias.len()).map(bias));
            metrics.extend(cell.fixed_share.map(|_| Metric::FixedShare));
            metrics.extend(cell.value_gradient.map(|_| Metric::ValueGradient));
            metrics.extend(cell.key_query_gradient.map(|_| Metric::KeyQueryGradient));
            metrics
                .into_iter()
                .map(|metric| (cell.query, cell.length, metric))
        })
        .collect();
    let prompts = estimates
        .first()
        .map_or(2, |cell| cell.output_error.prompts);
    let unseen = allowances(question, &wanted, prompts, [error.get().ln() - LN_2]);
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
        let mean = |estimate: Estimate, metric: Option<Metric>| {
            let key = metric.map(|metric| (cell.query, cell.length, metric));
            let allowance = key.and_then(|key| unseen.get(&key)).map(|[one]| [*one; 2]);
            Evidence::Mean(Mean::new(estimate, cell, allowance))
        };
        let output = mean(cell.output_error, Some(Metric::Output));
        add("E|That - T|^2".into(), output);
        let participation = mean(cell.participation_two, Some(Metric::Participation));
        add("E P_2".into(), participation);
        if let Some(share) = cell.fixed_share {
            let share = mean(share, Some(Metric::FixedShare));
            add("E[W0 / (W0 + W)], share of the fixed tokens".into(), share);
        }
        add("E P_3".into(), mean(cell.participation_three, None));
        add("E 1/P_2".into(), mean(cell.effective_length, None));
        for (coordinate, bias) in cell.bias.iter().enumerate() {
            let metric = Metric::Bias { coordinate };
            let name = format!("E (That - T)_{coordinate}");
            add(name, mean(*bias, Some(metric)));
        }
        for (name, gradient, metric) in [
            ("V", cell.value_gradient, Metric::ValueGradient),
            ("U", cell.key_query_gradient, Metric::KeyQueryGradient),
        ] {
            let Some(gradient) = gradient else {
                continue;
            };
            add(
                format!("gradient in {name}, Frobenius"),
                mean(gradient.frobenius, Some(metric)),
            );
            if let Some(operator) = gradient.operator {
                let metric = Some(metric).filter(|m| *m == Metric::KeyQueryGradient);
                add(
                    format!("gradient in {name}, operator"),
                    mean(operator, metric),
                );
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
