//! The rows of a table: what every output format prints.

use crate::bound::{Bound, LowerBound, Theorem};
use crate::exact::Exact;

use serde::{Deserialize, Serialize};

use crate::record::comparison::{
    Against, CheckSummary, Claim, Comparison, Family, Simulated, Verdict, Witness,
};
use crate::record::metric::{Cell, Metric, QueryLabel};

/// Name of the schema of a table.
pub const TABLE_SCHEMA: &str = "attention-bounds/table/1";

/// The tightest bound of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Best {
    /// Its theorem.
    pub theorem: Theorem,
    /// Its value.
    pub value: f64,
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
    /// What the value is not below, by a theorem.
    pub lower_bounds: Vec<LowerBound>,
    /// Bounds that are not theorems.
    pub claims: Vec<Claim>,
    /// What a simulation found, if there was one.
    pub monte_carlo: Option<Simulated>,
    /// The comparisons of this row.
    pub comparisons: Vec<Comparison>,
}

impl Row {
    /// A row with nothing simulated and nothing claimed.
    pub fn new(
        metric: Metric,
        query: QueryLabel,
        length: u64,
        exact: Cell<Exact>,
        bounds: Vec<Bound>,
    ) -> Self {
        Self {
            metric,
            query,
            length,
            exact,
            bounds,
            lower_bounds: Vec::new(),
            claims: Vec::new(),
            monte_carlo: None,
            comparisons: Vec::new(),
        }
    }

    /// The upper end of the exact value as a bound (T16), if it is proved; of a quantity that can be negative there is none.
    pub fn enclosure(&self) -> Option<f64> {
        let exact = self.exact.as_ref().ok()?;
        let applies = exact.unproved.is_none() && !matches!(self.metric, Metric::Bias { .. });
        applies.then(|| exact.upper())
    }

    /// The smallest valid bound; the enclosure of the exact value does not count.
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

    /// The verdict of the row: violated if the exact value exceeds the smallest valid bound, is below a lower bound, or any
    /// comparison is violated (one with a claim that is false on purpose does not count); consistent if
    /// something was confirmed; else inconclusive.
    pub fn verdict(&self) -> Verdict {
        let exact = match (&self.exact, self.best()) {
            (Ok(exact), Some(best)) if exact.value - exact.error <= best.value => {
                Verdict::Consistent
            }
            (Ok(_), Some(_)) => Verdict::Violated,
            _ => Verdict::Inconclusive,
        };
        let below = |bound: &LowerBound| match &self.exact {
            Ok(exact) => exact.value + exact.error < bound.value,
            Err(_) => false,
        };
        if self.lower_bounds.iter().any(below) {
            return Verdict::Violated;
        }
        let has = |verdict| {
            exact == verdict
                || self
                    .comparisons
                    .iter()
                    .any(|c| c.verdict == verdict && !self.is_control(c))
        };
        if has(Verdict::Violated) {
            Verdict::Violated
        } else if has(Verdict::Consistent) {
            Verdict::Consistent
        } else {
            Verdict::Inconclusive
        }
    }

    /// Is this a comparison with a claim that is false on purpose?
    pub fn is_control(&self, comparison: &Comparison) -> bool {
        match comparison.against {
            Against::Claim(place) => self.claims.get(place).is_some_and(|claim| claim.control),
            _ => false,
        }
    }

    /// The comparison of the simulation with something.
    pub fn simulated_against(&self, against: Against) -> Option<&Comparison> {
        self.comparisons
            .iter()
            .find(|c| c.witness == Witness::MonteCarlo && c.against == against)
    }

    /// Is a comparison with this violated, by whichever answer?
    pub fn violates(&self, against: Against) -> bool {
        self.comparisons
            .iter()
            .any(|c| c.against == against && c.verdict == Verdict::Violated)
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
    /// What was asked for, so that the table can be computed again.
    pub request: Request,
    /// The simulation, if there was one.
    pub simulation: Option<Family>,
    /// What a check found, if this is one.
    pub check: Option<CheckSummary>,
    /// The rows, by query, then metric, then length.
    pub rows: Vec<Row>,
}

impl Table {
    /// Is anything contradicted: a bound or claim by an exact value or a simulation, or an exact value by a simulation? Of a
    /// check, also if the claim that is false on purpose was never rejected.
    pub fn is_violated(&self) -> bool {
        match &self.check {
            Some(check) => check.verdict() == Verdict::Violated,
            None => self
                .rows
                .iter()
                .any(|row| row.verdict() == Verdict::Violated),
        }
    }
}

/// Everything that determines a table besides the simulation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The content of the scenario, as the TOML file or the flags give it.
    pub scenario: serde_json::Value,
    /// Are there [`Metric::Bias`] rows?
    pub bias: bool,
    /// Are there [`Metric::Participation`] rows?
    pub participation: bool,
    /// Are there [`Metric::Entropy`] rows?
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub entropy: bool,
    /// Are there [`Metric::ValueGradient`] and [`Metric::KeyQueryGradient`] rows?
    pub gradients: bool,
    /// Are there [`Metric::KeyQueryGradientOperator`] rows?
    pub operator_norm: bool,
    /// The `eps` of [`Metric::Tail`] rows, if there are any.
    pub tail: Option<f64>,
    /// The orders of [`Metric::Quantile`] rows.
    pub quantiles: Vec<f64>,
    /// The formulas that are compared.
    pub formulas: Vec<String>,
    /// The constants `c1=..,c2=..` of the printed propositions, if they are compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub printed: Option<String>,
    /// Is the deliberately false bound compared too?
    pub negative_control: bool,
}
