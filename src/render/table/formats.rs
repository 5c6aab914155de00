//! A table in the format that is asked for.

use std::fmt;

use crate::record::{Provenance, Table};
#[cfg(feature = "files")]
use crate::render::table::csv;
use crate::render::table::style::{Format, Style};
use crate::render::table::{json, latex, markdown, text};

/// A table in the format of `style`; the text ends with a line end.
pub fn render(table: &Table, style: &Style) -> String {
    render_from(table, &table.provenance(), style)
}

pub(super) fn render_from(table: &Table, provenance: &Provenance, style: &Style) -> String {
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
