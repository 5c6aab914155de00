//! `simulate`: a simulation alone, whole or one share of it; and `merge`, which joins shares.

use std::path::PathBuf;

use clap::Args;

use crate::error::{Error, Result};
use crate::record::Provenance;
use crate::study;
use crate::study::simulate::{Partial, Shard};
use crate::text::visible;

use super::flags::ScenarioArguments;
use super::length::AnswerFormat;
use super::metrics::MetricArguments;
use super::output::{Destination, Outcome, check_destinations, print};
use super::progress::Bar;
use super::simulation::{LevelArguments, SimulationArguments};

/// Arguments of `simulate`.
#[derive(Debug, Clone, Args)]
pub struct SimulateArguments {
    #[command(flatten)]
    scenario: ScenarioArguments,
    #[command(flatten)]
    metrics: MetricArguments,
    #[command(flatten)]
    simulation: SimulationArguments,
    #[command(flatten)]
    levels: LevelArguments,
    /// Run share I of N, and keep it in the file of --checkpoint for `merge`
    #[arg(long, value_name = "I/N", requires = "checkpoint")]
    shard: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t = AnswerFormat::Text)]
    format: AnswerFormat,
}

/// Arguments of `merge`.
#[derive(Debug, Clone, Args)]
pub struct MergeArguments {
    /// The files of all shares, in any order
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Write the whole run to this file; table, check and simulate take it as --checkpoint
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

pub fn run(arguments: &SimulateArguments) -> Result<Outcome> {
    arguments.levels.check()?;
    let share = arguments.shard.as_deref().map(shard).transpose()?;
    let file = arguments.simulation.checkpoint();
    check_destinations(&[file.map(Destination::State)])?;
    let scenario = arguments.scenario.scenario()?;
    let mut study = arguments.metrics.ask(scenario.study()?)?;
    study = arguments.levels.ask(&study.progress(Bar::new()))?;
    study = arguments.simulation.ask(&study, &scenario)?;
    if let (Some(share), Some(file)) = (share, file) {
        let partial = study.share(share)?;
        let line = format!(
            "share {} is done: {} blocks in {}; merge joins all shares\n",
            arguments.shard.as_deref().unwrap_or_default(),
            partial.done_blocks(),
            visible(&file.to_string_lossy())
        );
        print(&line, None)?;
        return Ok(Outcome::Success);
    }
    let answer = study.estimates()?;
    let seed = arguments.simulation.seed(&scenario);
    let provenance = Provenance::now(&scenario.origin.name, Some(seed));
    let (text, json) = (|| answer.text(&provenance), || answer.json(&provenance));
    arguments.format.print(text, json)
}

/// `2/8`.
fn shard(text: &str) -> Result<Shard> {
    let parts = text
        .split_once('/')
        .map(|(i, n)| (i.trim().parse(), n.trim().parse()));
    match parts {
        Some((Ok(index), Ok(of))) => Shard::new(index, of),
        _ => Err(Error::Parameter {
            parameter: "--shard",
            value: text.to_owned(),
            required: "I/N, two integers with 1 <= I <= N, such as 2/8",
            theorem: None,
        }),
    }
}

pub fn merge(arguments: &MergeArguments) -> Result<Outcome> {
    check_destinations(&[Some(Destination::State(&arguments.output))])?;
    let whole: Partial = study::merge(&arguments.files)?;
    whole.write(&arguments.output)?;
    let line = format!(
        "joined {} files: {} blocks, {} prompts a cell, seed {}, in {}\n",
        arguments.files.len(),
        whole.done_blocks(),
        whole.plan().prompts,
        whole.plan().seed,
        visible(&arguments.output.to_string_lossy())
    );
    print(&line, None)?;
    Ok(Outcome::Success)
}
