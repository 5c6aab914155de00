//! T10.gaussian `gaussian-transfer`: T10 with the errors of Gaussian tokens instead of those of the sub-Gaussian class.
//!
//! In-context regression, squared loss. Everything here is about a set of heads ([`HeadSet`]) and a prompt length given by its logarithm.
//!
//! # What is guaranteed
//! Participation ratios, chi-square probabilities and their sums are rounded outward ([`crate::interval`]); the sums are upper sums of increasing
//! functions, not quadrature. Norms and polynomials of them are plain floats, raised by a relative `1e-10` or more.

mod constants;
mod gronwall;
mod participation;
mod query;
mod spread;

pub use constants::{HeadSet, RegressionConstants, fourth_derivative};
pub use gronwall::{TubeStep, gronwall_distance, risk_at_the_limit, tube_step};
pub use query::{ErrorMoments, QueryErrors};

use super::logarithm::ln_add;

/// T10's bounds on one set of heads, as logarithms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RiskGaps {
    /// `ln MSE`, the squared error of the output.
    pub ln_output_error: f64,
    /// `ln E|J_L - J|^2`, the squared error of the Jacobian of the output in `(A, b)`.
    pub ln_jacobian_error: f64,
    /// At least `(E|J|^2)^{1/2}`.
    pub jacobian: f64,
    /// At least `E|l'(T, y)|^2`.
    pub loss_slope_square: f64,
    /// `ln g_1`, `g_1 >= |R_L - R_inf|`.
    pub ln_risk: f64,
    /// `ln g_2`, `g_2 >= |grad R_L - grad R_inf|`.
    pub ln_gradient: f64,
}

/// Room for the rounding of a few sums of logarithms.
const ROUNDING: f64 = 1e-9;

/// T10's gaps on a set of heads (theory T10, `gap` and `gradient-order`):
///
/// ```text
/// g_1 = sqrt(E|l'|^2 MSE) + MSE/2,     g_2 = sqrt(E|J_L - J|^2 E|l'|^2) + (sqrt(E|J|^2) + sqrt(E|J_L - J|^2)) sqrt(MSE),
/// MSE <= b^2 M_1,   E|J_L - J|^2 <= b^2 |Sig| M_2 + M_1,   E|J|^2 <= tau^2 (b^2 tr Sig^2 tr Sig + S^2).
/// ```
pub fn risk_gaps(errors: &QueryErrors, set: &HeadSet) -> RiskGaps {
    let c = errors.constants();
    let moments = errors.moments(set.alignment);
    let ln_value = 2.0 * set.value.ln();
    let ln_output_error = ln_value + moments.ln_output + ROUNDING;
    let ln_jacobian_error = ln_add(
        ln_value + c.largest.ln() + moments.ln_covariance,
        moments.ln_output,
    ) + ROUNDING;
    let jacobian = (c.weight_variance
        * (set.value * set.value * c.square_trace * c.trace + set.response * set.response))
        .sqrt()
        * (1.0 + ROUNDING);
    let loss_slope_square = set.loss_slope_square(c) * (1.0 + ROUNDING);
    let (ln_slope, half_output, half_jacobian) = (
        0.5 * loss_slope_square.ln(),
        0.5 * ln_output_error,
        0.5 * ln_jacobian_error,
    );
    RiskGaps {
        ln_output_error,
        ln_jacobian_error,
        jacobian,
        loss_slope_square,
        ln_risk: ln_add(
            ln_slope + half_output,
            ln_output_error - std::f64::consts::LN_2,
        ) + ROUNDING,
        ln_gradient: ln_add(
            half_jacobian + ln_slope,
            ln_add(jacobian.ln(), half_jacobian) + half_output,
        ) + ROUNDING,
    }
}
