//! What reading a part of the keys costs: the rows of `sample`, and its smallest budgets.

use serde::{Serialize, Serializer};

use crate::bound::{Bound, Theorem};
use crate::exact::Exact;
use crate::monte_carlo::Estimate;
use crate::record::{Cell, QueryLabel, Verdict};

/// The errors of sampled attention (T13), budget by budget.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleTable {
    /// Tokens, query and head in one line.
    pub description: String,
    /// What was asked, so that the table can be computed again: the content of the scenario.
    pub scenario: serde_json::Value,
    /// How the tail is drawn, by name.
    pub design: &'static str,
    /// How many keys the context has, `N`.
    pub keys: u64,
    /// The kept set at each query, the average over the queries last.
    pub kept: Vec<KeptPart>,
    /// By query, the average last, then by way of reading, then by budget.
    pub rows: Vec<SampleRow>,
    /// The `epsilon` of deviations `|That - T|^2 >= epsilon |T|^2`, if they were asked for.
    pub deviation: Option<f64>,
    /// The simulation, if there was one.
    pub simulation: Option<SampleSimulation>,
    /// Remarks.
    pub notes: Vec<String>,
}

/// The kept set at one query.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KeptPart {
    /// At which query.
    pub query: QueryLabel,
    /// How many keys are kept; the largest number for the average.
    pub kept: u64,
    /// Their part of the attention, `sum_K w / sum w`.
    pub share: f64,
    /// `|T_K - T|^2`, the error of the kept keys alone; none if nothing is kept.
    pub alone: Option<Exact>,
    /// `|T|^2`, which errors are relative to.
    pub relative_to: f64,
}

/// Which keys are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reading {
    /// The kept keys and a draw from the others: what was asked about.
    Hybrid,
    /// A draw from all keys.
    Uniform,
    /// The heaviest keys alone.
    Top,
}

impl Reading {
    /// Its name in JSON and CSV.
    pub fn name(self) -> &'static str {
        match self {
            Reading::Hybrid => "hybrid",
            Reading::Uniform => "uniform",
            Reading::Top => "top",
        }
    }
}

/// One (query, way of reading, budget).
#[derive(Debug, Clone, PartialEq)]
pub struct SampleRow {
    /// At which query.
    pub query: QueryLabel,
    /// Which keys are read.
    pub reading: Reading,
    /// How the tail is drawn, by name; `none` if nothing is drawn.
    pub design: &'static str,
    /// Keys that are read for certain; the largest number for an average.
    pub kept: u64,
    /// Draws from the other keys.
    pub budget: u64,
    /// `E|That - T|^2`, or why there is no value.
    pub exact: Cell<Exact>,
    /// The same over `|T|^2` (of an average, over its average); none if that is 0.
    pub relative: Option<f64>,
    /// `|E That - T|`; none for an average.
    pub bias_norm: Option<Exact>,
    /// Upper bounds of `E|That - T|^2`; none of what is read for comparison, and of an average.
    pub bounds: Vec<Bound>,
    /// The probability of a deviation, if it was asked for; none where there are no bounds.
    pub deviation: Option<RowDeviation>,
    /// What a simulation found, if there was one.
    pub monte_carlo: Option<Cell<Estimate>>,
    /// Do exact value, bounds and simulation agree?
    pub verdict: Verdict,
}

/// What is known of `P(|That - T| >= threshold)`.
#[derive(Debug, Clone, PartialEq)]
pub struct RowDeviation {
    /// The threshold.
    pub threshold: f64,
    /// Upper bounds of the probability.
    pub bounds: Vec<Bound>,
    /// How often it was simulated.
    pub monte_carlo: Option<SimulatedDeviation>,
}

/// How often a deviation was simulated, with the limits of Clopper and Pearson.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SimulatedDeviation {
    /// Draws that reached the threshold.
    pub count: u64,
    /// Draws in all.
    pub prompts: u64,
    /// `count / prompts`.
    pub frequency: f64,
    /// Lower confidence limit of the probability.
    pub lower: f64,
    /// Upper confidence limit.
    pub upper: f64,
}

impl SampleRow {
    /// Keys that are read: `kept + budget`.
    pub fn read(&self) -> u64 {
        self.kept + self.budget
    }
}

