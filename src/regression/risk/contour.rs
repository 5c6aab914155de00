//! Expectations of functions of a generalised chi-square variable, on a contour that does not depend on its law.
//!
//! Let `q = sum_j l_j g_j^2` with standard normal `g_j`, and `f(g)` one of `1`, `g_j^2`, `g_j^2 g_k^2`. For a function `H` with `H(0) = 0`
//!
//! ```text
//! E[H(q) f] = 1/(2 pi i) INT h(z) E[f e^{-z q}] dz,     h(z) = INT_0^inf H(q) e^{z q} dq,
//! ```
//!
//! along any path upward in `-1/(2 max l) < Re z < 0` (Fubini and the inversion of the Laplace transform); `h` is analytic for
//! `Re z < 0`, and `E[f e^{-z q}] = prod_j (1 + 2 z l_j)^{-1/2}` times at most two such factors is analytic off the cut
//! `z <= -1/(2 max l)`, so the path may be bent to the left into the hyperbola `z = -c (cosh t - i sinh t)` with
//! `sqrt(2) c < 1/(2 max l)`. The integrand is analytic for `|Im t| < pi/4` and decays exponentially in `|t|`, and the trapezoidal
//! sum with step `e` is in error by about `exp(-pi^2 / (2 e))`. `h` does not depend on the `l_j`: it is tabulated once.

use nalgebra::Complex;

use crate::error::Result;
use crate::regression::participation::table::{
    LARGEST, NEAR, ParticipationTable, Sample, TAIL, gauss,
};

/// End of the table in `t`: integrands decay at least like `e^{-t/2}`.
const LAST: f64 = 75.0;
/// `|z|` from which on, at slope 1, the Taylor series of `H` gives `h`: the rest of the integral is below `e^{-90}`.
const FAR: f64 = 4096.0;
/// `e^{-40}` ends the integral over `q`.
const REACH: f64 = 40.0;

/// How a path is bent, and how finely it is summed: what serves a dimension.
///
/// On the hyperbola `z = -c (cosh t - i k sinh t)` the product of the poles may be as large as `(1 + 1/k^2)^{d/4}`, which costs as many digits: at
/// `k = 1` too many for large `d`. A steeper path, `k > 1`, is analytic in `|Im t| < atan(1/k)` only, so that it needs smaller steps, and
/// the transforms along it oscillate faster.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shape {
    /// `k`.
    slope: f64,
    /// Step of the table in `t`.
    step: f64,
    /// Parts of a panel of the transforms.
    split: usize,
    /// `1 / (c max l)`, at least.
    room: f64,
    /// How many steps of the table the sums take: that of a value, and the coarser one that it is compared with.
    pub strides: (usize, usize),
    /// That of flows and minimisations, for which `2e-9` of the terms or better is enough.
    pub economical: usize,
    /// Relative accuracy of the transforms and of the sums over a path (measured against another method in the tests).
    pub accuracy: f64,
}

impl Shape {
    /// The error of the sum with the step `e` is about `exp(-pi^2 / (2 e))` for `k = 1` and `exp(-2 pi / (k e))` for large `k`, times the size of the
    /// integrand in the strip, which grows with the number of factors (the strides up to dimension 24 are measured).
    pub fn of(dimension: usize) -> Self {
        let (slope, step, room) = match dimension {
            0..=24 => (1.0, 0.05, 3.0),
            25..=100 => (4.0, 0.025, 4.0),
            _ => (8.0, 0.0125, 4.0),
        };
        Self {
            slope,
            step,
            split: slope as usize,
            room,
            accuracy: if slope == 1.0 { 2e-12 } else { 2e-11 },
            strides: if dimension <= 8 { (2, 4) } else { (1, 2) },
            economical: if dimension <= 8 { 4 } else { 2 },
        }
    }

