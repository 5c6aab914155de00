//! The strips of the Ziggurat of [`super::normal`].

use std::sync::LazyLock;

use crate::law::exponential;

/// `R`, where the tail starts, which solves `X[256] = 0`.
const RIGHT: Pair = Pair(3.654_152_885_361_009, -2.403_837_178_845_835_2e-17);
/// `v = R f(R) + int_R^inf f`, the area of a strip.
const AREA: Pair = Pair(4.928_673_233_974_655e-3, -9.808_438_274_118_268e-21);

/// Where the tail starts.
pub(super) const TAIL: f64 = RIGHT.0;

/// The strips, computed when the first normal number is drawn.
pub(super) static STRIPS: LazyLock<Strips> = LazyLock::new(Strips::new);

pub(super) struct Strips {
    /// `X[1] = R`, `X[0] = v / f(R)` is the width of the strip that holds the tail, and `X[i + 1]` follows from `X[i]` by
    /// `X[i] (f(X[i + 1]) - f(X[i])) = v`, `f(x) = e^{-x^2 / 2}`; `X[256] = 0`. Each is the float next to its exact value.
    pub abscissae: [f64; 257],
    /// `f` at the abscissae.
    pub densities: [f64; 257],
}

impl Strips {
    fn new() -> Self {
        let mut abscissae = [0.0; 257];
        let (mut x, mut height) = (RIGHT, RIGHT.density());
        abscissae[0] = AREA.over(height).0;
        for place in &mut abscissae[1..256] {
            *place = x.0;
            height = height.plus(AREA.over(x));
            // One step of Newton's method doubles the digits of the floats' answer.
            let near = (-2.0 * height.0.ln()).sqrt();
            let missed = Pair(near, 0.0)
                .density()
                .plus(height.times(Pair(-1.0, 0.0)));
            x = Pair::sum(near, missed.0 / (near * height.0));
        }
        Self {
            abscissae,
            densities: abscissae.map(density),
        }
    }
}

/// `e^{-x^2 / 2}`.
pub(super) fn density(x: f64) -> f64 {
    exponential(-0.5 * x * x)
}

/// A number as a float and what the float leaves out: some 30 digits.
#[derive(Clone, Copy)]
struct Pair(f64, f64);

impl Pair {
    /// `x + y`, exactly.
    fn sum(x: f64, y: f64) -> Self {
        let sum = x + y;
        let part = sum - x;
        Self(sum, (x - (sum - part)) + (y - part))
    }

    fn plus(self, other: Self) -> Self {
        let sum = Self::sum(self.0, other.0);
        Self::sum(sum.0, sum.1 + (self.1 + other.1))
    }

    fn times(self, other: Self) -> Self {
        let product = self.0 * other.0;
        let rest = self.0.mul_add(other.0, -product);
        Self::sum(product, rest + (self.0 * other.1 + self.1 * other.0))
    }

    fn over(self, other: Self) -> Self {
        let quotient = self.0 / other.0;
        let rest = self.plus(other.times(Self(-quotient, 0.0)));
        Self::sum(quotient, rest.0 / other.0)
    }

    /// `e^{-x^2 / 2}`: the series at `2^-10` of the argument, squared ten times.
    fn density(self) -> Self {
        let argument = self.times(self).times(Self(-0.5 / 1024.0, 0.0));
        let series = (1..=14).rev().fold(Self(1.0, 0.0), |sum, k| {
            let term = argument.times(sum).over(Self(f64::from(k), 0.0));
            term.plus(Self(1.0, 0.0))
        });
        (0..10).fold(series, |power, _| power.times(power))
    }
}
