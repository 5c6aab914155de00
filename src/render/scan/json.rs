//! The answer of `scan` as JSON.

use serde::Serialize;

use crate::exact::{Exact, ExactRecord};
use crate::record::{Cell, HeadProfile, Provenance, ScanAnswer, ScanRow};
use crate::render::answer::{ReachedRecord, reached_record};
use crate::render::json::document;

impl ScanAnswer {
    /// The answer as JSON, schema `attention-bounds/scan/1`.
    pub fn json(&self, provenance: &Provenance) -> String {
        #[derive(Serialize)]
        struct Record<'a> {
            description: &'a str,
            lengths: &'a [u64],
            epsilon: Option<f64>,
            heads: usize,
            stopped: bool,
            rows: Vec<RowRecord<'a>>,
            notes: &'a [String],
        }
        let record = Record {
            description: &self.description,
            lengths: &self.lengths,
            epsilon: self.epsilon,
            heads: self.asked,
            stopped: self.rows.len() < self.asked,
            rows: self.rows.iter().map(RowRecord::from).collect(),
            notes: &self.notes,
        };
        document("attention-bounds/scan/1", provenance, &record)
    }
}

#[derive(Serialize)]
struct RowRecord<'a> {
    layer: usize,
    head: usize,
    #[serde(flatten)]
    profile: Option<ProfileRecord<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

#[derive(Serialize)]
struct ProfileRecord<'a> {
    s: f64,
    rho: f64,
    participation: ValueRecord<'a>,
    effective_length: Option<f64>,
    entropy: ValueRecord<'a>,
    relative_to: f64,
    exact: Vec<ErrorRecord<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<ReachedRecord<'a>>,
}

#[derive(Serialize)]
struct ErrorRecord<'a> {
    length: u64,
    #[serde(flatten)]
    exact: ValueRecord<'a>,
    relative: Option<f64>,
}

/// An exact value, or only the reason why there is none.
#[derive(Serialize)]
#[serde(untagged)]
enum ValueRecord<'a> {
    Exact(ExactRecord),
    Missing { value: Option<f64>, reason: &'a str },
}

impl<'a> From<&'a Cell<Exact>> for ValueRecord<'a> {
    fn from(cell: &'a Cell<Exact>) -> Self {
        match cell {
            Ok(exact) => Self::Exact(exact.record(0.0)),
            Err(reason) => Self::Missing {
                value: None,
                reason,
            },
        }
    }
}

impl<'a> From<&'a ScanRow> for RowRecord<'a> {
    fn from(row: &'a ScanRow) -> Self {
        Self {
            layer: row.layer,
            head: row.head,
            profile: row.profile.as_ref().ok().map(ProfileRecord::from),
            reason: row.profile.as_ref().err().map(String::as_str),
        }
    }
}

impl<'a> From<&'a HeadProfile> for ProfileRecord<'a> {
    fn from(profile: &'a HeadProfile) -> Self {
        let errors = profile.errors.iter().map(|error| ErrorRecord {
            length: error.length,
            exact: ValueRecord::from(&error.exact),
            relative: error.relative,
        });
        Self {
            s: profile.score_deviation,
            rho: profile.rho,
            participation: ValueRecord::from(&profile.participation),
            effective_length: profile.effective_length.as_ref().ok().copied(),
            entropy: ValueRecord::from(&profile.entropy),
            relative_to: profile.relative_to,
            exact: errors.collect(),
            length: profile.reached.as_ref().map(reached_record),
        }
    }
}
