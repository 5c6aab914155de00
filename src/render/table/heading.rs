//! How a metric, a query and a claim are called.

use crate::record::{Metric, QueryLabel, Row, Table};

/// The heading of a sheet, as text and with its formula in LaTeX.
pub(super) fn headings(row: &Row, table: &Table) -> (String, String) {
    let (words, formula, latex) = match row.metric {
        Metric::Output => (
            "Expected squared output error",
            "E|That - T|^2".into(),
            "E|\\hat T - T|^2".into(),
        ),
        Metric::Bias { coordinate } => (
            "Bias of the output",
            format!("E (That - T)_{coordinate}"),
            format!("E(\\hat T - T)_{{{coordinate}}}"),
        ),
        Metric::Participation => ("Expected participation", "E P_2".into(), "E P_2".into()),
        Metric::Entropy => (
            "Expected entropy of the attention weights in nats",
            "E H".into(),
            "E H".into(),
        ),
        Metric::FixedShare => (
            "Share of the attention on the fixed tokens",
            "E[W0 / (W0 + W)]".into(),
            "E[W_0 / (W_0 + W)]".into(),
        ),
        Metric::ValueGradient => (
            "Expected squared error of the gradient in V (Frobenius norm)",
            "m E|mhat - m|^2".into(),
            "m E|\\hat m - m|^2".into(),
        ),
        Metric::KeyQueryGradient => (
            "Expected squared error of the gradient in U (Frobenius norm)",
            "E|V (Chat - C)|_F^2 |z|^2".into(),
            "E|V(\\hat C - C)|_F^2 |z|^2".into(),
        ),
        Metric::KeyQueryGradientOperator => (
            "Expected squared error of the gradient in U (operator norm)",
            "E|V (Chat - C)|^2 |z|^2".into(),
            "E|V(\\hat C - C)|^2 |z|^2".into(),
        ),
        Metric::Tail => {
            let (eps, latex) = match table.request.tail {
                Some(eps) => (eps.to_string(), eps.to_string()),
                None => ("eps".into(), "\\varepsilon".into()),
            };
            (
                "Tail probability",
                format!("P(|That - T| >= {eps})"),
                format!("P(|\\hat T - T| \\ge {latex})"),
            )
        }
        Metric::Quantile { index } => {
            let order = table
                .request
                .quantiles
                .get(index)
                .copied()
                .unwrap_or(f64::NAN);
            (
                "Quantile of the output error",
                format!("|That - T| of order {order}"),
                format!("|\\hat T - T|, {order}"),
            )
        }
    };
    let query = row.query;
    (
        format!("{words} {formula}, {query}"),
        format!("{words} ${latex}$, {query}"),
    )
}

pub(super) fn short_heading(metric: Metric, query: QueryLabel) -> String {
    match query {
        QueryLabel::Index(index) => format!("{} of query {index}", metric.name()),
        QueryLabel::Average => format!("{} on average", metric.name()),
    }
}

/// How a claim is called in headings.
pub(super) fn claim_label(number: usize) -> String {
    format!("claim {number}")
}
