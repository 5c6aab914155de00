//! `rate`: how fast the error falls with the prompt length.

use clap::Args;

use crate::error::Result;
use crate::record::Provenance;
use crate::record::RateAnswer;
use crate::scenario::Scenario;
use crate::study::{Question, rate};

use super::flags::ScenarioArguments;
use super::length::AnswerFormat;
use super::output::{Outcome, print};
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

/// Runs `rate`.
pub fn run(arguments: &RateArguments) -> Result<Outcome> {
    let scenario = arguments.scenario.scenario()?;
    let answer = compute(&scenario)?;
    let provenance = Provenance::now(&scenario.origin.name, None);
    let text = match arguments.format {
        AnswerFormat::Text => answer.text(&provenance),
        AnswerFormat::Json => answer.json(&provenance),
    };
    print(&text, None)?;
    Ok(Outcome::Success)
}

/// Builds the setting and asks for its rate.
fn compute(scenario: &Scenario) -> Result<RateAnswer> {
    let setting = scenario.build()?;
    let question = Question::new(setting.tokens.as_ref(), &setting.head, &setting.query)?;
    let found = rate::rate(&question, &setting.lengths, &Bar::new())?;
    Ok(RateAnswer {
        description: setting.description,
        lambda: found.lambda,
        kappa: found.kappa,
        limiting_constant: found.limiting_constant,
        slopes: found.slopes,
        notes: found.notes,
    })
}
