//! `check`: simulate a scenario and compare with every exact value, bound and formula; or compute an earlier table
//! again.

use std::path::Path;

use clap::Args;

use crate::error::Result;
use crate::record::Provenance;
use crate::record::RecheckAnswer;
use crate::scenario::Scenario;
use crate::study::recheck;
use crate::study::recheck::StoredTable;

use super::flags::ScenarioArguments;
use super::metrics::MetricArguments;
use super::output::{Destination, Outcome, check_destinations, print};
use super::progress::Bar;
use super::simulation::{LevelArguments, SimulationArguments};
use super::style::{StyleArguments, outcome};

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

pub fn run(arguments: &CheckArguments) -> Result<Outcome> {
    arguments.levels.check()?;
    check_destinations(&[
        arguments.style.file().map(Destination::Result),
        arguments.simulation.checkpoint().map(Destination::State),
    ])?;
    if let Some(path) = arguments.scenario.table_file() {
        return again(path, arguments);
    }
    let scenario = arguments.scenario.scenario()?;
    let mut study = arguments.metrics.ask(scenario.study()?)?;
    study = arguments.levels.ask(&study.progress(Bar::new()))?;
    study = arguments.simulation.ask(&study, &scenario)?;
    if arguments.negative_control {
        study = study.negative_control();
    }
    let table = study.check()?;
    arguments.style.print(&table)?;
    Ok(outcome(table.is_violated()))
}

/// Computes every cell of a table file again and compares.
fn again(path: &Path, arguments: &CheckArguments) -> Result<Outcome> {
    let stored = StoredTable::read(path)?;
    let scenario = Scenario::from_json(&stored.provenance.scenario, &stored.request.scenario)?;
    let request = &stored.request;
    let mut study = MetricArguments::of(request).ask(scenario.study()?)?;
    study = study.progress(Bar::new());
    if let Some(family) = &stored.simulation {
        study = arguments.simulation.ask_again(&study, family)?;
    }
    if request.negative_control {
        study = study.negative_control();
    }
    let table = study.table()?;
    let found = recheck::compare(&stored, &table.rows);
    let differs = !found.differences.is_empty();
    let answer = RecheckAnswer {
        file: path.display().to_string(),
        description: table.description.clone(),
        stored_version: stored.provenance.version.clone(),
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
