//! The curvature of the infinite-prompt risk.

use crate::error::Result;
use crate::regression::{RegressionHead, RegressionTask};

/// Halvings of the bracket of an eigenvalue: to the last digit of a double.
const HALVINGS: usize = 60;

/// The smallest eigenvalue of the Hessian of `R_inf`, from below, and the largest, from above.
///
/// In the eigenbasis of `Sig` (eigenvalues `l_i`) the Hessian is an arrow: diagonal in `A`, `tau^2 b^2 l_i^2 l_j`, bordered by
/// `tau^2 (b l_i^2 l_j A_ij + l_i l_j (b l_i A_ij - [i = j]))` and with the corner `tau^2 sum l_i^2 l_j A_ij^2`. Its smallest eigenvalue is the
/// root of `corner - x = sum border^2 / (diagonal - x)` below the diagonal, its largest the root above; both are bracketed and halved, and the
/// outer end is returned.
///
/// # Errors
/// If the head has another dimension than the task.
///
/// # Examples
/// ```
/// use attention_bounds::nalgebra::{self, dmatrix};
/// use attention_bounds::regression::{RegressionHead, RegressionTask, risk::curvature};
///
/// // R_inf = (b A - 1)^2 / 2 + v / 2 has the Hessian [[1, 1], [1, 1]] at A = b = 1.
/// let task = RegressionTask::new(dmatrix![1.0], 0.5, 1.0)?;
/// let (least, largest) = curvature::extreme_curvatures(&task, &RegressionHead::new(dmatrix![1.0], 1.0)?)?;
/// assert!(least.abs() < 1e-12 && (largest - 2.0).abs() < 1e-12);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn extreme_curvatures(task: &RegressionTask, head: &RegressionHead) -> Result<(f64, f64)> {
    head.check(task)?;
    let inner = task.axes().tr_mul(&head.key_query) * task.axes();
    let (b, scale) = (head.value, task.weight_variance());
    let list = task.eigenvalues();
    // Entries without a border are eigenvalues themselves.
    let mut arrow = Vec::with_capacity(inner.len());
    let mut corner = 0.0;
    let mut alone = (f64::INFINITY, f64::NEG_INFINITY);
    for (j, lj) in list.iter().enumerate() {
        for (i, li) in list.iter().enumerate() {
            let a = inner[(i, j)];
            let one = if i == j { 1.0 } else { 0.0 };
            let border = scale * (b * li * li * lj * a + li * lj * (b * li * a - one));
            let diagonal = scale * b * b * li * li * lj;
            if border == 0.0 {
                alone = (alone.0.min(diagonal), alone.1.max(diagonal));
            } else {
                arrow.push((diagonal, border * border));
            }
            corner += scale * li * li * lj * a * a;
        }
    }
    let spread = arrow.iter().map(|e| e.1).sum::<f64>().sqrt();
    let room = spread + 1e-12 * (corner.abs() + spread);
    // Outside of the diagonal the difference falls, from positive to negative.
    let difference = |x: f64| {
        let sum: f64 = arrow
            .iter()
            .map(|(diagonal, border)| border / (diagonal - x))
            .sum();
        corner - x - sum
    };
    let halved = |mut outside: f64, mut inside: f64| {
        let sign = (inside - outside).signum();
        for _ in 0..HALVINGS {
            let middle = 0.5 * (outside + inside);
            if sign * difference(middle) > 0.0 {
                outside = middle;
            } else {
                inside = middle;
            }
        }
        outside
    };
    let least = arrow.iter().map(|e| e.0).fold(corner, f64::min);
    let largest = arrow.iter().map(|e| e.0).fold(corner, f64::max);
    Ok((
        halved(least - room, least).min(alone.0),
        halved(largest + room, largest).max(alone.1),
    ))
}