    /// The number of a path good for eigenvalues with this maximum and sum: `c = 2^{number/2} <= min(1/(room max l), 1/sum l)`.
    ///
    /// The second keeps `E e^{cq}` of order 1.
    pub fn number(&self, largest: f64, sum: f64) -> i32 {
        (-2.0 * (self.room * largest).max(sum).log2()).floor() as i32
    }
}

/// One point of the path.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub z: Complex<f64>,
    /// `dz / pi` and the step of the sum; the first point of the symmetric path has half of it.
    pub weight: Complex<f64>,
    /// `h` for `P - 1/L` and for `Q - 1/L`.
    pub second: Complex<f64>,
    pub response: Complex<f64>,
}

/// The path for one `c`, with the transforms.
pub(super) struct Contour {
    nodes: Vec<Node>,
}

impl Contour {
    /// The path of that number.
    ///
    /// # Errors
    /// Those of [`crate::exact::gaussian_participation`].
    pub fn new(number: i32, shape: Shape, table: &ParticipationTable) -> Result<Self> {
        let c = scale(number);
        let samples = table.samples(REACH / c, shape.split)?;
        let count = (LAST / shape.step) as usize;
        let nodes = (0..=count)
            .map(|i| {
                let t = i as f64 * shape.step;
                let z = Complex::new(-c * t.cosh(), c * shape.slope * t.sinh());
                let slope = Complex::new(-c * t.sinh(), c * shape.slope * t.cosh());
                let half = if i == 0 { 0.5 } else { 1.0 };
                let [second, response] = transforms(z, shape, table, &samples);
                Node {
                    z,
                    weight: slope * (half * shape.step / std::f64::consts::PI),
                    second,
                    response,
                }
            })
            .collect();
        Ok(Self { nodes })
    }

    /// The points of the trapezoidal sum with `stride` steps of the table.
    pub fn nodes(&self, stride: usize) -> impl Iterator<Item = Node> {
        let factor = stride as f64;
        self.nodes.iter().step_by(stride).map(move |node| Node {
            weight: node.weight * factor,
            ..*node
        })
    }
}

/// `c` of a path.
fn scale(number: i32) -> f64 {
    (0.5 * f64::from(number)).exp2()
}

/// At most what scores beyond the participation ratios add to an expectation on this path, by the error there.
pub(super) fn tail_error(number: i32) -> f64 {
    TAIL * (-scale(number) * LARGEST).exp()
}

/// `h(z)` of both functions.
fn transforms(
    z: Complex<f64>,
    shape: Shape,
    table: &ParticipationTable,
    samples: &[Sample],
) -> [Complex<f64>; 2] {
    let zero = Complex::new(0.0, 0.0);
    if z.norm() > FAR * (0.5 * (1.0 + shape.slope * shape.slope)).sqrt() {
        // INT q^n e^{zq} dq = n! / (-z)^{n+1}.
        return table.taylor().map(|row| {
            let mut term = -z.inv();
            row.iter().enumerate().fold(zero, |sum, (i, coefficient)| {
                term *= -z.inv() * (i + 1) as f64;
                sum + term * *coefficient
            })
        });
    }
    let mut sums = [zero; 2];
    let mut add = |at: f64, weight: f64, values: [f64; 2]| {
        let factor = (z * at).exp() * weight;
        for (sum, value) in sums.iter_mut().zip(values) {
            *sum += factor * value;
        }
    };
    // Panels that halve towards 0 until e^{zq} is resolved on the last, [0, end].
    let mut end = NEAR;
    while end * z.norm() > 4.0 {
        for (at, weight) in gauss(0.5 * end, end, shape.split) {
            add(at, weight, table.near(at));
        }
        end *= 0.5;
    }
    for (at, weight) in gauss(0.0, end, shape.split) {
        add(at, weight, table.near(at));
    }
    for sample in samples {
        if sample.at * z.re < -2.0 * REACH {
            break;
        }
        add(sample.at, sample.weight, [sample.second, sample.response]);
    }
    sums
}
