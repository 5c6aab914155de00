//! The law of the score variance `s^2 = a^T Gamma a` for Gaussian tokens and a Gaussian query.
//!
//! With a Gaussian query the tilt `a = U z + b` is Gaussian, so `s^2` is a generalised chi-square
//! variable, and `eta = |V Gamma a|^2` a second quadratic form of the same Gaussian vector. Everything
//! that is averaged over queries has the form `E[F(s^2)]` or `E[G(s^2) eta]`; both are one-dimensional
//! integrals against the two densities of this file, which come from their Laplace transforms.

use nalgebra::{Complex, DMatrix, DVector};

use super::Head;
use super::score_coordinates::ScoreCoordinates;
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

/// Coordinates with less than this fraction of the largest variance are narrow: their means put an edge
/// into the density of `s^2`.
const NARROW: f64 = 0.05;

/// Longest step of the inversion, in distances of the nearest singularity of the transform of the density.
const STEP: f64 = 0.15;

impl ScoreVarianceLaw {
    /// For Gaussian tokens, a head and a Gaussian query.
    ///
    /// # Errors
    /// If the shapes do not fit, an eigenvalue computation did not converge, the largest eigenvalue of `B` is neither 0 nor
    /// from 1e-100 to 1e100, or a mean is not a finite number.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::attention::ScoreVarianceLaw;
    /// use attention_bounds::nalgebra::{self, dmatrix};
    /// use attention_bounds::{Gaussian, Head};
    ///
    /// // s^2 = z^2 is chi-square of one degree of freedom: its density at 1 is e^{-1/2} / sqrt(2 pi), and eta = s^2.
    /// let one = Gaussian::centred(dmatrix![1.0])?;
    /// let law = ScoreVarianceLaw::new(&one, &Head::new(dmatrix![1.0], dmatrix![1.0])?, &one)?;
    /// let expected = (-0.5f64).exp() / (2.0 * std::f64::consts::PI).sqrt();
    /// assert!((law.density(1.0).density - expected).abs() < 1e-12 && (law.mean_response() - 1.0).abs() < 1e-14);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn new(tokens: &Gaussian, head: &Head, query: &Gaussian) -> Result<Self> {
        let coordinates = ScoreCoordinates::new(tokens, head, query)?;
        Self::in_coordinates(&coordinates, head)
    }

    pub(super) fn in_coordinates(coordinates: &ScoreCoordinates, head: &Head) -> Result<Self> {
        let outputs = head.value() * &coordinates.axes;
        let law = Self {
            response: outputs.transpose() * outputs,
            offset: coordinates
                .fixed()
                .map(|j| coordinates.means[j].powi(2))
                .sum(),
            variances: coordinates.variances.clone(),
            means: coordinates.means.clone(),
            largest: coordinates.largest,
        };
        let (mean, deviation) = law.mean_and_deviation();
        for (parameter, value) in [
            ("E s^2, averaged over the query,", mean),
            ("the deviation of s^2 under the query", deviation),
            (
                "E|V Gamma a|^2, averaged over the query,",
                law.mean_response(),
            ),
        ] {
            if !(0.0..f64::INFINITY).contains(&value) {
                return Err(Error::Parameter {
                    parameter,
                    value: value.to_string(),
                    required: "a finite number: tokens, query, key-query or value matrix must be smaller",
                    theorem: None,
                });
            }
        }
        Ok(law)
    }

    /// The part of `s^2` that the query does not move; `s^2` is never below it.
    pub fn offset(&self) -> f64 {
        self.offset
    }

    /// How far above [`Self::offset`] the density has an edge: the squared means of the coordinates that
    /// the query moves little. Above it the density is that of the wide coordinates, below it falls
    /// off within the width of the narrow ones, and a quadrature has to resolve both sides.
    pub fn edge(&self) -> f64 {
        self.moved()
            .filter(|(b, _)| *b < NARROW * self.largest)
            .map(|(_, m)| m * m)
            .sum()
    }

    /// Variance and mean of the coordinates that the query moves.
    fn moved(&self) -> impl Iterator<Item = (f64, f64)> {
        let pairs = self.variances.iter().zip(&self.means);
        pairs.filter(|(b, _)| **b > 0.0).map(|(b, nu)| (*b, *nu))
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
        let [density, response] = self.invert(excess, STEP, |zeta| {
            [Complex::new(1.0, 0.0), self.response_factor(zeta)]
        });
        ScoreVarianceDensity { density, response }
    }

    /// The density of `s^2` weighted by `N` functions of the query: `factors` are the means of the functions under the
    /// law with the density `e^{-z s^2} / E e^{-z s^2}`, `z = zeta - 1/(2 lam)`: there the coordinates are normal with means
    /// `nu / pole` and variances `b / pole`, see [`Self::pole`]. `share` is the longest step, in distances of the nearest
    /// singularity.
    pub(super) fn invert<const N: usize>(
        &self,
        excess: f64,
        share: f64,
        factors: impl Fn(Complex<f64>) -> [Complex<f64>; N],
    ) -> [f64; N] {
        if !(excess > 0.0 && self.largest > 0.0) {
            return [0.0; N];
        }
        let saddle = self.saddle(excess);
        let focus = self.focus(saddle);
        let peak = self.transform(excess, Complex::new(saddle, 0.0));
        // Width of the integrand in y, from the curvature at the saddle, and the distance of its nearest
        // singularity, zeta = 0, in the plane of complex y: the step resolves the one, and the
        // trapezoidal error is e^{-2 pi room / step} for the other.
        let width = 1.0 / self.curvature(saddle).sqrt();
        let room = 2.0 * saddle / (1.0 + (1.0 - saddle / focus).max(0.0).sqrt());
        let step = (0.25 * width).min(share * room);
        let mut sums = factors(Complex::new(saddle, 0.0)).map(|factor| 0.5 * factor.re);
        // A weight of either sign may have a sum of about 0; the size of its terms is the scale then.
        let mut sizes = sums.map(f64::abs);
        let mut node = 1.0;
        loop {
            let y = node * step;
            // zeta = saddle + i y - y^2 / (4 focus), and its derivative in i y.
            let zeta = Complex::new(saddle - 0.25 * y * y / focus, y);
            let direction = Complex::new(1.0, 0.5 * y / focus);
            let common = direction * (self.transform(excess, zeta) - peak).exp();
            let mut small = common.norm() < 1e-17;
            for ((sum, size), factor) in sums.iter_mut().zip(&mut sizes).zip(factors(zeta)) {
                let term = common * factor;
                *sum += term.re;
                *size += term.norm();
                small &= term.norm() <= 1e-17 * *size;
            }
            if (small && y > 3.0 * width) || node > 2e5 {
                break;
            }
            node += 1.0;
        }
        let scale = step / std::f64::consts::PI * peak.re.exp();
        sums.map(|sum| scale * sum)
    }

    /// Distance of the parabola's focus from its vertex, the saddle.
    ///
    /// The transform has singularities at `-1/(2 b_j)`, essential ones where the mean `nu_j` is not zero.
    /// A parabola with its focus at the nearest of them, at distance `saddle`, needs the fewest nodes,
    /// but the integrand may grow again where it passes an essential one farther away. With the focus
    /// at the farthest essential one, at distance `D`, the modulus is largest at the saddle, for along
    /// that parabola `Re 1/zeta_j <= 1/D_j` and `|zeta_j| >= D_j` for every `j` up to that distance.
    fn focus(&self, saddle: f64) -> f64 {
        self.moved()
            .filter(|(_, nu)| nu * nu > 1e-20 * self.largest)
            .map(|(b, _)| saddle + 0.5 / b - 0.5 / self.largest)
            .fold(saddle, f64::max)
    }

    /// `1 + 2 b_j z` with `z = zeta - 1/(2 lam)`.
    pub(super) fn pole(&self, variance: f64, zeta: Complex<f64>) -> Complex<f64> {
        zeta * (2.0 * variance) + (1.0 - variance / self.largest)
    }

    /// `z q + ln E e^{-z (s^2 - offset)}`.
    fn transform(&self, excess: f64, zeta: Complex<f64>) -> Complex<f64> {
        let z = zeta - 0.5 / self.largest;
        let mut exponent = z * excess;
        for (b, nu) in self.moved() {
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
            for (b, nu) in self.moved() {
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
        for (b, nu) in self.moved() {
            let pole = self.pole(b, Complex::new(zeta, 0.0)).re;
            curvature += 2.0 * b * b / (pole * pole) + 4.0 * b * nu * nu / pole.powi(3);
        }
        curvature
    }
}
