//! `rate`: how fast the error falls with the prompt length.

use clap::Args;

use crate::error::Result;
use crate::record::Provenance;

use super::flags::ScenarioArguments;
use super::length::AnswerFormat;
use super::output::Outcome;
use super::progress::Bar;

/// Arguments of `rate`.
#[derive(Debug, Clone, Args)]
pub struct RateArguments {
    #[command(flatten)]
    scenario: ScenarioArguments,
    /// Output format
    #[arg(long, value_enum, default_value_t = AnswerFormat::Text)]
    format: AnswerFormat,
}

pub fn run(arguments: &RateArguments) -> Result<Outcome> {
    let scenario = arguments.scenario.scenario()?;
    let answer = scenario.study()?.progress(Bar::new()).rate()?;
    let provenance = Provenance::now(&scenario.origin.name, None);
    let (text, json) = (|| answer.text(&provenance), || answer.json(&provenance));
    arguments.format.print(text, json)
}
