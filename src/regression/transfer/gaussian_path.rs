//! The infinite flow at fine times, with what T10 needs to know of it.

use crate::bound::regression::gaussian::{
    HeadSet, RegressionConstants, TubeStep, fourth_derivative,
};
use crate::error::{Error, Result};
use crate::regression::flow::{FlowOptions, follow};
use crate::regression::risk::curvature::extreme_curvatures;
use crate::regression::risk::{InfinitePrompt, infinite};
use crate::regression::{RegressionHead, RegressionTask};

/// The infinite flow, from its start until its excess risk is small.
#[derive(Debug, Clone)]
pub struct InfinitePath {
    /// The constants of the task.
    pub constants: RegressionConstants,
    /// The points, at multiples of the step.
    pub points: Vec<PathPoint>,
    /// The time between points.
    pub step: f64,
    /// Twice the largest distance from another integrator: room for the error of the points.
    pub allowance: f64,
    /// Every point, widened by `MARGIN`.
    pub surroundings: HeadSet,
    /// `beta` there.
    pub beta: f64,
}

/// One point of the flow.
#[derive(Debug, Clone)]
pub struct PathPoint {
    /// Time since the start.
    pub time: f64,
    /// The head.
    pub head: RegressionHead,
    /// Its norms.
    pub set: HeadSet,
    /// `R_inf - v/2`.
    pub excess: f64,
    /// `|grad R_inf|`.
    pub gradient: f64,
    /// The smallest eigenvalue of the Hessian of `R_inf`, from below.
    pub least_curvature: f64,
}

/// How far from the flow the surroundings reach.
pub const MARGIN: f64 = 0.1;
/// Steps in low dimension, at most; each costs a multiple of `d^2`, so that there are fewer in high dimension.
const MOST: f64 = 60_000.0;
/// No flow is followed for longer.
const HORIZON: f64 = 1e12;
/// Step times `beta`.
const RESOLUTION: f64 = 0.125;

impl InfinitePath {
    /// Follows the flow until `R_inf - v/2 <= excess`.
    ///
    /// The Runge-Kutta method of order 4 with a step of `1/(8 beta)`; its distance from the Rosenbrock method of [`follow`] at 40 times gives the
    /// allowance, an estimate and not a proof.
    ///
    /// # Errors
    /// If the start does not fit, or the excess is reached too late: each step of the path costs time.
    pub fn new(task: &RegressionTask, start: &RegressionHead, excess: f64) -> Result<Self> {
        let constants = RegressionConstants::new(
            task.eigenvalues().as_slice(),
            task.noise_variance(),
            task.weight_variance(),
        )?;
        // R_inf falls, and |A|_F^2 - b^2 is conserved: a first flow finds how far the path reaches.
        let options = FlowOptions {
            gradient_tolerance: f64::MIN_POSITIVE,
            horizon: HORIZON,
            step_tolerance: 1e-9,
        };
        let coarse = follow(&InfinitePrompt(task), start, &[], &options)?;
        let mut surroundings = point(task, start, 0.0)?.set;
        let mut end = None;
        for step in &coarse.steps {
            let there = point(task, &step.head, step.time)?;
            surroundings = surroundings.joined(&there.set);
            if there.excess <= excess {
                end = end.or(Some(step.time));
            }
        }
        let beta = surroundings
            .widened(&constants, MARGIN)
            .curvature(&constants);
        let step = RESOLUTION / beta;
        let d = task.dimension() as f64;
        let (needed, most) = (
            end.map_or(f64::INFINITY, |time| time / step),
            MOST / (1.0 + 0.01 * d * d),
        );
        if !(needed <= most) {
            return Err(Error::Unavailable {
                what: "T10.gaussian",
                why: format!(
                    "the infinite flow would take {needed:.0} steps of 1/(8 beta) to an excess of {excess:e}, more than {most:.0}: the \
                     eigenvalues of the covariance are too far apart, or epsilon or the start is too small"
                ),
            });
        }
        let mut points = vec![point(task, start, 0.0)?];
        let mut head = start.clone();
        // The two flows reach the excess at nearly the same time.
        while points.last().is_some_and(|last| last.excess > excess) || points.len() < 2 {
            let time = points.len() as f64 * step;
            head = runge_kutta(task, &head, step)?;
            let next = point(task, &head, time)?;
            surroundings = surroundings.joined(&next.set);
            points.push(next);
            if points.len() as f64 > 1.1 * needed + 100.0 {
                return Err(Error::Accuracy {
                    what: "the infinite flow: its excess risk",
                    reached: points.last().map_or(f64::NAN, |p| p.excess),
                    wanted: excess,
                });
            }
        }
        let surroundings = surroundings.widened(&constants, MARGIN);
        let allowance = allowance(task, start, &points, &options)?;
        Ok(Self {
            constants,
            points,
            step,
            allowance,
            beta: surroundings.curvature(&constants).max(beta),
            surroundings,
        })
    }

