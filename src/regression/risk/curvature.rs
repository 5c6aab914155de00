//! The curvature of the infinite-prompt risk.

use crate::error::Result;
use crate::regression::{RegressionHead, RegressionTask};

/// Halvings of the bracket of the smallest eigenvalue.
const HALVINGS: usize = 80;

/// The smallest eigenvalue of the Hessian of `R_inf`, from below.
///
/// In the eigenbasis of `Sig` (eigenvalues `l_i`) the Hessian is an arrow: diagonal in `A`, `tau^2 b^2 l_i^2 l_j`, bordered by
/// `tau^2 (b l_i^2 l_j A_ij + l_i l_j (b l_i A_ij - [i = j]))` and with the corner `tau^2 sum l_i^2 l_j A_ij^2`. Its smallest eigenvalue is the
/// root of `corner - x = sum border^2 / (diagonal - x)` below the diagonal, which is bracketed and halved; the lower end is returned.
///
/// # Errors
/// If the head has another dimension than the task.
pub fn least_curvature(task: &RegressionTask, head: &RegressionHead) -> Result<f64> {
    head.check(task)?;
    let inner = task.axes().tr_mul(&head.key_query) * task.axes();
    let (b, scale) = (head.value, task.weight_variance());
    let list = task.eigenvalues();
    let mut entries = Vec::with_capacity(inner.len());
    let mut corner = 0.0;
    for (j, lj) in list.iter().enumerate() {
        for (i, li) in list.iter().enumerate() {
            let a = inner[(i, j)];
            let one = if i == j { 1.0 } else { 0.0 };
            let border = scale * (b * li * li * lj * a + li * lj * (b * li * a - one));
            entries.push((scale * b * b * li * li * lj, border * border));
            corner += scale * li * li * lj * a * a;
        }
    }
    // Below the smallest eigenvalue the difference is positive, and it falls.
    let positive = |x: f64| {
        let sum: f64 = entries
            .iter()
            .map(|(diagonal, border)| {
                if *border == 0.0 {
                    0.0
                } else {
                    border / (diagonal - x)
                }
            })
            .sum();
        corner - x - sum > 0.0
    };
    let least = entries.iter().map(|e| e.0).fold(corner, f64::min);
    let spread = entries.iter().map(|e| e.1).sum::<f64>().sqrt();
    let (mut low, mut high) = (least - spread - 1e-12 * (corner + spread), least);
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if positive(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(low)
}
