//! `scan`: every head of every given layer of a model.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::error::{Error, Result};
use crate::record::Provenance;
use crate::scenario::ScanScenario;
use crate::study::scan::scan;

use super::output::{Destination, Outcome, check_destinations, print};
use super::progress::Bar;
use super::simulation::stop_signal;

/// Arguments of `scan`.
#[derive(Debug, Clone, Args)]
pub struct ScanArguments {
    /// Scenario file (TOML) with the table scan
    scenario: PathBuf,
    /// Draw heat maps, layers down and heads across, into this file
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value_t = ScanFormat::Text)]
    format: ScanFormat,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ScanFormat {
    /// For a terminal
    Text,
    /// For programs
    Json,
    /// Comma-separated values
    Csv,
    /// A Markdown table
    Markdown,
}

pub fn run(arguments: &ScanArguments) -> Result<Outcome> {
    check_destinations(&[
        arguments.plot.as_deref().map(Destination::Picture),
        arguments.output.as_deref().map(Destination::Result),
    ])?;
    let scenario = ScanScenario::load(&arguments.scenario)?;
    scenario.check_files()?;
    let stop = stop_signal(Some(&arguments.scenario))?;
    let bar = Bar::new();
    let answer = scan(scenario.layers(), &scenario.request(), &stop, &bar)?;
    drop(bar);
    let stopped = answer.rows.len() < answer.asked;
    let provenance = Provenance::now(&scenario.origin.name, None);
    if let Some(path) = &arguments.plot {
        match answer.svg() {
            Ok(picture) => print(&picture, Some(path))?,
            // A scan that was stopped at once has nothing to draw.
            Err(_) if stopped => {}
            Err(why) => {
                let what = "the picture";
                return Err(Error::Unavailable { what, why });
            }
        }
    }
    let text = match arguments.format {
        ScanFormat::Text => answer.text(&provenance),
        ScanFormat::Json => answer.json(&provenance),
        ScanFormat::Csv => answer.csv(&provenance),
        ScanFormat::Markdown => answer.markdown(&provenance),
    };
    print(&text, arguments.output.as_deref())?;
    Ok(if stopped {
        Outcome::Stopped {
            done: answer.rows.len(),
            of: answer.asked,
        }
    } else {
        Outcome::Success
    })
}
