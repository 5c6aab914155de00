//! Gradient flow on `(A, b)`: `d theta / d time = - grad R(theta)`.

use std::cell::Cell;

use nalgebra::DVector;

use super::state::State;
use crate::error::{Error, Result};
use crate::regression::RegressionHead;
use crate::regression::numerics::rosenbrock::integrate;
use crate::regression::risk::Risk;

/// When a flow ends and how exactly it is followed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FlowOptions {
    /// The norm of the gradient, divided by the norm of `(A, b)` where that is below 1, below which the flow counts as converged.
    pub gradient_tolerance: f64,
    /// The last time.
    pub horizon: f64,
    /// Relative tolerance of a step; the absolute one is a thousandth of it.
    pub step_tolerance: f64,
}

impl FlowOptions {
    /// The step tolerances that are accepted: below, rounding stops the integrator.
    pub const STEP_TOLERANCES: (f64, f64) = (1e-12, 0.1);
}

impl Default for FlowOptions {
    fn default() -> Self {
        Self {
            gradient_tolerance: 1e-8,
            horizon: 1e9,
            step_tolerance: 1e-7,
        }
    }
}

/// A head on the way, with what is watched there.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowPoint {
    /// Time since the start.
    pub time: f64,
    /// The parameters.
    pub head: RegressionHead,
    /// The risk that the flow descends.
    pub risk: f64,
    /// The norm of its gradient.
    pub gradient: f64,
}

/// A flow from its start to its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Trajectory {
    /// Every accepted step, the start included.
    pub steps: Vec<FlowPoint>,
    /// The points at the times that were asked for and reached.
    pub samples: Vec<FlowPoint>,
    /// Whether the gradient fell below the tolerance before the horizon.
    pub converged: bool,
    /// Evaluations of the gradient.
    pub evaluations: usize,
}

impl Trajectory {
    /// The last point.
    pub fn end(&self) -> Option<&FlowPoint> {
        self.steps.last()
    }

    /// The largest increase of the risk from one step to the next; 0 if the risk never increases.
    pub fn largest_increase(&self) -> f64 {
        self.steps
            .windows(2)
            .map(|pair| pair.last().map_or(0.0, |p| p.risk) - pair.first().map_or(0.0, |p| p.risk))
            .fold(0.0, f64::max)
    }

    /// The largest change of `|A|_F^2 - b^2` since the start.
    pub fn balance_drift(&self) -> f64 {
        let start = self.steps.first().map_or(0.0, |p| p.head.balance());
        self.steps
            .iter()
            .map(|p| (p.head.balance() - start).abs())
            .fold(0.0, f64::max)
    }
}

/// Follows the gradient flow of a risk from `start` until the gradient is small or the horizon is reached.
///
/// The flow is stiff: the risk is nearly flat along `(A, b) -> (c A, b/c)`, with a curvature of order `1/L`. It is integrated by a Rosenbrock
/// method of order 4 with error control. Steps end at the `times` (ascending), which are sampled.
///
/// # Errors
/// If an option or a time is not a positive number, the step tolerance is not among [`FlowOptions::STEP_TOLERANCES`], or the times do not ascend, the risk is not available on the way, or the integrator gives up.
///
/// # Examples
/// ```
/// use attention_bounds::nalgebra::{self, dmatrix};
/// use attention_bounds::regression::{RegressionHead, RegressionTask};
///
/// use attention_bounds::regression::flow::{FlowOptions, follow};
/// use attention_bounds::regression::risk::{InfinitePrompt, infinite};
///
/// // From the paper's start the flow of R_inf comes to A = b = 1.
/// let task = RegressionTask::new(dmatrix![1.0], 0.5, 1.0)?;
/// let start = infinite::start(&task, 0.5)?;
/// let end = follow(&InfinitePrompt(&task), &start, &[], &FlowOptions::default())?.end().unwrap().head.clone();
/// assert!(end.distance(&RegressionHead::new(dmatrix![1.0], 1.0)?) < 1e-5);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn follow(
    risk: &dyn Risk,
    start: &RegressionHead,
    times: &[f64],
    options: &FlowOptions,
) -> Result<Trajectory> {
    let positive = |parameter, value: f64| {
        if value > 0.0 && value < f64::INFINITY {
            return Ok(());
        }
        Err(Error::Parameter {
            parameter,
            value: value.to_string(),
            required: "a finite number greater than 0",
            theorem: None,
        })
    };
    positive("the gradient tolerance", options.gradient_tolerance)?;
    positive("the horizon", options.horizon)?;
    let (least, largest) = FlowOptions::STEP_TOLERANCES;
    if !(options.step_tolerance >= least && options.step_tolerance <= largest) {
        return Err(Error::Parameter {
            parameter: "the step tolerance",
            value: options.step_tolerance.to_string(),
            required: "from 1e-12 to 0.1",
            theorem: None,
        });
    }
    let mut goals = Vec::with_capacity(times.len() + 1);
    let mut latest = 0.0;
    for &time in times {
        positive("a time of the flow, after the one before it", time - latest)?;
        latest = time;
        if time < options.horizon {
            goals.push(time);
        }
    }
    goals.push(options.horizon);
    let numbers = State::new(risk.task(), start)?;
    let evaluations = Cell::new(0);
    let slope = |state: &DVector<f64>| {
        evaluations.set(evaluations.get() + 1);
        let (_, gradient) = numbers.risk_and_gradient(risk, state.as_slice())?;
        Ok(-gradient)
    };
    let mut found = Trajectory {
        steps: Vec::new(),
        samples: Vec::new(),
        converged: false,
        evaluations: 0,
    };
    let mut wanted = times.iter().peekable();
    integrate(
        &slope,
        numbers.of(start),
        &goals,
        options.step_tolerance,
        &mut |time, state, slope| {
            let (value, _) = numbers.risk_and_gradient(risk, state.as_slice())?;
            let point = FlowPoint {
                time,
                head: numbers.head(state.as_slice()),
                risk: value,
                gradient: slope.norm(),
            };
            if wanted.next_if(|&&t| t == time).is_some() {
                found.samples.push(point.clone());
            }
            // Near the saddle at 0 the gradient is small because the head is.
            let size = state.norm().min(1.0);
            found.converged = point.gradient < options.gradient_tolerance * size;
            found.steps.push(point);
            Ok(found.converged)
        },
    )?;
    found.evaluations = evaluations.get();
    Ok(found)
}
