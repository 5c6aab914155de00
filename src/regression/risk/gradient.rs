//! What flows and minimisations need of a risk.

use crate::error::Result;
use crate::regression::{RegressionHead, RegressionTask};

/// A risk with its gradient: what flows and minimisations need.
///
/// # Examples
/// ```
/// use attention_bounds::PromptLength;
/// use attention_bounds::nalgebra::{self, dmatrix};
/// use attention_bounds::regression::{RegressionHead, RegressionTask, risk::FinitePromptRisk};
///
/// // A = 0: the prediction is b times the mean label, so R_L = E y^2 (1 + b^2 / L) / 2 with E y^2 = 3/2.
/// let task = RegressionTask::new(dmatrix![1.0], 0.5, 1.0)?;
/// let head = RegressionHead::new(dmatrix![0.0], 2.0)?;
/// let risk = FinitePromptRisk::new(&task, PromptLength::new(10)?)?.risk(&head)?;
/// assert!((risk.value - 0.75 * 1.4).abs() < 1e-9);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub trait Risk {
    /// The task.
    fn task(&self) -> &RegressionTask;

    /// The risk and its gradient.
    ///
    /// # Errors
    /// If shapes do not fit or the risk is not available at that head.
    fn risk_and_gradient(&self, head: &RegressionHead) -> Result<(f64, RegressionHead)>;

    /// The risk of a head whose `A` has the eigenvectors of `Sig`, by the eigenvalues of `A` in the order of [`RegressionTask::eigenvalues`] and `b`,
    /// and its derivatives in these numbers.
    ///
    /// # Errors
    /// As [`Self::risk_and_gradient`].
    fn on_axes(&self, entries: &[f64], value: f64) -> Result<(f64, Vec<f64>)> {
        let axes = self.task().axes();
        let head = RegressionHead::on_axes(axes, entries, value);
        let (risk, gradient) = self.risk_and_gradient(&head)?;
        let inner = axes.tr_mul(&gradient.key_query) * axes;
        Ok((
            risk,
            inner.diagonal().push(gradient.value).as_slice().to_vec(),
        ))
    }
}
