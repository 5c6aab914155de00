//! Computing a table that was written earlier again, and comparing cell by cell.

use std::path::Path;

use serde::Deserialize;

use crate::bound::Theorem;
use crate::error::{Error, Result};
use crate::exact::Exact;
use crate::file::read_text;
use crate::record::{Difference, Family, Metric, QueryLabel, Request, Row, TABLE_SCHEMA};

/// Relative difference up to which bounds, claims and seeded estimates are the same: the last digits may
/// depend on the mathematical library of the machine.
const SAME: f64 = 1e-9;
/// Largest table file that is read.
const MAX_BYTES: u64 = 1 << 30;

/// A table file, read and not yet compared.
#[derive(Debug, Deserialize)]
pub struct StoredTable {
    /// Where it comes from.
    pub provenance: StoredProvenance,
    /// What was asked of the study.
    pub request: Request,
    /// The simulation, if there was one.
    pub simulation: Option<Family>,
    rows: Vec<StoredRow>,
}

/// The program and the scenario that a stored table comes from.
#[derive(Debug, Deserialize)]
pub struct StoredProvenance {
    /// The version of the program.
    pub version: String,
    /// The name of the scenario.
    pub scenario: String,
}

#[derive(Debug, Deserialize)]
struct StoredRow {
    metric: String,
    #[serde(default)]
    coordinate: Option<usize>,
    #[serde(default)]
    order: Option<f64>,
    query: StoredQuery,
    length: u64,
    exact: Option<StoredExact>,
    bounds: Vec<StoredBound>,
    #[serde(default)]
    claims: Vec<StoredClaim>,
    monte_carlo: Option<StoredEstimate>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum StoredQuery {
    Index(usize),
    Average(String),
}

#[derive(Debug, Deserialize)]
struct StoredExact {
    value: f64,
    error: f64,
}

#[derive(Debug, Deserialize)]
struct StoredBound {
    theorem: String,
    value: Option<f64>,
    #[serde(default)]
    overflow: bool,
}

#[derive(Debug, Deserialize)]
struct StoredClaim {
    name: String,
    value: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct StoredEstimate {
    mean: f64,
}

impl StoredRow {
    /// What is wrong with the row, if something is.
    fn check(&self) -> std::result::Result<(), String> {
        if let StoredQuery::Average(word) = &self.query
            && word != "average"
        {
            return Err(format!(
                "query = {word:?}: a number or \"average\" is required"
            ));
        }
        match &self.exact {
            Some(exact) if !(exact.error >= 0.0) => Err(format!(
                "exact.error = {:e}: at least 0 is required",
                exact.error
            )),
            _ => Ok(()),
        }
    }

