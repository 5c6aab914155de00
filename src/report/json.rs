//! The schema `attention-bounds/table/1`.

use serde::Serialize;

use crate::bound::{Bound, Hypothesis, ProofParameter, Status};
use crate::exact::Exact;

use super::{Provenance, QueryLabel, Row, Table};

/// Name of the schema of a table.
pub const TABLE_SCHEMA: &str = "attention-bounds/table/1";

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    provenance: &'a Provenance,
    description: &'a str,
    notes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    tail_threshold: Option<f64>,
    rows: Vec<RowRecord<'a>>,
}

#[derive(Serialize)]
struct RowRecord<'a> {
    metric: &'static str,
    query: QueryRecord,
    length: u64,
    exact: Option<Exact>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    bounds: Vec<BoundRecord<'a>>,
    best: Option<BestRecord>,
    monte_carlo: Option<()>,
    verdict: &'static str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum QueryRecord {
    Index(usize),
    Average(&'static str),
}

#[derive(Serialize)]
struct BestRecord {
    theorem: &'static str,
    name: &'static str,
    value: f64,
}

#[derive(Serialize)]
struct BoundRecord<'a> {
    theorem: &'static str,
    name: &'static str,
    value: Option<f64>,
    status: &'static str,
    /// Present if the bound is larger than every finite float; its value is then null.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    overflow: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    trivial: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    hypotheses: &'a [Hypothesis],
    parameters: &'a [ProofParameter],
    dominant: &'static str,
}

/// A table as JSON. Finite floats read back to the same value; JSON has no infinity, so that a bound
/// that overflowed has `value` null and `overflow` true.
pub(super) fn render(table: &Table, provenance: &Provenance) -> String {
    let document = Document {
        schema: TABLE_SCHEMA,
        provenance,
        description: &table.description,
        notes: &table.notes,
        tail_threshold: table.tail_threshold,
        rows: table.rows.iter().map(row).collect(),
    };
    to_text(&document)
}

/// Serialises a record of this module, none of which can fail: no maps with keys that are not texts.
pub(super) fn to_text(record: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(record)
        .unwrap_or_else(|error| format!("{{\"error\": {:?}}}", error.to_string()));
    text.push('\n');
    text
}

fn row(row: &Row) -> RowRecord<'_> {
    RowRecord {
        metric: row.metric.name(),
        query: match row.query {
            QueryLabel::Index(index) => QueryRecord::Index(index),
            QueryLabel::Average => QueryRecord::Average("average"),
        },
        length: row.length,
        exact: row.exact.as_ref().ok().copied(),
        reason: row.exact.as_ref().err().map(String::as_str),
        bounds: row.bounds.iter().map(bound).collect(),
        best: row.best().map(|best| BestRecord {
            theorem: best.theorem.id(),
            name: best.theorem.name(),
            value: best.value,
        }),
        monte_carlo: None,
        verdict: row.verdict().name(),
    }
}

fn bound(bound: &Bound) -> BoundRecord<'_> {
    let (trivial, reason) = match bound.status() {
        Status::Valid => (None, None),
        Status::Vacuous { trivial } => (Some(*trivial), None),
        Status::NotApplicable { hypothesis } => (None, Some(hypothesis.as_str())),
    };
    BoundRecord {
        theorem: bound.theorem().id(),
        name: bound.theorem().name(),
        value: bound.value().filter(|value| value.is_finite()),
        status: status_name(bound.status()),
        overflow: bound.value() == Some(f64::INFINITY),
        trivial,
        reason,
        hypotheses: bound.hypotheses(),
        parameters: bound.parameters(),
        dominant: bound.dominant(),
    }
}

pub(super) fn status_name(status: &Status) -> &'static str {
    match status {
        Status::Valid => "valid",
        Status::Vacuous { .. } => "vacuous",
        Status::NotApplicable { .. } => "not applicable",
    }
}
