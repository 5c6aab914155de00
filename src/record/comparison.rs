//! Simulated values, claims, and what comparing them gave.

use serde::{Deserialize, Serialize, Serializer};

use crate::bound::Theorem;
use crate::monte_carlo::{Reliability, Route};

use crate::record::metric::{Cell, Metric, QueryLabel};

/// Do the columns of a row agree?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The exact value, or the upper confidence limit of a simulation, is at most the bound.
    Consistent,
    /// The exact value less its error, or the lower confidence limit of a simulation, exceeds a bound; or
    /// simulation and exact value differ by more than chance explains.
    Violated,
    /// There is nothing to compare, or a simulation is too short to tell.
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

/// What a simulation found for a row.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Simulated {
    /// Mean, frequency or sample quantile.
    pub mean: f64,
    /// Standard error of a mean or frequency; a quantile has none.
    pub standard_error: Option<f64>,
    /// Lower confidence limit, at the level of [`Family::confidence`] for this row alone.
    pub lower: f64,
    /// Upper confidence limit; may be infinite for a quantile, null in JSON.
    pub upper: f64,
    /// Number of prompts.
    pub prompts: u64,
    /// Share of the sum that the largest 1% of the prompts carry.
    pub largest_share: Option<f64>,
    /// Can the limits be trusted? See [`Reliability`].
    pub reliability: Reliability,
    /// Mean effective prompt length `E 1/P_2` of the simulated prompts.
    pub effective_length: f64,
}

/// A bound that is not a theorem of the registry: a formula to be tested, or a deliberately false one.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The formula as it was given, or what is wrong with the statement.
    pub name: String,
    /// Is it false on purpose?
    pub control: bool,
    /// Its value on this row, or why it has none.
    pub value: Cell<f64>,
}

/// What a simulation, or an exact value, is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Against {
    /// The exact value of the row.
    Exact,
    /// A bound of the row.
    Bound(Theorem),
    /// A claim of the row, by its place.
    Claim(usize),
}

/// `exact`, the identifier of a theorem, or `claim` with the number of the claim from 0.
impl Serialize for Against {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Against::Exact => serializer.serialize_str("exact"),
            Against::Bound(theorem) => theorem.serialize(serializer),
            Against::Claim(place) => serializer.collect_str(&format_args!("claim {place}")),
        }
    }
}

fn is_not_finite(value: &Option<f64>) -> bool {
    !value.is_some_and(f64::is_finite)
}

/// Which answer is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Witness {
    /// The exact value, with its numerical error.
    Exact,
    /// The simulation.
    MonteCarlo,
}

/// One comparison of a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Comparison {
    /// The answer that is compared.
    pub witness: Witness,
    /// What it is compared with.
    pub against: Against,
    /// `(mean - value) / standard error`, of a simulated mean.
    #[serde(skip_serializing_if = "is_not_finite")]
    pub standardised: Option<f64>,
    /// p-value of the hypothesis that nothing is violated; none for an exact value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p_value: Option<f64>,
    /// The verdict, at the error probability of the whole run.
    pub verdict: Verdict,
    /// The smallest violation that would have been found with probability 0.9: of a bound, as a multiple of it;
    /// of the exact value, as a relative difference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detectable: Option<f64>,
}

/// How a simulation was run, and at which levels its comparisons are made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Family {
    /// Prompts for each cell.
    pub prompts: u64,
    /// Seed of the random streams.
    pub seed: u64,
    /// How prompts were drawn.
    pub route: Route,
    /// Longer prompts were not simulated.
    pub longest: Option<u64>,
    /// Were single queries of a list left out?
    pub average_only: bool,
    /// Confidence of each interval, for its row alone.
    pub confidence: f64,
    /// Number of comparisons of the run, each side of a two-sided one counted once.
    pub comparisons: usize,
    /// Probability that any of them is called violated although nothing is (Holm).
    pub error_probability: f64,
}

/// What a check found, in numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckSummary {
    /// Comparisons, those with claims that are false on purpose left out, that were confirmed.
    pub consistent: usize,
    /// Those that are violated.
    pub violated: usize,
    /// Those that a longer simulation might decide.
    pub inconclusive: usize,
    /// The bound of which the smallest violation would have been found, as a multiple of it.
    #[serde(rename = "smallest_detectable_violation")]
    pub detectable_bound: Option<Detectable>,
    /// The exact value of which the smallest relative error would have been found.
    #[serde(rename = "smallest_detectable_error")]
    pub detectable_exact: Option<Detectable>,
    /// What became of the claim that is false on purpose, if there is one.
    #[serde(rename = "negative_control", skip_serializing_if = "Option::is_none")]
    pub control: Option<NegativeControl>,
}

impl CheckSummary {
    /// Violated if a comparison is, or if the claim that is false on purpose was never rejected; else consistent
    /// if something was confirmed.
    pub fn verdict(&self) -> Verdict {
        if self.violated > 0 || self.control.is_some_and(|control| control.rejected == 0) {
            Verdict::Violated
        } else if self.consistent > 0 {
            Verdict::Consistent
        } else {
            Verdict::Inconclusive
        }
    }
}

/// Simulated comparisons with the claim that is false on purpose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct NegativeControl {
    /// How many there are.
    pub comparisons: usize,
    /// In how many of them the exact value exceeds the claim.
    pub known_false: usize,
    /// In how many of them the simulation rejects the claim.
    pub rejected: usize,
}

/// The smallest violation that a run would have found with probability 0.9.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Detectable {
    /// Where.
    pub metric: Metric,
    /// At which query.
    pub query: QueryLabel,
    /// At which length.
    pub length: u64,
    /// Against what.
    pub against: Against,
    /// How large.
    pub size: f64,
}
