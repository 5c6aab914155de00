//! The law of the score variance `s^2 = a^T Gamma a` for Gaussian tokens and a Gaussian query.
//!
//! With a Gaussian query the tilt `a = U z + b` is Gaussian, so `s^2` is a generalised chi-square
//! variable, and `eta = |V Gamma a|^2` a second quadratic form of the same Gaussian vector. Everything
//! that is averaged over queries has the form `E[F(s^2)]` or `E[G(s^2) eta]`; both are one-dimensional
//! integrals against the two densities of this file, which come from their Laplace transforms.

use nalgebra::{Complex, DMatrix, DVector, SymmetricEigen};

use super::Head;
use crate::error::{Error, Result};
use crate::law::Gaussian;

/// The joint law of `(s^2, eta)`, reduced to the density of `s^2` and the density of `eta ds^2`.
///
/// In eigen-coordinates `y = N(means, diag(variances))`: `s^2 = |y|^2` and `eta = y^T M y`.
#[derive(Debug, Clone)]
pub struct ScoreVarianceLaw {
    /// Eigenvalues of `B = Gamma^{1/2} U Sig_z U^T Gamma^{1/2}`, zeros for fixed coordinates.
    variances: Vec<f64>,
    /// Means of the coordinates.
    means: Vec<f64>,
    /// `M`: `Gamma^{1/2} V^T V Gamma^{1/2}` in the same coordinates.
    response: DMatrix<f64>,
    /// The part of `s^2` that the query does not move.
    offset: f64,
    largest: f64,
}

/// Densities at one point: of `s^2`, and of `s^2` weighted by `eta`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoreVarianceDensity {
    /// `f(q)`, so that `P(s^2 in dq) = f(q) dq`.
    pub density: f64,
    /// `h(q)`, so that `E[eta; s^2 in dq] = h(q) dq`.
    pub response: f64,
}

/// Eigenvalues below this fraction of the largest count as zero: the coordinate is fixed.
const NEGLIGIBLE: f64 = 1e-11;
/// Coordinates with less than this fraction of the largest variance are narrow: their means put an edge
/// into the density of `s^2`.
const NARROW: f64 = 0.05;

impl ScoreVarianceLaw {
    /// For Gaussian tokens, a head and a Gaussian query.
    ///
    /// # Errors
    /// If the shapes do not fit, or an eigenvalue computation did not converge to finite numbers.
    pub fn new(tokens: &Gaussian, head: &Head, query: &Gaussian) -> Result<Self> {
        let key_query = head.key_query();
        if tokens.mean().len() != key_query.nrows() || query.mean().len() != key_query.ncols() {
            return Err(Error::shape(
                "the key-query matrix",
                format!("{} x {}", key_query.nrows(), key_query.ncols()),
                format!("{} x {}", tokens.mean().len(), query.mean().len()),
            ));
        }
        let root = tokens.root();
        let map = root.transpose() * key_query * query.root();
        let eigen = SymmetricEigen::new(&map * map.transpose());
        let largest = eigen.eigenvalues.iter().copied().fold(0.0, f64::max);
        if !largest.is_finite() {
            return Err(Error::shape(
                "the query's score covariance",
                largest,
                "finite entries",
            ));
        }
        let variances: Vec<f64> = eigen
            .eigenvalues
            .iter()
            .map(|&b| if b > NEGLIGIBLE * largest { b } else { 0.0 })
            .collect();
        let means = eigen.eigenvectors.transpose() * root.transpose() * head.tilt(query.mean());
        let outputs = head.value() * root * &eigen.eigenvectors;
        let offset = means
            .iter()
            .zip(&variances)
            .filter(|(_, v)| **v == 0.0)
            .map(|(m, _)| m * m)
            .sum();
        Ok(Self {
            variances,
            means: means.iter().copied().collect(),
            response: outputs.transpose() * outputs,
            offset,
            largest,
        })
    }

    /// The part of `s^2` that the query does not move; `s^2` is never below it.
    pub fn offset(&self) -> f64 {
        self.offset
    }

    /// How far above [`Self::offset`] the density has an edge: the squared means of the coordinates that
    /// the query moves little. Above it the density is that of the wide coordinates, below it falls
    /// off within the width of the narrow ones, and a quadrature has to resolve both sides.
    pub fn edge(&self) -> f64 {
        self.variances
            .iter()
            .zip(&self.means)
            .filter(|(b, _)| **b > 0.0 && **b < NARROW * self.largest)
            .map(|(_, m)| m * m)
            .sum()
    }

