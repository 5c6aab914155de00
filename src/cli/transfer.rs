//! `transfer`: T10 with numbers, from a scenario of in-context regression.

use std::path::PathBuf;

use clap::Args;

use crate::check::transfer;
use crate::error::Result;
use crate::report::Provenance;
use crate::scenario::RegressionScenario;

use super::length::AnswerFormat;
use super::output::{Outcome, print};

/// Arguments of `transfer`.
#[derive(Debug, Clone, Args)]
pub struct TransferArguments {
    /// Scenario file (TOML) with [task], [grid] and, optionally, [start]
    scenario: PathBuf,
    /// How far above the infinite-prompt limit the risk may end
    #[arg(long, value_name = "E", allow_hyphen_values = true)]
    epsilon: f64,
    /// Output format
    #[arg(long, value_enum, default_value_t = AnswerFormat::Text)]
    format: AnswerFormat,
}

/// Runs `transfer`.
pub fn run(arguments: &TransferArguments) -> Result<Outcome> {
    let setting = RegressionScenario::load(&arguments.scenario)?.build()?;
    let mut answer = transfer::transfer(&setting.task, &setting.start, arguments.epsilon)?;
    answer.description = setting.description;
    let provenance = Provenance::now(&setting.name, None);
    let text = match arguments.format {
        AnswerFormat::Text => answer.text(&provenance),
        AnswerFormat::Json => answer.json(&provenance),
    };
    print(&text, None)?;
    Ok(Outcome::Success)
}
