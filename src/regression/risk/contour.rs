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
use crate::regression::participation::table::{NEAR, ParticipationTable, Sample, gauss};

/// Step of the table in `t`. Sums take every first, second or fourth point: `exp(-pi^2 / (2 e))` is `2e-11` for the step 0.2, but it is multiplied by
/// the size of the integrand in the strip, which grows with the number of factors.
const STEP: f64 = 0.05;
/// End of the table in `t`: integrands decay at least like `e^{-t/2}`.
const LAST: f64 = 75.0;
/// `|z|` from which on the Taylor series of `H` gives `h`: the rest of the integral is below `e^{-90}`.
const FAR: f64 = 4096.0;
/// `e^{-40}` ends the integral over `q`.
const REACH: f64 = 40.0;

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

/// The number of a path good for eigenvalues with this maximum and sum: `c = 2^{number/2} <= min(1/(3 max l), 1/sum l)`.
///
/// The second keeps `E e^{cq}` of order 1. On the rest of the path `prod |1 + 2 z l_j|^{-1/2}` may be as large as `2^{d/4}`, for `z` about
/// `-(1 - i)/(4 l)`, which costs as many digits: the sums say how large their terms are.
pub(super) fn number(largest: f64, sum: f64) -> i32 {
    (-2.0 * (3.0 * largest).max(sum).log2()).floor() as i32
}

impl Contour {
    /// The path of that number.
    ///
    /// # Errors
    /// If scores of the size that the path serves are beyond the participation ratios.
    pub fn new(number: i32, table: &ParticipationTable) -> Result<Self> {
        let c = (0.5 * f64::from(number)).exp2();
        let samples = table.samples(REACH / c)?;
        let count = (LAST / STEP) as usize;
        let nodes = (0..=count)
            .map(|i| {
                let t = i as f64 * STEP;
                let z = Complex::new(-c * t.cosh(), c * t.sinh());
                let slope = Complex::new(-c * t.sinh(), c * t.cosh());
                let half = if i == 0 { 0.5 } else { 1.0 };
                let [second, response] = transforms(z, table, &samples);
                Node {
                    z,
                    weight: slope * (half * STEP / std::f64::consts::PI),
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

/// `h(z)` of both functions.
fn transforms(
    z: Complex<f64>,
    table: &ParticipationTable,
    samples: &[Sample],
) -> [Complex<f64>; 2] {
    let zero = Complex::new(0.0, 0.0);
    if z.norm() > FAR {
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
        for (at, weight) in gauss(0.5 * end, end) {
            add(at, weight, table.near(at));
        }
        end *= 0.5;
    }
    for (at, weight) in gauss(0.0, end) {
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
