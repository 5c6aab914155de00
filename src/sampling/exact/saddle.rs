//! The circle on which a coefficient is read off, and what it is divided by.

use crate::sampling::exact::points::Points;

/// Beyond this an `x` is as good as infinite.
const LARGEST: f64 = 1e4;
/// Newton's steps; the bracket is halved where they leave it.
const MOST_STEPS: usize = 200;
/// How near the mean size must be to the budget, in standard deviations: the integrand on the circle grows by its square.
const NEAR: f64 = 0.01;

/// The circle `|y| = e^xi` at one `u`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Saddle {
    pub xi: f64,
    /// `sum pi (1 - pi)`, the variance of the size.
    pub variance: f64,
}

/// `u s`, finite.
pub(super) fn exponent(ln_u: f64, place: f64) -> f64 {
    libm::exp(ln_u + place).min(LARGEST)
}

/// `1 / (1 + e^{-x})`.
pub(super) fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-x))
}

impl Saddle {
    /// Where `sum pi = b`, roughly: any circle will do, and the sizes about `b` should be the likely ones.
    pub fn new(
        points: &Points,
        ln_u: f64,
        (budget, count): (f64, f64),
        start: Option<f64>,
    ) -> Self {
        let logit = libm::log(budget) - libm::log(count - budget);
        let x: Vec<f64> = points.places.iter().map(|y| exponent(ln_u, *y)).collect();
        let sum = |of: &dyn Fn(f64) -> f64| -> f64 {
            x.iter().zip(&points.masses).map(|(x, m)| m * of(*x)).sum()
        };
        // There every `pi` is at most `b/n`, or at least.
        let mut low = x.iter().fold(f64::INFINITY, |low, x| low.min(*x));
        let mut high = x.iter().fold(0.0_f64, |high, x| high.max(*x));
        let mut xi = start.unwrap_or_else(|| -libm::log(sum(&|x| libm::exp(-x)) / count));
        let mut variance = 0.0;
        for _ in 0..MOST_STEPS {
            if !(xi > low && xi < high) {
                xi = 0.5 * (low + high);
            }
            let excess = sum(&|x| logistic(xi + logit - x)) - budget;
            variance = sum(&|x| logistic(xi + logit - x) * logistic(x - xi - logit)).max(0.0);
            if excess.abs() <= NEAR * variance.sqrt() || high - low <= 1e-13 * (1.0 + high) {
                break;
            }
            match excess > 0.0 {
                true => high = xi,
                false => low = xi,
            }
            xi -= excess / variance;
        }
        Self { xi, variance }
    }
}

/// `ln P(Bin(n, b/n) = b)`, `0 < b < n`, without cancellation (Loader 2000).
pub(super) fn ln_most_likely(budget: f64, count: f64) -> f64 {
    let rest = count - budget;
    0.5 * libm::log(count / (2.0 * std::f64::consts::PI * budget * rest)) + of_stirling(count)
        - of_stirling(budget)
        - of_stirling(rest)
}

/// `ln k! - ln(sqrt(2 pi k) (k/e)^k)`.
fn of_stirling(k: f64) -> f64 {
    if k < 16.0 {
        let factorial: f64 = (2..=k as u32).map(f64::from).product();
        return libm::log(factorial / (2.0 * std::f64::consts::PI * k).sqrt())
            - k * (libm::log(k) - 1.0);
    }
    let square = 1.0 / (k * k);
    let tail = 1.0 / 1260.0 - square * (1.0 / 1680.0 - square * (1.0 / 1188.0 - square / 521.5));
    (1.0 / 12.0 - square * (1.0 / 360.0 - square * tail)) / k
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against the product of the binomial's factors.
    #[test]
    fn the_likeliest_count() {
        for (budget, count) in [(1, 2), (3, 9), (14, 29), (20, 41), (100, 300), (2, 1000)] {
            let (b, n) = (f64::from(budget), f64::from(count));
            let ln_binomial: f64 = (1..=budget)
                .map(|k| (f64::from(count - budget + k) / f64::from(k)).ln())
                .sum();
            let expected = ln_binomial + b * (b / n).ln() + (n - b) * (1.0 - b / n).ln();
            assert!(
                (ln_most_likely(b, n) - expected).abs() < 1e-12,
                "{budget} {count}"
            );
        }
    }
}
