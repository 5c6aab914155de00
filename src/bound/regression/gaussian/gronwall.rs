//! From gaps of gradients to distances of flows, and to the risk at the end of the finite-prompt flow.

use crate::bound::regression::gaussian::constants::{HeadSet, RegressionConstants};

/// Relative room for rounding.
const ROUNDING: f64 = 1e-9;

/// `ln( (g_2 / beta) (e^{beta T} - 1) )`, T10's bound of the distance of the flows at the time `T` on a set where `|grad R_L - grad R_inf| <= g_2` and the
/// Hessian of `R_inf` is at most `beta`; raised by `1e-9 max(beta T, 1)` for rounding.
///
/// # Examples
/// ```
/// use attention_bounds::bound::regression::gaussian::gronwall_distance;
///
/// // g_2 = 1, beta T = 1.
/// assert!((gronwall_distance(0.0, 2.0, 0.5) - (0.5 * 1f64.exp_m1()).ln()).abs() < 1e-8);
/// ```
pub fn gronwall_distance(ln_gradient_gap: f64, beta: f64, time: f64) -> f64 {
    let growth = beta * time;
    let ln_growth = if growth > 1.0 {
        growth + (-(-growth).exp()).ln_1p()
    } else {
        growth.exp_m1().ln()
    };
    ln_gradient_gap - beta.ln() + ln_growth + ROUNDING * growth.max(1.0)
}

/// One interval of time of the tube: what is known of the infinite flow on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TubeStep {
    /// Its duration.
    pub duration: f64,
    /// At most the smallest eigenvalue of the Hessian of `R_inf` at every point of the infinite flow on the interval.
    pub least_curvature: f64,
    /// Lipschitz constant of the Hessian on the tube.
    pub curvature_slope: f64,
}

/// The largest distance on an interval, and that at its end, from the distance at its start: the solution of
/// `D' = mu D + g_2`, `mu = -least_curvature + curvature_slope radius / 2`.
///
/// It is a bound if the first number is at most `radius`, for which `curvature_slope` and `gradient_gap` must hold.
pub fn tube_step(step: &TubeStep, start: f64, radius: f64, gradient_gap: f64) -> (f64, f64) {
    let rate = -step.least_curvature + 0.5 * step.curvature_slope * radius;
    let growth = rate * step.duration;
    // (e^x - 1)/x, continuous at 0.
    let mean = if growth.abs() < 1e-8 {
        1.0 + growth.abs()
    } else {
        growth.exp_m1() / growth
    };
    let end = (start * growth.exp() + gradient_gap * step.duration * mean) * (1.0 + ROUNDING);
    // The solution is monotone on the interval.
    (start.max(end), end)
}

/// T10's bound of `lim R_L(theta_L) - v/2` from one time: the excess of the infinite flow there, its gradient, and the distance of the flows.
///
/// `R_L` falls along its own flow, so the limit is at most `R_L(theta_L(T)) <= R_inf(theta_L(T)) + g_1`, and
/// `R_inf(theta_L) <= R_inf(theta_inf) + |grad R_inf(theta_inf)| D + beta D^2 / 2` on the segment between the two.
pub fn risk_at_the_limit(
    constants: &RegressionConstants,
    set: &HeadSet,
    (excess, gradient): (f64, f64),
    distance: f64,
    risk_gap: f64,
) -> f64 {
    let beta = set.curvature(constants);
    (excess + gradient * distance + 0.5 * beta * distance * distance + risk_gap) * (1.0 + ROUNDING)
}

#[cfg(test)]
mod tests {
    use crate::bound::regression::gaussian::gronwall::*;

    #[test]
    fn a_step_is_the_solution_of_its_linear_equation() {
        for (least, slope, radius) in [
            (-0.7, 0.0, 0.1),
            (0.4, 0.0, 0.1),
            (0.0, 2.0, 0.3),
            (0.0, 0.0, 0.0),
        ] {
            let step = TubeStep {
                duration: 0.5,
                least_curvature: least,
                curvature_slope: slope,
            };
            let rate = 0.5 * slope * radius - least;
            // Euler's method with a million steps.
            let mut wanted: f64 = 0.02;
            for _ in 0..1_000_000 {
                wanted += 0.5e-6 * (rate * wanted + 0.3);
            }
            let (largest, end) = tube_step(&step, 0.02, radius, 0.3);
            assert!((end / wanted - 1.0).abs() < 1e-5, "{end} {wanted}");
            assert_eq!(largest, end);
        }
        // A contraction without a gap: the start is the largest.
        let step = TubeStep {
            duration: 1.0,
            least_curvature: 2.0,
            curvature_slope: 0.0,
        };
        let (largest, end) = tube_step(&step, 1.0, 1.0, 0.0);
        assert_eq!(largest, 1.0);
        assert!((end - (-2f64).exp()).abs() < 1e-8);
    }

    #[test]
    fn gronwall_is_linear_at_first_and_exponential_later() {
        let at = |time| gronwall_distance(-3.0, 2.0, time);
        assert!((at(1e-9) - (-3.0 + 1e-9f64.ln())).abs() < 1e-6);
        let exact = -3.0 + ((2.0f64 * 1.7).exp_m1() / 2.0).ln();
        assert!((at(1.7) - exact).abs() < 1e-7);
        assert!((at(1e4) - (2e4 - 3.0 - 2f64.ln())).abs() < 1e-4);
    }
}
