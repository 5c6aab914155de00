//! The rows of a table: what every output format prints.

use crate::bound::{Bound, Theorem};
use crate::exact::Exact;

use serde::{Deserialize, Serialize};

use crate::record::comparison::{
    Against, CheckSummary, Claim, Comparison, Family, Simulated, Verdict, Witness,
};

/// Name of the schema of a table.
pub const TABLE_SCHEMA: &str = "attention-bounds/table/1";

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// `E |That - T|^2`.
    Output,
    /// `E (That - T)_j` for one output coordinate `j`, from 0.
    Bias {
        /// The coordinate `j`.
        coordinate: usize,
    },
    /// `E P_2`, the expected sum of squared attention weights.
    Participation,
    /// Squared Frobenius norm of the error of the gradient in `V`: `m E|mhat - m|^2`.
    ValueGradient,
    /// Squared Frobenius norm of the error of the gradient in `U`: `E |V (Chat - C)|_F^2 |z|^2`.
    KeyQueryGradient,
    /// The same in operator norm.
    KeyQueryGradientOperator,
    /// `P(|That - T| >= eps)`.
    Tail,
    /// A quantile of `|That - T|` (not squared).
    Quantile {
        /// Which one, from 0: its order is that entry of [`Request::quantiles`].
        index: usize,
    },
}

impl Metric {
    /// Its name in JSON and CSV.
    pub fn name(self) -> &'static str {
        match self {
            Metric::Output => "output",
            Metric::Bias { .. } => "bias",
            Metric::Participation => "participation",
            Metric::ValueGradient => "value_gradient",
            Metric::KeyQueryGradient => "key_query_gradient",
            Metric::KeyQueryGradientOperator => "key_query_gradient_operator",
            Metric::Tail => "tail",
            Metric::Quantile { .. } => "quantile",
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
            claims: Vec::new(),
            monte_carlo: None,
            comparisons: Vec::new(),
        }
    }

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

    /// The verdict of the row: violated if the exact value exceeds the smallest valid bound or any
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
