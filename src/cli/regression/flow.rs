//! `flow`: gradient flows of in-context regression, exactly.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::error::{Error, Result};
use crate::record::Provenance;
use crate::regression::flow::flows;
use crate::scenario::RegressionScenario;

use crate::cli::output::{Destination, Outcome, check_destinations, print};
use crate::cli::progress::Bar;

/// Arguments of `flow`.
#[derive(Debug, Clone, Args)]
pub struct FlowArguments {
    /// Scenario file (TOML) with the tables task, grid and, optionally, start and flow
    scenario: PathBuf,
    /// Draw risk, distance and minimum into this file
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<PathBuf>,
    /// Output format; csv lists every step of every flow
    #[arg(long, value_enum, default_value_t = FlowFormat::Text)]
    format: FlowFormat,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FlowFormat {
    Text,
    Json,
    Csv,
}

pub fn run(arguments: &FlowArguments) -> Result<Outcome> {
    check_destinations(&[
        arguments.plot.as_deref().map(Destination::Picture),
        arguments.output.as_deref().map(Destination::Result),
    ])?;
    let setting = RegressionScenario::load(&arguments.scenario)?.build()?;
    let mut answer = flows(
        &setting.task,
        &setting.start,
        &setting.lengths,
        &setting.flow,
        &Bar::new(),
    )?;
    answer.description = setting.description;
    let provenance = Provenance::now(&setting.name, None);
    let refused = |what| move |why| Error::Unavailable { what, why };
    if let Some(path) = &arguments.plot {
        print(&answer.svg().map_err(refused("the picture"))?, Some(path))?;
    }
    let text = match arguments.format {
        FlowFormat::Text => answer.text(&provenance),
        FlowFormat::Json => answer.json(&provenance),
        FlowFormat::Csv => answer.csv().map_err(refused("the list of steps"))?,
    };
    print(&text, arguments.output.as_deref())?;
    Ok(Outcome::Success)
}
