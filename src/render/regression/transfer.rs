//! The answer of `transfer`: T10 with numbers.

use serde::Serialize;

use super::gaussian_transfer;
use crate::record::Provenance;
use crate::regression::transfer::TransferAnswer;
use crate::render::decimal::{round_nearest, round_up};
use crate::render::json::to_text;

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
                    || "none up to 2^664".to_owned(),
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
        lines.extend(gaussian_transfer::lines(&self.gaussian));
        lines.push(format!(
            "actual smallest L, by the exact flow (T11): {} (limit of R_L {}{})",
            self.actual,
            number(self.actual_risk),
            self.before.map_or_else(String::new, |risk| format!(
                "; {} with one example less",
                number(risk)
            ))
        ));
        lines.extend(self.notes.iter().cloned());
        lines.push(provenance.line());
        lines.join("\n") + "\n"
    }

    /// The answer as JSON, schema `attention-bounds/transfer/1`.
    pub fn json(&self, provenance: &Provenance) -> String {
        #[derive(Serialize)]
        struct Record<'a> {
            schema: &'static str,
            provenance: &'a Provenance,
            #[serde(flatten)]
            answer: &'a TransferAnswer,
        }
        to_text(&Record {
            schema: "attention-bounds/transfer/1",
            provenance,
            answer: self,
        })
    }
}
