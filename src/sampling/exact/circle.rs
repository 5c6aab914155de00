//! Cauchy's integral on the circle through the saddle point.

use nalgebra::{DMatrix, DVector};

use crate::sampling::exact::points::Points;
use crate::sampling::exact::saddle::{Saddle, exponent, logistic};

/// What is left out of sizes and angles has a probability of at most `e^{-40}`.
const NEGLIGIBLE: f64 = 40.0;

/// The nodes of the trapezoid, an odd number, so that none of them is at `-e^xi`; those that count, from 0 on.
pub(super) struct Angles {
    nodes: f64,
    used: Vec<f64>,
}

impl Angles {
    /// For sizes of this variance that are asked to be `b` of `n`.
    ///
    /// The size under the tilted law differs from its mean by `M` with a probability of at most `e^{-M^2 / (2 (variance + M/3))}` (Bernstein), and the
    /// integrand at the angle `a` is at most `e^{-2 variance sin^2(a/2)}` of that at 0, since `|1 - pi + pi e^{ia}|^2 = 1 - 4 pi (1 - pi) sin^2(a/2)`.
    pub fn new(variance: f64, (budget, count): (f64, f64)) -> Self {
        let third = NEGLIGIBLE / 3.0;
        let bernstein = third + (third * third + 2.0 * NEGLIGIBLE * variance).sqrt();
        // No size is further off than this.
        let exact = budget.max(count - budget) + 1.0;
        let nodes = bernstein.ceil().min(exact);
        let nodes = if nodes % 2.0 == 0.0 {
            nodes + 1.0
        } else {
            nodes
        };
        let step = 2.0 * std::f64::consts::PI / nodes;
        let used = (0..=(nodes / 2.0) as u64)
            .map(|place| place as f64 * step)
            .take_while(|angle| {
                let sine = libm::sin(0.5 * angle);
                2.0 * variance * sine * sine <= NEGLIGIBLE
            })
            .collect();
        Self { nodes, used }
    }

    /// The last angle that counts.
    pub fn largest(&self) -> f64 {
        self.used.last().copied().unwrap_or(0.0)
    }
}

/// The terms at the angle 0, from which those at the others follow.
pub(super) struct Circle<'a> {
    points: &'a Points,
    /// `pi` and `1 - pi` by point.
    chances: Vec<(f64, f64)>,
    budget: f64,
    /// `sum ln(1 - p + p y e^{-x})`.
    pub ln_product: f64,
    /// What the errors of `x` and of logarithms, relative to a unit, change the exponent by.
    pub of_exponent: f64,
    /// Taken off the features: their regression on the size. The size is `b`, so that this changes nothing but the rounding.
    slope: DVector<f64>,
    /// Sums of `|f - slope|^2` by point.
    squares: Vec<f64>,
    /// Errors of `sum pi f` and of `sum pi (1 - pi) |f|^2`, relative to a unit.
    of_sums: (f64, f64),
}

/// Integrals over the circle.
pub(super) struct CircleSums {
    pub square: f64,
    pub of_square: f64,
    pub first: DVector<f64>,
    pub of_first: f64,
    pub total: f64,
}

impl<'a> Circle<'a> {
    pub fn new(points: &'a Points, saddle: &Saddle, ln_u: f64, (budget, p): (f64, f64)) -> Self {
        let logit = libm::log(p) - libm::log1p(-p);
        let xi = saddle.xi;
        let mut ln_product = 0.0;
        let mut of_exponent = budget * xi.abs();
        let mut of_sums = (0.0, 0.0);
        let mut variance = 0.0;
        let mut chances = Vec::with_capacity(points.places.len());
        let mut spreads = DVector::zeros(points.places.len());
        let terms = points.places.iter().zip(&points.masses).zip(&points.sizes);
        for (((place, mass), size), spread) in terms.zip(spreads.iter_mut()) {
            let x = exponent(ln_u, *place);
            let (chance, other) = (logistic(xi + logit - x), logistic(x - xi - logit));
            let term = if xi - x < 30.0 {
                libm::log1p(p * libm::expm1(xi - x))
            } else {
                xi - x + libm::log(p) + libm::log1p((1.0 - p) / p * libm::exp(x - xi))
            };
            ln_product += mass * term;
            *spread = chance * other;
            variance += mass * *spread;
            chances.push((chance, other));
            of_exponent += size.mass * (term.abs() + chance * x.min(50.0));
            of_sums.0 += size.norm * chance * (1.0 + x.min(50.0));
            of_sums.1 += size.square * *spread * (1.0 + x.min(50.0));
        }
        let slope = &points.features * spreads;
        let slope = if variance > 0.0 {
            slope / variance
        } else {
            DVector::zeros(slope.len())
        };
        let squared = slope.norm_squared();
        let along = points.features.tr_mul(&slope);
        let squares = points
            .squares
            .iter()
            .zip(along.iter().zip(&points.masses))
            .map(|(square, (along, mass))| square - 2.0 * along + mass * squared)
            .collect();
        of_sums.0 += slope.norm() * budget;
        of_sums.1 += squared * variance;
        Self {
            points,
            chances,
            budget,
            ln_product,
            of_exponent,
            slope,
            squares,
            of_sums,
        }
    }

