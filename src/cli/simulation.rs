//! Flags of a simulation, and running it with a progress bar, a checkpoint and Ctrl-C.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Args, ValueEnum};

use crate::check::Question;
use crate::check::simulate::{self, Partial, Route, RunOutcome, Shard, SimulationRequest, Work};
use crate::check::table::TableOptions;
use crate::check::verdict::{self, Levels};
use crate::error::{Error, Result};
use crate::parameter::{ErrorProbability, PromptLength};
use crate::report::{Family, Row};
use crate::scenario::Scenario;

use super::progress::Bar;

/// Prompts for a cell where neither scenario nor flags say it.
const PROMPTS: u64 = 10_000;
/// Seed where neither scenario nor flags say it.
const SEED: u64 = 1;

/// Flags of a simulation.
#[derive(Debug, Clone, Args)]
pub struct SimulationArguments {
    /// Simulated prompts for each cell [default: the scenario's, or 10000]
    #[arg(long)]
    prompts: Option<u64>,
    /// Seed of the random streams [default: the scenario's, or 1]
    #[arg(long)]
    seed: Option<u64>,
    /// How prompts are drawn [default: rao-blackwell for Gaussian tokens, plain for others]
    #[arg(long, value_enum)]
    route: Option<RouteName>,
    /// Do not simulate prompts longer than this
    #[arg(long, value_name = "L")]
    longest: Option<u64>,
    /// Simulate the average over the queries of a list, not each query
    #[arg(long)]
    average_only: bool,
    /// Keep the state of the simulation in this file, and continue from it
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
}

/// Levels of intervals and verdicts.
#[derive(Debug, Clone, Args)]
pub struct LevelArguments {
    /// Confidence of each interval
    #[arg(long, default_value_t = 0.95, allow_negative_numbers = true)]
    confidence: f64,
    /// Probability that chance alone makes any verdict of the run wrong
    #[arg(long, default_value_t = 1e-6, allow_negative_numbers = true)]
    error_probability: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RouteName {
    /// Whole tokens
    Plain,
    /// Scores of Gaussian tokens; the rest is integrated out
    RaoBlackwell,
}

impl SimulationArguments {
    /// Any flag given?
    pub fn is_given(&self) -> bool {
        self.prompts.is_some()
            || self.seed.is_some()
            || self.route.is_some()
            || self.longest.is_some()
            || self.average_only
            || self.checkpoint.is_some()
    }

    /// What is to be simulated for this scenario.
    pub fn request(&self, scenario: &Scenario) -> Result<SimulationRequest> {
        let said = scenario.monte_carlo;
        Ok(SimulationRequest {
            prompts: self.prompts.or(said.map(|s| s.prompts)).unwrap_or(PROMPTS),
            seed: self.seed.or(said.map(|s| s.seed)).unwrap_or(SEED),
            route: self.route.map(|route| match route {
                RouteName::Plain => Route::Plain,
                RouteName::RaoBlackwell => Route::RaoBlackwell,
            }),
            longest: self.longest.map(PromptLength::new).transpose()?,
            average_only: self.average_only,
        })
    }

    /// The file of the state.
    pub fn checkpoint(&self) -> Option<PathBuf> {
        self.checkpoint.clone()
    }
}

impl LevelArguments {
    /// The levels, checked.
    pub fn levels(&self) -> Result<Levels> {
        Ok(Levels {
            interval: ErrorProbability::new("1 - confidence", 1.0 - self.confidence)?,
            family: ErrorProbability::new("--error-probability", self.error_probability)?,
        })
    }
}

/// A simulation that is asked for.
#[derive(Debug, Clone)]
pub struct Simulator {
    /// What is simulated.
    pub request: SimulationRequest,
    /// Where its state is kept.
    pub checkpoint: Option<PathBuf>,
    /// Levels of its verdicts.
    pub levels: Levels,
}

/// How the simulation of a table ended.
#[derive(Debug)]
pub enum Simulated {
    /// Rows are judged.
    Done(Family),
    /// It was stopped; the message says how to continue.
    Stopped(String),
}

impl Simulator {
    /// Simulates, and compares everything in the rows with what was found.
    pub fn judge(
        &self,
        question: &Question<'_>,
        lengths: &[PromptLength],
        options: &TableOptions,
        rows: &mut [Row],
    ) -> Result<Simulated> {
        let simulation = simulate::simulation(question, lengths, options, &self.request)?;
        let route = simulation.plan().route;
        match run(&simulation, Shard::whole(), self.checkpoint.clone())? {
            Ran::Done(partial) => {
                let orders = simulate::orders(&options.quantiles);
                let estimates = partial.estimates()?;
                let (request, levels) = (&self.request, self.levels);
                let family =
                    verdict::judge(question, rows, &estimates, &orders, request, route, levels);
                Ok(Simulated::Done(family))
            }
            Ran::Stopped(message) => Ok(Simulated::Stopped(message)),
        }
    }
}

/// How a run on the command line ended.
#[derive(Debug)]
pub enum Ran {
    /// All blocks are done.
    Done(Box<Partial>),
    /// It was stopped; the message says how to continue.
    Stopped(String),
}

/// With a checkpoint: becomes true at Ctrl-C or a request to terminate, which otherwise end the program at once.
pub fn stop_signal(checkpoint: Option<&Path>) -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    if let Some(path) = checkpoint {
        let asked = Arc::clone(&stop);
        ctrlc::set_handler(move || asked.store(true, Ordering::Relaxed)).map_err(|error| {
            Error::File {
                path: path.to_path_buf(),
                reason: format!("Ctrl-C cannot be caught: {error}"),
            }
        })?;
    }
    Ok(stop)
}

/// Runs a simulation with a progress bar. With a checkpoint, Ctrl-C (and a request to terminate) stops it
/// after the blocks under way and keeps what is done; without one, they end the program at once.
pub fn run(
    simulation: &simulate::Simulation<'_>,
    shard: Shard,
    checkpoint: Option<PathBuf>,
) -> Result<Ran> {
    let stop = stop_signal(checkpoint.as_deref())?;
    let bar = Bar::new();
    let work = Work {
        checkpoint: checkpoint.as_deref(),
        stop: Some(&stop),
        progress: &bar,
    };
    match simulate::run(simulation, shard, &work)? {
        RunOutcome::Finished(partial) => Ok(Ran::Done(Box::new(partial))),
        RunOutcome::Stopped { done, open } => Ok(Ran::Stopped(format!(
            "stopped: {done} of {} blocks are done and kept in {}; the same command continues",
            done + open,
            checkpoint.unwrap_or_default().display()
        ))),
    }
}
