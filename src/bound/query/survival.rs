//! T7 `gaussian-query-rate`: how large a Gaussian query is.

use std::sync::LazyLock;

use nalgebra::{DMatrix, DVector};

use crate::interval::Interval;

/// `|z|^2 / varsigma^2` of a centred Gaussian query of dimension `e` whose covariance is at most `varsigma^2 I`: stochastically
/// below a chi-square variable with `e` degrees of freedom.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::bound) struct GaussianQuerySize {
    /// `e`.
    pub dimension: f64,
}

/// `sqrt pi`, `2 / sqrt pi` and `4 / pi`.
static PI_PARTS: LazyLock<[Interval; 3]> = LazyLock::new(|| {
    let two = Interval::point(2.0);
    let root = pi().sqrt();
    [root, two / root, two.double() / pi()]
});

/// A power of two by which a sum is scaled down before it overflows.
const SCALE: f64 = 1e-230;

impl GaussianQuerySize {
    /// A float at least `ln P(chi^2_e > y)`, `y >= 0`, and at most 0.
    pub fn ln_survival(self, y: f64) -> f64 {
        let [here, _] = self.ln_survivals(y);
        here
    }

    /// [`Self::ln_survival`], and the same with two more degrees of freedom: one more term of the sum.
    ///
    /// With `x = y / 2` the probability is `e^{-x}` times `sum_{j < e/2} x^j / j!` for even `e`, and for odd `e` times
    /// `e^x erfc(sqrt x) + sum_{j=1}^{(e-1)/2} x^{j-1/2} / Gamma(j + 1/2)`, where
    /// `e^{x} erfc(sqrt x) <= (2 / sqrt pi) / (sqrt x + sqrt(x + 4/pi))`.
    pub fn ln_survivals(self, y: f64) -> [f64; 2] {
        let x = Interval::point(y) / Interval::point(2.0);
        let even = self.dimension % 2.0 == 0.0;
        let root = x.sqrt();
        let two = Interval::point(2.0);
        let [pi_root, two_by_root, four_by_pi] = *PI_PARTS;
        // The sum so far, the next term, and the k of the factor x / k that leads to the one after it.
        let (mut sum, mut term, mut next) = if even {
            (Interval::ZERO, Interval::ONE, 1.0)
        } else {
            let first = two_by_root / (root + (x + four_by_pi).sqrt());
            (first, two * root / pi_root, 1.5)
        };
        let mut ln_scale = Interval::ZERO;
        let mut left = (0.5 * self.dimension).floor();
        while left > 0.0 {
            sum = sum + term;
            term = term * x / Interval::point(next);
            next += 1.0;
            left -= 1.0;
            if sum.upper() > 1.0 / SCALE {
                sum = sum * Interval::point(SCALE);
                term = term * Interval::point(SCALE);
                ln_scale = ln_scale - Interval::point(SCALE).ln();
            }
        }
        [sum, sum + term].map(|sum| (sum.ln() + ln_scale - x).upper().min(0.0))
    }

    /// A float at least `P(Y > y)`.
    pub fn at(self, y: f64) -> f64 {
        Interval::point(self.ln_survival(y)).exp().upper().min(1.0)
    }

    /// At most the hazard rate at every point from `y` on, positive beyond `e`: that of chi-square is at least
    /// `(1 - max(e - 2, 0)/y) / 2 >= (1 - e/y) / 2`.
    pub fn hazard(self, y: f64) -> Interval {
        (Interval::ONE - Interval::point(self.dimension) / Interval::point(y))
            / Interval::point(2.0)
    }

    /// A `y` beyond which the probability is at most `e^{-t}`, `t` the decay: `y - e - e ln(y/e)` is at least `2 t` at
    /// `y = 2 (e + 2 t)`.
    pub fn beyond(self, decay: f64) -> f64 {
        2.0 * (self.dimension + 2.0 * decay)
    }
}

/// The circle constant between two neighbouring floats; the nearest float is below it.
fn pi() -> Interval {
    let nearest = std::f64::consts::PI;
    Interval::new(nearest, nearest.next_up()).unwrap_or(Interval::WHOLE)
}

