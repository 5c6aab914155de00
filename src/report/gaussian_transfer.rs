//! The answer of `transfer`: T10 and T10.sharp beside the length that suffices.

use serde::Serialize;

use super::decimal::{round_nearest, round_up};
use super::json::to_text;
use super::{Cell, Provenance};

/// Digits of the numbers in the text.
const DIGITS: usize = 4;

/// How long a prompt must be so that its flow ends within `eps` of the infinite-prompt limit.
#[derive(Debug, Clone, PartialEq)]
pub struct TransferAnswer {
    /// One line that describes task and start.
    pub description: String,
    /// `eps`.
    pub epsilon: f64,
    /// `v/2`.
    pub limit_risk: f64,
    /// `beta` of the surroundings of the flow.
    pub beta: f64,
    /// Lipschitz constant of `R_inf` there.
    pub lipschitz: f64,
    /// Points of the infinite flow.
    pub path_points: u64,
    /// Room for their error.
    pub path_allowance: f64,
    /// T10.
    pub global: Cell<TransferBound>,
    /// T10.sharp.
    pub sharp: Cell<TransferBound>,
    /// The smallest length whose exact flow ends within `eps`.
    pub actual: Cell<u64>,
}

/// A bound of the length with its ingredients; errors are logarithms, as they may be far below the smallest float.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TransferBound {
    /// `ln L`.
    pub ln_length: f64,
    /// `T`.
    pub time: f64,
    /// `R_inf - v/2` of the infinite flow at `T`.
    pub infinite_excess: f64,
    /// `beta T`, or `INT_0^T mu`.
    pub ln_growth: f64,
    /// Logarithm of the bound of the distance of the flows at `T`.
    pub ln_distance: f64,
    /// `ln MSE`.
    pub ln_output_error: f64,
    /// `ln E|J_L - J|^2`.
    pub ln_jacobian_error: f64,
    /// `sqrt(E|J|^2)`.
    pub jacobian: f64,
    /// `E|l'|^2`.
    pub loss_slope_square: f64,
    /// `ln g_1`.
    pub ln_risk_gap: f64,
    /// `ln g_2`.
    pub ln_gradient_gap: f64,
    /// The bound of `lim R_L(theta_L) - v/2`.
    pub excess: f64,
}

/// A length given by its logarithm: the integer above it up to 2^53, a power of ten beyond, rounded up.
pub fn length_text(ln_length: f64) -> String {
    if ln_length <= 53.0 * std::f64::consts::LN_2 {
        return format!("{:.0}", ln_length.exp().ceil());
    }
    format!(
        "10^{:.1}",
        (10.0 * ln_length / std::f64::consts::LN_10).ceil() / 10.0
    )
}

/// A positive number given by its logarithm, rounded up.
fn exponential(ln: f64) -> String {
    let value = ln.exp();
    if value > 1e-300 && value < f64::INFINITY {
        round_up(value, DIGITS)
    } else {
        length_or_inverse(ln)
    }
}

fn length_or_inverse(ln: f64) -> String {
    format!(
        "10^{:.1}",
        (10.0 * ln / std::f64::consts::LN_10).ceil() / 10.0
    )
}

