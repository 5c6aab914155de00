//! The part of the answer of `transfer` that is about T10.gaussian.

use crate::regression::transfer::{GaussianLength, GaussianTransfer};
use crate::render::decimal::{round_nearest, round_up};

const DIGITS: usize = 4;

/// A length given by its logarithm: the integer above it up to 2^53, a power of ten beyond, rounded up.
pub fn length_text(ln_length: f64) -> String {
    if ln_length <= 53.0 * std::f64::consts::LN_2 {
        return format!("{:.0}", ln_length.exp().ceil());
    }
    length_or_inverse(ln_length)
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

pub(super) fn lines(answer: &GaussianTransfer) -> Vec<String> {
    let near = |x: f64| round_nearest(x, DIGITS);
    let up = |x: f64| round_up(x, DIGITS);
    let mut lines = vec![
        "T10.gaussian gaussian-transfer, errors of Gaussian tokens (gradient-order, T5):"
            .to_owned(),
        format!("{:<46} {:>14} {:>14}", "", "one constant", "along the flow"),
    ];
    let both = [&answer.global, &answer.along];
    let mut row = |name: &str, text: &dyn Fn(&GaussianLength) -> String| {
        let [one, two] = both.map(|cell| cell.as_ref().map_or_else(|_| "-".to_owned(), text));
        lines.push(format!("{name:<46} {one:>14} {two:>14}"));
    };
    row("  guaranteed L", &|b| length_text(b.ln_length));
    row("  horizon T", &|b| near(b.time));
    row("  R_inf(theta_inf(T)) - v/2 (T11)", &|b| {
        up(b.infinite_excess)
    });
    row("  exponent of growth: beta T, or INT mu", &|b| {
        near(b.ln_growth)
    });
    row("  MSE (T3.order, T5)", &|b| exponential(b.ln_output_error));
    row("  g1 >= |R_L - R_inf| (bias-gap)", &|b| {
        exponential(b.ln_risk_gap)
    });
    row("  gap of the gradients in A (gradient-order)", &|b| {
        exponential(b.ln_key_query_gap)
    });
    row("  gap of the gradients in b (bias-gap)", &|b| {
        exponential(b.ln_value_gap)
    });
    row("  g2 >= |grad R_L - grad R_inf|", &|b| {
        exponential(b.ln_gradient_gap)
    });
    row("  |theta_L(T) - theta_inf(T)| at most", &|b| {
        exponential(b.ln_distance)
    });
    row("  lim R_L - v/2 at most", &|b| up(b.excess));
    for (name, cell) in [
        ("one constant", &answer.global),
        ("along the flow", &answer.along),
    ] {
        if let Err(reason) = cell {
            lines.push(format!("  {name}: {reason}"));
        }
    }
    lines.push(format!(
            "  within 0.1 of the flow: beta = {}, Lipschitz constant of R_inf = {}; {} points of the flow, room for their error {}",
            up(answer.beta),
            up(answer.lipschitz),
            answer.path_points,
            round_up(answer.path_allowance, 2)
        ));
    lines
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
