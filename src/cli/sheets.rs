//! What `table` and `check` have in common: metrics, formulas, styles, and the way from a scenario to a table.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::check::claim::{self, VARIABLES};
use crate::check::formula::Formula;
use crate::check::printed::{self, Printed};
use crate::check::table::TableOptions;
use crate::check::{Question, table};
use crate::error::{Error, Result};
use crate::parameter::{Positive, Probability};
use crate::report::{self, Format, Provenance, QuerySelection, Request, Style, Table};
use crate::scenario::Scenario;

use super::output::{Outcome, print};
use super::progress::Bar;
use super::simulation::{Simulated, Simulator};

/// What is measured besides the output error, and which formulas are compared.
#[derive(Debug, Clone, Default, Args)]
pub struct MetricArguments {
    /// Also bound the probability that the output error is at least EPS
    #[arg(long, value_name = "EPS", allow_negative_numbers = true)]
    tail: Option<f64>,
    /// Also give the expected participation E P_2
    #[arg(long)]
    participation: bool,
    /// Also give the bias E That - T, coordinate by coordinate
    #[arg(long)]
    bias: bool,
    /// Also give the squared errors of the gradients in V and U
    #[arg(long)]
    gradients: bool,
    /// Also simulate the operator norm of the error of the gradient in U
    #[arg(long, requires = "gradients")]
    operator_norm: bool,
    /// Also simulate quantiles of |That - T|, of these orders
    #[arg(
        long,
        value_name = "P,..",
        value_delimiter = ',',
        allow_negative_numbers = true
    )]
    quantiles: Vec<f64>,
    /// Compare with a bound of your own, a formula in L, d, s, sigma, rho, ... (see the guide); may be repeated
    #[arg(long, value_name = "FORMULA", allow_hyphen_values = true)]
    bound: Vec<String>,
    /// Compare with Propositions 3.1 and 3.4 of the paper as printed, with these constants (L >= 2)
    #[arg(long, value_name = "c1=..,c2=..", allow_hyphen_values = true)]
    printed: Option<String>,
}

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

impl MetricArguments {
    /// The options of the metrics, checked.
    pub fn options(&self) -> Result<TableOptions> {
        let order = |order: &f64| {
            if *order > 0.0 && *order < 1.0 {
                Probability::new(*order)
            } else {
                Err(Error::Parameter {
                    parameter: "--quantiles",
                    value: order.to_string(),
                    required: "orders between 0 and 1",
                    theorem: None,
                })
            }
        };
        Ok(TableOptions {
            bias: self.bias,
            participation: self.participation,
            gradients: self.gradients,
            operator_norm: self.operator_norm,
            tail: self
                .tail
                .map(|eps| Positive::new("--tail", eps))
                .transpose()?,
            quantiles: self.quantiles.iter().map(order).collect::<Result<_>>()?,
        })
    }

    /// The request of a table of this scenario.
    pub fn request(&self, scenario: &Scenario, negative_control: bool) -> Request {
        Request {
            scenario: scenario.source_json(),
            bias: self.bias,
            participation: self.participation,
            gradients: self.gradients,
            operator_norm: self.operator_norm,
            tail: self.tail,
            quantiles: self.quantiles.clone(),
            formulas: self.bound.clone(),
            printed: self.printed.clone(),
            negative_control,
        }
    }

    /// The metrics that a request stands for.
    pub fn of(request: &Request) -> Self {
        Self {
            tail: request.tail,
            participation: request.participation,
            bias: request.bias,
            gradients: request.gradients,
            operator_norm: request.operator_norm,
            quantiles: request.quantiles.clone(),
            bound: request.formulas.clone(),
            printed: request.printed.clone(),
        }
    }

    /// Does some metric exist in a simulation only?
    pub fn needs_simulation(&self) -> bool {
        self.operator_norm || !self.quantiles.is_empty()
    }
}

/// A table, or what is said if its simulation was stopped.
#[derive(Debug)]
pub enum Made {
    /// The whole table.
    Table(Box<Table>),
    /// The simulation was stopped and kept.
    Stopped(String),
}

/// Computes the table of a scenario: exact values, bounds, formulas, and a simulation if one is asked for.
pub fn make(
    scenario: &Scenario,
    metrics: &MetricArguments,
    simulator: Option<&Simulator>,
    negative_control: bool,
) -> Result<Made> {
    // Everything that can be refused is refused before anything is computed.
    let options = metrics.options()?;
    let formulas = metrics
        .bound
        .iter()
        .map(|text| Formula::new(text, &VARIABLES))
        .collect::<Result<Vec<_>>>()?;
    let printed = metrics.printed.as_deref().map(Printed::parse).transpose()?;
    let setting = scenario.build()?;
    if printed.is_some() {
        for length in &setting.lengths {
            printed::check_length(length.get())?;
        }
    }
    let question = Question::new(setting.tokens.as_ref(), &setting.head, &setting.query)?;
    let mut rows = table::rows(&question, &setting.lengths, &options, &Bar::new())?;
    let of_formulas = claim::add_formulas(&question, &formulas, &mut rows)?;
    let mut notes = table::notes(&question)?;
    notes.extend(of_formulas);
    if let Some(printed) = &printed {
        notes.extend(printed::add_printed(&question, printed, &mut rows)?);
    }
    if negative_control {
        claim::add_negative_control(&mut rows);
    }
    let family = match simulator {
        None => {
            crate::check::verdict::compare_with_exact(&mut rows);
            None
        }
        Some(simulator) => {
            match simulator.judge(&question, &setting.lengths, &options, &mut rows)? {
                Simulated::Done(family) => Some(family),
                Simulated::Stopped(message) => return Ok(Made::Stopped(message)),
            }
        }
    };
    Ok(Made::Table(Box::new(Table {
        rows,
        notes,
        scenario: setting.name,
        description: setting.description,
        request: metrics.request(scenario, negative_control),
        simulation: family,
        check: None,
    })))
}

impl StyleArguments {
    /// Prints a table in this style.
    pub fn print(&self, table: &Table) -> Result<()> {
        let seed = table.simulation.as_ref().map(|family| family.seed);
        let provenance = Provenance::now(&table.scenario, seed);
        let text = report::render(table, &provenance, &self.style());
        print(&text, self.output.as_deref())
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

    /// Is the output for programs?
    pub fn is_json(&self) -> bool {
        self.format == FormatName::Json
    }

    /// Where the output goes, if not to standard output.
    pub fn file(&self) -> Option<&std::path::Path> {
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
