//! Flags of a simulation, its progress bar, its checkpoint and Ctrl-C.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Args, ValueEnum};

use crate::error::{Error, Result};
use crate::parameter::ErrorProbability;
use crate::record::Family;
use crate::scenario::Scenario;
use crate::study::Study;
use crate::study::layer::LayerStudy;
use crate::study::sampling::SampledStudy;
use crate::study::simulate::Route;

/// Prompts for a cell where neither scenario nor flags say it.
pub(super) const PROMPTS: u64 = 10_000;
/// Seed where neither scenario nor flags say it.
pub(super) const SEED: u64 = 1;

/// Flags of a simulation.
#[derive(Debug, Clone, Default, PartialEq, Args)]
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
        *self != Self::default()
    }

    /// The study with its simulation asked for: by flag, or as the scenario says.
    ///
    /// # Errors
    /// For a flag whose value is not accepted, or if Ctrl-C cannot be caught.
    pub fn ask(&self, study: &Study, scenario: &Scenario) -> Result<Study> {
        let study = study.simulate(self.prompts(scenario));
        let mut study = study.seed(self.seed(scenario));
        if let Some(route) = self.route {
            study = study.route(match route {
                RouteName::Plain => Route::Plain,
                RouteName::RaoBlackwell => Route::RaoBlackwell,
            });
        }
        self.keep(study, self.longest, self.average_only)
    }

    /// The study of a layer with its simulation asked for.
    ///
    /// # Errors
    /// For flags that simulations of a layer do not have, or whose value is not accepted.
    pub fn ask_layer(&self, study: &LayerStudy, scenario: &Scenario) -> Result<LayerStudy> {
        if self.checkpoint.is_some()
            || self.average_only
            || self.route == Some(RouteName::RaoBlackwell)
        {
            return Err(Error::Unavailable {
                what: "the simulation of a layer with --checkpoint, --average-only or --route rao-blackwell",
                why: "whole tokens are drawn for each query, in one go".into(),
            });
        }
        let study = study.simulate(self.prompts(scenario), self.seed(scenario));
        self.longest
            .map_or(Ok(study.clone()), |longest| study.longest(longest))
    }

    fn prompts(&self, scenario: &Scenario) -> u64 {
        let said = scenario.monte_carlo.map(|said| said.prompts);
        self.prompts.or(said).unwrap_or(PROMPTS)
    }

    /// The study with the simulation of an earlier table.
    ///
    /// # Errors
    /// If the table says what is not accepted, or if Ctrl-C cannot be caught.
    pub fn ask_again(&self, study: &Study, family: &Family) -> Result<Study> {
        let study = study
            .simulate(family.prompts)
            .seed(family.seed)
            .route(family.route)
            .confidence(family.confidence)?
            .error_probability(family.error_probability)?;
        self.keep(study, family.longest, family.average_only)
    }

    /// The seed, by flag or as the scenario says.
    pub fn seed(&self, scenario: &Scenario) -> u64 {
        self.seed
            .or(scenario.monte_carlo.map(|s| s.seed))
            .unwrap_or(SEED)
    }

    /// The study with these limits, and with its checkpoint, if there is one: then Ctrl-C stops it after the blocks under way.
    fn keep(&self, mut study: Study, longest: Option<u64>, average_only: bool) -> Result<Study> {
        if let Some(longest) = longest {
            study = study.longest(longest)?;
        }
        if average_only {
            study = study.average_only();
        }
        Ok(match &self.checkpoint {
            Some(path) => study.checkpoint(path).stop(stop_signal(Some(path))?),
            None => study,
        })
    }

    /// The file of the state.
    pub fn checkpoint(&self) -> Option<&Path> {
        self.checkpoint.as_deref()
    }
}

impl LevelArguments {
    /// The study with these levels.
    ///
    /// # Errors
    /// For a level that is not accepted.
    pub fn ask(&self, study: &Study) -> Result<Study> {
        study
            .confidence(self.confidence)?
            .error_probability(self.error_probability)
    }

    /// The same for sampled attention.
    ///
    /// # Errors
    /// For a level that is not accepted.
    pub fn ask_sampled(&self, study: &SampledStudy) -> Result<SampledStudy> {
        study.levels(self.confidence, self.error_probability)
    }

    /// Refuses levels before anything is read.
    ///
    /// # Errors
    /// For a level that is not accepted.
    pub fn check(&self) -> Result<()> {
        ErrorProbability::new("1 - confidence", 1.0 - self.confidence)?;
        ErrorProbability::new("--error-probability", self.error_probability).map(|_| ())
    }
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