/// A float at least `|U m_z + b|`, the norm of the tilt at the mean of the query, for `U` (`d x e`), `m_z` (`e`) and `b` (`d`) taken as
/// the floats they are; infinite where their shapes do not fit.
///
/// # Examples
/// ```
/// use attention_bounds::bound::mean_tilt_norm;
/// use attention_bounds::nalgebra::{self, dmatrix, dvector};
///
/// let norm = mean_tilt_norm(&dmatrix![2.0; 4.0], &dvector![1.0], &dvector![1.0, 0.0]);
/// assert!(norm >= 5.0 && norm < 5.0 + 1e-14);
/// ```
pub fn mean_tilt_norm(key_query: &DMatrix<f64>, mean: &DVector<f64>, bias: &DVector<f64>) -> f64 {
    if key_query.shape() != (bias.len(), mean.len()) {
        return f64::INFINITY;
    }
    let rows = key_query.row_iter().zip(bias.iter());
    let squares = rows.map(|(row, bias)| {
        (Interval::dot(row.iter(), mean.iter()) + Interval::point(*bias)).square()
    });
    squares.sum::<Interval>().sqrt().upper()
}

#[cfg(test)]
mod tests {
    use crate::bound::query::survival::*;

    /// mpmath, 30 digits: the logarithm of `gammainc(e/2, y/2, inf, regularized=True)`.
    const REFERENCE: [(f64, f64, f64); 12] = [
        (1.0, 0.0, 0.0),
        (1.0, 0.25, -0.482764581033673),
        (1.0, 9.0, -5.9145790409504),
        (1.0, 200.0, -102.879889024845),
        (2.0, 3.0, -1.5),
        (3.0, 0.5, -0.0845873228518993),
        (3.0, 40.0, -18.3572280933224),
        (4.0, 1000.0, -493.783393898915),
        (7.0, 12.0, -2.29701196666919),
        (64.0, 60.0, -0.480226925820147),
        (2001.0, 2100.0, -2.80462391398718),
        (4096.0, 9000.0, -844.698440101627),
    ];

    #[test]
    fn survival_is_above_the_incomplete_gamma_function_and_close_to_it() {
        for (dimension, y, wanted) in REFERENCE {
            let size = GaussianQuerySize { dimension };
            let found = size.ln_survival(y);
            // The bound of erfc, which only odd dimensions use, costs up to 6%; the rest is rounding.
            let rounding = 1e-12 * wanted.abs().max(1.0);
            let room = (dimension % 2.0) * 0.06 + rounding;
            assert!(
                found >= wanted - rounding && found <= wanted + room,
                "{dimension} {y}: {found} {wanted}"
            );
            if wanted > -700.0 {
                assert!(size.at(y) >= wanted.exp() * (1.0 - 1e-12));
            }
        }
    }

    #[test]
    fn even_degrees_of_freedom_are_exact_up_to_rounding() {
        let survival = |dimension: f64, y: f64| GaussianQuerySize { dimension }.at(y);
        assert!((survival(2.0, 3.0) / (-1.5f64).exp() - 1.0).abs() < 1e-14);
        assert!((survival(4.0, 3.0) / (2.5 * (-1.5f64).exp()) - 1.0).abs() < 1e-14);
        assert_eq!(survival(6.0, 0.0), 1.0);
    }

    #[test]
    fn the_probability_beyond_is_small_and_the_hazard_rate_is_a_lower_bound() {
        for dimension in [1.0, 2.0, 3.0, 10.0, 101.0, 1024.0] {
            let size = GaussianQuerySize { dimension };
            for decay in [1.0, 40.0, 80.0] {
                assert!(size.ln_survival(size.beyond(decay)) <= -decay);
            }
            let (y, step) = (size.beyond(3.0), 1e-3);
            let slope = (size.ln_survival(y) - size.ln_survival(y + step)) / step;
            assert!(size.hazard(y).lower() > 0.0 && slope >= size.hazard(y).upper());
        }
    }
}
