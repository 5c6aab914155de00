//! The two functions of the score variance on which the finite-prompt risk depends, at one prompt length.

use std::sync::OnceLock;

use crate::error::Result;
use crate::exact::gaussian_participation;
use crate::parameter::PromptLength;

/// `P(q) = r_2(s)` and `Q(q) = r_2(s) + 6 r_3(s) - 6 E P_2^2(s)` at `q = s^2` (theory T3), tabulated for Laplace transforms.
///
/// Both are `1/L` at `q = 0`, smooth in `q`, and tend to 1. They are stored less `1/L`.
pub(in crate::regression) struct ParticipationTable {
    length: PromptLength,
    /// `(P - 1/L) / q` and `(Q - 1/L) / q` on `0 <= q <= NEAR`, as polynomials in `q / NEAR`.
    near: [[f64; DEGREE]; 2],
    /// Beyond [`LARGEST`]; made when it is first needed.
    tail: OnceLock<Tail>,
}

/// Weighted values: `q`, weight of the quadrature rule, `P(q) - 1/L`, `Q(q) - 1/L`.
#[derive(Debug, Clone, Copy)]
pub(in crate::regression) struct Sample {
    pub at: f64,
    pub weight: f64,
    pub second: f64,
    pub response: f64,
}

/// Up to here the functions are polynomials.
pub(in crate::regression) const NEAR: f64 = 1.0 / 32.0;
const DEGREE: usize = 7;
/// Largest error beyond [`LARGEST`] (measured in the tests).
pub(in crate::regression) const TAIL: f64 = 1e-9;
/// Largest `q` for which participation ratios are defined (`s <= 200`).
pub(in crate::regression) const LARGEST: f64 = 40_000.0;

/// Nodes and weights of the 16-point Gauss-Legendre rule on `[-1, 1]`, positive half.
const GAUSS: [(f64, f64); 8] = [
    (0.095_012_509_837_637_440_185, 0.189_450_610_455_068_496_285),
    (0.281_603_550_779_258_913_230, 0.182_603_415_044_923_588_867),
    (0.458_016_777_657_227_386_342, 0.169_156_519_395_002_538_189),
    (0.617_876_244_402_643_748_447, 0.149_595_988_816_576_732_081),
    (0.755_404_408_355_003_033_895, 0.124_628_971_255_533_872_052),
    (0.865_631_202_387_831_743_880, 0.095_158_511_682_492_784_810),
    (0.944_575_023_073_232_576_078, 0.062_253_523_938_647_892_863),
    (0.989_400_934_991_649_932_596, 0.027_152_459_411_754_094_852),
];

/// The 16 nodes and weights on each of `split` equal parts of `[low, high]`.
pub(in crate::regression) fn gauss(
    low: f64,
    high: f64,
    split: usize,
) -> impl Iterator<Item = (f64, f64)> {
    let width = (high - low) / split as f64;
    (0..split).flat_map(move |part| {
        let from = low + part as f64 * width;
        let to = if part + 1 == split {
            high
        } else {
            from + width
        };
        let (middle, half) = (0.5 * (from + to), 0.5 * (to - from));
        GAUSS
            .into_iter()
            .flat_map(move |(x, w)| [(middle - half * x, half * w), (middle + half * x, half * w)])
    })
}

impl ParticipationTable {
    pub fn new(length: PromptLength) -> Result<Self> {
        // Chebyshev nodes, then divided differences: a well-conditioned route to the coefficients.
        let nodes = chebyshev();
        let values = sampled(nodes, |u| {
            Ok(evaluate(length, u * NEAR)?.map(|value| value / (u * NEAR)))
        })?;
        Ok(Self {
            length,
            near: values.map(|row| monomials(&nodes, row)),
            tail: OnceLock::new(),
        })
    }

    pub fn length(&self) -> PromptLength {
        self.length
    }

    /// `P - 1/L` and `Q - 1/L` for `0 <= q <= NEAR`.
    pub fn near(&self, q: f64) -> [f64; 2] {
        let u = q / NEAR;
        self.near
            .map(|row| q * row.iter().rev().fold(0.0, |sum, c| sum * u + c))
    }

