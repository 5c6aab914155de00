//! The answer of `transfer`: T10 with numbers.

use serde::Serialize;

use super::gaussian_transfer;
use crate::record::Provenance;
use crate::regression::transfer::{GaussianTransfer, TransferAnswer, TransferBound};
use crate::render::decimal::{round_nearest, round_up};
use crate::render::json::document;

impl TransferAnswer {
    /// The answer for a terminal.
    pub fn text(&self, provenance: &Provenance) -> String {
        let number = |x: f64| round_nearest(x, 5);
        let mut lines = vec![
            self.description.clone(),
            format!(
                "wanted: lim R_L(theta_L(t)) <= {} + {} (the limit of the infinite flow is v/2, T11)",
                number(self.floor),
                number(self.epsilon)
            ),
            format!(
                "horizon T = {}: R_inf(theta_inf(T)) = {}, |grad R_inf| = {} (infinite flow, T11)",
                number(self.horizon),
                number(self.risk_at_horizon),
                number(self.gradient_at_horizon)
            ),
        ];
        let cases = [
            ("T10 risk-transfer, one Lipschitz constant", &self.global),
            (
                "T10.tube risk-transfer-tube, curvature along the flow",
                &self.tube,
            ),
        ];
        for (name, bound) in cases {
            lines.push(format!("{name}:"));
            lines.push(format!(
                "  guaranteed L = {}",
                bound.length.map_or_else(
                    || "none found up to 2^664".to_owned(),
                    |l| if l <= 9_007_199_254_740_992.0 {
                        format!("{l}")
                    } else {
                        format!("10^{:.2}", l.log10() + 0.005)
                    }
                )
            ));
            lines.push(format!(
                "  radius r = {}; |Sig^1/2 A Sig^1/2| <= {} in it; |grad R_inf| is Lipschitz with beta = {} on the ball",
                number(bound.radius),
                round_up(bound.alpha, 5),
                round_up(bound.lipschitz, 5)
            ));
            lines.push(format!(
                "  output error M = {} (T7.gaussian), derivative error |Sig|^2 K = {} (T9.key-query.gaussian-query)",
                round_up(bound.output, 4),
                round_up(bound.derivative, 4)
            ));
            lines.push(format!(
                "  g1 = {}, g2 <= {}; from g2 to the distance a factor e^{}: distance <= {}",
                round_up(bound.risk_gap, 4),
                round_up(bound.gradient_gap, 4),
                number(bound.ln_amplification),
                round_up(bound.ln_distance.exp(), 4)
            ));
        }
        match &self.gaussian {
            Ok(gaussian) => lines.extend(gaussian_transfer::lines(gaussian)),
            Err(reason) => lines.push(format!("T10.gaussian gaussian-transfer: none: {reason}")),
        }
        match &self.needed {
            Ok(needed) => {
                lines.push(format!(
                    "actual smallest L, by the exact flow (T11): {} (limit of R_L {}{})",
                    needed.length,
                    number(needed.risk),
                    needed.before.map_or_else(String::new, |risk| format!(
                        "; {} with one example less",
                        number(risk)
                    ))
                ));
                if !needed.converged {
                    lines.push(
                        "  a flow had not converged at flow.horizon, or its minimum is not resolved: its last risk stands for the limit"
                            .to_owned(),
                    );
                }
                lines.push(
                    "smallest: the limit is within epsilon at L and not at L - 1; that it keeps falling with L is observed, not proved"
                        .to_owned(),
                );
            }
            Err(reason) => lines.push(format!(
                "actual smallest L, by the exact flow (T11): none: {reason}"
            )),
        }
        lines.extend(self.notes.iter().cloned());
        lines.push(provenance.line());
        lines.join("\n") + "\n"
    }

    /// The answer as JSON, schema `attention-bounds/transfer/1`.
    pub fn json(&self, provenance: &Provenance) -> String {
        #[derive(Serialize)]
        struct Record<'a> {
            description: &'a str,
            epsilon: f64,
            floor: f64,
            horizon: f64,
            risk_at_horizon: f64,
            gradient_at_horizon: f64,
            global: &'a TransferBound,
            tube: &'a TransferBound,
            gaussian: Option<&'a GaussianTransfer>,
            #[serde(skip_serializing_if = "Option::is_none")]
            gaussian_reason: Option<&'a str>,
            actual: Option<u64>,
            actual_risk: Option<f64>,
            before: Option<f64>,
            actual_converged: Option<bool>,
            #[serde(skip_serializing_if = "Option::is_none")]
            actual_reason: Option<&'a str>,
            notes: &'a [String],
        }
        let needed = self.needed.as_ref();
        let record = Record {
            description: &self.description,
            epsilon: self.epsilon,
            floor: self.floor,
            horizon: self.horizon,
            risk_at_horizon: self.risk_at_horizon,
            gradient_at_horizon: self.gradient_at_horizon,
            global: &self.global,
            tube: &self.tube,
            gaussian: self.gaussian.as_ref().ok(),
            gaussian_reason: self.gaussian.as_ref().err().map(String::as_str),
            actual: needed.ok().map(|found| found.length),
            actual_risk: needed.ok().map(|found| found.risk),
            before: needed.ok().and_then(|found| found.before),
            actual_converged: needed.ok().map(|found| found.converged),
            actual_reason: needed.err().map(String::as_str),
            notes: &self.notes,
        };
        document("attention-bounds/transfer/1", provenance, &record)
    }
}
