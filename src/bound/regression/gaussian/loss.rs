//! Losses other than the squared one: T10's gap of the risk for any loss that is 1-smooth in the prediction.

use crate::bound::logarithm::ln_add;
use crate::bound::regression::gaussian::constants::HeadSet;
use crate::bound::regression::gaussian::gaps::ROUNDING;
use crate::bound::regression::gaussian::query::QueryErrors;
use crate::parameter::Positive;

/// A loss `l(t, y)` with `|d^2 l / dt^2| <= 1`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SmoothLoss {
    /// `e^2/2` for `|e| <= delta`, `delta |e| - delta^2/2` beyond, `e = t - y`.
    Huber(Positive),
    /// `4 ln(1 + e^{-t sign y})`, the logistic loss of the sign of the label, scaled to be 1-smooth.
    Logistic,
}

impl SmoothLoss {
    /// `l(t, y)`.
    pub fn value(self, prediction: f64, label: f64) -> f64 {
        match self {
            Self::Huber(threshold) => {
                let (error, delta) = ((prediction - label).abs(), threshold.get());
                if error <= delta {
                    0.5 * error * error
                } else {
                    delta * (error - 0.5 * delta)
                }
            }
            Self::Logistic => {
                let margin = if label < 0.0 { -prediction } else { prediction };
                // ln(1 + e^{-m}) without overflow.
                4.0 * ((-margin).max(0.0) + (-margin.abs()).exp().ln_1p())
            }
        }
    }

    /// At least `E|l'(T, y)|^2` on a set of heads: `min(2 R_inf, delta^2)` for Huber, where `|l'| = min(|T - y|, delta)`, and 16 for the
    /// logistic loss.
    fn slope_square(self, errors: &QueryErrors, set: &HeadSet) -> f64 {
        match self {
            Self::Huber(threshold) => {
                let double_risk = set.residual * set.residual + errors.constants().noise_variance;
                double_risk.min(threshold.get() * threshold.get())
            }
            Self::Logistic => 16.0,
        }
    }
}

/// `ln g_1`, `g_1 = sqrt(E|l'(T, y)|^2 MSE) + MSE/2 >= |R_L - R_inf|` (T10, `risk-gap`), with `MSE <= b^2 E[r_2 (c_0 + tau^2 |Sig| q)]`.
pub fn smooth_risk_gap(errors: &QueryErrors, set: &HeadSet, loss: SmoothLoss) -> f64 {
    let ln_output = 2.0 * set.value.ln() + errors.moments(set.alignment).ln_output + ROUNDING;
    let ln_slope = 0.5 * loss.slope_square(errors, set).ln();
    ln_add(
        ln_slope + 0.5 * ln_output,
        ln_output - std::f64::consts::LN_2,
    ) + ROUNDING
}

#[cfg(test)]
mod tests {
    use crate::bound::regression::gaussian::loss::*;

    #[test]
    fn losses_are_one_smooth_and_no_smoother() {
        let huber = SmoothLoss::Huber(Positive::new("delta", 0.7).unwrap());
        for loss in [huber, SmoothLoss::Logistic] {
            let mut largest: f64 = 0.0;
            for i in -400..400 {
                let (t, h) = (f64::from(i) * 0.02, 1e-3);
                for y in [-1.0, 0.3] {
                    let second = (loss.value(t + h, y) - 2.0 * loss.value(t, y)
                        + loss.value(t - h, y))
                        / (h * h);
                    largest = largest.max(second.abs());
                }
            }
            assert!((0.99..1.001).contains(&largest), "{loss:?}: {largest}");
        }
        assert_eq!(SmoothLoss::Logistic.value(-1000.0, 1.0), 4000.0);
        assert_eq!(SmoothLoss::Logistic.value(1000.0, 1.0), 0.0);
    }
}
