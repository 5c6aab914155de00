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
    /// Also show entropy, participation and error with every score multiplied by these factors (inverse temperatures)
    #[arg(
        long,
        value_name = "BETA,..",
        value_delimiter = ',',
        allow_negative_numbers = true
    )]
    temperatures: Vec<f64>,
    /// Output format
    #[arg(long, value_enum, default_value_t = AnswerFormat::Text)]
    format: AnswerFormat,
}

pub fn run(arguments: &RateArguments) -> Result<Outcome> {
    let scenario = arguments.scenario.scenario()?;
    let study = scenario.study()?.progress(Bar::new());
    let answer = study
        .temperatures(arguments.temperatures.iter().copied())?
        .rate()?;
    let provenance = Provenance::now(&scenario.origin.name, None);
    let (text, json) = (|| answer.text(&provenance), || answer.json(&provenance));
    arguments.format.print(text, json)
}
