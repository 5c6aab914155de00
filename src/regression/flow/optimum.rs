//! The minimum of a risk over `(A, b)`.

use nalgebra::DMatrix;

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
    /// The smallest eigenvalue of the Hessian there: the curvature of the flattest direction.
    pub least_curvature: f64,
}

/// Minimises a risk from `start` by Newton's method with a trust in every direction.
///
/// The Hessian is made of central differences of the gradient; along an eigenvector of curvature `k` the step is the gradient over
/// `|k|`, so that a step always descends, and it is halved until the risk falls.
///
/// # Errors
/// If the risk is not available, or the gradient does not fall below `tolerance`.
pub fn minimise(risk: &dyn Risk, start: &RegressionHead, tolerance: f64) -> Result<Optimum> {
    let found = newton::minimise(&|list| on_lists(risk, list), &start.to_vec(), tolerance)?;
    Ok(Optimum {
        head: RegressionHead::from_slice(risk.task().dimension(), &found.point),
        risk: found.value,
        gradient: found.gradient,
        least_curvature: found.curvatures.first().copied().unwrap_or(f64::NAN),
    })
}

/// The Hessian of a risk in the order of [`RegressionHead::to_vec`], by central differences of its gradient with a relative step of `1e-5`, symmetrised.
///
/// # Errors
/// If the risk is not available nearby.
pub fn hessian(risk: &dyn Risk, head: &RegressionHead) -> Result<DMatrix<f64>> {
    newton::hessian(&|list| on_lists(risk, list), &head.to_vec())
}

/// Risk and gradient of the head that is this list.
fn on_lists(risk: &dyn Risk, list: &[f64]) -> Result<(f64, Vec<f64>)> {
    let head = RegressionHead::from_slice(risk.task().dimension(), list);
    let (value, gradient) = risk.risk_and_gradient(&head)?;
    Ok((value, gradient.to_vec()))
}
