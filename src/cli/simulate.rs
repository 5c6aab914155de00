//! `simulate`: a simulation alone, whole or one share of it; and `merge`, which joins shares.

use std::path::PathBuf;

use clap::Args;

use crate::check::Question;
use crate::check::estimates::estimate_lines;
use crate::check::simulate::{self, Partial, Shard};
use crate::error::{Error, Result};
use crate::report::{Provenance, SimulationAnswer};

use super::flags::ScenarioArguments;
use super::length::AnswerFormat;
use super::output::{Outcome, print};
use super::sheets::MetricArguments;
use super::simulation::{LevelArguments, Ran, SimulationArguments, run as run_simulation};

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

/// Runs `simulate`.
pub fn run(arguments: &SimulateArguments) -> Result<Outcome> {
    let levels = arguments.levels.levels()?;
    let options = arguments.metrics.options()?;
    let shard = arguments.shard.as_deref().map(shard).transpose()?;
    let scenario = arguments.scenario.scenario()?;
    let request = arguments.simulation.request(&scenario)?;
    let setting = scenario.build()?;
    let question = Question::new(setting.tokens.as_ref(), &setting.head, &setting.query)?;
    let simulation = simulate::simulation(&question, &setting.lengths, &options, &request)?;
    let file = arguments.simulation.checkpoint();
    let whole = shard.unwrap_or(Shard::whole());
    let partial = match run_simulation(&simulation, whole, file.clone())? {
        Ran::Done(partial) => partial,
        Ran::Stopped(message) => return Ok(Outcome::Stopped(message)),
    };
    if let (Some(shard), Some(file)) = (&arguments.shard, file) {
        let line = format!(
            "share {shard} is done: {} blocks in {}; merge joins all shares\n",
            partial.done_blocks(),
            file.display()
        );
        print(&line, None)?;
        return Ok(Outcome::Success);
    }
    let orders = simulate::orders(&options.quantiles);
    let answer = SimulationAnswer {
        description: setting.description,
        route: partial.plan().route,
        prompts: partial.plan().prompts,
        confidence: 1.0 - levels.interval.get(),
        lines: estimate_lines(&question, &partial.estimates()?, &orders, levels.interval),
    };
    let provenance = Provenance::now(&scenario.origin.name, Some(request.seed));
    let text = match arguments.format {
        AnswerFormat::Text => answer.text(&provenance),
        AnswerFormat::Json => answer.json(&provenance),
    };
    print(&text, None)?;
    Ok(Outcome::Success)
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

/// Runs `merge`.
pub fn merge(arguments: &MergeArguments) -> Result<Outcome> {
    let whole: Partial = simulate::merge(&arguments.files)?;
    whole.write(&arguments.output)?;
    let line = format!(
        "joined {} files: {} blocks, {} prompts a cell, seed {}, in {}\n",
        arguments.files.len(),
        whole.done_blocks(),
        whole.plan().prompts,
        whole.plan().seed,
        arguments.output.display()
    );
    print(&line, None)?;
    Ok(Outcome::Success)
}
