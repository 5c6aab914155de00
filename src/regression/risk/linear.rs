//! The risk of linear attention over `L` examples, a polynomial in `1/L`.

use nalgebra::DMatrix;

use super::{Risk, infinite};
use crate::error::Result;
use crate::parameter::PromptLength;
use crate::regression::{RegressionHead, RegressionTask};

/// The risk of linear attention.
#[derive(Debug, Clone, Copy)]
pub struct LinearAttention<'a> {
    /// The task.
    pub task: &'a RegressionTask,
    /// The number of examples.
    pub length: PromptLength,
}

impl Risk for LinearAttention<'_> {
    fn task(&self) -> &RegressionTask {
        self.task
    }

    fn risk_and_gradient(&self, head: &RegressionHead) -> Result<(f64, RegressionHead)> {
        let gap = gap(self.task, head, self.length)?;
        Ok((
            infinite::risk(self.task, head)? + gap,
            gradient(self.task, head, self.length)?,
        ))
    }
}

/// The gap `R_lin(A, b) - R_inf(A, b) = b^2 / (2L) [ tau^2 tr(A^T Sig^2 A Sig) + (tau^2 tr Sig + v) tr(A^T Sig A Sig) ]`.
///
/// Linear attention predicts `(b/L) sum_i <A x, x_i> y_i`. Its mean given `w` and `x` is that of the infinite prompt, and the
/// gap is half its variance, `1/L` of that of one summand.
///
/// # Errors
/// If the head has another dimension than the task.
///
/// # Examples
/// ```
/// use attention_bounds::PromptLength;
/// use attention_bounds::nalgebra::{self, dmatrix};
/// use attention_bounds::regression::{RegressionHead, RegressionTask, risk::linear};
///
/// // d = 1, Sig = tau = 1, v = 1/2: (b A)^2 (1 + 3/2) / (2 L).
/// let task = RegressionTask::new(dmatrix![1.0], 0.5, 1.0)?;
/// let gap = linear::gap(&task, &RegressionHead::new(dmatrix![1.0], 2.0)?, PromptLength::new(10)?)?;
/// assert!((gap - 0.5).abs() < 1e-14);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn gap(task: &RegressionTask, head: &RegressionHead, length: PromptLength) -> Result<f64> {
    head.check(task)?;
    let (signal, scores) = forms(task, head);
    let label = task.label_variance();
    let summand = task.weight_variance() * signal.1 + label * scores.1;
    Ok(0.5 * head.value * head.value * summand / length.as_f64())
}

/// The gradient of `R_lin`.
///
/// # Errors
/// If the head has another dimension than the task.
pub fn gradient(
    task: &RegressionTask,
    head: &RegressionHead,
    length: PromptLength,
) -> Result<RegressionHead> {
    let limit = infinite::gradient(task, head)?;
    let (signal, scores) = forms(task, head);
    let (weight, label) = (task.weight_variance(), task.label_variance());
    let b = head.value;
    let rest = RegressionHead {
        key_query: b * b * (weight * signal.0 + label * scores.0),
        value: b * (weight * signal.1 + label * scores.1),
    };
    Ok(limit.plus(1.0 / length.as_f64(), &rest))
}

/// `(Sig^2 A Sig, tr(A^T Sig^2 A Sig))` and `(Sig A Sig, tr(A^T Sig A Sig))`.
#[allow(clippy::type_complexity, reason = "two pairs of a matrix and its form")]
fn forms(
    task: &RegressionTask,
    head: &RegressionHead,
) -> ((DMatrix<f64>, f64), (DMatrix<f64>, f64)) {
    let scores = task.covariance() * &head.key_query * task.covariance();
    let signal = task.covariance() * &scores;
    let signal_form = signal.dot(&head.key_query);
    let score_form = scores.dot(&head.key_query);
    ((signal, signal_form), (scores, score_form))
}

/// The minimum of `R_lin`: `b A = ( (1 + 1/L) Sig + (tr Sig + v/tau^2) I / L )^{-1}`, and the risk there.
///
/// Every `(A, b)` with that product is a minimum; the one returned has `|A|_F = b`, as the limit of the gradient
/// flow from a start with `|A|_F = b` (linear attention conserves `|A|_F^2 - b^2` at every length).
///
/// # Examples
/// ```
/// use attention_bounds::PromptLength;
/// use attention_bounds::nalgebra::{self, dmatrix};
/// use attention_bounds::regression::{RegressionTask, risk::linear};
///
/// let task = RegressionTask::new(dmatrix![1.0], 0.5, 1.0)?;
/// let length = PromptLength::new(10)?;
/// let (head, _) = linear::minimum(&task, length);
/// assert!(linear::gradient(&task, &head, length)?.norm() < 1e-13);
/// assert!((head.value * head.key_query[0] - 1.0 / 1.25).abs() < 1e-13);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn minimum(task: &RegressionTask, length: PromptLength) -> (RegressionHead, f64) {
    let length = length.as_f64();
    let ridge = task.label_variance() / (task.weight_variance() * length);
    let product = |l: f64| 1.0 / ((1.0 + 1.0 / length) * l + ridge);
    let value = task
        .eigenvalues()
        .iter()
        .map(|&l| product(l) * product(l))
        .sum::<f64>()
        .sqrt()
        .sqrt();
    let head = RegressionHead {
        key_query: task.function(|l| product(l) / value),
        value,
    };
    // At the minimum of a quadratic, R = (R(0) + v/2 - linear part / 2): sum l (1 - l product(l)) / 2.
    let excess: f64 = task
        .eigenvalues()
        .iter()
        .map(|&l| l * (l / length + ridge) * product(l))
        .sum();
    let risk = 0.5 * task.weight_variance() * excess + 0.5 * task.noise_variance();
    (head, risk)
}
