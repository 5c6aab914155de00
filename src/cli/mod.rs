//! The command line: parse, run, print. No mathematics here.
//!
//! Exit codes: 0 for success, 1 if a check found a violation, 2 for bad input; then standard output is
//! empty and standard error holds one line. 130 if a scan, or a simulation or an experiment
//! with a checkpoint, was stopped by Ctrl-C.

mod certify;
mod check;
mod explain;
mod fit;
mod flags;
mod length;
mod metrics;
mod output;
mod progress;
mod rate;
mod regression;
mod sample;
mod scan;
mod simulate;
mod simulation;
mod style;
mod table;

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use crate::error::{Error, Result};

pub use output::Outcome;
pub use progress::Bar;

/// How far is softmax attention over a prompt of L tokens from its infinite-prompt limit?
#[derive(Debug, Parser)]
#[command(name = "attention-bounds", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Exact error and every bound for each prompt length
    Table(Box<table::TableArguments>),
    /// Simulate, and fail if a bound or an exact value is contradicted; or compute an earlier table (.json) again
    Check(Box<check::CheckArguments>),
    /// A Coq file with one lemma for every printed bound; --run lets Coq check it
    Certify(Box<certify::CertifyArguments>),
    /// Monte Carlo estimates alone, or one share of them
    Simulate(Box<simulate::SimulateArguments>),
    /// Join the shares of a simulation
    Merge(simulate::MergeArguments),
    /// Smallest prompt length with an error of at most epsilon
    Length(Box<length::LengthArguments>),
    /// How fast the error falls with the prompt length
    Rate(Box<rate::RateArguments>),
    /// Every head of every given layer of a model: scores, effective prompt length, entropy, exact errors, smallest prompt length
    Scan(scan::ScanArguments),
    /// Attention over a part of the keys of a context: exact errors by budget, or the smallest budget for an error
    Sample(Box<sample::SampleArguments>),
    /// The smallest constant c1 that makes the paper's Proposition 3.1, as printed, true on the grid
    Fit(Box<fit::FitArguments>),
    /// In-context regression: gradient flows, minima and risks at every prompt length
    Flow(regression::flow::FlowArguments),
    /// In-context regression: the prompt length that the theory guarantees, and the one that is needed
    Transfer(regression::transfer::TransferArguments),
    /// Train the paper's softmax and linear heads by stochastic gradient descent
    Reproduce(Box<regression::reproduce::ReproduceArguments>),
    /// The theorems behind the numbers
    Theorems,
    /// One theorem in full: statement, hypotheses, constants, proof idea, source
    Explain(explain::ExplainArguments),
}

/// Runs the program with these arguments (the first is its name); returns the exit code.
pub fn run(arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> u8 {
    let parsed = match Arguments::try_parse_from(arguments) {
        Ok(parsed) => parsed,
        Err(error) => return refuse_arguments(&error),
    };
    match dispatch(&parsed.command) {
        Ok(Outcome::Success) => 0,
        Ok(Outcome::Violation) => 1,
        Ok(Outcome::Stopped { done, of }) => {
            output::complain(&format!(
                "stopped: {done} of {of} heads are done, see the result"
            ));
            130
        }
        Err(stopped @ Error::Stopped { .. }) => {
            output::complain(&stopped.to_string());
            130
        }
        Err(error) => fail(&error.to_string()),
    }
}

fn dispatch(command: &Command) -> Result<Outcome> {
    match command {
        Command::Table(arguments) => table::run(arguments),
        Command::Check(arguments) => check::run(arguments),
        Command::Certify(arguments) => certify::run(arguments),
        Command::Simulate(arguments) => simulate::run(arguments),
        Command::Merge(arguments) => simulate::merge(arguments),
        Command::Length(arguments) => length::run(arguments),
        Command::Rate(arguments) => rate::run(arguments),
        Command::Scan(arguments) => scan::run(arguments),
        Command::Sample(arguments) => sample::run(arguments),
        Command::Fit(arguments) => fit::run(arguments),
        Command::Flow(arguments) => regression::flow::run(arguments),
        Command::Transfer(arguments) => regression::transfer::run(arguments),
        Command::Reproduce(arguments) => regression::reproduce::run(arguments),
        Command::Theorems => explain::list(),
        Command::Explain(arguments) => explain::run(arguments),
    }
}

/// One line on standard error, exit code 2.
fn fail(message: &str) -> u8 {
    output::complain(&format!("error: {message}"));
    2
}

/// Help and version are printed; anything else that clap refuses becomes one line.
fn refuse_arguments(error: &clap::Error) -> u8 {
    let text = error.render().to_string();
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    ) {
        return match output::print(&text, None) {
            Ok(()) => 0,
            Err(error) => fail(&error.to_string()),
        };
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return fail(
            "a command is required: table, check, certify, simulate, merge, length, rate, scan, sample, fit, flow, transfer, reproduce, theorems or explain; see --help",
        );
    }
    if error.kind() == ErrorKind::ArgumentConflict && text.contains("'[SCENARIO]'") {
        return fail("a scenario file and flags that describe a scenario cannot be used together");
    }
    // clap explains in paragraphs; usage and the pointer to --help come last.
    let message = text.split("\n\nUsage:").next().unwrap_or(&text);
    let message = message.split("\n\nFor more").next().unwrap_or(message);
    fail(message.trim_start_matches("error: "))
}
