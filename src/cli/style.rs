//! How a table is printed.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::error::{Error, Result};
use crate::record::{LayerTable, Provenance, Table};
use crate::render::{self, Format, QuerySelection, Style};

use super::output::{Outcome, print};

/// How a table is printed.
#[derive(Debug, Clone, Args)]
pub struct StyleArguments {
    /// Output format
    #[arg(long, value_enum, default_value_t = FormatName::Text)]
    format: FormatName,
    /// Queries shown by text, markdown and latex
    #[arg(long, value_enum, default_value_t = Queries::Auto)]
    queries: Queries,
    /// Show bounds that are vacuous at every length too (text, markdown and latex)
    #[arg(long)]
    vacuous: bool,
    /// Show lower bounds (T19) beside the exact values too (text, markdown and latex)
    #[arg(long)]
    lower: bool,
    /// Caption of the LaTeX table
    #[arg(long)]
    caption: Option<String>,
    /// Label of the LaTeX table
    #[arg(long)]
    label: Option<String>,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Output formats of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FormatName {
    Text,
    Json,
    Csv,
    Markdown,
    Latex,
}

/// Queries that are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Queries {
    /// Every query and the average
    All,
    /// The average only
    Average,
    /// The average only if there are more than 8 queries
    Auto,
}

impl StyleArguments {
    /// Prints a table in this style.
    pub fn print(&self, table: &Table) -> Result<()> {
        let text = render::render(table, &self.style());
        print(&text, self.output.as_deref())
    }

    /// Prints the table of a layer, which [`StyleArguments::check_layer`] has accepted.
    pub fn print_layer(&self, table: &LayerTable, provenance: &Provenance) -> Result<()> {
        let every = match self.queries {
            Queries::All => Some(true),
            Queries::Average => Some(false),
            Queries::Auto => None,
        };
        let text = match self.format {
            FormatName::Json => table.json(provenance),
            FormatName::Csv => table.csv(provenance),
            _ => table.text(provenance, every),
        };
        print(&text, self.output.as_deref())
    }

    /// Refuses what the table of a layer is not printed in.
    ///
    /// # Errors
    /// For a format that is not text, csv or json, and flags of bounds and of LaTeX.
    pub fn check_layer(&self) -> Result<()> {
        let other = matches!(self.format, FormatName::Markdown | FormatName::Latex);
        if other || self.vacuous || self.lower || self.caption.is_some() || self.label.is_some() {
            return Err(Error::Unavailable {
                what: "--layer with --vacuous, --lower, --caption, --label or --format markdown or latex",
                why: "the table of a layer is printed as text, csv or json and has no bounds"
                    .into(),
            });
        }
        Ok(())
    }

    /// Draws the table into this file.
    ///
    /// # Errors
    /// If there is nothing to draw, or too much.
    pub fn draw(&self, table: &Table, path: &Path) -> Result<()> {
        let picture = table
            .svg(self.queries())
            .map_err(|why| Error::Unavailable {
                what: "the picture",
                why,
            })?;
        print(&picture, Some(path))
    }

    fn queries(&self) -> QuerySelection {
        match self.queries {
            Queries::All => QuerySelection::All,
            Queries::Average => QuerySelection::Average,
            Queries::Auto => QuerySelection::Auto,
        }
    }

    fn style(&self) -> Style {
        Style {
            format: match self.format {
                FormatName::Text => Format::Text,
                FormatName::Json => Format::Json,
                FormatName::Csv => Format::Csv,
                FormatName::Markdown => Format::Markdown,
                FormatName::Latex => Format::Latex,
            },
            queries: self.queries(),
            vacuous: self.vacuous,
            lower: self.lower,
            caption: self.caption.clone(),
            label: self.label.clone(),
        }
    }

    /// Is the output for programs?
    pub fn is_json(&self) -> bool {
        self.format == FormatName::Json
    }

    /// Where the output goes, if not to standard output.
    pub fn file(&self) -> Option<&Path> {
        self.output.as_deref()
    }
}

/// A violation ends with exit code 1.
pub fn outcome(violated: bool) -> Outcome {
    if violated {
        Outcome::Violation
    } else {
        Outcome::Success
    }
}