    /// What holds between point `i` and the next: the set that the flow stays in, widened by `radius`, and the curvature there.
    ///
    /// With `G = |grad R_inf| e^{beta h}`, at least the speed on the interval, the flow stays within `G h` of the point. Between its values at
    /// the two ends the Hessian is linear up to `h^2/8` times its second derivative in time, at most `3 tau^2 |Sig|^3 G^2 + Lip beta G`; the smallest
    /// eigenvalue of a linear interpolation is at least the smaller of the two at the ends.
    pub fn between(&self, point: &PathPoint, next: &PathPoint, radius: f64) -> (HeadSet, TubeStep) {
        let h = self.step;
        let speed = point.gradient * (self.beta * h).exp();
        let reach = speed * h + self.allowance;
        let set = point.set.widened(&self.constants, radius + reach);
        let slope = set.curvature_slope(&self.constants);
        let bend = fourth_derivative(&self.constants) * speed * speed + slope * self.beta * speed;
        let least = point.least_curvature.min(next.least_curvature)
            - 0.125 * h * h * bend
            - slope * self.allowance;
        (
            set,
            TubeStep {
                duration: h,
                least_curvature: least,
                curvature_slope: slope,
            },
        )
    }
}

fn point(task: &RegressionTask, head: &RegressionHead, time: f64) -> Result<PathPoint> {
    let root = task.function(f64::sqrt);
    let aligned = &root * &head.key_query * &root;
    let excess = infinite::excess(task, head)?;
    let set = HeadSet::new(
        aligned.clone().svd(false, false).singular_values.amax(),
        head.value.abs(),
        (&root * aligned).norm(),
        (2.0 * excess.max(0.0)).sqrt(),
    )?;
    Ok(PathPoint {
        time,
        head: head.clone(),
        set,
        excess,
        gradient: infinite::gradient(task, head)?.norm(),
        least_curvature: extreme_curvatures(task, head)?.0,
    })
}

fn runge_kutta(task: &RegressionTask, head: &RegressionHead, h: f64) -> Result<RegressionHead> {
    let slope = |head: &RegressionHead| infinite::gradient(task, head);
    let first = slope(head)?;
    let second = slope(&head.plus(-0.5 * h, &first))?;
    let third = slope(&head.plus(-0.5 * h, &second))?;
    let fourth = slope(&head.plus(-h, &third))?;
    Ok(head
        .plus(-h / 6.0, &first)
        .plus(-h / 3.0, &second)
        .plus(-h / 3.0, &third)
        .plus(-h / 6.0, &fourth))
}

fn allowance(
    task: &RegressionTask,
    start: &RegressionHead,
    points: &[PathPoint],
    options: &FlowOptions,
) -> Result<f64> {
    let compared: Vec<&PathPoint> = points
        .iter()
        .skip(1)
        .step_by((points.len() / 40).max(1))
        .collect();
    let times: Vec<f64> = compared.iter().map(|p| p.time).collect();
    let fine = FlowOptions {
        gradient_tolerance: f64::MIN_POSITIVE,
        horizon: 1.001 * points.last().map_or(1.0, |p| p.time),
        ..*options
    };
    let other = follow(&InfinitePrompt(task), start, &times, &fine)?;
    let worst = compared
        .iter()
        .zip(&other.samples)
        .map(|(one, two)| one.head.distance(&two.head))
        .fold(0.0, f64::max);
    Ok(2.0 * worst)
}
