//! The risk of the infinite prompt, `R_inf(A, b)`.

use super::Risk;
use crate::error::{Error, Result};
use crate::regression::{RegressionHead, RegressionTask};

/// The risk of the infinite prompt.
#[derive(Debug, Clone, Copy)]
pub struct InfinitePrompt<'a>(
    /// The task.
    pub &'a RegressionTask,
);

impl Risk for InfinitePrompt<'_> {
    fn task(&self) -> &RegressionTask {
        self.0
    }

    fn risk_and_gradient(&self, head: &RegressionHead) -> Result<(f64, RegressionHead)> {
        Ok((risk(self.0, head)?, gradient(self.0, head)?))
    }

    fn on_axes(&self, entries: &[f64], value: f64) -> Result<(f64, Vec<f64>)> {
        let scale = self.0.weight_variance();
        let (mut sum, mut by_value) = (0.0, 0.0);
        let mut gradient = Vec::with_capacity(entries.len() + 1);
        for (l, a) in self.0.eigenvalues().iter().zip(entries) {
            let miss = value * l * a - 1.0;
            sum += l * miss * miss;
            by_value += scale * l * l * a * miss;
            gradient.push(scale * value * l * l * miss);
        }
        gradient.push(by_value);
        Ok((0.5 * (scale * sum + self.0.noise_variance()), gradient))
    }
}

/// `R_inf(A, b) = tau^2/2 tr((b Sig A - I) Sig (b Sig A - I)^T) + v/2`.
///
/// Attention over infinitely many examples predicts `b w^T Sig A x`. The least value, `v/2`, is the Bayes risk.
///
/// # Errors
/// If the head has another dimension than the task.
///
/// # Examples
/// ```
/// use attention_bounds::nalgebra::{self, dmatrix};
/// use attention_bounds::regression::{RegressionHead, RegressionTask, risk::infinite};
///
/// // d = 1, Sig = tau = 1, v = 1/2: R_inf = (b A - 1)^2 / 2 + 1/4.
/// let task = RegressionTask::new(dmatrix![1.0], 0.5, 1.0)?;
/// assert!((infinite::risk(&task, &RegressionHead::new(dmatrix![3.0], 1.0)?)? - 2.25).abs() < 1e-14);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn risk(task: &RegressionTask, head: &RegressionHead) -> Result<f64> {
    Ok(excess(task, head)? + 0.5 * task.noise_variance())
}

/// `R_inf(A, b) - v/2`.
///
/// # Errors
/// If the head has another dimension than the task.
pub fn excess(task: &RegressionTask, head: &RegressionHead) -> Result<f64> {
    head.check(task)?;
    let miss = residual(task, head);
    Ok(0.5 * task.weight_variance() * (&miss * task.covariance()).dot(&miss))
}

/// `b Sig A - I`.
fn residual(task: &RegressionTask, head: &RegressionHead) -> nalgebra::DMatrix<f64> {
    let mut miss = head.value * (task.covariance() * &head.key_query);
    for i in 0..task.dimension() {
        miss[(i, i)] -= 1.0;
    }
    miss
}

/// The gradient: `tau^2 b Sig (b Sig A - I) Sig` in `A`, and `tau^2 tr((b Sig A - I)^T Sig A Sig)` in `b`.
///
/// # Errors
/// If the head has another dimension than the task.
pub fn gradient(task: &RegressionTask, head: &RegressionHead) -> Result<RegressionHead> {
    head.check(task)?;
    let miss = residual(task, head) * task.covariance();
    let scale = task.weight_variance();
    let seen = task.covariance() * &head.key_query;
    Ok(RegressionHead {
        key_query: scale * head.value * (task.covariance() * &miss),
        value: scale * miss.dot(&seen),
    })
}

/// The limit of the gradient flow that starts at `A = al Th Th^T`, `b = al` with `|Th Th^T|_F = 1`, for every `al > 0`
/// small enough: `b = tr(Sig^{-2})^{1/4}`, `A = tr(Sig^{-2})^{-1/4} Sig^{-1}`.
///
/// It is the zero of the excess risk with `|A|_F^2 = b^2`, the conserved quantity of that start being 0.
///
/// # Examples
/// ```
/// use attention_bounds::nalgebra::{self, dmatrix};
/// use attention_bounds::regression::{RegressionTask, risk::infinite};
///
/// let task = RegressionTask::new(dmatrix![4.0], 0.5, 1.0)?;
/// let limit = infinite::flow_limit(&task);
/// assert!((limit.value - 0.5).abs() < 1e-14 && (limit.key_query[0] - 0.5).abs() < 1e-14);
/// assert!(infinite::excess(&task, &limit)?.abs() < 1e-14);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn flow_limit(task: &RegressionTask) -> RegressionHead {
    let value = task.inverse_square_trace().sqrt().sqrt();
    RegressionHead {
        key_query: task.function(|l| 1.0 / (value * l)),
        value,
    }
}

/// The start `A = al Th Th^T / |Th Th^T|_F`, `b = al` of the paper, with `Th = I`: `A = al I / sqrt(d)`.
///
/// # Errors
/// If `al` is outside `0 < al < sqrt(2) / (d^{1/4} |Sig|_op)`, the paper's condition.
pub fn start(task: &RegressionTask, scale: f64) -> Result<RegressionHead> {
    let dimension = task.dimension() as f64;
    let largest = std::f64::consts::SQRT_2 / (dimension.powf(0.25) * task.eigenvalues().max());
    if !(scale > 0.0 && scale < largest) {
        return Err(Error::Parameter {
            parameter: "the initial scale",
            value: scale.to_string(),
            required: "greater than 0 and less than sqrt(2) / (d^(1/4) |Sig|_op)",
            theorem: Some("T11"),
        });
    }
    Ok(RegressionHead {
        key_query: task.function(|_| scale / dimension.sqrt()),
        value: scale,
    })
}
