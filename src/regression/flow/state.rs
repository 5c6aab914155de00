//! A head as the numbers that an integrator or a minimiser sees.

use nalgebra::{DMatrix, DVector};

use crate::error::Result;
use crate::regression::risk::Risk;
use crate::regression::{RegressionHead, RegressionTask};

/// Which numbers.
///
/// If `A` commutes with `Sig` at the start it does so for ever, for then the gradient is a function of `Sig` too: `b` and the eigenvalues of `A`
/// are enough, exactly, and cost much less.
pub(in crate::regression) enum State {
    /// `A` and `b`, for inputs of this dimension.
    Full(usize),
    /// The eigenvalues of `A` on these axes, those of `Sig`, and `b`.
    Commuting(DMatrix<f64>),
}

/// Entries of `A` off the axes of `Sig` below this fraction of its norm count as zero.
const OFF_AXES: f64 = 1e-13;

impl State {
    /// The one that serves this start.
    ///
    /// # Errors
    /// If the start has another dimension than the task.
    pub fn new(task: &RegressionTask, start: &RegressionHead) -> Result<Self> {
        start.check(task)?;
        let axes = task.axes();
        let mut inner = axes.tr_mul(&start.key_query) * axes;
        inner.fill_diagonal(0.0);
        Ok(if inner.amax() <= OFF_AXES * start.key_query.norm() {
            Self::Commuting(axes.clone())
        } else {
            Self::Full(task.dimension())
        })
    }

    /// Whether the eigenvalues of `A` are enough.
    pub fn is_commuting(&self) -> bool {
        matches!(self, Self::Commuting(_))
    }

    /// The numbers of a head.
    pub fn of(&self, head: &RegressionHead) -> DVector<f64> {
        match self {
            Self::Full(_) => DVector::from_vec(head.to_vec()),
            Self::Commuting(axes) => {
                let inner = axes.tr_mul(&head.key_query) * axes;
                inner.diagonal().push(head.value)
            }
        }
    }

    /// The head of these numbers.
    pub fn head(&self, state: &[f64]) -> RegressionHead {
        match self {
            Self::Full(dimension) => RegressionHead::from_slice(*dimension, state),
            Self::Commuting(axes) => {
                let (value, entries) = state.split_last().map_or((0.0, state), |(b, a)| (*b, a));
                RegressionHead::on_axes(axes, entries, value)
            }
        }
    }

    /// The risk of these numbers, and its gradient in them.
    ///
    /// # Errors
    /// Those of the risk.
    pub fn risk_and_gradient(&self, risk: &dyn Risk, state: &[f64]) -> Result<(f64, DVector<f64>)> {
        let (value, gradient) = match (self, state.split_last()) {
            (Self::Commuting(_), Some((b, entries))) => risk.on_axes(entries, *b)?,
            _ => {
                let (value, gradient) = risk.risk_and_gradient(&self.head(state))?;
                (value, gradient.to_vec())
            }
        };
        Ok((value, DVector::from_vec(gradient)))
    }
}
