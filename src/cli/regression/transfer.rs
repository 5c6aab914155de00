//! `transfer`: how long a prompt must be for the finite-prompt flow to end as well as the infinite one.

use std::path::PathBuf;

use clap::Args;

use crate::error::Result;
use crate::parameter::Positive;
use crate::record::Provenance;
use crate::regression::transfer::transfer;
use crate::scenario::RegressionScenario;

use crate::cli::length::AnswerFormat;
use crate::cli::output::Outcome;
use crate::cli::progress::Bar;

/// Arguments of `transfer`.
#[derive(Debug, Clone, Args)]
pub struct TransferArguments {
    /// Scenario file (TOML) with the tables task, grid and, optionally, start and flow
    scenario: PathBuf,
    /// Accepted excess of the limiting risk over that of the infinite prompt
    #[arg(long, value_name = "EPS", allow_negative_numbers = true)]
    epsilon: f64,
    /// Output format
    #[arg(long, value_enum, default_value_t = AnswerFormat::Text)]
    format: AnswerFormat,
}

pub fn run(arguments: &TransferArguments) -> Result<Outcome> {
    let epsilon = Positive::new("--epsilon", arguments.epsilon)?;
    let setting = RegressionScenario::load(&arguments.scenario)?.build()?;
    let mut answer = transfer(
        &setting.task,
        &setting.start,
        epsilon,
        &setting.flow,
        &Bar::without_estimate(),
    )?;
    answer.description = setting.description;
    let provenance = Provenance::now(&setting.name, None);
    let (text, json) = (|| answer.text(&provenance), || answer.json(&provenance));
    arguments.format.print(text, json)
}
