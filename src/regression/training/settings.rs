//! What is trained, on what, and for how long.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::law::toeplitz;
use crate::monte_carlo::Route;
use crate::parameter::{Positive, PromptLength};
use crate::regression::RegressionTask;

/// The kind of attention head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeadKind {
    /// `sum_i softmax(S)_i O V X_i`.
    Softmax,
    /// `(1/L) sum_i S_i O V X_i`.
    Linear,
}

impl HeadKind {
    /// The name that tables and options use.
    pub fn name(self) -> &'static str {
        match self {
            HeadKind::Softmax => "softmax",
            HeadKind::Linear => "linear",
        }
    }
}

/// The settings of an experiment; [`Settings::paper`] gives those of the paper.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Dimension `d` of `x`, from 1 to [`Settings::MAX_DIMENSION`].
    pub dimension: usize,
    /// `rho` of the covariance `Sig_ij = rho^|i-j|`, between -1 and 1.
    pub correlation: f64,
    /// Variance of the noise of `y`, at least 0.
    pub noise_variance: f64,
    /// Variance of each coordinate of the task vector `w`, greater than 0.
    pub task_variance: f64,
    /// Prompt lengths `L`, each from 1 and given once; to [`Settings::MAX_LENGTH`] where tokens are drawn.
    pub lengths: Vec<u64>,
    /// Kinds of head, each given once.
    pub heads: Vec<HeadKind>,
    /// Steps of gradient descent, from 1 to [`Settings::MAX_STEPS`].
    pub steps: u64,
    /// Fresh prompts in each step, from 1 to [`Settings::MAX_BATCH`].
    pub batch: u64,
    /// Step size, greater than 0.
    pub step_size: f64,
    /// Fresh prompts on which a trained head is evaluated, from 2 to [`Settings::MAX_STEPS`].
    pub evaluation: u64,
    /// Seed of all random streams.
    pub seed: u64,
    /// Are tokens drawn, or is the loss averaged over them exactly, given task vector and query?
    #[serde(default = "plain")]
    pub route: Route,
}

/// What checkpoints without a route are of.
fn plain() -> Route {
    Route::Plain
}

impl Settings {
    /// Largest dimension of `x`.
    pub const MAX_DIMENSION: usize = 64;
    /// Longest prompt whose tokens are drawn.
    pub const MAX_LENGTH: u64 = 1 << 20;
    /// Most steps, and most prompts of an evaluation.
    pub const MAX_STEPS: u64 = 1_000_000_000;
    /// Most prompts in a step.
    pub const MAX_BATCH: u64 = 1 << 16;

    /// The experiment of section 6 of the paper: `d = 5`, `rho = 0.5`, noise of variance 0.1, `w ~ N(0, I/d)`, `L` = 10,
    /// 20, ..., 100, 200, ..., 1000, 300,000 steps of size 0.001 with 128 prompts each, both heads. The paper
    /// does not say on how many prompts heads are evaluated: here 100,000.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::regression::training::{Settings, least_risk, zero_risk};
    ///
    /// // E y^2 / 2 = (d / d + 0.1) / 2, and half the noise.
    /// let settings = Settings::paper();
    /// assert!((zero_risk(&settings) - 0.55).abs() < 1e-14 && (least_risk(&settings) - 0.05).abs() < 1e-15);
    /// ```
    pub fn paper() -> Self {
        let short = (1..10).map(|k| 10 * k);
        let long = (1..=10).map(|k| 100 * k);
        Self {
            dimension: 5,
            correlation: 0.5,
            noise_variance: 0.1,
            task_variance: 0.2,
            lengths: short.chain(long).collect(),
            heads: vec![HeadKind::Softmax, HeadKind::Linear],
            steps: 300_000,
            batch: 128,
            step_size: 1e-3,
            evaluation: 100_000,
            seed: 1,
            route: Route::Plain,
        }
    }

    /// [`Settings::paper`] with five lengths (10, 30, 100, 300, 1000) and 20,000 steps.
    pub fn quick() -> Self {
        Self {
            lengths: vec![10, 30, 100, 300, 1000],
            steps: 20_000,
            ..Self::paper()
        }
    }

    /// The task, with the covariance `Sig_ij = rho^|i-j|`.
    ///
    /// # Errors
    /// As [`RegressionTask::new`]: a covariance that is singular in floating point has no exact values.
    pub fn task(&self) -> Result<RegressionTask> {
        let covariance = toeplitz(self.dimension, self.correlation);
        RegressionTask::new(covariance, self.noise_variance, self.task_variance)
    }

    /// Checks every field.
    ///
    /// # Errors
    /// [`Error::Parameter`] with the name and the value of the first field outside its range.
    pub fn check(&self) -> Result<()> {
        if !(1..=Self::MAX_DIMENSION).contains(&self.dimension) {
            return refuse("dimension", self.dimension, "an integer from 1 to 64");
        }
        if !(self.correlation > -1.0 && self.correlation < 1.0) {
            return refuse(
                "correlation",
                self.correlation,
                "a number between -1 and 1, both excluded",
            );
        }
        if !(self.noise_variance >= 0.0 && self.noise_variance < f64::INFINITY) {
            return refuse(
                "noise variance",
                self.noise_variance,
                "a finite number, at least 0",
            );
        }
        Positive::new("task variance", self.task_variance)?;
        Positive::new("step size", self.step_size)?;
        check_list("lengths", &self.lengths)?;
        for &length in &self.lengths {
            PromptLength::new(length)?;
            if length > Self::MAX_LENGTH && self.route == Route::Plain {
                return refuse(
                    "L",
                    length,
                    "an integer from 1 to 2^20 (any length on the Rao-Blackwellised route)",
                );
            }
        }
        let heads: Vec<&str> = self.heads.iter().map(|head| head.name()).collect();
        check_list("heads", &heads)?;
        if !(1..=Self::MAX_STEPS).contains(&self.steps) {
            return refuse("steps", self.steps, "an integer from 1 to 10^9");
        }
        if !(1..=Self::MAX_BATCH).contains(&self.batch) {
            return refuse("batch", self.batch, "an integer from 1 to 65536");
        }
        if !(2..=Self::MAX_STEPS).contains(&self.evaluation) {
            return refuse(
                "evaluation prompts",
                self.evaluation,
                "an integer from 2 to 10^9",
            );
        }
        Ok(())
    }
}

fn refuse(parameter: &'static str, value: impl ToString, required: &'static str) -> Result<()> {
    Err(Error::Parameter {
        parameter,
        value: value.to_string(),
        required,
        theorem: None,
    })
}

/// Not empty, and nothing twice: a run given twice would draw the same numbers twice.
fn check_list<T: Ord + ToString>(name: &'static str, list: &[T]) -> Result<()> {
    if list.is_empty() {
        return refuse(name, "none", "a list of at least one");
    }
    let mut seen = BTreeSet::new();
    match list.iter().find(|value| !seen.insert(*value)) {
        Some(twice) => refuse(name, twice.to_string() + " twice", "each given once"),
        None => Ok(()),
    }
}
