//! `check`: simulate a scenario and compare with every exact value, bound and formula; or compute an earlier table
//! again.

use std::path::Path;

use clap::Args;

use crate::check::recheck::{self, StoredTable};
use crate::check::simulate::SimulationRequest;
use crate::check::summary;
use crate::check::verdict;
use crate::error::Result;
use crate::parameter::ErrorProbability;
use crate::report::{Provenance, RecheckAnswer, Verdict};
use crate::scenario::Scenario;

use super::flags::ScenarioArguments;
use super::output::{Destination, Outcome, check_destinations, print};
use super::sheets::{Made, MetricArguments, StyleArguments, make, outcome};
use super::simulation::{LevelArguments, SimulationArguments, Simulator};

/// Arguments of `check`.
#[derive(Debug, Clone, Args)]
pub struct CheckArguments {
    #[command(flatten)]
    scenario: ScenarioArguments,
    #[command(flatten)]
    style: StyleArguments,
    #[command(flatten)]
    metrics: MetricArguments,
    #[command(flatten)]
    simulation: SimulationArguments,
    #[command(flatten)]
    levels: LevelArguments,
    /// Also compare with a false bound, half of T5, which the simulation must reject somewhere
    #[arg(long)]
    negative_control: bool,
}

/// Runs `check`.
pub fn run(arguments: &CheckArguments) -> Result<Outcome> {
    let levels = arguments.levels.levels()?;
    let checkpoint = arguments.simulation.checkpoint();
    check_destinations(&[
        arguments.style.file().map(Destination::Result),
        checkpoint.as_deref().map(Destination::State),
    ])?;
    if let Some(path) = arguments.scenario.table_file() {
        return again(path, arguments);
    }
    let scenario = arguments.scenario.scenario()?;
    let simulator = Simulator {
        request: arguments.simulation.request(&scenario)?,
        checkpoint,
        levels,
    };
    let control = arguments.negative_control;
    match make(&scenario, &arguments.metrics, Some(&simulator), control)? {
        Made::Stopped(message) => Ok(Outcome::Stopped(message)),
        Made::Table(mut table) => {
            let summary = summary::summary(&table.rows, control);
            let violated = summary.verdict() == Verdict::Violated;
            table.check = Some(summary);
            arguments.style.print(&table)?;
            Ok(outcome(violated))
        }
    }
}

/// Computes every cell of a table file again and compares.
fn again(path: &Path, arguments: &CheckArguments) -> Result<Outcome> {
    let stored = StoredTable::read(path)?;
    let scenario = Scenario::from_json(stored.scenario_name(), stored.scenario())?;
    let request = stored.request();
    let simulator = match stored.simulation() {
        Some(family) => Some(Simulator {
            request: SimulationRequest::of(family)?,
            checkpoint: arguments.simulation.checkpoint(),
            levels: verdict::Levels {
                interval: ErrorProbability::new("1 - confidence", 1.0 - family.confidence)?,
                family: ErrorProbability::new("error probability", family.error_probability)?,
            },
        }),
        None => None,
    };
    let metrics = MetricArguments::of(request);
    let made = make(
        &scenario,
        &metrics,
        simulator.as_ref(),
        request.negative_control,
    )?;
    match made {
        Made::Stopped(message) => Ok(Outcome::Stopped(message)),
        Made::Table(table) => {
            let found = recheck::compare(&stored, &table.rows);
            let differs = !found.differences.is_empty();
            let answer = RecheckAnswer {
                file: path.display().to_string(),
                description: table.description.clone(),
                stored_version: stored.version().to_owned(),
                compared: found.compared,
                differences: found.differences,
            };
            let provenance = Provenance::now(&table.scenario, None);
            let text = if arguments.style.is_json() {
                answer.json(&provenance)
            } else {
                answer.text(&provenance)
            };
            print(&text, arguments.style.file())?;
            Ok(outcome(differs))
        }
    }
}
