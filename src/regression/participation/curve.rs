//! The two functions of the score variance on which a prediction depends, and their slopes, fast at any point.

use super::table::{LARGEST, evaluate, sampled};
use crate::error::Result;
use crate::parameter::PromptLength;

/// `P(q) = r_2(s)` and `Q(q) = r_2(s) + 6 r_3(s) - 6 E P_2^2(s)` at `q = s^2` (theory T3), interpolated for
/// `0 <= q <= 40000`.
///
/// Chebyshev polynomials of degree 13, one for each panel: panels of doubling width up to 2 (the functions are smooth at 0, not analytic),
/// of width 2 up to 64, where both may grow like `e^q / L`, then again of doubling width.
///
/// # Accuracy
/// Values within `1e-10` relative, slopes within `1e-8` of the value (measured in the tests for `L` from 1 to `1e12`).
#[derive(Debug, Clone)]
pub(in crate::regression) struct ParticipationCurve {
    panels: Vec<Panel>,
}

/// Coefficients of the Chebyshev polynomials `T_0, T_1, ..` on one panel.
#[derive(Debug, Clone)]
struct Panel {
    end: f64,
    middle: f64,
    half: f64,
    second: [f64; NODES],
    response: [f64; NODES],
}

/// A function's value and its derivative in `q`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::regression) struct ValueAndSlope {
    pub value: f64,
    pub slope: f64,
}

const NODES: usize = 14;
/// The end of the first panel.
const FIRST: f64 = 1.0 / 32.0;
/// The largest width between [`FIRST`] and [`GROWTH`].
const WIDTH: f64 = 2.0;
/// Up to here, with `L` of any size in use, the functions may grow exponentially.
const GROWTH: f64 = 64.0;

impl ParticipationCurve {
    /// For one prompt length: some 600 evaluations of the participation ratios.
    ///
    /// # Errors
    /// Those of [`crate::exact::gaussian_participation`].
    pub fn new(length: PromptLength) -> Result<Self> {
        let mut panels = vec![Panel::new(length, 0.0, FIRST)?];
        let mut low = FIRST;
        while low < LARGEST {
            let width = if low < GROWTH { low.min(WIDTH) } else { low };
            let high = (low + width).min(LARGEST);
            panels.push(Panel::new(length, low, high)?);
            low = high;
        }
        Ok(Self { panels })
    }

    /// `P` and `Q` at `q`; NaN outside of `[0, 40000]`.
    pub fn at(&self, q: f64) -> [ValueAndSlope; 2] {
        let number = self.panels.partition_point(|panel| panel.end < q);
        match self.panels.get(number) {
            Some(panel) if q >= 0.0 => panel.at(q),
            _ => {
                [ValueAndSlope {
                    value: f64::NAN,
                    slope: f64::NAN,
                }; 2]
            }
        }
    }
}

impl Panel {
    fn new(length: PromptLength, low: f64, high: f64) -> Result<Self> {
        let (middle, half) = (0.5 * (low + high), 0.5 * (high - low));
        let uniform = 1.0 / length.as_f64();
        let nodes = std::array::from_fn(|node| angle(node).cos());
        let values = sampled(nodes, |node| {
            Ok(evaluate(length, middle + half * node)?.map(|value| value + uniform))
        })?;
        let [second, response] = values.map(|row| coefficients(&row));
        Ok(Self {
            end: high,
            middle,
            half,
            second,
            response,
        })
    }

    fn at(&self, q: f64) -> [ValueAndSlope; 2] {
        let t = (q - self.middle) / self.half;
        [&self.second, &self.response].map(|row| {
            let (value, slope) = clenshaw(row, t);
            ValueAndSlope {
                value,
                slope: slope / self.half,
            }
        })
    }
}

/// The angles of the Chebyshev nodes.
fn angle(node: usize) -> f64 {
    (node as f64 + 0.5) * std::f64::consts::PI / NODES as f64
}

/// Chebyshev coefficients of the polynomial through the values at the nodes.
fn coefficients(values: &[f64; NODES]) -> [f64; NODES] {
    std::array::from_fn(|order| {
        let sum: f64 = values
            .iter()
            .enumerate()
            .map(|(node, value)| value * (order as f64 * angle(node)).cos())
            .sum();
        let scale = if order == 0 { 1.0 } else { 2.0 };
        scale * sum / NODES as f64
    })
}

/// Clenshaw's recurrence for the sum and, differentiated, for its slope.
fn clenshaw(coefficients: &[f64; NODES], t: f64) -> (f64, f64) {
    let (mut b, mut before) = (0.0, 0.0);
    let (mut slope, mut slope_before) = (0.0, 0.0);
    for coefficient in coefficients.iter().skip(1).rev() {
        let next_slope = 2.0 * b + 2.0 * t * slope - slope_before;
        let next = coefficient + 2.0 * t * b - before;
        (slope_before, slope) = (slope, next_slope);
        (before, b) = (b, next);
    }
    let first = coefficients.first().copied().unwrap_or_default();
    (first + t * b - before, b + t * slope - slope_before)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POINTS: [f64; 14] = [
        0.0, 1e-6, 0.3, 1.999, 2.0, 7.7, 20.3, 40.0, 55.5, 63.999, 64.0, 127.0, 2_000.0, 39_999.0,
    ];

    #[test]
    #[ignore = "long: run by ./test --all"]
    fn values_are_those_of_the_ratios() {
        for length in [1, 2, 40, 1000, 1_000_000, 1_000_000_000_000] {
            let length = PromptLength::new(length).unwrap();
            let curve = ParticipationCurve::new(length).unwrap();
            for q in POINTS {
                let exact = evaluate(length, q).unwrap();
                for (found, exact) in curve.at(q).iter().zip(exact) {
                    let wanted = exact + 1.0 / length.as_f64();
                    let error = (found.value / wanted - 1.0).abs();
                    assert!(error < 1e-10, "L = {length:?}, q = {q}: {error:e}");
                }
            }
        }
    }

    /// Against the central difference of the fourth order of the ratios themselves.
    #[test]
    #[ignore = "long: run by ./test --all"]
    fn slopes_are_those_of_the_ratios() {
        for length in [2, 40, 1000, 1_000_000_000_000] {
            let length = PromptLength::new(length).unwrap();
            let curve = ParticipationCurve::new(length).unwrap();
            for q in [0.3, 1.999, 7.7, 40.0, 64.01, 500.0] {
                let step = 1e-3 * q;
                let at = |k: f64| evaluate(length, q + k * step).unwrap();
                let (near, far) = ([at(1.0), at(-1.0)], [at(2.0), at(-2.0)]);
                for i in 0..2 {
                    let quotient =
                        (8.0 * (near[0][i] - near[1][i]) - (far[0][i] - far[1][i])) / (12.0 * step);
                    let found = curve.at(q)[i];
                    let error = (found.slope - quotient).abs() / found.value;
                    assert!(error < 1e-8, "L = {length:?}, q = {q}: {error:e}");
                }
            }
        }
    }

    #[test]
    fn outside_of_the_range_there_is_no_value() {
        let curve = ParticipationCurve::new(PromptLength::new(10).unwrap()).unwrap();
        for q in [-1e-9, 40_001.0, f64::NAN, f64::INFINITY] {
            assert!(curve.at(q)[0].value.is_nan(), "{q}");
        }
        assert!(curve.at(40_000.0)[0].value < 1.0);
    }
}
