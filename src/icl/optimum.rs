//! The minimum of a risk over `(A, b)`.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

use super::RegressionHead;
use super::flow::Risk;
use crate::error::{Error, Result};

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

/// Newton steps, at most.
const STEPS: usize = 200;
/// Relative step of the difference quotients of the gradient that make the Hessian.
const DIFFERENCE: f64 = 1e-5;

/// Minimises a risk from `start` by Newton's method with a trust in every direction.
///
/// The Hessian is made of central differences of the gradient; along an eigenvector of curvature `k` the step is the gradient over
/// `|k|`, so that a step always descends, and it is halved until the risk falls.
///
/// # Errors
/// If the risk is not available, or the gradient does not fall below `tolerance`.
pub fn minimise(risk: &dyn Risk, start: &RegressionHead, tolerance: f64) -> Result<Optimum> {
    let dimension = risk.task().dimension();
    let mut head = start.clone();
    let (mut value, mut gradient) = risk.risk_and_gradient(&head)?;
    for _ in 0..STEPS {
        let hessian = SymmetricEigen::new(hessian(risk, &head)?);
        let norm = gradient.norm();
        if norm <= tolerance {
            return Ok(Optimum {
                head,
                risk: value,
                gradient: norm,
                least_curvature: hessian.eigenvalues.min(),
            });
        }
        let largest = hessian.eigenvalues.amax();
        let slope = hessian
            .eigenvectors
            .tr_mul(&DVector::from_vec(gradient.to_vec()));
        let along = slope.zip_map(&hessian.eigenvalues, |g, k| {
            -g / k.abs().max(1e-12 * largest)
        });
        let step = &hessian.eigenvectors * &along;
        let direction = RegressionHead::from_slice(dimension, step.as_slice());
        // No step is longer than half the parameters: the quadratic model is not trusted beyond.
        let mut factor = (0.5 * head.norm() / direction.norm()).min(1.0);
        let expected = slope.dot(&along);
        let mut found = None;
        for _ in 0..60 {
            let moved = head.plus(factor, &direction);
            if let Ok((risk, gradient)) = risk.risk_and_gradient(&moved) {
                // Near the minimum the risk does not resolve the step; there the gradient decides.
                let falls = risk <= value + 1e-4 * factor * expected;
                let flat = (risk - value).abs() <= 1e-13 * value.abs() && gradient.norm() < norm;
                if falls || flat {
                    found = Some((moved, risk, gradient));
                    break;
                }
            }
            factor *= 0.5;
        }
        let Some(next) = found else {
            break;
        };
        (head, value, gradient) = next;
    }
    Err(Error::Accuracy {
        what: "the minimum of the risk: the norm of the gradient",
        reached: gradient.norm(),
        wanted: tolerance,
    })
}

/// The Hessian of a risk in the order of [`RegressionHead::to_vec`], by central differences of its gradient with a relative step of `1e-5`, symmetrised.
///
/// # Errors
/// If the risk is not available nearby.
pub fn hessian(risk: &dyn Risk, head: &RegressionHead) -> Result<DMatrix<f64>> {
    let dimension = risk.task().dimension();
    let list = head.to_vec();
    let step = DIFFERENCE * head.norm().max(1e-3);
    let at = |i: usize, step: f64| -> Result<Vec<f64>> {
        let mut moved = list.clone();
        if let Some(place) = moved.get_mut(i) {
            *place += step;
        }
        let head = RegressionHead::from_slice(dimension, &moved);
        Ok(risk.risk_and_gradient(&head)?.1.to_vec())
    };
    let mut columns = Vec::with_capacity(list.len());
    for i in 0..list.len() {
        let (up, down) = (at(i, step)?, at(i, -step)?);
        columns.push(DVector::from_iterator(
            list.len(),
            up.iter().zip(&down).map(|(a, b)| (a - b) / (2.0 * step)),
        ));
    }
    let hessian = DMatrix::from_columns(&columns);
    Ok(0.5 * (&hessian + hessian.transpose()))
}