    /// A difference of this row, or of the row that takes its place.
    fn difference(&self, what: String, stored: Option<f64>, computed: Option<f64>) -> Difference {
        Difference {
            metric: self.metric.clone(),
            query: match self.query {
                StoredQuery::Index(index) => Some(index),
                StoredQuery::Average(_) => None,
            },
            length: self.length,
            what,
            stored,
            computed,
        }
    }
}

/// What a comparison of two tables gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// Number of values compared.
    pub compared: usize,
    /// Those that differ, and those that only one table has.
    pub differences: Vec<Difference>,
}

impl StoredTable {
    /// Reads a table that `table --format json` or `check --format json` wrote.
    ///
    /// # Errors
    /// [`Error::File`] if it cannot be read or is not such a table.
    pub fn read(path: &Path) -> Result<Self> {
        let refuse = |reason: String| Error::File {
            path: path.to_path_buf(),
            reason,
        };
        let text = read_text(path, MAX_BYTES)?;
        #[derive(Deserialize)]
        struct Head {
            schema: String,
        }
        let not_one = |error| refuse(format!("is not a table of this program: {error}"));
        let head: Head = serde_json::from_str(&text).map_err(not_one)?;
        if head.schema != TABLE_SCHEMA {
            return Err(refuse(format!(
                "has schema {:?}; {TABLE_SCHEMA:?} is read",
                head.schema
            )));
        }
        let mut reader = serde_json::Deserializer::from_str(&text);
        let table: Self = serde_path_to_error::deserialize(&mut reader)
            .map_err(|error| refuse(format!("{}: {}", error.path(), error.inner())))?;
        for (index, row) in table.rows.iter().enumerate() {
            row.check()
                .map_err(|what| refuse(format!("rows[{index}].{what}")))?;
        }
        Ok(table)
    }
}

/// Compares a stored table with rows that were computed now.
///
/// Exact values may differ by the sum of their error estimates; bounds, claims and estimates (same seed) by a
/// relative `1e-9`.
pub fn compare(stored: &StoredTable, rows: &[Row]) -> Compared {
    let mut found = Compared {
        compared: 0,
        differences: Vec::new(),
    };
    for old in &stored.rows {
        match rows.iter().find(|row| same_cell(old, row, &stored.request)) {
            Some(row) => compare_row(old, row, &mut found),
            None => {
                let only = old.difference("the row, which is in the file only".into(), None, None);
                found.differences.push(only);
            }
        }
    }
    for row in rows {
        let known = |old: &StoredRow| same_cell(old, row, &stored.request);
        if !stored.rows.iter().any(known) {
            found.differences.push(Difference {
                metric: row.metric.name().into(),
                query: match row.query {
                    QueryLabel::Index(index) => Some(index),
                    QueryLabel::Average => None,
                },
                length: row.length,
                what: "the row, which is not in the file".into(),
                stored: None,
                computed: None,
            });
        }
    }
    found
}

fn same_cell(old: &StoredRow, row: &Row, request: &Request) -> bool {
    let query = match row.query {
        QueryLabel::Index(index) => old.query == StoredQuery::Index(index),
        QueryLabel::Average => matches!(old.query, StoredQuery::Average(_)),
    };
    let which = match row.metric {
        Metric::Bias { coordinate } => old.coordinate == Some(coordinate),
        Metric::Quantile { index } => old.order == request.quantiles.get(index).copied(),
        _ => true,
    };
    query && which && old.metric == row.metric.name() && old.length == row.length
}

fn compare_row(old: &StoredRow, row: &Row, found: &mut Compared) {
    let mut add = |what: String, stored: Option<f64>, computed: Option<f64>, allowed: f64| {
        found.compared += 1;
        let same = match (stored, computed) {
            (Some(x), Some(y)) => x == y || (x - y).abs() <= allowed,
            (None, None) => true,
            _ => false,
        };
        if !same {
            found
                .differences
                .push(old.difference(what, stored, computed));
        }
    };
    let near = |x: f64| SAME * x.abs();
    let exact: Option<&Exact> = row.exact.as_ref().ok();
    let allowed = old.exact.as_ref().map_or(0.0, |e| e.error) + exact.map_or(0.0, |e| e.error);
    let stored = old.exact.as_ref().map(|e| e.value);
    add("exact".into(), stored, exact.map(|e| e.value), allowed);
    for bound in &row.bounds {
        let before = old
            .bounds
            .iter()
            .find(|b| b.theorem == bound.theorem().id());
        let stored = before.and_then(|b| {
            if b.overflow {
                Some(f64::INFINITY)
            } else {
                b.value
            }
        });
        let allowed = bound.value().map_or(0.0, near);
        let what = bound.theorem().label();
        add(what, stored, bound.value(), allowed);
    }
    for claim in &row.claims {
        let before = old.claims.iter().find(|c| c.name == claim.name);
        let computed = claim.value.as_ref().ok().copied();
        let finite = computed.filter(|x| x.is_finite());
        let allowed = finite.map_or(0.0, near);
        let stored = before.and_then(|c| c.value);
        add(claim.name.clone(), stored, finite, allowed);
    }
    // What the file has and this program does not. T16 is the exact value, compared above.
    let others = old
        .bounds
        .iter()
        .filter(|b| b.theorem != Theorem::EXACT_ENCLOSURE.id());
    for before in others {
        let now = row
            .bounds
            .iter()
            .find(|b| b.theorem().id() == before.theorem);
        if now.is_none() {
            add(before.theorem.clone(), before.value, None, 0.0);
        }
    }
    for before in &old.claims {
        if row.claims.iter().all(|claim| claim.name != before.name) {
            add(before.name.clone(), before.value, None, 0.0);
        }
    }
    let mean = row.monte_carlo.map(|found| found.mean);
    // A mean near zero, of a bias, is the difference of larger numbers.
    let scale = row.monte_carlo.map_or(0.0, |m| {
        near(m.mean.abs().max(m.standard_error.unwrap_or(0.0)))
    });
    let stored = old.monte_carlo.as_ref().map(|m| m.mean);
    add("Monte Carlo mean".into(), stored, mean, scale);
}
