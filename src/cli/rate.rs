//! `rate`: how fast the error falls with the prompt length.

use clap::Args;

use crate::error::{Error, Result};
use crate::report::{Provenance, RateAnswer};

use super::flags::ScenarioArguments;
use super::length::AnswerFormat;
use super::output::{Outcome, print};

/// Arguments of `rate`.
#[derive(Debug, Clone, Args)]
pub struct RateArguments {
    #[command(flatten)]
    scenario: ScenarioArguments,
    /// Output format
    #[arg(long, value_enum, default_value_t = AnswerFormat::Text)]
    format: AnswerFormat,
}

/// Runs `rate`.
pub fn run(arguments: &RateArguments) -> Result<Outcome> {
    let scenario = arguments.scenario.scenario()?;
    let seed = scenario.monte_carlo.map(|spec| spec.seed);
    let answer = compute(&scenario)?;
    let provenance = Provenance::now(&scenario.origin.name, seed);
    let text = match arguments.format {
        AnswerFormat::Text => answer.text(&provenance),
        AnswerFormat::Json => answer.json(&provenance),
    };
    print(&text, None)?;
    Ok(Outcome::Success)
}

/// The mathematics of this command.
fn compute(scenario: &crate::scenario::Scenario) -> Result<RateAnswer> {
    let _setting = scenario.build()?;
    Err(Error::Unavailable {
        what: "the rate",
        why: "its computation is not part of this build".into(),
    })
}
