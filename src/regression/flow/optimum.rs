//! The minimum of a risk over `(A, b)`.

use nalgebra::DMatrix;

use super::state::State;
use crate::error::Result;
use crate::regression::RegressionHead;
use crate::regression::numerics::newton;
use crate::regression::risk::Risk;

/// A head at which the gradient vanishes and the risk is locally least.
#[derive(Debug, Clone, PartialEq)]
pub struct Optimum {
    /// The minimiser.
    pub head: RegressionHead,
    /// The risk there.
    pub risk: f64,
    /// The norm of the gradient there.
    pub gradient: f64,
    /// How much lower the risk may fall near the head, where the gradient does not vanish exactly: by the quadratic model, and within the head's own
    /// size where the risk is flat.
    pub uncertainty: f64,
}

/// Minimises a risk from `start` by Newton's method with a trust in every direction, among the heads that commute with `Sig` if the start does.
///
/// The Hessian is made of central differences of the gradient; along an eigenvector of curvature `k` the step is the gradient over
/// `|k|`, so that a step always descends, and it is halved until the risk falls.
///
/// # Errors
/// If the risk is not available, or the gradient does not fall below `tolerance`.
///
/// # Examples
/// ```
/// use attention_bounds::nalgebra::{self, dmatrix};
/// use attention_bounds::regression::{RegressionHead, RegressionTask};
///
/// use attention_bounds::regression::{flow::optimum::minimise, risk::InfinitePrompt};
///
/// // The least R_inf is v/2.
/// let task = RegressionTask::new(dmatrix![1.0], 0.5, 1.0)?;
/// let found = minimise(&InfinitePrompt(&task), &RegressionHead::new(dmatrix![0.7], 0.9)?, 1e-8)?;
/// assert!((found.risk - 0.25).abs() < 1e-12);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn minimise(risk: &dyn Risk, start: &RegressionHead, tolerance: f64) -> Result<Optimum> {
    let state = State::new(risk.task(), start)?;
    let objective = |list: &[f64]| {
        let (value, gradient) = state.risk_and_gradient(risk, list)?;
        Ok((value, gradient.as_slice().to_vec()))
    };
    let found = newton::minimise(&objective, state.of(start).as_slice(), tolerance)?;
    let size = found.point.iter().fold(0.0_f64, |size, x| size.hypot(*x));
    let flattest = found.curvatures.first().copied().unwrap_or(f64::NAN);
    Ok(Optimum {
        uncertainty: found.gradient * (0.5 * found.gradient / flattest.max(0.0)).min(size),
        head: state.head(&found.point),
        risk: found.value,
        gradient: found.gradient,
    })
}

/// The Hessian of a risk in the order of [`RegressionHead::to_vec`], by central differences of its gradient with a relative step of `1e-5`, symmetrised.
///
/// # Errors
/// If the risk is not available nearby.
pub fn hessian(risk: &dyn Risk, head: &RegressionHead) -> Result<DMatrix<f64>> {
    let objective = |list: &[f64]| {
        let head = RegressionHead::from_slice(risk.task().dimension(), list);
        let (value, gradient) = risk.risk_and_gradient(&head)?;
        Ok((value, gradient.to_vec()))
    };
    newton::hessian(&objective, &head.to_vec())
}