    /// The trapezoid.
    pub fn sums(&self, angles: &Angles) -> CircleSums {
        let count = angles.used.len();
        let mut factors = DMatrix::zeros(self.chances.len(), 2 * count);
        let mut values = Vec::with_capacity(count);
        let mut columns = factors.column_iter_mut();
        for angle in &angles.used {
            let (Some(mut real), Some(mut imaginary)) = (columns.next(), columns.next()) else {
                break;
            };
            values.push(self.at(*angle, real.as_mut_slice(), imaginary.as_mut_slice()));
        }
        let means = &self.points.features * factors;
        let mut sums = CircleSums {
            square: 0.0,
            of_square: 0.0,
            first: DVector::zeros(self.slope.len()),
            of_first: 0.0,
            total: 0.0,
        };
        let mut columns = means.column_iter();
        for (place, value) in values.iter().enumerate() {
            let (Some(real), Some(imaginary)) = (columns.next(), columns.next()) else {
                break;
            };
            let real = real + &self.slope * (self.budget - value.size.0);
            let imaginary = imaginary - &self.slope * value.size.1;
            // Angles but 0 stand for their negatives too.
            let share = if place == 0 { 1.0 } else { 2.0 } / angles.nodes;
            let (cos, sin) = (share * value.factor.0, share * value.factor.1);
            let absolute = libm::hypot(cos, sin);
            let (n, m) = (real.norm_squared(), imaginary.norm_squared());
            let square = (
                n - m + value.square.0,
                2.0 * real.dot(&imaginary) + value.square.1,
            );
            sums.square += cos * square.0 - sin * square.1;
            sums.of_square += absolute
                * (2.0 * (n + m).sqrt() * self.of_sums.0
                    + self.of_sums.1
                    + n
                    + m
                    + value.square.0.abs()
                    + value.square.1.abs());
            sums.of_first += absolute * (self.of_sums.0 + (n + m).sqrt());
            sums.first += cos * real - sin * imaginary;
            sums.total += absolute;
        }
        sums
    }

    /// The integrand at one angle; `pi` of every point is written.
    fn at(&self, angle: f64, real: &mut [f64], imaginary: &mut [f64]) -> AngleValue {
        let (sin, cos) = libm::sincos(angle);
        let half = libm::sin(0.5 * angle);
        let half = half * half;
        let (mut modulus, mut argument) = (0.0, 0.0);
        let mut size = (0.0, 0.0);
        let mut square = (0.0, 0.0);
        let terms = self
            .chances
            .iter()
            .zip(&self.points.masses)
            .zip(&self.squares);
        for (((&(chance, other), &mass), &spread), (real, imaginary)) in
            terms.zip(real.iter_mut().zip(imaginary))
        {
            // `d = 1 - pi + pi e^{ia}`, and `pi` there is `pi (pi + (1 - pi) e^{ia}) / |d|^2`.
            let (dr, di) = (1.0 - 2.0 * chance * half, chance * sin);
            let inverse = 1.0 / (dr * dr + di * di);
            modulus += mass * libm::log1p(-4.0 * chance * other * half);
            argument += mass * libm::atan2(di, dr);
            let scale = chance * inverse;
            let pi = (scale * (chance + other * cos), scale * other * sin);
            let not = (other * inverse * dr, -other * inverse * di);
            (*real, *imaginary) = pi;
            size = (size.0 + mass * pi.0, size.1 + mass * pi.1);
            let product = (pi.0 * not.0 - pi.1 * not.1, pi.0 * not.1 + pi.1 * not.0);
            square = (square.0 + spread * product.0, square.1 + spread * product.1);
        }
        let modulus = libm::exp(0.5 * modulus);
        let (sin, cos) = libm::sincos(argument - self.budget * angle);
        AngleValue {
            factor: (modulus * cos, modulus * sin),
            size,
            square,
        }
    }
}

/// Real and imaginary parts at one angle.
struct AngleValue {
    /// Product of the factors over that at 0, with `e^{-iba}`.
    factor: (f64, f64),
    /// `sum pi`.
    size: (f64, f64),
    /// `sum pi (1 - pi) |f - slope|^2`.
    square: (f64, f64),
}
