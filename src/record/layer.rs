//! The error of a whole layer, length by length.

use serde::Serialize;

use crate::exact::Exact;
use crate::monte_carlo::Estimate;
use crate::record::{Cell, QueryLabel, Verdict};

/// The errors of a layer of heads that read the same prompt (T14).
#[derive(Debug, Clone, PartialEq)]
pub struct LayerTable {
    /// Tokens, queries and heads in one line.
    pub description: String,
    /// By query, the average last, then by length.
    pub rows: Vec<LayerRow>,
    /// Prompts of each simulated row, and the seed; `None` without a simulation.
    pub simulation: Option<LayerSimulation>,
    /// What holds for all rows.
    pub notes: Vec<String>,
}

/// How a layer was simulated.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LayerSimulation {
    /// Prompts for each query and length.
    pub prompts: u64,
    /// Seed of the random streams.
    pub seed: u64,
    /// Standard errors that an estimate may be from the exact value.
    pub standard_errors: f64,
}

/// One query and length.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerRow {
    /// Which query.
    pub query: QueryLabel,
    /// The prompt length.
    pub length: u64,
    /// The exact values, or why there are none.
    pub exact: Cell<LayerValues>,
    /// The simulated error of the layer, if it was simulated.
    pub estimate: Option<Cell<Estimate>>,
    /// Does the estimate agree with the exact value?
    pub verdict: Verdict,
}

/// The error of a layer and its parts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LayerValues {
    /// `E|sum_h O_h (That_h - T_h)|^2`.
    pub layer: Exact,
    /// `sum_h E|O_h (That_h - T_h)|^2`.
    pub single_heads: Exact,
    /// Twice the sum over the pairs of heads.
    pub cross: Exact,
}

impl LayerTable {
    /// Is an exact value contradicted?
    pub fn is_violated(&self) -> bool {
        self.rows.iter().any(|row| row.verdict == Verdict::Violated)
    }
}
