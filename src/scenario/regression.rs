//! Scenarios of in-context regression: `[task]`, `[start]`, `[grid]` and `[flow]`.

use std::path::Path;

use nalgebra::DMatrix;
use toml::Table;

use crate::error::Result;
use crate::parameter::PromptLength;
use crate::regression::flow::FlowOptions;
use crate::regression::risk::infinite;
use crate::regression::{RegressionHead, RegressionTask};
use crate::text::visible;

use super::grid;
use super::matrices::Builder;
use super::matrix::{ACCEPTED, MatrixSpec};
use super::read::read_table;
use super::section::{Origin, Section};

/// A scenario of in-context regression, every key checked on its own, nothing built yet.
#[derive(Debug, Clone, PartialEq)]
pub struct RegressionScenario {
    /// Where it comes from.
    pub origin: Origin,
    covariance: MatrixSpec,
    noise_variance: f64,
    weight_variance: f64,
    scale: f64,
    direction: Option<MatrixSpec>,
    lengths: Vec<PromptLength>,
    flow: FlowOptions,
}

/// Everything that a computation needs.
#[derive(Debug, Clone)]
pub struct RegressionSetting {
    /// The scenario as the user named it.
    pub name: String,
    /// Task and start in one line.
    pub description: String,
    /// The task.
    pub task: RegressionTask,
    /// `al`.
    pub scale: f64,
    /// The start of every flow: `A = al Th Th^T / |Th Th^T|_F`, `b = al`.
    pub start: RegressionHead,
    /// The prompt lengths, sorted, each once.
    pub lengths: Vec<PromptLength>,
    /// How flows are followed.
    pub flow: FlowOptions,
}

const POSITIVE: &str = "a finite number greater than 0";

impl RegressionScenario {
    /// Reads a scenario file.
    ///
    /// # Errors
    /// As [`Scenario::load`](super::Scenario::load).
    pub fn load(path: &Path) -> Result<Self> {
        let (origin, table) = read_table(path)?;
        Self::from_table(origin, &table)
    }

    /// Checks a scenario that is already a TOML table.
    ///
    /// # Errors
    /// [`Error::Scenario`](crate::error::Error::Scenario), naming the key.
    pub fn from_table(origin: Origin, table: &Table) -> Result<Self> {
        let root = Section::root(&origin, table);
        root.only(&["task", "start", "grid", "flow"])?;
        let task = root.require("task", "a table")?.section("a table")?;
        task.only(&["covariance", "noise_variance", "weight_variance"])?;
        let covariance = MatrixSpec::read(&task.require("covariance", ACCEPTED)?)?;
        let noise = "a finite number, at least 0";
        let noise_variance = task
            .require("noise_variance", noise)?
            .number_where(noise, |variance| variance >= 0.0)?;
        let weight_variance = optional(&task, "weight_variance", 1.0)?;
        let (scale, direction) = match root.get("start") {
            None => (DEFAULT_SCALE, None),
            Some(field) => {
                let start = field.section("a table { scale, direction }")?;
                start.only(&["scale", "direction"])?;
                (
                    optional(&start, "scale", DEFAULT_SCALE)?,
                    start.optional("direction", MatrixSpec::read)?,
                )
            }
        };
        let grid = root.require("grid", "a table")?.section("a table")?;
        let lengths = grid::read(&grid)?;
        let flow = root
            .optional("flow", |field| flow_options(&field.section("a table")?))?
            .unwrap_or_default();
        Ok(Self {
            covariance,
            noise_variance,
            weight_variance,
            scale,
            direction,
            lengths,
            flow,
            origin: origin.clone(),
        })
    }

    /// Builds the task and the start.
    ///
    /// # Errors
    /// [`Error::Scenario`](crate::error::Error::Scenario), naming the key, if a file cannot be used, the covariance is not positive definite,
    /// shapes do not fit, or the initial scale is too large for the paper's theorem.
    pub fn build(&self) -> Result<RegressionSetting> {
        let mut builder = Builder::new(&self.origin);
        let covariance = builder.matrix(&self.covariance, "task.covariance", None, 6)?;
        let task = RegressionTask::new(covariance, self.noise_variance, self.weight_variance)
            .map_err(|error| builder.at("task.covariance", error))?;
        let plain =
            infinite::start(&task, self.scale).map_err(|error| builder.at("start.scale", error))?;
        let start = match &self.direction {
            None => plain,
            Some(spec) => {
                let dimension = crate::parameter::Dimension::new(task.dimension())?;
                let theta = builder.matrix(spec, "start.direction", Some(dimension), 2)?;
                self.towards(&theta, &task)?
            }
        };
        Ok(RegressionSetting {
            name: self.origin.name.clone(),
            description: builder.described(format!(
                "in-context regression: x ~ N(0, {}), d = {}, noise variance {}, w ~ N(0, {} I); start: al = {}, {}",
                visible(&self.covariance.describe()),
                task.dimension(),
                self.noise_variance,
                self.weight_variance,
                self.scale,
                self.direction.as_ref().map_or_else(
                    || "Th = identity".to_owned(),
                    |m| format!("Th = {}", visible(&m.describe()))
                )
            )),
            task,
            scale: self.scale,
            start,
            lengths: self.lengths.clone(),
            flow: self.flow,
        })
    }

    /// `A = al Th Th^T / |Th Th^T|_F`.
    fn towards(&self, theta: &DMatrix<f64>, task: &RegressionTask) -> Result<RegressionHead> {
        let refuse = |found: String, accepted: &str| {
            self.origin
                .refuse("start.direction", found, accepted.to_owned())
        };
        if theta.nrows() != task.dimension() {
            return Err(refuse(
                format!("{} rows", theta.nrows()),
                &format!("{} rows, the dimension of the task", task.dimension()),
            ));
        }
        let square = theta * theta.transpose();
        let norm = square.norm();
        if !(norm > 0.0 && norm.is_finite()) {
            return Err(refuse(
                format!("|Th Th^T| = {norm}"),
                "a matrix with a finite norm greater than 0",
            ));
        }
        RegressionHead::new(square * (self.scale / norm), self.scale)
    }
}

/// The initial scale where a scenario does not say one.
const DEFAULT_SCALE: f64 = 0.1;

fn flow_options(section: &Section) -> Result<FlowOptions> {
    section.only(&["gradient_tolerance", "horizon", "step_tolerance"])?;
    let usual = FlowOptions::default();
    Ok(FlowOptions {
        gradient_tolerance: optional(section, "gradient_tolerance", usual.gradient_tolerance)?,
        horizon: optional(section, "horizon", usual.horizon)?,
        step_tolerance: step_tolerance(section, usual.step_tolerance)?,
    })
}

/// Finer than the exact risk, whose tables are good to about `1e-11`, no flow can be followed.
fn step_tolerance(section: &Section, usual: f64) -> Result<f64> {
    const RANGE: &str = "a number from 1e-10 to 0.1";
    let in_range = |number| number >= 1e-10 && number <= 0.1;
    let given = section.optional("step_tolerance", |f| f.number_where(RANGE, in_range))?;
    Ok(given.unwrap_or(usual))
}

fn optional(section: &Section, key: &str, usual: f64) -> Result<f64> {
    let given = section.optional(key, |field| field.number_where(POSITIVE, |x| x > 0.0))?;
    Ok(given.unwrap_or(usual))
}
