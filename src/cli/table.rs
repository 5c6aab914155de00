//! `table`: exact error and bounds for every prompt length of a scenario.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::check::table::TableOptions;
use crate::check::{Question, table};
use crate::error::Result;
use crate::parameter::Positive;
use crate::report::{self, Format, Provenance, QuerySelection, Style, Table, Verdict};
use crate::scenario::Scenario;

use super::flags::ScenarioArguments;
use super::output::{Outcome, print};
use super::progress::Bar;

/// Arguments of `table`.
#[derive(Debug, Clone, Args)]
pub struct TableArguments {
    #[command(flatten)]
    scenario: ScenarioArguments,
    /// Output format
    #[arg(long, value_enum, default_value_t = FormatName::Text)]
    format: FormatName,
    /// Queries shown by text, markdown and latex
    #[arg(long, value_enum, default_value_t = Queries::Auto)]
    queries: Queries,
    /// Show bounds that are vacuous at every length too (text, markdown and latex)
    #[arg(long)]
    vacuous: bool,
    /// Caption of the LaTeX table
    #[arg(long)]
    caption: Option<String>,
    /// Label of the LaTeX table
    #[arg(long)]
    label: Option<String>,
    /// Also bound the probability that the output error is at least EPS
    #[arg(long, value_name = "EPS", allow_negative_numbers = true)]
    tail: Option<f64>,
    /// Also give the expected participation E P_2
    #[arg(long)]
    participation: bool,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormatName {
    Text,
    Json,
    Csv,
    Markdown,
    Latex,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Queries {
    /// Every query and the average
    All,
    /// The average only
    Average,
    /// The average only if there are more than 8 queries
    Auto,
}

/// Runs `table`.
pub fn run(arguments: &TableArguments) -> Result<Outcome> {
    let scenario = arguments.scenario.scenario()?;
    let seed = scenario.monte_carlo.map(|spec| spec.seed);
    let table = compute(arguments, &scenario)?;
    let provenance = Provenance::now(&scenario.origin.name, seed);
    let text = report::render(&table, &provenance, &arguments.style());
    print(&text, arguments.output.as_deref())?;
    let violated = |row: &report::Row| row.verdict() == Verdict::Violated;
    Ok(if table.rows.iter().any(violated) {
        Outcome::Violation
    } else {
        Outcome::Success
    })
}

impl TableArguments {
    fn style(&self) -> Style {
        Style {
            format: match self.format {
                FormatName::Text => Format::Text,
                FormatName::Json => Format::Json,
                FormatName::Csv => Format::Csv,
                FormatName::Markdown => Format::Markdown,
                FormatName::Latex => Format::Latex,
            },
            queries: match self.queries {
                Queries::All => QuerySelection::All,
                Queries::Average => QuerySelection::Average,
                Queries::Auto => QuerySelection::Auto,
            },
            vacuous: self.vacuous,
            caption: self.caption.clone(),
            label: self.label.clone(),
        }
    }
}

/// Builds the setting and asks for its rows.
fn compute(arguments: &TableArguments, scenario: &Scenario) -> Result<Table> {
    let options = TableOptions {
        participation: arguments.participation,
        tail: arguments
            .tail
            .map(|eps| Positive::new("--tail", eps))
            .transpose()?,
    };
    let setting = scenario.build()?;
    let question = Question::new(setting.tokens.as_ref(), &setting.head, &setting.query)?;
    let progress = Bar::new();
    Ok(Table {
        rows: table::rows(&question, &setting.lengths, &options, &progress)?,
        notes: table::notes(&question)?,
        scenario: setting.name,
        description: setting.description,
        tail_threshold: arguments.tail,
    })
}
