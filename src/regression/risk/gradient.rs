//! What flows and minimisations need of a risk.

use crate::error::Result;
use crate::regression::{RegressionHead, RegressionTask};

/// A risk with its gradient: what flows and minimisations need.
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