impl TransferAnswer {
    /// The answer for a terminal.
    pub fn text(&self, provenance: &Provenance) -> String {
        let near = |x: f64| round_nearest(x, DIGITS);
        let mut lines = vec![
            self.description.clone(),
            format!(
                "lim R_L(theta_L) <= v/2 + eps, v/2 = {}, eps = {}",
                near(self.limit_risk),
                self.epsilon
            ),
            format!("{:<44} {:>16} {:>16}", "", "T10", "T10.sharp"),
        ];
        let both: [&Cell<TransferBound>; 2] = [&self.global, &self.sharp];
        let mut row = |name: &str, text: &dyn Fn(&TransferBound) -> String| {
            let [one, two] = both.map(|cell| cell.as_ref().map_or_else(|_| "-".to_owned(), text));
            lines.push(format!("{name:<44} {one:>16} {two:>16}"));
        };
        row("L that suffices", &|b| length_text(b.ln_length));
        row("  horizon T", &|b| near(b.time));
        row("  R_inf(theta_inf(T)) - v/2, exact (T11)", &|b| {
            round_up(b.infinite_excess, DIGITS)
        });
        row("  growth: beta T, or INT mu (T10)", &|b| near(b.ln_growth));
        row("  MSE (T3.order, T5)", &|b| exponential(b.ln_output_error));
        row("  E|J_L - J|^2 (gradient-order, T5)", &|b| {
            exponential(b.ln_jacobian_error)
        });
        row("  sqrt E|J|^2 (T11)", &|b| round_up(b.jacobian, DIGITS));
        row("  E|l'|^2 = 2 R_inf (T11)", &|b| {
            round_up(b.loss_slope_square, DIGITS)
        });
        row("  g1 >= |R_L - R_inf| (T10)", &|b| {
            exponential(b.ln_risk_gap)
        });
        row("  g2 >= |grad R_L - grad R_inf| (T10)", &|b| {
            exponential(b.ln_gradient_gap)
        });
        row("  |theta_L(T) - theta_inf(T)|", &|b| {
            exponential(b.ln_distance)
        });
        row("  bound of lim R_L - v/2", &|b| round_up(b.excess, DIGITS));
        for (id, cell) in [("T10", &self.global), ("T10.sharp", &self.sharp)] {
            if let Err(reason) = cell {
                lines.push(format!("{id}: {reason}"));
            }
        }
        lines.push(format!(
            "around the flow: beta = {}, Lipschitz constant of R_inf = {}",
            round_up(self.beta, DIGITS),
            round_up(self.lipschitz, DIGITS)
        ));
        lines.push(format!(
            "infinite flow: {} points, room for their error {}",
            self.path_points,
            round_up(self.path_allowance, 2)
        ));
        lines.push(match &self.actual {
            Ok(length) => format!("smallest L whose exact flow ends within eps (T11): {length}"),
            Err(reason) => format!("smallest L whose exact flow ends within eps: none: {reason}"),
        });
        lines.push(provenance.line());
        lines.join("\n") + "\n"
    }

    /// The answer as JSON, schema `attention-bounds/transfer/1`.
    pub fn json(&self, provenance: &Provenance) -> String {
        #[derive(Serialize)]
        struct BoundRecord<'a> {
            theorem: &'static str,
            #[serde(flatten)]
            bound: Option<&'a TransferBound>,
            #[serde(skip_serializing_if = "Option::is_none")]
            reason: Option<&'a str>,
        }
        #[derive(Serialize)]
        struct Record<'a> {
            schema: &'static str,
            provenance: &'a Provenance,
            description: &'a str,
            epsilon: f64,
            limit_risk: f64,
            beta: f64,
            lipschitz: f64,
            path_points: u64,
            path_allowance: f64,
            bounds: [BoundRecord<'a>; 2],
            actual: Option<u64>,
        }
        to_text(&Record {
            schema: "attention-bounds/transfer/1",
            provenance,
            description: &self.description,
            epsilon: self.epsilon,
            limit_risk: self.limit_risk,
            beta: self.beta,
            lipschitz: self.lipschitz,
            path_points: self.path_points,
            path_allowance: self.path_allowance,
            bounds: [("T10", &self.global), ("T10.sharp", &self.sharp)].map(|(theorem, cell)| {
                BoundRecord {
                    theorem,
                    bound: cell.as_ref().ok(),
                    reason: cell.as_ref().err().map(String::as_str),
                }
            }),
            actual: self.actual.as_ref().ok().copied(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_rounded_up() {
        assert_eq!(length_text(100.5f64.ln()), "101");
        assert_eq!(length_text(40.0), "10^17.4");
        assert_eq!(length_text(4605.2), "10^2000.1");
        assert_eq!(exponential(-4605.0), "10^-1999.9");
        assert_eq!(exponential(0.0), "1.000");
    }
}