    /// `lam`, the largest eigenvalue of `B`; zero if the query does not move `s^2` at all.
    pub fn largest_eigenvalue(&self) -> f64 {
        self.largest
    }

    /// `E eta`.
    pub fn mean_response(&self) -> f64 {
        let spread: f64 = self
            .variances
            .iter()
            .enumerate()
            .map(|(j, b)| b * self.response[(j, j)])
            .sum();
        let means = DVector::from_column_slice(&self.means);
        spread + means.dot(&(&self.response * &means))
    }

    /// Standard deviation and mean of `s^2`: `2 sum b^2 + 4 sum b nu^2` is the variance.
    pub fn mean_and_deviation(&self) -> (f64, f64) {
        let mut mean = 0.0;
        let mut variance = 0.0;
        for (b, nu) in self.variances.iter().zip(&self.means) {
            mean += b + nu * nu;
            variance += 2.0 * b * b + 4.0 * b * nu * nu;
        }
        (mean, variance.sqrt())
    }

    /// The two densities at `s^2 = offset + excess`, `excess > 0`.
    ///
    /// Inversion of the Laplace transform on a parabola through the saddle point `z0` of
    /// `e^{z q} E e^{-z s^2}`, by the trapezoidal rule, which converges geometrically there and keeps
    /// relative accuracy (about `1e-13`) far into both tails. Zero if `excess` is not positive or if the
    /// query does not move `s^2`.
    pub fn density(&self, excess: f64) -> ScoreVarianceDensity {
        let nothing = ScoreVarianceDensity {
            density: 0.0,
            response: 0.0,
        };
        if !(excess > 0.0 && self.largest > 0.0) {
            return nothing;
        }
        let saddle = self.saddle(excess);
        let focus = self.focus(excess, saddle);
        let peak = self.transform(excess, Complex::new(saddle, 0.0));
        // Width of the integrand in y, from the curvature at the saddle, and the distance of its nearest
        // singularity, zeta = 0, in the plane of complex y: the step resolves the one, and the
        // trapezoidal error is e^{-2 pi room / step} for the other.
        let width = 1.0 / self.curvature(saddle).sqrt();
        let room = 2.0 * saddle / (1.0 + (1.0 - saddle / focus).max(0.0).sqrt());
        let step = (0.25 * width).min(0.15 * room);
        let mut density = 0.5;
        let mut response = 0.5 * self.response_factor(Complex::new(saddle, 0.0)).re;
        let mut node = 1.0;
        loop {
            let y = node * step;
            // zeta = saddle + i y - y^2 / (4 focus), and its derivative in i y.
            let zeta = Complex::new(saddle - 0.25 * y * y / focus, y);
            let direction = Complex::new(1.0, 0.5 * y / focus);
            let factor = direction * (self.transform(excess, zeta) - peak).exp();
            density += factor.re;
            let weighted = factor * self.response_factor(zeta);
            response += weighted.re;
            let small = factor.norm() < 1e-17 && weighted.norm() <= 1e-17 * response.abs();
            if (small && y > 3.0 * width) || node > 2e5 {
                break;
            }
            node += 1.0;
        }
        let scale = step / std::f64::consts::PI * peak.re.exp();
        ScoreVarianceDensity {
            density: scale * density,
            response: scale * response,
        }
    }

    /// Distance of the parabola's focus from its vertex, the saddle.
    ///
    /// The transform has singularities at `-1/(2 b_j)`, essential ones where the mean `nu_j` is not zero.
    /// A parabola with its focus at the nearest of them, at distance `saddle`, needs the fewest nodes,
    /// but the integrand may grow again where it passes an essential one farther away. With the focus
    /// at the farthest such singularity, at distance `D`, the modulus is largest at the saddle, for along
    /// that parabola `Re 1/zeta_j <= 1/D_j`. The focus is the nearest one of a geometric ladder between
    /// the two along which the means let the modulus grow nowhere.
    fn focus(&self, excess: f64, saddle: f64) -> f64 {
        // Pairs (D_j, nu_j^2 / (4 b_j^2)): coordinate j contributes the second times Re 1/zeta_j.
        let essential: Vec<(f64, f64)> = self
            .variances
            .iter()
            .zip(&self.means)
            .filter(|(b, nu)| **b > 0.0 && **nu * **nu > 1e-20 * self.largest)
            .map(|(b, nu)| {
                (
                    saddle + 0.5 / b - 0.5 / self.largest,
                    0.25 * (nu / b) * (nu / b),
                )
            })
            .collect();
        let farthest = essential.iter().map(|e| e.0).fold(saddle, f64::max);
        let mut focus = saddle;
        while focus < farthest && self.grows(&essential, excess, saddle, focus, farthest) {
            focus *= 2.0;
        }
        focus.min(farthest)
    }

