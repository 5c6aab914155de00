//! Newton's method with a trust in every direction.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

use crate::error::{Error, Result};

/// A function of several numbers, with its gradient.
pub(in crate::regression) type Objective<'a> = dyn Fn(&[f64]) -> Result<(f64, Vec<f64>)> + 'a;

/// A point at which the gradient vanishes and the function is locally least.
pub(in crate::regression) struct Minimum {
    pub point: Vec<f64>,
    pub value: f64,
    /// The norm of the gradient.
    pub gradient: f64,
    /// The eigenvalues of the Hessian, ascending.
    pub curvatures: Vec<f64>,
}

/// Newton steps, at most.
const STEPS: usize = 200;
/// Relative step of the difference quotients of the gradient that make the Hessian.
const DIFFERENCE: f64 = 1e-5;

/// Minimises from `start` until the norm of the gradient is at most `tolerance`.
///
/// The Hessian is made of central differences of the gradient; along an eigenvector of curvature `k` the step is the gradient over
/// `|k|`, so that a step always descends, and it is halved until the value falls.
///
/// # Errors
/// If the function is not available, or the gradient does not fall below `tolerance`.
pub(in crate::regression) fn minimise(
    objective: &Objective<'_>,
    start: &[f64],
    tolerance: f64,
) -> Result<Minimum> {
    let mut point = DVector::from_column_slice(start);
    let evaluate = |point: &DVector<f64>| -> Result<(f64, DVector<f64>)> {
        let (value, gradient) = objective(point.as_slice())?;
        Ok((value, DVector::from_vec(gradient)))
    };
    let (mut value, mut gradient) = evaluate(&point)?;
    for _ in 0..STEPS {
        let hessian = SymmetricEigen::new(hessian(objective, point.as_slice())?);
        let norm = gradient.norm();
        if norm <= tolerance {
            let mut curvatures: Vec<f64> = hessian.eigenvalues.iter().copied().collect();
            curvatures.sort_by(f64::total_cmp);
            return Ok(Minimum {
                point: point.iter().copied().collect(),
                value,
                gradient: norm,
                curvatures,
            });
        }
        let largest = hessian.eigenvalues.amax();
        let slope = hessian.eigenvectors.tr_mul(&gradient);
        let along = slope.zip_map(&hessian.eigenvalues, |g, k| {
            -g / k.abs().max(1e-12 * largest)
        });
        let direction = &hessian.eigenvectors * &along;
        // No step is longer than half the point: the quadratic model is not trusted beyond.
        let mut factor = (0.5 * point.norm() / direction.norm()).min(1.0);
        let expected = slope.dot(&along);
        let mut found = None;
        for _ in 0..60 {
            let moved = &point + factor * &direction;
            if let Ok((next, gradient)) = evaluate(&moved) {
                // Near the minimum the value does not resolve the step; there the gradient decides.
                let falls = next <= value + 1e-4 * factor * expected;
                let flat = (next - value).abs() <= 1e-13 * value.abs() && gradient.norm() < norm;
                if falls || flat {
                    found = Some((moved, next, gradient));
                    break;
                }
            }
            factor *= 0.5;
        }
        let Some(next) = found else {
            break;
        };
        (point, value, gradient) = next;
    }
    Err(Error::Accuracy {
        what: "the minimum of the risk: the norm of the gradient",
        reached: gradient.norm(),
        wanted: tolerance,
    })
}

/// The Hessian by central differences of the gradient with a relative step of `1e-5`, symmetrised.
///
/// # Errors
/// If the function is not available nearby.
pub(in crate::regression) fn hessian(
    objective: &Objective<'_>,
    point: &[f64],
) -> Result<DMatrix<f64>> {
    let norm = DVector::from_column_slice(point).norm();
    let step = DIFFERENCE * norm.max(1e-3);
    let at = |i: usize, step: f64| -> Result<Vec<f64>> {
        let mut moved = point.to_vec();
        if let Some(place) = moved.get_mut(i) {
            *place += step;
        }
        Ok(objective(&moved)?.1)
    };
    let mut columns = Vec::with_capacity(point.len());
    for i in 0..point.len() {
        let (up, down) = (at(i, step)?, at(i, -step)?);
        columns.push(DVector::from_iterator(
            point.len(),
            up.iter().zip(&down).map(|(a, b)| (a - b) / (2.0 * step)),
        ));
    }
    let hessian = DMatrix::from_columns(&columns);
    Ok(0.5 * (&hessian + hessian.transpose()))
}
