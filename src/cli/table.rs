//! `table`: exact error and bounds for every prompt length of a scenario, and a simulation beside them.

use clap::Args;

use crate::error::{Error, Result};
use crate::record::Provenance;
use crate::scenario::Scenario;

use super::certify;
use super::flags::ScenarioArguments;
use super::metrics::MetricArguments;
use super::output::{Destination, Outcome, check_destinations};
use super::progress::Bar;
use super::simulation::{LevelArguments, SimulationArguments};
use super::style::{StyleArguments, outcome};

/// Arguments of `table`.
#[derive(Debug, Clone, Args)]
pub struct TableArguments {
    #[command(flatten)]
    scenario: ScenarioArguments,
    #[command(flatten)]
    style: StyleArguments,
    #[command(flatten)]
    metrics: MetricArguments,
    /// The error of the whole layer: all heads of the checkpoint on the same prompt, with its output projection (text, csv and json)
    #[arg(long)]
    layer: bool,
    /// Also write a Coq file with one lemma for every printed bound
    #[arg(long, value_name = "FILE.v")]
    certify: Option<std::path::PathBuf>,
    /// Draw the exact values, the bounds and the simulation against the prompt length into this file
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<std::path::PathBuf>,
    /// Simulate too, and compare
    #[arg(long)]
    monte_carlo: bool,
    #[command(flatten)]
    simulation: SimulationArguments,
    #[command(flatten)]
    levels: LevelArguments,
}

pub fn run(arguments: &TableArguments) -> Result<Outcome> {
    if !arguments.monte_carlo
        && (arguments.simulation.is_given() || arguments.metrics.needs_simulation())
    {
        return Err(Error::Unavailable {
            what: "the simulation",
            why: "flags of a simulation, --operator-norm and --quantiles need --monte-carlo".into(),
        });
    }
    arguments.levels.check()?;
    check_destinations(&[
        arguments.style.file().map(Destination::Result),
        arguments.certify.as_deref().map(Destination::Result),
        arguments.plot.as_deref().map(Destination::Picture),
        arguments.simulation.checkpoint().map(Destination::State),
    ])?;
    let scenario = arguments.scenario.scenario()?;
    if arguments.layer {
        return layer(arguments, &scenario);
    }
    let mut study = arguments.metrics.ask(scenario.study()?)?;
    study = arguments.levels.ask(&study.progress(Bar::new()))?;
    if arguments.monte_carlo {
        study = arguments.simulation.ask(&study, &scenario)?;
    }
    let table = study.table()?;
    if let Some(path) = &arguments.certify {
        certify::write(&table, path)?;
    }
    if let Some(path) = &arguments.plot {
        arguments.style.draw(&table, path)?;
    }
    arguments.style.print(&table)?;
    Ok(outcome(table.is_violated()))
}

/// The table of all heads of a layer.
fn layer(arguments: &TableArguments, scenario: &Scenario) -> Result<Outcome> {
    if arguments.certify.is_some() || arguments.plot.is_some() || arguments.metrics.is_given() {
        return Err(Error::Unavailable {
            what: "--layer with other metrics, claims, certificates or a picture",
            why: "the table of a layer has its error alone".into(),
        });
    }
    arguments.style.check_layer()?;
    let mut study = scenario.layer_study()?.progress(Bar::new());
    let seed = arguments.simulation.seed(scenario);
    if arguments.monte_carlo {
        study = arguments.simulation.ask_layer(&study, scenario)?;
    }
    let table = study.table()?;
    let provenance = Provenance::now(&scenario.origin.name, arguments.monte_carlo.then_some(seed));
    arguments.style.print_layer(&table, &provenance)?;
    Ok(outcome(table.is_violated()))
}