    /// True if the modulus exceeds that of the saddle somewhere on a grid of the parabola, as far as
    /// `e^{z q}` and the means decide it; at depth `u` the parabola has `y^2 = 4 focus u`.
    fn grows(
        &self,
        essential: &[(f64, f64)],
        excess: f64,
        saddle: f64,
        focus: f64,
        farthest: f64,
    ) -> bool {
        const POINTS: u32 = 100;
        let (low, high) = ((1e-3 * saddle).ln(), (4.0 * farthest).ln());
        (0..=POINTS).any(|i| {
            let u = (low + (high - low) * f64::from(i) / f64::from(POINTS)).exp();
            let growth: f64 = essential
                .iter()
                .map(|&(distance, factor)| {
                    let real = distance - u;
                    factor * (real / (real * real + 4.0 * focus * u) - 1.0 / distance)
                })
                .sum();
            growth - excess * u > 0.05
        })
    }

    /// `1 + 2 b_j z` with `z = zeta - 1/(2 lam)`.
    fn pole(&self, variance: f64, zeta: Complex<f64>) -> Complex<f64> {
        zeta * (2.0 * variance) + (1.0 - variance / self.largest)
    }

    /// `z q + ln E e^{-z (s^2 - offset)}`.
    fn transform(&self, excess: f64, zeta: Complex<f64>) -> Complex<f64> {
        let z = zeta - 0.5 / self.largest;
        let mut exponent = z * excess;
        for (&b, &nu) in self
            .variances
            .iter()
            .zip(&self.means)
            .filter(|(b, _)| **b > 0.0)
        {
            let pole = self.pole(b, zeta);
            exponent -= pole.ln() * 0.5 + z * (nu * nu) / pole;
        }
        exponent
    }

    /// `E[eta e^{-z s^2}] / E e^{-z s^2}`.
    fn response_factor(&self, zeta: Complex<f64>) -> Complex<f64> {
        let size = self.variances.len();
        let poles: Vec<Complex<f64>> = self
            .variances
            .iter()
            .map(|&b| self.pole_or_one(b, zeta))
            .collect();
        let mut total = Complex::new(0.0, 0.0);
        for j in 0..size {
            total += self.response[(j, j)] * self.variances[j] / poles[j];
            if self.means[j] != 0.0 {
                for k in 0..size {
                    total += Complex::from(self.response[(j, k)] * self.means[j] * self.means[k])
                        / (poles[j] * poles[k]);
                }
            }
        }
        total
    }

    fn pole_or_one(&self, variance: f64, zeta: Complex<f64>) -> Complex<f64> {
        if variance > 0.0 {
            self.pole(variance, zeta)
        } else {
            Complex::new(1.0, 0.0)
        }
    }

    /// The `zeta > 0` that minimises [`Self::transform`] on the real axis, where it is convex.
    fn saddle(&self, excess: f64) -> f64 {
        let slope = |zeta: f64| {
            let mut slope = excess;
            for (&b, &nu) in self
                .variances
                .iter()
                .zip(&self.means)
                .filter(|(b, _)| **b > 0.0)
            {
                let pole = self.pole(b, Complex::new(zeta, 0.0)).re;
                slope -= b / pole + nu * nu / (pole * pole);
            }
            slope
        };
        let (mut low, mut high) = (1e-300_f64, 1e300_f64);
        // Bisection in ln zeta: the slope increases from -inf to `excess`.
        for _ in 0..80 {
            let middle = (0.5 * (low.ln() + high.ln())).exp();
            if slope(middle) < 0.0 {
                low = middle;
            } else {
                high = middle;
            }
        }
        high
    }

    /// Second derivative of [`Self::transform`] on the real axis; positive.
    fn curvature(&self, zeta: f64) -> f64 {
        let mut curvature = 0.0;
        for (&b, &nu) in self
            .variances
            .iter()
            .zip(&self.means)
            .filter(|(b, _)| **b > 0.0)
        {
            let pole = self.pole(b, Complex::new(zeta, 0.0)).re;
            curvature += 2.0 * b * b / (pole * pole) + 4.0 * b * nu * nu / pole.powi(3);
        }
        curvature
    }
}