/// How sampled attention was simulated.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SampleSimulation {
    /// Draws of the tail for each query and budget.
    pub prompts: u64,
    /// Seed of the random streams.
    pub seed: u64,
    /// Confidence of each interval.
    pub confidence: f64,
    /// Comparisons with exact values and bounds.
    pub comparisons: usize,
    /// Probability that chance alone makes any of them violated.
    pub error_probability: f64,
}

impl SampleTable {
    /// Is an exact value contradicted?
    pub fn is_violated(&self) -> bool {
        self.rows.iter().any(|row| row.verdict == Verdict::Violated)
    }
}

/// The smallest budgets for a relative error.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleBudgets {
    /// Tokens, query and head in one line.
    pub description: String,
    /// How the tail is drawn, by name.
    pub design: &'static str,
    /// How many keys the context has.
    pub keys: u64,
    /// The threshold of `E|That - T|^2 / |T|^2`.
    pub epsilon: f64,
    /// The probability of a larger deviation, if one was given.
    pub delta: Option<f64>,
    /// By query, then the worst and the average query.
    pub rows: Vec<BudgetRow>,
    /// Remarks.
    pub notes: Vec<String>,
}

/// Whose error is to be small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BudgetOf {
    /// That of one query, by its number from 0.
    Query(usize),
    /// That of every query.
    Worst,
    /// The average over the queries, relative to the average of `|T|^2`.
    Average,
}

/// The number of a query, `worst` or `average`.
impl Serialize for BudgetOf {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            BudgetOf::Query(index) => index.serialize(serializer),
            BudgetOf::Worst => serializer.serialize_str("worst"),
            BudgetOf::Average => serializer.serialize_str("average"),
        }
    }
}

/// The smallest budgets of one query, or of all.
#[derive(Debug, Clone, PartialEq)]
pub struct BudgetRow {
    /// Whose error.
    pub of: BudgetOf,
    /// Keys that are read for certain; the largest number where there are several queries.
    pub kept: u64,
    /// Keys that are not kept; the smallest number where there are several queries.
    pub tail: u64,
    /// By the exact value.
    pub exact: Cell<ReachedBudget>,
    /// For the probability of a deviation, if one was given; none for the average, and for all queries the largest of theirs.
    pub deviation: Option<BudgetDeviation>,
}

/// Budgets for `P(|That - T| >= threshold) <= delta`.
#[derive(Debug, Clone, PartialEq)]
pub struct BudgetDeviation {
    /// A budget at which it is proved.
    pub proved: Cell<ProvedBudget>,
    /// The smallest budget that a simulation supports.
    pub simulated: Cell<SimulatedBudget>,
    /// What the published rule asks for.
    pub rule: Cell<RuleBudget>,
}

/// A budget with a proof.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ProvedBudget {
    /// The budget.
    pub budget: u64,
    /// The bound of the probability there.
    pub value: f64,
    /// Its theorem.
    pub theorem: Theorem,
}

/// A budget that a simulation supports: the upper confidence limit of the probability is at most `delta`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SimulatedBudget {
    /// The budget, within 2% of the smallest such.
    pub budget: u64,
    /// What was simulated there.
    pub monte_carlo: SimulatedDeviation,
}

/// The published rule (arXiv 2510.05688): what it asks for, and what is true there.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RuleBudget {
    /// Its budget with the true variances; it may be larger than the tail.
    pub budget: u64,
    /// Its budget with the variances of a pilot sample.
    pub pilot: u64,
    /// Its budget for the denominator alone, with the true variances.
    pub denominator: u64,
    /// The exact relative error at the first of them; none beyond the tail.
    pub relative: Option<f64>,
    /// How often the deviation is simulated there; none beyond the tail.
    pub monte_carlo: Option<SimulatedDeviation>,
    /// The same at the budget for the denominator alone.
    pub denominator_monte_carlo: Option<SimulatedDeviation>,
}

/// The smallest budget that a search found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ReachedBudget {
    /// The budget: here the value is at most the threshold, and at one less it is not.
    pub budget: u64,
    /// The relative error there.
    pub value: f64,
    /// How many budgets were tried; at each of them from this one on the value is at most the threshold.
    pub tried: usize,
    /// Was every budget tried? Then it is the smallest from which on the value stays at most the threshold.
    pub every: bool,
    /// A smaller budget at which the value is at most the threshold, though not from there on.
    pub earlier: Option<u64>,
}
