//! T9: weighted moments of the norm of a token, and the tilted covariance, from a variance proxy.

use crate::bound::minimise::{LOWEST, Unit, minimise};
use crate::bound::sub_gaussian::{Optimised, SubGaussianMoments};
use crate::interval::Interval;

impl SubGaussianMoments<'_> {
    /// The class whose `D_lam(c)` is the exponent of `weighted-norm-moments` of order `k`: the mean term of `D` is
    /// `2 u / (1 - u)` times `sigma^2 |a|^2` for `k = 0` and `k^2 / 4` times as much for `k >= 2`.
    fn of_weight_power(&self, power: u32) -> Self {
        let factor = f64::from(power * power / 4).max(1.0);
        // Factors 1 and 4: exact.
        Self::at_energy(self.sigma_squared, factor * self.energy(), self.values)
    }

    /// `ln N(k, j)`, `E[w^k |V(X - m(a))|^{2j}] <= N(k, j) = (j / (e lam))^j exp( k^2 sigma^2 |a|^2 / 2 + D )`, at the best
    /// `lam`; `k` is 0, 2 or 4 (theory T9, `weighted-norm-moments`).
    pub(in crate::bound) fn ln_weighted_moment(&self, power: u32, order: u32) -> Optimised {
        let class = self.of_weight_power(power);
        let j = f64::from(order);
        // -j ln u + u (sum_j r_j / 2 + 2 sigma^2 |a|^2) + ..., with every r_j at most 1: the minimiser is not below
        // the ratio of the two; e^-4 is for safety.
        let slope = 0.5 * self.values.ratios().len() as f64 + 2.0 * class.energy();
        let lower = ((j / slope.max(0.5)).ln() - 4.0).clamp(LOWEST, -4.0);
        let found = minimise(lower, 12.0, |x| {
            let unit = Unit::logistic(x);
            class.norm_mgf(unit) - j * unit.ln
        });
        let fraction = Unit::logistic(found.at).value();
        let largest = self.values.largest();
        let lambda =
            (fraction / (2.0 * self.sigma_squared * largest)).clamp(f64::MIN_POSITIVE, f64::MAX);
        Optimised {
            value: if self.is_constant() {
                f64::NEG_INFINITY
            } else {
                self.ln_weighted_moment_at(power, order, lambda).upper()
            },
            lambda,
            fraction,
        }
    }

    /// The same at a float `lam`, enclosed; the upper end is `+inf` if `2 lam sigma^2 |V|^2 < 1` is not certain.
    fn ln_weighted_moment_at(&self, power: u32, order: u32, lambda: f64) -> Interval {
        let j = Interval::point(f64::from(order));
        let half_square = Interval::point(0.5 * f64::from(power * power));
        let exponent = half_square * Interval::point(self.energy())
            + self.of_weight_power(power).norm_mgf_enclosure(lambda);
        j * (j.ln() - Interval::ONE - Interval::point(lambda).ln()) + exponent
    }

    /// `|C(a)| <= sigma^2 (4 sigma^2 |a|^2 - ln(1 - u)) / u` at the best `0 < u < 1`, and that `u` (theory T9,
    /// `tilted-covariance`).
    pub(in crate::bound) fn covariance_norm(&self) -> (f64, f64) {
        let energy = 4.0 * self.energy();
        let lower = (0.5 * (energy / (1.0 + energy)).ln() - 4.0).clamp(LOWEST, -4.0);
        let found = minimise(lower, 36.0, |x| {
            let unit = Unit::logistic(x);
            (energy - unit.ln_complement).ln() - unit.ln
        });
        let u = Unit::logistic(found.at)
            .value()
            .clamp(f64::MIN_POSITIVE, 1f64.next_down());
        let point = Interval::point(u);
        let divergence = Interval::point(self.energy()).double().double();
        let value = Interval::point(self.sigma_squared) * (divergence - (-point).ln_1p()) / point;
        (value.upper(), u)
    }
}
