//! The table of sampled attention as JSON.

use serde::Serialize;

use crate::exact::{Exact, ExactRecord};
use crate::monte_carlo::Estimate;
use crate::record::{
    KeptPart, Provenance, QueryLabel, Reading, SampleRow, SampleSimulation, SampleTable,
    SimulatedDeviation, Verdict,
};
use crate::render::json::document;
use crate::render::table::{BoundRecord, bound_record};

#[derive(Serialize)]
struct Record<'a> {
    description: &'a str,
    request: Request<'a>,
    design: &'a str,
    keys: u64,
    kept: &'a [KeptPart],
    #[serde(skip_serializing_if = "Option::is_none")]
    tail_epsilon: Option<f64>,
    simulation: Option<SampleSimulation>,
    rows: Vec<RowRecord<'a>>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct Request<'a> {
    scenario: &'a serde_json::Value,
}

#[derive(Serialize)]
struct RowRecord<'a> {
    query: QueryLabel,
    reading: Reading,
    design: &'a str,
    kept: u64,
    budget: u64,
    read: u64,
    exact: Option<ExactRecord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    relative: Option<f64>,
    bias_norm: Option<ExactRecord>,
    bounds: Vec<BoundRecord<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deviation: Option<DeviationRecord<'a>>,
    monte_carlo: Option<&'a Estimate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    monte_carlo_reason: Option<&'a str>,
    verdict: Verdict,
}

/// What is known of `P(|That - T| >= threshold)`.
#[derive(Serialize)]
struct DeviationRecord<'a> {
    threshold: f64,
    bounds: Vec<BoundRecord<'a>>,
    monte_carlo: Option<SimulatedDeviation>,
}

impl SampleTable {
    /// The schema `attention-bounds/sample/1`.
    pub fn json(&self, provenance: &Provenance) -> String {
        let record = Record {
            description: &self.description,
            request: Request {
                scenario: &self.scenario,
            },
            design: self.design,
            keys: self.keys,
            kept: &self.kept,
            tail_epsilon: self.deviation,
            simulation: self.simulation,
            rows: self.rows.iter().map(row).collect(),
            notes: &self.notes,
        };
        document("attention-bounds/sample/1", provenance, &record)
    }
}

fn row(row: &SampleRow) -> RowRecord<'_> {
    // Neither a squared error nor a norm is negative.
    let not_negative = |exact: &Exact| exact.record(0.0);
    let estimate = row.monte_carlo.as_ref();
    RowRecord {
        query: row.query,
        reading: row.reading,
        design: row.design,
        kept: row.kept,
        budget: row.budget,
        read: row.read(),
        exact: row.exact.as_ref().ok().map(not_negative),
        reason: row.exact.as_ref().err().map(String::as_str),
        relative: row.relative,
        bias_norm: row.bias_norm.as_ref().map(not_negative),
        bounds: row.bounds.iter().map(bound_record).collect(),
        deviation: row.deviation.as_ref().map(|found| DeviationRecord {
            threshold: found.threshold,
            bounds: found.bounds.iter().map(bound_record).collect(),
            monte_carlo: found.monte_carlo,
        }),
        monte_carlo: estimate.and_then(|cell| cell.as_ref().ok()),
        monte_carlo_reason: estimate
            .and_then(|cell| cell.as_ref().err())
            .map(String::as_str),
        verdict: row.verdict,
    }
}
