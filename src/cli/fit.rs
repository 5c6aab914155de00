//! `fit`: the smallest constant of a printed proposition (3.1, 3.4) on a grid of exact values.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::claim::{PrintedForm, read_range};
use crate::error::{Error, Result};
use crate::record::Provenance;

use super::flags::ScenarioArguments;
use super::length::AnswerFormat;
use super::output::{Destination, Outcome, check_destinations, print};
use super::progress::Bar;

/// Arguments of `fit`.
#[derive(Debug, Clone, Args)]
pub struct FitArguments {
    #[command(flatten)]
    scenario: ScenarioArguments,
    /// The constant c2, or a range FROM,TO,STEPS of it
    #[arg(long, value_name = "X", allow_hyphen_values = true)]
    c2: String,
    /// The error whose proposition is fitted
    #[arg(long, value_enum, default_value_t = MetricName::Output)]
    metric: MetricName,
    /// Also the rare-atom law of T12 with eps = 1/L at each length, beside T7 (output only)
    #[arg(long)]
    witness: bool,
    /// Draw the curve c1(c2) of a range into this file
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value_t = AnswerFormat::Text)]
    format: AnswerFormat,
}

/// Errors that a printed proposition bounds, named as in a table's JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum MetricName {
    /// Output: Proposition 3.1
    Output,
    /// Gradient in V: Proposition 3.4
    #[value(name = "value_gradient")]
    ValueGradient,
    /// Gradient in U: Proposition 3.4
    #[value(name = "key_query_gradient")]
    KeyQueryGradient,
}

impl From<MetricName> for PrintedForm {
    fn from(name: MetricName) -> Self {
        match name {
            MetricName::Output => PrintedForm::Output,
            MetricName::ValueGradient => PrintedForm::ValueGradient,
            MetricName::KeyQueryGradient => PrintedForm::KeyQueryGradient,
        }
    }
}

pub fn run(arguments: &FitArguments) -> Result<Outcome> {
    let exponents = read_range(&arguments.c2)?;
    check_destinations(&[arguments.plot.as_deref().map(Destination::Picture)])?;
    if arguments.plot.is_some() && exponents.len() < 2 {
        return Err(Error::Parameter {
            parameter: "--c2",
            value: arguments.c2.clone(),
            required: "a range FROM,TO,STEPS with --plot",
            theorem: None,
        });
    }
    let scenario = arguments.scenario.scenario()?;
    let study = scenario.study()?.progress(Bar::new());
    let answer = study.fit(arguments.metric.into(), &exponents, arguments.witness)?;
    let provenance = Provenance::now(&scenario.origin.name, None);
    if let Some(path) = &arguments.plot {
        let picture = answer.svg().map_err(|why| Error::Unavailable {
            what: "the picture",
            why,
        })?;
        print(&picture, Some(path))?;
    }
    let (text, json) = (|| answer.text(&provenance), || answer.json(&provenance));
    arguments.format.print(text, json)
}
