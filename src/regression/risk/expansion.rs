//! The constants of `1/L`: what a long but finite prompt costs, and which optimum it selects.

use crate::error::{Error, Result};
use crate::regression::{RegressionHead, RegressionTask};

/// `lim L (R_L - R_inf)` at the head `A = k Sig^{-1}`, `b = 1/k`, which has no excess risk at the infinite prompt.
///
/// With `q = k^2 |g|^2`, `|g|^2` chi-square of `d` degrees of freedom, `eta = k zeta = k^2 |x|^2` there, and `L P`, `L Q -> e^q` (T3):
///
/// ```text
/// c(k) = 1/2 (1 - 2 k^2)^{-d/2} [ tau^2 tr Sig / (1 - 2 k^2) + (tau^2 tr Sig + v) / k^2 ].
/// ```
///
/// # Errors
/// Unless `0 < 2 k^2 < 1`; otherwise the limit is infinite, as in T8.
///
/// # Examples
/// ```
/// use attention_bounds::nalgebra::{self, dmatrix};
/// use attention_bounds::regression::{RegressionTask, risk::expansion};
///
/// // d = 1, Sig = tau = 1, v = 1/2, 2 k^2 = 1/2.
/// let task = RegressionTask::new(dmatrix![1.0], 0.5, 1.0)?;
/// let expected = 0.5 * 2f64.sqrt() * (2.0 + 1.5 * 4.0);
/// assert!((expansion::constant(&task, 0.5)? - expected).abs() < 1e-13);
/// let (scale, least) = expansion::best_scale(&task)?;
/// assert!(least <= expected && 2.0 * scale * scale < 1.0);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn constant(task: &RegressionTask, scale: f64) -> Result<f64> {
    let room = 1.0 - 2.0 * scale * scale;
    if !(scale > 0.0 && room > 0.0) {
        return Err(Error::Parameter {
            parameter: "k of A = k Sig^(-1)",
            value: scale.to_string(),
            required: "greater than 0 and less than 1/sqrt(2) (beyond, L (R_L - R_inf) tends to infinity)",
            theorem: Some("T11"),
        });
    }
    let signal = task.weight_variance() * task.eigenvalues().sum();
    let dimension = task.dimension() as f64;
    let exponential = (-0.5 * dimension * (-2.0 * scale * scale).ln_1p()).exp();
    Ok(0.5 * exponential * (signal / room + task.label_variance() / (scale * scale)))
}

/// The scale `k` that makes [`constant`] least, and its value: as `L -> inf` the minimum of `R_L` tends to `A = k Sig^{-1}`, `b = 1/k`, and
/// its excess risk is `c(k) / L` to first order.
///
/// All heads with `b A = Sig^{-1}` have no excess risk at the infinite prompt; the first order of `1/L` selects one of them, which is not
/// the limit of the infinite flow.
///
/// # Errors
/// As [`constant`], if `tau^2 tr Sig` or `v` is so large or small that the search ends outside `0 < 2 k^2 < 1`.
pub fn best_scale(task: &RegressionTask) -> Result<(f64, f64)> {
    // With u = k^2, 2 c = (1-2u)^{-d/2} [ S/(1-2u) + Y/u ]; its logarithmic derivative changes sign once on (0, 1/2).
    let signal = task.weight_variance() * task.eigenvalues().sum();
    let label = task.label_variance();
    let dimension = task.dimension() as f64;
    let slope = |u: f64| {
        let room = 1.0 - 2.0 * u;
        let value = signal / room + label / u;
        dimension / room * value + 2.0 * signal / (room * room) - label / (u * u)
    };
    let (mut low, mut high) = (0.0_f64, 0.5_f64);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if slope(middle) < 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    let scale = low.sqrt();
    Ok((scale, constant(task, scale)?))
}

/// `A = k Sig^{-1}`, `b = 1/k`.
pub fn on_the_valley(task: &RegressionTask, scale: f64) -> RegressionHead {
    RegressionHead {
        key_query: task.function(|l| scale / l),
        value: 1.0 / scale,
    }
}
