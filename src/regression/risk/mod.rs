//! Risks of a head `(A, b)`, exactly.
//!
//! * [`finite`]: of softmax attention over `L` tokens, with its gradient;
//! * [`infinite`]: of the infinite prompt, its gradient and the limit of its flow;
//! * [`linear`]: of linear attention over `L` tokens, a polynomial in `1/L`;
//! * [`full_linear`]: of linear attention whose other blocks are not zero, and its other local minima;
//! * [`curvature`]: the smallest and the largest curvature of the infinite-prompt risk;
//! * [`expansion`]: the constants of `1/L`;
//! * [`bayes`]: what no predictor can beat;
//! * [`approximate_loss`]: a closed form of the literature for isotropic tokens, and where it breaks.

pub mod approximate_loss;
pub mod bayes;
mod contour;
pub mod curvature;
pub mod expansion;
mod expectations;
pub mod finite;
pub mod full_linear;
pub mod infinite;
pub mod linear;

pub use finite::FinitePromptRisk;
pub use infinite::InfinitePrompt;
pub use linear::LinearAttention;

use super::{RegressionHead, RegressionTask};
use crate::error::Result;

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
