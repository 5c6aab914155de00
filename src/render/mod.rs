//! Records in, text out: no mathematics and no input or output here.

mod answer;
mod columns;
#[cfg(feature = "files")]
mod csv;
pub(crate) mod decimal;
mod fit;
#[cfg(feature = "cli")]
mod fit_plot;
mod heading;
pub(crate) mod json;
mod latex;
mod markdown;
#[cfg(feature = "cli")]
mod plot;
mod recheck;
pub mod regression;
mod remarks;
mod sheet;
mod simulation;
mod text;

pub use decimal::{Decimal, round_down, round_nearest, round_up, significant_digits};
pub use latex::escape as escape_latex;
pub use text::wrap;

use std::fmt;

use crate::record::{Provenance, Table};

/// An output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// A table for a terminal.
    #[default]
    Text,
    /// The schema [`TABLE_SCHEMA`].
    Json,
    /// Comma-separated values, one line a row.
    #[cfg(feature = "files")]
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
pub fn render(table: &Table, style: &Style) -> String {
    render_from(table, &table.provenance(), style)
}

fn render_from(table: &Table, provenance: &Provenance, style: &Style) -> String {
    match style.format {
        Format::Text => text::render(table, provenance, style),
        Format::Json => json::render(table, provenance),
        #[cfg(feature = "files")]
        Format::Csv => csv::render(table, provenance),
        Format::Markdown => markdown::render(table, provenance, style),
        Format::Latex => latex::render(table, provenance, style),
    }
}

impl Table {
    /// The table in the schema [`TABLE_SCHEMA`](crate::record::TABLE_SCHEMA), with its provenance.
    pub fn to_json(&self) -> String {
        json::render(self, &self.provenance())
    }

    fn provenance(&self) -> Provenance {
        let seed = self.simulation.as_ref().map(|family| family.seed);
        Provenance::now(&self.scenario, seed)
    }
}

/// The table for a terminal.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::render(self, &self.provenance(), &Style::default()))
    }
}

#[cfg(test)]
mod tests;
