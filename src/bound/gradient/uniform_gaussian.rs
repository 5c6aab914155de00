//! T9 `key-query-gradient-gaussian-query`: T9 as an integral over a Gaussian query.

use crate::bound::query::integral::QueryIntegral;
use crate::bound::query::staircase::Staircase;
use crate::bound::theorem::{ProofStatus, Statement, Theorem};
use crate::bound::vocabulary::{GAUSSIAN_QUERY, GRADIENT_PROXY, OVER_THE_QUERY, SOURCE, location};
use crate::bound::{Bound, UniformKeyQueryGradient};
use crate::interval::Interval;
use crate::parameter::PromptLength;

impl Theorem {
    /// T9.key-query.gaussian-query `key-query-gradient-gaussian-query`: The squared error of the gradient in U averaged over a Gaussian query.
    pub const KEY_QUERY_GRADIENT_GAUSSIAN_QUERY: Theorem = Theorem::new(&Statement {
        id: "T9.key-query.gaussian-query",
        name: "key-query-gradient-gaussian-query",
        title: "The squared error of the gradient in U averaged over a Gaussian query",
        statement: "E_z E|V(Chat - C(a))|_F^2 |z|^2 <= varsigma^2 [ H(y_1) + sum_{i=1}^{n-1} (H(y_{i+1}) - H(y_i)) S(y_i) \
        + (g(Y) c(Y) - H(Y))_+ S(Y) + g(Y) c(Y) S(Y) (3/r + 6/r^2 + 6/r^3) ], H(y) = g(y) F(y), F, g and c as in T9.key-query.uniform, \
        S(y) = P(chi^2_d > y), r = (Y - d) / 2",
        hypotheses: &[
            GRADIENT_PROXY,
            GAUSSIAN_QUERY,
            "L >= 2",
            "0 = y_0 < y_1 < .. < y_n = Y, Y > d (proof parameters)",
        ],
        constants: OVER_THE_QUERY,
        proof_idea: "As T7.gaussian, for g(y) F(y). Beyond Y the crude bound grows at most like y^2, and S decreases at the rate r / Y at least.",
        source: SOURCE,
        location: location(
            "bound::UniformKeyQueryGradient::gaussian_query_bound",
            "src/bound/gradient/uniform_gaussian.rs",
        ),
        status: ProofStatus::ProvedOnPaper,
        lemmas: &[],
    });
}

impl UniformKeyQueryGradient {
    /// The bound averaged over a Gaussian query whose covariance is at most `varsigma^2 I`; `L >= 2`. No trivial bound is
    /// known besides: pass `+inf`.
    ///
    /// With `H(y) = g(y) F(y)`, `g`, `F`, `y` and the crude bound `c` as in [`UniformKeyQueryGradient`], `S(y) = P(chi^2 > y)` for the dimension `e`
    /// of the query, any `0 = y_0 < .. < y_n = Y`, `Y > e`, and `r = (1 - e/Y) Y / 2`,
    ///
    /// `E_z E|V(Chat - C)|_F^2 |z|^2 <= varsigma^2 [ H(y_1) + sum_{i=1}^{n-1} (H(y_{i+1}) - H(y_i)) S(y_i) + (g(Y) c(Y) - H(Y))_+ S(Y)
    /// + g(Y) c(Y) S(Y) (3/r + 6/r^2 + 6/r^3) ]`.
    pub fn gaussian_query_bound(&self, length: PromptLength, trivial: f64) -> Bound {
        let theorem = Theorem::KEY_QUERY_GRADIENT_GAUSSIAN_QUERY;
        if length.get() < 2 {
            return Bound::not_applicable(theorem, "L >= 2 is required");
        }
        self.over_gaussian_query(length.as_f64())
            .record(theorem, trivial, |bound| self.describe(bound, length))
    }

    /// The value of [`Self::gaussian_query_bound`] at a whole number `length >= 2` of any size.
    pub(crate) fn gaussian_query_value(&self, length: f64) -> f64 {
        self.over_gaussian_query(length).value
    }

    fn over_gaussian_query(&self, length: f64) -> QueryIntegral {
        self.integral(QueryIntegral::end(self.tilt.query_size(), length), length)
    }

    fn integral(&self, end: f64, length: f64) -> QueryIntegral {
        let times = |y: f64, ln_f: f64| self.query_factor(y) * Interval::point(ln_f).exp();
        let stairs = Staircase::new(end, self.tilt.query_size(), |y| {
            times(y, self.ln_pointwise(y, length).0).upper()
        });
        let (sum, rare) = stairs.sum();
        let crude = times(end, self.ln_pointwise(end, length).1);
        let jump = (crude - Interval::point(stairs.last())).known_non_negative();
        let inverse = Interval::ONE / (self.tilt.query_size().hazard(end) * Interval::point(end));
        // 3/r + 6/r^2 + 6/r^3 by Horner, r the hazard rate times Y.
        let (three, six) = (Interval::point(3.0), Interval::point(6.0));
        let growth = inverse * (three + inverse * (six + inverse * six));
        let tail = (jump + crude * growth) * Interval::point(stairs.rest());
        let query = Interval::point(self.query_squared);
        QueryIntegral {
            stairs,
            value: (query * (sum + tail)).upper(),
            rare: query * rare,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::bound::ValueSpectrum;
    use crate::bound::gradient::uniform_gaussian::*;
    use crate::parameter::{Dimension, VarianceProxy};

    /// In use the part beyond the last cell is nothing; with few cells it is nearly all.
    #[test]
    fn the_crude_bound_beyond_the_last_cell_is_not_below_what_it_replaces() {
        let one = VarianceProxy::new(1.0).unwrap();
        let dimension = |d: usize| Dimension::new(d).unwrap();
        for (e, q, l) in [(1, 1.0, 1e6), (2, 0.6, 1e4), (5, 0.3, 100.0)] {
            let values = ValueSpectrum::from_eigenvalues(vec![1.0, 0.5]).unwrap();
            let dimensions = (dimension(e), dimension(2));
            let rate =
                UniformKeyQueryGradient::new((one, one), q, dimensions, values, None).unwrap();
            let whole = rate.integral(300.0, l).value;
            let mut previous = f64::INFINITY;
            for end in [e as f64 + 1.0, e as f64 + 6.0, 45.0] {
                let cut = rate.integral(end, l).value;
                assert!(
                    cut >= 0.98 * whole && cut <= 1.02 * previous,
                    "{e} {q} {l} {end}"
                );
                previous = cut;
            }
            assert!(previous <= 1.02 * whole);
        }
    }
}
