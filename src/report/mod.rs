//! Rows in, text out: no mathematics and no input or output here.

mod answer;
mod comparison;
mod csv;
mod decimal;
mod fit;
mod heading;
mod json;
mod latex;
mod markdown;
mod provenance;
mod recheck_answer;
mod remarks;
mod row;
mod sheet;
mod simulation_answer;
mod text;

pub use answer::{LengthAnswer, LocalSlope, RateAnswer, ReachedLength};
pub use comparison::{
    Against, CheckSummary, Claim, Comparison, Detectable, Family, NegativeControl, Simulated,
    Verdict, Witness,
};
pub use decimal::{Decimal, round_down, round_nearest, round_up, significant_digits};
pub use fit::{FitAnswer, FitPoint, PrintedWords, UniformExponent, WitnessPoint};
pub use json::TABLE_SCHEMA;
pub(crate) use json::to_text;
pub use latex::escape as escape_latex;
pub use provenance::Provenance;
pub use recheck_answer::{Difference, RecheckAnswer};
pub use row::{Best, Cell, Metric, QueryLabel, Request, Row, Table};
pub use sheet::theorem_label;
pub use simulation_answer::{EstimateLine, SimulationAnswer};
pub use text::wrap;

/// An output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// A table for a terminal.
    #[default]
    Text,
    /// The schema [`TABLE_SCHEMA`].
    Json,
    /// Comma-separated values, one line a row.
    Csv,
    /// A Markdown table.
    Markdown,
    /// A LaTeX table with booktabs rules.
    Latex,
}

/// Which queries the formats for people show; JSON and CSV always hold all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QuerySelection {
    /// Every query and the average.
    All,
    /// The average only.
    Average,
    /// The average only if there are more than 8 queries.
    #[default]
    Auto,
}

/// How a table is to be printed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Style {
    /// The output format.
    pub format: Format,
    /// The queries shown.
    pub queries: QuerySelection,
    /// True if the formats for people show bounds that are vacuous at every length.
    pub vacuous: bool,
    /// Caption of a LaTeX table, taken as plain text.
    pub caption: Option<String>,
    /// Label of a LaTeX table.
    pub label: Option<String>,
}

/// A table in the format of `style`; the text ends with a line end.
pub fn render(table: &Table, provenance: &Provenance, style: &Style) -> String {
    match style.format {
        Format::Text => text::render(table, provenance, style),
        Format::Json => json::render(table, provenance),
        Format::Csv => csv::render(table, provenance),
        Format::Markdown => markdown::render(table, provenance, style),
        Format::Latex => latex::render(table, provenance, style),
    }
}

#[cfg(test)]
mod tests;
