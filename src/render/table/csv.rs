//! Comma-separated values: the columns of the JSON rows, flattened.

use crate::bound::Theorem;

use crate::monte_carlo::Reliability;
use crate::record::{Against, Metric, Provenance, QueryLabel, Row, Table};
use crate::render::table::json::status_name;
use crate::render::table::remarks::simulation_line;
use crate::text::visible;

/// One line a row: `metric, query, length, exact_value, exact_error, exact_proved, exact_reason`, then
/// `<theorem>_value, <theorem>_status` for each theorem of the table, `best_theorem, best_value`, the
/// columns of a simulation (empty without one), `claim_<n>_value` for each claim, and `verdict`. The metric of a bias
/// or quantile carries its coordinate or order, as in `bias:2` and `quantile:0.9`. Lines that start with `#` are comments.
/// Floats read back to the same value; a bound that overflowed is `inf`.
pub(super) fn render(table: &Table, provenance: &Provenance) -> String {
    let mut theorems: Vec<Theorem> = Vec::new();
    for bound in table.rows.iter().flat_map(|row| &row.bounds) {
        if !theorems.contains(&bound.theorem()) {
            theorems.push(bound.theorem());
        }
    }
    Theorem::sort(&mut theorems);
    let mut text = String::new();
    let threshold = table
        .request
        .tail
        .map(|eps| format!("tail threshold: {eps}"));
    let claimed = table.rows.iter().map(|row| &row.claims);
    let claimed: Vec<String> = claimed
        .max_by_key(|claims| claims.len())
        .into_iter()
        .flat_map(|claims| (1..).zip(claims.iter()))
        .map(|(number, claim)| format!("claim {number}: {}", claim.name))
        .collect();
    let simulation = table.simulation.as_ref().map(simulation_line);
    for comment in [&provenance.line(), &table.description]
        .into_iter()
        .chain(&threshold)
        .chain(&simulation)
        .chain(&claimed)
        .chain(&table.notes)
    {
        text.push_str("# ");
        text.push_str(&visible(comment));
        text.push('\n');
    }
    let mut header: Vec<String> = [
        "metric",
        "query",
        "length",
        "exact_value",
        "exact_error",
        "exact_proved",
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
            "monte_carlo_largest_share",
            "monte_carlo_reliability",
            "standardised_difference",
        ]
        .map(String::from),
    );
    let claims = table.rows.iter().map(|row| row.claims.len()).max();
    let claims = claims.unwrap_or(0);
    header.extend((1..=claims).map(|number| format!("claim_{number}_value")));
    header.push("verdict".into());
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut written = writer.write_record(&header);
    for row in &table.rows {
        written = written.and_then(|()| writer.write_record(record(row, table, &theorems, claims)));
    }
    // Writing records of one length to memory does not fail.
    let bytes = written.ok().and_then(|()| writer.into_inner().ok());
    text.push_str(&String::from_utf8_lossy(&bytes.unwrap_or_default()));
    text
}

fn record(row: &Row, table: &Table, theorems: &[Theorem], claims: usize) -> Vec<String> {
    let query = match row.query {
        QueryLabel::Index(index) => index.to_string(),
        QueryLabel::Average => "average".into(),
    };
    let name = row.metric.name();
    let metric = match row.metric {
        Metric::Bias { coordinate } => format!("{name}:{coordinate}"),
        Metric::Quantile { index } => {
            let order = table.request.quantiles.get(index);
            format!("{name}:{}", order.copied().unwrap_or(f64::NAN))
        }
        _ => name.to_string(),
    };
    let mut fields = vec![metric, query, row.length.to_string()];
    match &row.exact {
        Ok(exact) => fields.extend([
            float(exact.value),
            float(exact.error),
            exact.unproved.is_none().to_string(),
            exact.unproved.unwrap_or_default().to_owned(),
        ]),
        Err(reason) => fields.extend([String::new(), String::new(), String::new(), reason.clone()]),
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
    let optional = |value: Option<f64>| value.map_or_else(String::new, float);
    match &row.monte_carlo {
        Some(found) => fields.extend([
            float(found.mean),
            optional(found.standard_error),
            float(found.lower),
            float(found.upper),
            found.prompts.to_string(),
            optional(found.largest_share),
            match found.reliability {
                Reliability::Reliable => "reliable".into(),
                Reliability::HeavyTail => "heavy-tail".into(),
                Reliability::Unseen => "unseen".into(),
            },
            optional(
                row.simulated_against(Against::Exact)
                    .and_then(|c| c.standardised),
            ),
        ]),
        None => fields.extend(std::iter::repeat_n(String::new(), 8)),
    }
    for place in 0..claims {
        let value = row.claims.get(place).map(|claim| &claim.value);
        fields.push(optional(value.and_then(|v| v.as_ref().ok().copied())));
    }
    fields.push(row.verdict().name().into());
    fields
}

/// The shortest text that reads back to the same float.
fn float(value: f64) -> String {
    format!("{value:e}")
}
