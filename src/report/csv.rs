//! Comma-separated values: the columns of the JSON rows, flattened.

use crate::bound::Theorem;

use super::json::status_name;
use super::{Provenance, QueryLabel, Row, Table};

/// One line a row: `metric, query, length, exact_value, exact_error, exact_reason`, then
/// `<theorem>_value, <theorem>_status` for each theorem of the table, `best_theorem, best_value`, the
/// columns of a simulation (empty without one) and `verdict`. Lines that start with `#` are comments.
/// Floats read back to the same value; a bound that overflowed is `inf`.
pub(super) fn render(table: &Table, provenance: &Provenance) -> String {
    let mut theorems: Vec<Theorem> = Vec::new();
    for bound in table.rows.iter().flat_map(|row| &row.bounds) {
        if !theorems.contains(&bound.theorem()) {
            theorems.push(bound.theorem());
        }
    }
    theorems.sort_unstable();
    let mut text = String::new();
    let threshold = table
        .tail_threshold
        .map(|eps| format!("tail threshold: {eps}"));
    for comment in [&provenance.line(), &table.description]
        .into_iter()
        .chain(&threshold)
        .chain(&table.notes)
    {
        text.push_str("# ");
        text.push_str(&comment.replace(['\n', '\r'], " "));
        text.push('\n');
    }
    let mut header: Vec<String> = [
        "metric",
        "query",
        "length",
        "exact_value",
        "exact_error",
        "exact_reason",
    ]
    .map(String::from)
    .to_vec();
    for theorem in &theorems {
        header.push(format!("{}_value", theorem.id()));
        header.push(format!("{}_status", theorem.id()));
    }
    header.extend(
        [
            "best_theorem",
            "best_value",
            "monte_carlo_mean",
            "monte_carlo_standard_error",
            "monte_carlo_lower",
            "monte_carlo_upper",
            "monte_carlo_prompts",
            "verdict",
        ]
        .map(String::from),
    );
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut written = writer.write_record(&header);
    for row in &table.rows {
        written = written.and_then(|()| writer.write_record(record(row, &theorems)));
    }
    // Writing records of one length to memory does not fail.
    let bytes = written.ok().and_then(|()| writer.into_inner().ok());
    text.push_str(&String::from_utf8_lossy(&bytes.unwrap_or_default()));
    text
}

fn record(row: &Row, theorems: &[Theorem]) -> Vec<String> {
    let query = match row.query {
        QueryLabel::Index(index) => index.to_string(),
        QueryLabel::Average => "average".into(),
    };
    let mut fields = vec![row.metric.name().to_string(), query, row.length.to_string()];
    match &row.exact {
        Ok(exact) => fields.extend([float(exact.value), float(exact.error), String::new()]),
        Err(reason) => fields.extend([String::new(), String::new(), reason.clone()]),
    }
    for theorem in theorems {
        match row.bounds.iter().find(|b| b.theorem() == *theorem) {
            Some(bound) => {
                fields.push(bound.value().map_or_else(String::new, float));
                fields.push(status_name(bound.status()).into());
            }
            None => fields.extend([String::new(), String::new()]),
        }
    }
    match row.best() {
        Some(best) => fields.extend([best.theorem.id().to_string(), float(best.value)]),
        None => fields.extend([String::new(), String::new()]),
    }
    fields.extend(std::iter::repeat_n(String::new(), 5));
    fields.push(row.verdict().name().into());
    fields
}

/// The shortest text that reads back to the same float.
fn float(value: f64) -> String {
    format!("{value:e}")
}
