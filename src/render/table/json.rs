//! The schema `attention-bounds/table/1`.

use serde::Serialize;

use crate::bound::{Bound, Hypothesis, ProofParameter, Status, Theorem};
use crate::exact::ExactRecord;
use crate::record::{
    CheckSummary, Claim, Comparison, Family, Metric, Provenance, QueryLabel, Request, Row,
    Simulated, TABLE_SCHEMA, Table, Verdict,
};
use crate::render::json::document;

#[derive(Serialize)]
struct Document<'a> {
    description: &'a str,
    notes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    tail_threshold: Option<f64>,
    request: &'a Request,
    simulation: &'a Option<Family>,
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<CheckRecord<'a>>,
    rows: Vec<RowRecord<'a>>,
}

#[derive(Serialize)]
struct CheckRecord<'a> {
    verdict: Verdict,
    #[serde(flatten)]
    summary: &'a CheckSummary,
}

#[derive(Serialize)]
struct ClaimRecord<'a> {
    name: &'a str,
    control: bool,
    value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

#[derive(Serialize)]
struct RowRecord<'a> {
    metric: Metric,
    /// Of a bias: the output coordinate. Of a quantile: its order.
    #[serde(skip_serializing_if = "Option::is_none")]
    coordinate: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<f64>,
    query: QueryLabel,
    length: u64,
    exact: Option<ExactRecord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    bounds: Vec<BoundRecord<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lower_bounds: Vec<BestRecord>,
    best: Option<BestRecord>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    claims: Vec<ClaimRecord<'a>>,
    monte_carlo: Option<Simulated>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    comparisons: &'a [Comparison],
    verdict: Verdict,
}

#[derive(Serialize)]
struct BestRecord {
    theorem: &'static str,
    name: &'static str,
    value: f64,
}

#[derive(Serialize)]
pub(in crate::render) struct BoundRecord<'a> {
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
    let record = Document {
        description: &table.description,
        notes: &table.notes,
        tail_threshold: table.request.tail,
        request: &table.request,
        simulation: &table.simulation,
        check: table.check.as_ref().map(|summary| CheckRecord {
            verdict: summary.verdict(),
            summary,
        }),
        rows: table.rows.iter().map(|one| row(one, table)).collect(),
    };
    document(TABLE_SCHEMA, provenance, &record)
}

fn row<'a>(row: &'a Row, table: &Table) -> RowRecord<'a> {
    let claim = |claim: &'a Claim| ClaimRecord {
        name: &claim.name,
        control: claim.control,
        value: claim.value.as_ref().ok().copied().filter(|v| v.is_finite()),
        reason: claim.value.as_ref().err().map(String::as_str),
    };
    RowRecord {
        metric: row.metric,
        coordinate: match row.metric {
            Metric::Bias { coordinate } => Some(coordinate),
            _ => None,
        },
        order: match row.metric {
            Metric::Quantile { index } => table.request.quantiles.get(index).copied(),
            _ => None,
        },
        query: row.query,
        length: row.length,
        exact: row.exact.as_ref().ok().map(|exact| {
            // All but the bias are at least 0.
            exact.record(match row.metric {
                Metric::Bias { .. } => f64::NEG_INFINITY,
                _ => 0.0,
            })
        }),
        reason: row.exact.as_ref().err().map(String::as_str),
        bounds: row
            .bounds
            .iter()
            .map(bound)
            .chain(row.enclosure().map(enclosure))
            .collect(),
        lower_bounds: row
            .lower_bounds
            .iter()
            .map(|bound| BestRecord {
                theorem: bound.theorem.id(),
                name: bound.theorem.name(),
                value: bound.value,
            })
            .collect(),
        best: row.best().map(|best| BestRecord {
            theorem: best.theorem.id(),
            name: best.theorem.name(),
            value: best.value,
        }),
        claims: row.claims.iter().map(claim).collect(),
        monte_carlo: row.monte_carlo,
        comparisons: &row.comparisons,
        verdict: row.verdict(),
    }
}

/// T16, whose value is the upper end of the exact one.
fn enclosure<'a>(upper: f64) -> BoundRecord<'a> {
    let theorem = Theorem::EXACT_ENCLOSURE;
    BoundRecord {
        theorem: theorem.id(),
        name: theorem.name(),
        value: Some(upper).filter(|value| value.is_finite()),
        status: "valid",
        overflow: false,
        trivial: None,
        reason: None,
        hypotheses: &[],
        parameters: &[],
        dominant: "exact value",
    }
}

pub(in crate::render) fn bound(bound: &Bound) -> BoundRecord<'_> {
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
