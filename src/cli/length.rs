//! `length`: the smallest prompt length at which the error is at most epsilon.

use clap::{Args, ValueEnum};

use crate::error::Result;
use crate::parameter::Positive;
use crate::record::Provenance;
use crate::study::length::Epsilon;

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

impl AnswerFormat {
    /// Prints the answer in this format to standard output.
    pub fn print(
        self,
        text: impl FnOnce() -> String,
        json: impl FnOnce() -> String,
    ) -> Result<Outcome> {
        let answer = match self {
            AnswerFormat::Text => text(),
            AnswerFormat::Json => json(),
        };
        print(&answer, None)?;
        Ok(Outcome::Success)
    }
}

pub fn run(arguments: &LengthArguments) -> Result<Outcome> {
    // Checked before any file is read.
    Positive::new("--epsilon", arguments.epsilon)?;
    let scenario = arguments.scenario.scenario()?;
    let mut epsilon = if arguments.relative {
        Epsilon::relative(arguments.epsilon)
    } else {
        Epsilon::absolute(arguments.epsilon)
    };
    if let Some(index) = arguments.at_query {
        epsilon = epsilon.at_query(index);
    }
    let bar = Bar::without_estimate();
    let answer = scenario.study()?.progress(bar).length(epsilon)?;
    let provenance = Provenance::now(&scenario.origin.name, None);
    let (text, json) = (|| answer.text(&provenance), || answer.json(&provenance));
    arguments.format.print(text, json)
}
