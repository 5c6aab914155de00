//! `length`: the smallest prompt length at which the error is at most epsilon.

use clap::{Args, ValueEnum};

use crate::error::Result;
use crate::parameter::Positive;
use crate::record::LengthAnswer;
use crate::record::{Provenance, QueryLabel};
use crate::scenario::Scenario;
use crate::study::Question;
use crate::study::length;
use crate::study::length::LengthQuestion;

use super::flags::ScenarioArguments;
use super::output::{Outcome, print};
use super::progress::Bar;

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
    /// Number of one query of the scenario's list, from 0; the average over the query law if left out
    #[arg(long, value_name = "N")]
    at_query: Option<usize>,
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
    // Checked before any file is read.
    Positive::new("--epsilon", arguments.epsilon)?;
    let scenario = arguments.scenario.scenario()?;
    let answer = compute(arguments, &scenario)?;
    let provenance = Provenance::now(&scenario.origin.name, None);
    let text = match arguments.format {
        AnswerFormat::Text => answer.text(&provenance),
        AnswerFormat::Json => answer.json(&provenance),
    };
    print(&text, None)?;
    Ok(Outcome::Success)
}

/// Builds the setting and searches.
fn compute(arguments: &LengthArguments, scenario: &Scenario) -> Result<LengthAnswer> {
    let asked = LengthQuestion {
        epsilon: Positive::new("--epsilon", arguments.epsilon)?,
        relative: arguments.relative,
        query: arguments
            .at_query
            .map_or(QueryLabel::Average, QueryLabel::Index),
    };
    let setting = scenario.build()?;
    let question = Question::new(setting.tokens.as_ref(), &setting.head, &setting.query)?;
    let found = length::smallest(&question, &asked, &Bar::new())?;
    Ok(LengthAnswer {
        description: setting.description,
        query: asked.query,
        epsilon: found.epsilon,
        relative_to: found.relative_to,
        exact: found.exact,
        bound: found.bound,
        notes: vec![
            "smallest: the error is at most epsilon at L and not at L - 1; that it keeps falling with L is \
             observed, not proved"
                .to_owned(),
        ],
    })
}
