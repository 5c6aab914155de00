//! T7 `gaussian-query-rate`: T7 as an integral, for a Gaussian query.

use crate::bound::query::integral::QueryIntegral;
use crate::bound::query::staircase::Staircase;
use crate::bound::theorem::{ProofStatus, Statement, Theorem};
use crate::bound::vocabulary::{
    GAUSSIAN_QUERY, GRADIENT_PROXY, LENGTH, OVER_THE_QUERY, PAPER_PROPOSITION_3_1, ROWS, SIGMA,
    SOURCE, constant, location,
};
use crate::bound::{Bound, UniformRate, laplace};
use crate::interval::Interval;
use crate::parameter::PromptLength;

impl Theorem {
    /// T7.gaussian `gaussian-query-rate`: T7 for a Gaussian query: an integral in the place of a supremum.
    pub const UNIFORM_RATE_GAUSSIAN_QUERY: Theorem = Theorem::new(&Statement {
        id: "T7.gaussian",
        name: "gaussian-query-rate",
        title: "T7 for a Gaussian query: an integral in the place of a supremum",
        statement: "E_z E|That - T|^2 <= F(y_1) + sum_{i=1}^{n-1} (F(y_{i+1}) - F(y_i)) S(y_i) + (alpha + beta Y - F(Y))_+ S(Y) \
        + 2 beta S(Y) / (1 - d/Y), S(y) = P(chi^2_d > y), F(y) the smallest of L F0, T6.chernoff-entropy, T6.laplace with the A2 of \
        T6.chernoff-entropy, and T6.crude at sigma^2 |a|^2 = (q sqrt(y) + s)^2, alpha + beta y at least the last one at a fixed lam",
        hypotheses: &[
            "X - E X has variance proxy sigma^2",
            "the query is m_z + z, z normal, centred, with covariance at most varsigma^2 I",
            "L >= 2",
            "0 = y_0 < y_1 < .. < y_n = Y, Y > d (proof parameters)",
        ],
        constants: OVER_THE_QUERY,
        proof_idea: "For a fixed query the error is at most F(y), which increases, and |z|^2 / varsigma^2 is stochastically below a \
        chi-square variable. A step function above F is integrated by parts. The hazard rate of chi-square is at least (1 - d/y) / 2.",
        source: PAPER_PROPOSITION_3_1,
        location: location(
            "bound::UniformRate::gaussian_query_bound",
            "src/bound/rate/uniform_gaussian.rs",
        ),
        status: ProofStatus::ProvedOnPaper,
        lemmas: &[],
    });

    /// T9.value.gaussian-query `value-gradient-gaussian-query`: The squared error of the gradient in V averaged over a Gaussian query, tokens known through their variance proxy.
    pub const VALUE_GRADIENT_GAUSSIAN_QUERY: Theorem = Theorem::new(&Statement {
        id: "T9.value.gaussian-query",
        name: "value-gradient-gaussian-query",
        title: "The squared error of the gradient in V averaged over a Gaussian query, tokens known through their variance proxy",
        statement: "E_z m E|mhat - m(a)|^2 <= T7.gaussian with nu_j = m for j = 1 .. d",
        hypotheses: &[GRADIENT_PROXY, GAUSSIAN_QUERY, "L >= 2"],
        constants: &[LENGTH, SIGMA, ROWS, constant("d", "dimension of a token")],
        proof_idea: "m |mhat - m(a)|^2 is the squared output error of m identities stacked: T7.gaussian.",
        source: SOURCE,
        location: location(
            "bound::UniformRate::gaussian_query_bound",
            "src/bound/rate/uniform_gaussian.rs",
        ),
        status: ProofStatus::ProvedOnPaper,
        lemmas: &[],
    });
}

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
        let theorem = Theorem::UNIFORM_RATE_GAUSSIAN_QUERY;
        if length.get() < 2 {
            return Bound::not_applicable(theorem, "L >= 2 is required");
        }
        let trivial = trivial.min(self.class_trivial(length));
        self.over_gaussian_query(length.as_f64())
            .record(theorem, trivial, |bound| self.describe(bound, length))
    }

    /// The value of [`Self::gaussian_query_bound`] at a whole number `length >= 2` of any size, not compared with a trivial bound.
    pub(crate) fn gaussian_query_value(&self, length: f64) -> f64 {
        self.over_gaussian_query(length).value
    }

    fn over_gaussian_query(&self, length: f64) -> QueryIntegral {
        self.integral(QueryIntegral::end(self.tilt.query_size(), length), length)
    }

    fn integral(&self, end: f64, length: f64) -> QueryIntegral {
        let stairs = Staircase::new(end, self.tilt.query_size(), |y| {
            self.least_pointwise(y, length)
        });
        let (sum, rare) = stairs.sum();
        let tail = self.crude_tail(&stairs, length);
        QueryIntegral {
            stairs,
            value: (sum + tail).upper(),
            rare,
        }
    }

    /// A float at least `F(y)`.
    fn least_pointwise(&self, y: f64, l: f64) -> f64 {
        let class = self.class(self.tilt.energy(y));
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
    fn crude_tail(&self, stairs: &Staircase, length: f64) -> Interval {
        let end = stairs.end();
        let at_end = self.class(self.tilt.energy(end));
        let (start, slope) = self.affine_energy(end);
        let at_zero = self.class(start);
        let lambda = at_end.crude(length).lambda;
        let Some((alpha, beta)) = at_zero.affine_crude(lambda, slope, length) else {
            return Interval::ZERO;
        };
        let jump = alpha + beta * Interval::point(end) - Interval::point(stairs.last());
        (jump.known_non_negative() + beta / self.tilt.query_size().hazard(end))
            * Interval::point(stairs.rest())
    }
}

#[cfg(test)]
mod tests {
    use crate::bound::ValueSpectrum;
    use crate::bound::rate::uniform_gaussian::*;
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
            let whole = rate.integral(300.0, length).value;
            let mut previous = f64::INFINITY;
            for end in [e as f64 + 0.5, e as f64 + 5.0, 40.0] {
                let cut = rate.integral(end, length).value;
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
                    start + slope * y >= rate.tilt.energy(y) * (1.0 - 1e-14),
                    "{q} {offset} {y}"
                );
            }
            let touching = (start + slope * end) / rate.tilt.energy(end);
            assert!((touching - 1.0).abs() < 1e-13, "{touching}");
        }
    }
}