    /// The derivatives at `q = 0` of order 1, 2, ..: coefficients of `q`, `q^2`, ..
    pub fn taylor(&self) -> [[f64; DEGREE]; 2] {
        self.near.map(|row| {
            let mut scale = NEAR;
            row.map(|coefficient| {
                scale /= NEAR;
                coefficient * scale
            })
        })
    }

    /// Samples on the panels `[NEAR 2^k, NEAR 2^{k+1}]` up to the first end beyond `end`, each in `split` parts of 16 nodes.
    ///
    /// # Errors
    /// Those of [`gaussian_participation`].
    pub fn samples(&self, end: f64, split: usize) -> Result<Vec<Sample>> {
        let mut samples = Vec::new();
        let mut low = NEAR;
        while low < end {
            // No panel holds the end of the range of the participation ratios inside.
            let high = if low < LARGEST {
                (2.0 * low).min(LARGEST)
            } else {
                2.0 * low
            };
            for (at, weight) in gauss(low, high, split) {
                let [second, response] = if at <= LARGEST {
                    evaluate(self.length, at)?
                } else {
                    self.beyond(at)?
                };
                samples.push(Sample {
                    at,
                    weight,
                    second,
                    response,
                });
            }
            low = high;
        }
        Ok(samples)
    }

    /// `P - 1/L` and `Q - 1/L` beyond [`LARGEST`].
    fn beyond(&self, q: f64) -> Result<[f64; 2]> {
        let tail = match self.tail.get() {
            Some(tail) => *tail,
            None => {
                let tail = Tail::new(self.length, LARGEST)?;
                *self.tail.get_or_init(|| tail)
            }
        };
        let uniform = 1.0 / self.length.as_f64();
        Ok(tail.rests(q).map(|rest| 1.0 - rest - uniform))
    }
}

/// `1 - P` and `1 - Q` at heavy scores: what is not on one token falls like the chance of a near tie, a series in powers of `1/s`.
///
/// The polynomial in `u = 1/s` without a constant term through the values at Chebyshev nodes between `u` and `4u` of the heaviest scores known.
#[derive(Debug, Clone, Copy)]
struct Tail {
    /// The largest `1/s` of the nodes.
    scale: f64,
    /// `(1 - P) / u` and `(1 - Q) / u` as polynomials in `u / scale`.
    rests: [[f64; DEGREE]; 2],
}

impl Tail {
    /// From values at score variances up to `heaviest`.
    fn new(length: PromptLength, heaviest: f64) -> Result<Self> {
        let scale = 4.0 / heaviest.sqrt();
        let uniform = 1.0 / length.as_f64();
        let nodes = chebyshev().map(|x| 0.25 + 0.75 * x);
        let values = sampled(nodes, |node| {
            let u = node * scale;
            let found = evaluate(length, (1.0 / (u * u)).min(heaviest))?;
            Ok(found.map(|value| (1.0 - (value + uniform)) / u))
        })?;
        Ok(Self {
            scale,
            rests: values.map(|row| monomials(&nodes, row)),
        })
    }

    fn rests(&self, q: f64) -> [f64; 2] {
        let u = 1.0 / q.sqrt();
        let x = u / self.scale;
        self.rests
            .map(|row| u * row.iter().rev().fold(0.0, |sum, c| sum * x + c))
    }
}

/// Chebyshev nodes on `[0, 1]`.
fn chebyshev() -> [f64; DEGREE] {
    std::array::from_fn(|i| {
        0.5 + 0.5 * ((i as f64 + 0.5) * std::f64::consts::PI / DEGREE as f64).cos()
    })
}

/// `[P - 1/L, Q - 1/L]` at `q`.
pub(in crate::regression) fn evaluate(length: PromptLength, q: f64) -> Result<[f64; 2]> {
    let ratios = gaussian_participation(q.sqrt(), &[length])?;
    let uniform = 1.0 / length.as_f64();
    Ok(ratios.first().map_or([f64::NAN; 2], |r| {
        let second = r.second.value - uniform;
        [
            second,
            second + 6.0 * (r.third.value - r.squared_second.value),
        ]
    }))
}

