//! `length`: the smallest prompt length at which the error is at most epsilon.

use clap::{Args, ValueEnum};

use crate::error::{Error, Result};
use crate::report::{LengthAnswer, Provenance};

use super::flags::ScenarioArguments;
use super::output::{Outcome, print};

/// Arguments of `length`.
#[derive(Debug, Clone, Args)]
pub struct LengthArguments {
    #[command(flatten)]
    scenario: ScenarioArguments,
    /// Largest accepted squared error E|That - T|^2
    #[arg(long, value_name = "EPS", allow_negative_numbers = true)]
    epsilon: f64,
    /// Take epsilon relative to |T|^2
    #[arg(long)]
    relative: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = AnswerFormat::Text)]
    format: AnswerFormat,
}

/// Output formats of an answer of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AnswerFormat {
    /// For a terminal
    Text,
    /// For programs
    Json,
}

/// Runs `length`.
pub fn run(arguments: &LengthArguments) -> Result<Outcome> {
    if !(arguments.epsilon > 0.0 && arguments.epsilon < f64::INFINITY) {
        return Err(Error::Parameter {
            parameter: "--epsilon",
            value: arguments.epsilon.to_string(),
            required: "a finite number greater than 0",
            theorem: None,
        });
    }
    let scenario = arguments.scenario.scenario()?;
    let seed = scenario.monte_carlo.map(|spec| spec.seed);
    let answer = compute(arguments, &scenario)?;
    let provenance = Provenance::now(&scenario.origin.name, seed);
    let text = match arguments.format {
        AnswerFormat::Text => answer.text(&provenance),
        AnswerFormat::Json => answer.json(&provenance),
    };
    print(&text, None)?;
    Ok(Outcome::Success)
}

/// The mathematics of this command.
fn compute(
    arguments: &LengthArguments,
    scenario: &crate::scenario::Scenario,
) -> Result<LengthAnswer> {
    let _setting = scenario.build()?;
    let _options = (arguments.epsilon, arguments.relative);
    Err(Error::Unavailable {
        what: "the smallest length",
        why: "its search is not part of this build".into(),
    })
}
