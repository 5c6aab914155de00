//! What is measured besides the output error.

use crate::parameter::{Positive, Probability};

/// What a table shows besides the output error.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TableOptions {
    /// Also the bias `E That - T`, coordinate by coordinate.
    pub bias: bool,
    /// Also the expected participation `E P_2`.
    pub participation: bool,
    /// Also the expected entropy of the attention weights.
    pub entropy: bool,
    /// Also the squared errors of both gradients.
    pub gradients: bool,
    /// Also the operator norm of the error of the gradient in `U`; only with `gradients`.
    pub operator_norm: bool,
    /// Also `P(|That - T| >= eps)`, for this `eps`.
    pub tail: Option<Positive>,
    /// Also these quantiles of `|That - T|`, which only a simulation gives.
    pub quantiles: Vec<Probability>,
}

impl TableOptions {
    /// The number of metrics, for an output of this dimension.
    pub(super) fn metrics(&self, outputs: usize) -> usize {
        let gradients = 2 + usize::from(self.operator_norm);
        1 + usize::from(self.bias) * outputs
            + usize::from(self.participation)
            + usize::from(self.entropy)
            + usize::from(self.gradients) * gradients
            + usize::from(self.tail.is_some())
            + self.quantiles.len()
    }
}