/// The values of both functions at the nodes, one row a function.
pub(in crate::regression) fn sampled<const NODES: usize>(
    nodes: [f64; NODES],
    values: impl Fn(f64) -> Result<[f64; 2]>,
) -> Result<[[f64; NODES]; 2]> {
    let mut rows = [[0.0; NODES]; 2];
    for (i, node) in nodes.into_iter().enumerate() {
        [rows[0][i], rows[1][i]] = values(node)?;
    }
    Ok(rows)
}

/// The coefficients of the polynomial through `(nodes[i], values[i])`.
fn monomials(nodes: &[f64], values: [f64; DEGREE]) -> [f64; DEGREE] {
    // Newton's divided differences in place.
    let mut differences = values;
    for order in 1..DEGREE {
        for i in (order..DEGREE).rev() {
            differences[i] = (differences[i] - differences[i - 1]) / (nodes[i] - nodes[i - order]);
        }
    }
    // Horner's scheme with polynomials: multiply by (u - node) and add.
    let mut polynomial = [0.0; DEGREE];
    for i in (0..DEGREE).rev() {
        for j in (1..DEGREE).rev() {
            polynomial[j] = polynomial[j - 1] - nodes[i] * polynomial[j];
        }
        polynomial[0] = differences[i] - nodes[i] * polynomial[0];
    }
    polynomial
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_integrates_polynomials_of_degree_31() {
        let integral: f64 = gauss(0.0, 2.0, 1).map(|(x, w)| w * x.powi(31)).sum();
        approx::assert_relative_eq!(integral, 2f64.powi(32) / 32.0, max_relative = 1e-14);
    }

    #[test]
    fn the_polynomial_agrees_with_the_ratios() {
        for length in [1, 2, 40, 1_000_000] {
            let length = PromptLength::new(length).unwrap();
            let table = ParticipationTable::new(length).unwrap();
            for q in [1e-6, 1e-3, 0.01, 0.02, NEAR] {
                let exact = evaluate(length, q).unwrap();
                for (a, b) in table.near(q).iter().zip(exact) {
                    assert!(
                        (a - b).abs() <= 1e-12 / length.as_f64(),
                        "L = {length:?}, q = {q}: {a} against {b}"
                    );
                }
            }
        }
    }

    /// `1 - P` of two tokens is `2 E[p (1-p)]`, `p` logistic in a normal number of variance `2 q`; the series from lighter scores finds it there,
    /// and finds what is known of more tokens.
    #[test]
    fn heavy_scores_have_the_series_of_near_ties() {
        let two = PromptLength::new(2).unwrap();
        let table = ParticipationTable::new(two).unwrap();
        for q in [4.1e4, 1e6, 1e10] {
            // The trapezoidal rule in the difference of the scores.
            let sum: f64 = (-8000..=8000)
                .map(|i| {
                    let x = f64::from(i) * 0.01;
                    let p = 1.0 / (1.0 + x.exp());
                    p * (1.0 - p) * (-x * x / (4.0 * q)).exp()
                })
                .sum();
            let rest = 2.0 * 0.01 * sum / (4.0 * std::f64::consts::PI * q).sqrt();
            let [second, _] = table.beyond(q).unwrap();
            assert!((0.5 - rest - second).abs() < 1e-12, "{q}: {second} {rest}");
        }
        for length in [2, 3, 50, 1_000_000, 1_000_000_000_000] {
            let length = PromptLength::new(length).unwrap();
            let tail = Tail::new(length, 0.25 * LARGEST).unwrap();
            for q in [0.3, 0.6, 1.0].map(|share| share * LARGEST) {
                let exact = evaluate(length, q).unwrap();
                for (rest, exact) in tail.rests(q).iter().zip(exact) {
                    let error = 1.0 - rest - 1.0 / length.as_f64() - exact;
                    assert!(error.abs() < TAIL, "{length:?}, {q}: {error:e}");
                }
            }
        }
    }
}
