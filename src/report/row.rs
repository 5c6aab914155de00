//! The rows of a table: what every output format prints.

use crate::bound::{Bound, Theorem};
use crate::exact::Exact;

/// What is measured. All metrics are squared errors, except `Participation`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// `E |That - T|^2`.
    Output,
    /// `E P_2`, the expected sum of squared attention weights.
    Participation,
    /// `P(|That - T| >= eps)`.
    Tail,
}

impl Metric {
    /// Its name in JSON and CSV.
    pub fn name(self) -> &'static str {
        match self {
            Metric::Output => "output",
            Metric::Participation => "participation",
            Metric::Tail => "tail",
        }
    }
}

/// Which query a row speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QueryLabel {
    /// One query of a list, numbered from 0.
    Index(usize),
    /// The average over the query law.
    Average,
}

/// The tightest bound of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Best {
    /// Its theorem.
    pub theorem: Theorem,
    /// Its value.
    pub value: f64,
}

/// A value, or the reason why there is none.
pub type Cell<T> = std::result::Result<T, String>;

/// Do the columns of a row agree?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The exact value is at most every valid bound.
    Consistent,
    /// The exact value, less its error, exceeds a valid bound.
    Violated,
    /// There is nothing to compare.
    Inconclusive,
}

impl Verdict {
    /// Its name in JSON and CSV.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Consistent => "consistent",
            Verdict::Violated => "violated",
            Verdict::Inconclusive => "inconclusive",
        }
    }
}

/// One (metric, query, length).
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What is measured.
    pub metric: Metric,
    /// For which query.
    pub query: QueryLabel,
    /// Prompt length `L`.
    pub length: u64,
    /// The exact value, or why it is not available.
    pub exact: Cell<Exact>,
    /// Every bound that was tried.
    pub bounds: Vec<Bound>,
}

impl Row {
    /// The smallest valid bound.
    pub fn best(&self) -> Option<Best> {
        self.bounds
            .iter()
            .filter_map(|b| {
                Some(Best {
                    theorem: b.theorem(),
                    value: b.useful_value()?,
                })
            })
            .min_by(|x, y| x.value.total_cmp(&y.value))
    }

    /// Compares the exact value with every valid bound.
    pub fn verdict(&self) -> Verdict {
        match (&self.exact, self.best()) {
            (Ok(exact), Some(best)) if exact.value - exact.error <= best.value => {
                Verdict::Consistent
            }
            (Ok(_), Some(_)) => Verdict::Violated,
            _ => Verdict::Inconclusive,
        }
    }
}

/// A table: what was asked and its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The scenario as the user named it: a file name or `command line`.
    pub scenario: String,
    /// One line that describes law, query and head.
    pub description: String,
    /// Remarks that belong under the table (limiting constant, what a bound assumes).
    pub notes: Vec<String>,
    /// The `eps` of [`Metric::Tail`] rows, if there are any.
    pub tail_threshold: Option<f64>,
    /// The rows, by query, then metric, then length.
    pub rows: Vec<Row>,
}
