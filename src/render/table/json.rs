//! The schema `attention-bounds/table/1`.

use serde::Serialize;

use crate::bound::{Bound, Hypothesis, ProofParameter, Status};
use crate::exact::Exact;
use crate::monte_carlo::Reliability;
use crate::record::{
    Against, CheckSummary, Claim, Comparison, Detectable, Family, Metric, NegativeControl,
    Provenance, QueryLabel, Request, Row, Simulated, TABLE_SCHEMA, Table, Witness,
};
use crate::render::json::to_text;

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    provenance: &'a Provenance,
    description: &'a str,
    notes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    tail_threshold: Option<f64>,
    request: &'a Request,
    simulation: &'a Option<Family>,
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<CheckRecord>,
    rows: Vec<RowRecord<'a>>,
}

#[derive(Serialize)]
struct CheckRecord {
    verdict: &'static str,
    consistent: usize,
    violated: usize,
    inconclusive: usize,
    smallest_detectable_violation: Option<DetectableRecord>,
    smallest_detectable_error: Option<DetectableRecord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    negative_control: Option<NegativeControl>,
}

#[derive(Serialize)]
struct DetectableRecord {
    metric: &'static str,
    query: QueryRecord,
    length: u64,
    against: String,
    size: f64,
}

#[derive(Serialize)]
struct SimulatedRecord {
    mean: f64,
    standard_error: Option<f64>,
    lower: f64,
    /// Null if there is no upper limit.
    upper: Option<f64>,
    prompts: u64,
    largest_share: Option<f64>,
    reliability: Reliability,
    effective_length: f64,
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
struct ComparisonRecord {
    witness: &'static str,
    against: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    standardised: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    p_value: Option<f64>,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detectable: Option<f64>,
}

#[derive(Serialize)]
struct RowRecord<'a> {
    metric: &'static str,
    /// Of a bias: the output coordinate. Of a quantile: its order.
    #[serde(skip_serializing_if = "Option::is_none")]
    coordinate: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<f64>,
    query: QueryRecord,
    length: u64,
    exact: Option<Exact>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    bounds: Vec<BoundRecord<'a>>,
    best: Option<BestRecord>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    claims: Vec<ClaimRecord<'a>>,
    monte_carlo: Option<SimulatedRecord>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    comparisons: Vec<ComparisonRecord>,
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
        tail_threshold: table.request.tail,
        request: &table.request,
        simulation: &table.simulation,
        check: table.check.as_ref().map(check),
        rows: table.rows.iter().map(|one| row(one, table)).collect(),
    };
    to_text(&document)
}

fn query(label: QueryLabel) -> QueryRecord {
    match label {
        QueryLabel::Index(index) => QueryRecord::Index(index),
        QueryLabel::Average => QueryRecord::Average("average"),
    }
}

/// `exact`, the identifier of a theorem, or `claim` with the number of the claim from 0.
fn against(against: Against) -> String {
    match against {
        Against::Exact => "exact".into(),
        Against::Bound(theorem) => theorem.id().into(),
        Against::Claim(place) => format!("claim {place}"),
    }
}

fn check(summary: &CheckSummary) -> CheckRecord {
    let detectable = |found: &Option<Detectable>| {
        found.map(|found| DetectableRecord {
            metric: found.metric.name(),
            query: query(found.query),
            length: found.length,
            against: against(found.against),
            size: found.size,
        })
    };
    CheckRecord {
        verdict: summary.verdict().name(),
        consistent: summary.consistent,
        violated: summary.violated,
        inconclusive: summary.inconclusive,
        smallest_detectable_violation: detectable(&summary.detectable_bound),
        smallest_detectable_error: detectable(&summary.detectable_exact),
        negative_control: summary.control,
    }
}

fn simulated(found: &Simulated) -> SimulatedRecord {
    SimulatedRecord {
        mean: found.mean,
        standard_error: found.standard_error,
        lower: found.lower,
        upper: Some(found.upper).filter(|upper| upper.is_finite()),
        prompts: found.prompts,
        largest_share: found.largest_share,
        reliability: found.reliability,
        effective_length: found.effective_length,
    }
}

fn row<'a>(row: &'a Row, table: &Table) -> RowRecord<'a> {
    let claim = |claim: &'a Claim| ClaimRecord {
        name: &claim.name,
        control: claim.control,
        value: claim.value.as_ref().ok().copied().filter(|v| v.is_finite()),
        reason: claim.value.as_ref().err().map(String::as_str),
    };
    let comparison = |comparison: &Comparison| ComparisonRecord {
        witness: match comparison.witness {
            Witness::Exact => "exact",
            Witness::MonteCarlo => "monte_carlo",
        },
        against: against(comparison.against),
        standardised: comparison.standardised.filter(|z| z.is_finite()),
        p_value: comparison.p_value,
        verdict: comparison.verdict.name(),
        detectable: comparison.detectable,
    };
    RowRecord {
        metric: row.metric.name(),
        coordinate: match row.metric {
            Metric::Bias { coordinate } => Some(coordinate),
            _ => None,
        },
        order: match row.metric {
            Metric::Quantile { index } => table.request.quantiles.get(index).copied(),
            _ => None,
        },
        query: query(row.query),
        length: row.length,
        exact: row.exact.as_ref().ok().copied(),
        reason: row.exact.as_ref().err().map(String::as_str),
        bounds: row.bounds.iter().map(bound).collect(),
        best: row.best().map(|best| BestRecord {
            theorem: best.theorem.id(),
            name: best.theorem.name(),
            value: best.value,
        }),
        claims: row.claims.iter().map(claim).collect(),
        monte_carlo: row.monte_carlo.as_ref().map(simulated),
        comparisons: row.comparisons.iter().map(comparison).collect(),
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
