//! `table`: exact error and bounds for every prompt length of a scenario, and a simulation beside them.

use clap::Args;

use crate::error::{Error, Result};
use crate::report::{Row, Verdict};

use super::certify;
use super::flags::ScenarioArguments;
use super::output::{Destination, Outcome, check_destinations};
use super::sheets::{Made, MetricArguments, StyleArguments, make, outcome};
use super::simulation::{LevelArguments, SimulationArguments, Simulator};

/// Arguments of `table`.
#[derive(Debug, Clone, Args)]
pub struct TableArguments {
    #[command(flatten)]
    scenario: ScenarioArguments,
    #[command(flatten)]
    style: StyleArguments,
    #[command(flatten)]
    metrics: MetricArguments,
    /// Also write a Coq file with one lemma for every printed bound
    #[arg(long, value_name = "FILE.v")]
    certify: Option<std::path::PathBuf>,
    /// Simulate too, and compare
    #[arg(long)]
    monte_carlo: bool,
    #[command(flatten)]
    simulation: SimulationArguments,
    #[command(flatten)]
    levels: LevelArguments,
}

/// Runs `table`.
pub fn run(arguments: &TableArguments) -> Result<Outcome> {
    if !arguments.monte_carlo
        && (arguments.simulation.is_given() || arguments.metrics.needs_simulation())
    {
        return Err(Error::Unavailable {
            what: "the simulation",
            why: "flags of a simulation, --operator-norm and --quantiles need --monte-carlo".into(),
        });
    }
    let levels = arguments.levels.levels()?;
    let checkpoint = arguments.simulation.checkpoint();
    check_destinations(&[
        arguments.style.file().map(Destination::Result),
        arguments.certify.as_deref().map(Destination::Result),
        checkpoint.as_deref().map(Destination::State),
    ])?;
    let scenario = arguments.scenario.scenario()?;
    let simulator = if arguments.monte_carlo {
        Some(Simulator {
            request: arguments.simulation.request(&scenario)?,
            checkpoint,
            levels,
        })
    } else {
        None
    };
    match make(&scenario, &arguments.metrics, simulator.as_ref(), false)? {
        Made::Stopped(message) => Ok(Outcome::Stopped(message)),
        Made::Table(table) => {
            if let Some(path) = &arguments.certify {
                certify::write(&table, path)?;
            }
            arguments.style.print(&table)?;
            let violated = |row: &Row| row.verdict() == Verdict::Violated;
            Ok(outcome(table.rows.iter().any(violated)))
        }
    }
}
