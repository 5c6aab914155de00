//! T7 `gaussian-query-rate`: T7 as an integral, for a Gaussian query.

use super::query_survival::GaussianQuerySize;
use super::staircase::{Staircase, Survival};
use super::sub_gaussian::SubGaussianMoments;
use super::{Bound, Theorem, UniformRate, laplace};
use crate::interval::Interval;
use crate::parameter::PromptLength;

/// What is left beyond the last cell is smaller than any bound by this factor, as a logarithm.
const REST: f64 = 40.0;

impl UniformRate {
    /// The bound of the squared error averaged over a Gaussian query whose covariance is at most `varsigma^2 I`; `L >= 2`.
    ///
    /// With `y`, `q` as in T7, `F(y)` the smallest of the pointwise bounds that know the law through `sigma` (`L F0`, T5 and
    /// `chernoff-entropy` with the smaller of both `A2`, crude), `S(y) = P(chi^2_d > y)`, any `0 = y_0 < .. < y_n = Y`, `Y > d`, and
    /// `alpha + beta y` the crude bound at any `lam`,
    ///
    /// `E_z E|That - T|^2 <= F(y_1) + sum_{i=1}^{n-1} (F(y_{i+1}) - F(y_i)) S(y_i) + (alpha + beta Y - F(Y))_+ S(Y) + 2 beta S(Y) / (1 - d/Y)`.
    ///
    /// It is compared with the same trivial bounds as [`UniformRate::bound`]. The cells are split until the sum is within
    /// 1% of the one with `F(y_i)` on every cell, or there are 440. The value is the upper end of an enclosure at these cells.
    pub fn gaussian_query_bound(&self, length: PromptLength, trivial: f64) -> Bound {
        let theorem = Theorem::UniformRateGaussianQuery;
        if length.get() < 2 {
            return Bound::not_applicable(theorem, "L >= 2 is required");
        }
        let size = GaussianQuerySize {
            dimension: self.dimension,
        };
        let end = size.beyond(length.as_f64().ln() + REST);
        let (stairs, value, rare) = self.integral(&size, end, length.as_f64());
        let dominant = if rare.upper() > 0.5 * value {
            "queries longer than the median"
        } else {
            "queries up to the median length"
        };
        let trivial = trivial.min(self.class_trivial(length));
        self.describe(Bound::proved(theorem, value, trivial, dominant), length)
            .with_parameter("cells", stairs.count() as f64)
            .with_parameter("Y", stairs.end())
    }

    /// The value of [`Self::gaussian_query_bound`] at a whole number `length >= 2` of any size, not compared with a trivial bound.
    pub(crate) fn gaussian_query_value(&self, length: f64) -> f64 {
        let size = GaussianQuerySize {
            dimension: self.dimension,
        };
        let end = size.beyond(length.ln() + REST);
        self.integral(&size, end, length).1
    }

    /// The cells up to `Y`, the bound, and the part of it that queries longer than the median contribute.
    fn integral(
        &self,
        size: &GaussianQuerySize,
        end: f64,
        length: f64,
    ) -> (Staircase, f64, Interval) {
        let stairs = Staircase::new(end, size, |y| self.least_pointwise(y, length));
        let (sum, rare) = stairs.sum();
        let tail = self.crude_tail(&stairs, size, length);
        (stairs, (sum + tail).upper(), rare)
    }

    /// A float at least `F(y)`.
    fn least_pointwise(&self, y: f64, l: f64) -> f64 {
        let class = SubGaussianMoments::at_energy(self.sigma_squared, self.energy(y), &self.values);
        let mut least = Interval::point(class.crude(l).value).ln().upper();
        if l >= 3.0 {
            let (mut moments, _) = class.logarithms();
            moments.a2 = moments.a2.min(class.ln_weighted_moment(2, 1).value);
            // Both exceed A2 / L, so they are worth a search only where that is small enough.
            if moments.a2 - l.ln() < least {
                least = least.min(class.chernoff_entropy(l, moments.a2).ln_value);
                if l >= 7.0 {
                    let laplace = laplace::search(&moments, l);
                    least = least.min(laplace.ln_enclosure(&moments, l).upper());
                }
            }
        }
        let least = Interval::point(least).exp().upper();
        least.min(class.trivial(l))
    }

    /// `(alpha + beta Y - F(Y))_+ S(Y) + beta int_Y S`, the integral at most `S(Y)` over the hazard rate at `Y`.
    fn crude_tail(&self, stairs: &Staircase, size: &impl Survival, length: f64) -> Interval {
        let end = stairs.end();
        let at_end =
            SubGaussianMoments::at_energy(self.sigma_squared, self.energy(end), &self.values);
        let (start, slope) = self.affine_energy(end);
        let at_zero = SubGaussianMoments::at_energy(self.sigma_squared, start, &self.values);
        let lambda = at_end.crude(length).lambda;
        let Some((alpha, beta)) = at_zero.affine_crude(lambda, slope, length) else {
            return Interval::ZERO;
        };
        let jump = alpha + beta * Interval::point(end) - Interval::point(stairs.last());
        (jump.known_non_negative() + beta / size.hazard(end)) * Interval::point(stairs.rest())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bound::ValueSpectrum;
    use crate::parameter::{Dimension, VarianceProxy};

    /// In use the part beyond the last cell is nothing; with few cells it is nearly all.
    #[test]
    fn the_crude_bound_beyond_the_last_cell_is_not_below_what_it_replaces() {
        let one = VarianceProxy::new(1.0).unwrap();
        for (e, q, l) in [
            (1, 1.0, 1_000_000),
            (2, 0.6, 10_000),
            (5, 0.4, 100),
            (4, 0.0, 9),
        ] {
            let values = ValueSpectrum::from_eigenvalues(vec![1.0, 0.5]).unwrap();
            let rate = UniformRate::new(one, one, q, Dimension::new(e).unwrap(), values).unwrap();
            let length = l as f64;
            let size = GaussianQuerySize {
                dimension: e as f64,
            };
            let whole = rate.integral(&size, 300.0, length).1;
            let mut previous = f64::INFINITY;
            for end in [e as f64 + 0.5, e as f64 + 5.0, 40.0] {
                let cut = rate.integral(&size, end, length).1;
                assert!(
                    cut >= 0.98 * whole && cut <= 1.02 * previous,
                    "{e} {q} {l} {end}"
                );
                previous = cut;
            }
            assert!(previous <= 1.02 * whole);
        }
    }

    #[test]
    fn the_affine_bound_of_the_energy_touches_it() {
        let one = VarianceProxy::new(1.0).unwrap();
        for (q, offset, end) in [
            (0.5, 0.3, 4.0),
            (2.0, 1e-9, 0.1),
            (1e-3, 50.0, 1e4),
            (1.0, 0.0, 3.0),
        ] {
            let values = ValueSpectrum::from_eigenvalues(vec![1.0]).unwrap();
            let rate = UniformRate::new(one, one, q, Dimension::new(1).unwrap(), values).unwrap();
            let rate = rate.with_offset(offset).unwrap();
            let (start, slope) = rate.affine_energy(end);
            for factor in [0.0, 1e-6, 0.3, 0.99, 1.0, 1.01, 7.0, 1e9] {
                let y = factor * end;
                assert!(
                    start + slope * y >= rate.energy(y) * (1.0 - 1e-14),
                    "{q} {offset} {y}"
                );
            }
            let touching = (start + slope * end) / rate.energy(end);
            assert!((touching - 1.0).abs() < 1e-13, "{touching}");
        }
    }
}
