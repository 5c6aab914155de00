//! T9 `uniform-key-query-gradient`: the error of the gradient in `U`, averaged over a sub-Gaussian query.

use crate::bound::gradient::key_query;
use crate::bound::gradient::key_query::GradientMoments;
use crate::bound::gradient::sub_gaussian::SubGaussianGradient;
use crate::bound::minimise::{Unit, minimise};
use crate::bound::moments::check_non_negative;
use crate::bound::moments::value_spectrum::ValueSpectrum;
use crate::bound::rate::cells::Cells;
use crate::bound::rate::tilt_scale::TiltScale;
use crate::bound::theorem::{ProofStatus, Statement, Theorem};
use crate::bound::vocabulary::{GRADIENT_PROXY, OVER_THE_QUERY, QUERY, SOURCE, location};
use crate::bound::{Bound, GaussianGradient};
use crate::error::Result;
use crate::interval::Interval;
use crate::parameter::{Dimension, PromptLength, VarianceProxy};

impl Theorem {
    /// T9.key-query.uniform `uniform-key-query-gradient`: The squared error of the gradient in U averaged over a sub-Gaussian query.
    pub const UNIFORM_KEY_QUERY_GRADIENT: Theorem = Theorem::new(&Statement {
        id: "T9.key-query.uniform",
        name: "uniform-key-query-gradient",
        title: "The squared error of the gradient in U averaged over a sub-Gaussian query",
        statement: "E_z E|V(Chat - C(a))|_F^2 |z|^2 <= varsigma^2 (1-2th)^{-d/2} \
        max( sup_{y <= Y} g(y) F(y) e^{-th y}, g(Y) c(Y) e^{-th Y} ), g(y) = (sqrt(y) + |m_z| / varsigma)^2, F(y) the smallest of T9.key-query.sub-gaussian, \
        T9.key-query.crude and, for Gaussian tokens, T9.key-query at sigma^2 |a|^2 = (q sqrt(y) + s)^2, without |z|^2; c the crude bound",
        hypotheses: &[
            GRADIENT_PROXY,
            QUERY,
            "L >= 2",
            "3/Y <= th < 1/2 (proof parameters)",
        ],
        constants: OVER_THE_QUERY,
        proof_idea: "As T7, with the factor |z|^2 inside the supremum. At fixed proof parameters the crude bound grows at most \
        like y^2 and g like y, so g(y) c(y) e^{-th y} decreases from Y >= 3/th on.",
        source: SOURCE,
        location: location(
            "bound::UniformKeyQueryGradient",
            "src/bound/gradient/uniform.rs",
        ),
        status: ProofStatus::ProvedOnPaper,
        lemmas: &[],
    });
}

/// The classes of T7 for the gradient in `U`.
///
/// With `q`, `varsigma` and `y` as in [`UniformRate`](crate::bound::UniformRate), `F(y)` the smallest bound of
/// `E|V(Chat - C)|_F^2` at `sigma^2 |a|^2 = q^2 y`, `Y > 6` and `3/Y <= th < 1/2`:
///
/// `E_z E|V(Chat - C)|_F^2 |z|^2 <= varsigma^2 (1-2th)^{-d/2} max( sup_{y <= Y} g(y) F(y) e^{-th y}, g(Y) c(Y) e^{-th Y} )`
///
/// where `g(y) = (sqrt(y) + |m_z| / varsigma)^2` (`y` for a centred query) and `c(Y)` is the crude bound at `Y`: for fixed proof
/// parameters it grows at most like `y^2`, so that `g(y) c(y) e^{-th y}` decreases beyond `Y`. On a cell `[y_i, y_{i+1}]` the product
/// is at most `g(y_{i+1}) F(y_{i+1}) e^{-th y_i}`.
#[derive(Debug, Clone)]
pub struct UniformKeyQueryGradient {
    pub(super) tilt: TiltScale,
    /// `varsigma^2`.
    pub(super) query_squared: f64,
    /// At least `|m_z|`.
    mean_norm: f64,
    values: ValueSpectrum,
    identity: ValueSpectrum,
    gaussian: Option<GaussianGradient>,
}

/// Cells of the first grid, and splits after it at most.
const CELLS: u32 = 48;
const SPLITS: usize = 100;
/// Logarithmic gap between the largest cell and a value attained at which splitting ends.
const GAP: f64 = 0.01;
/// The cells reach at least this `y`, and this multiple of the dimension of the query further.
const REACH: (f64, f64) = (60.0, 8.0);
/// Largest `Y`.
const LATEST: f64 = 1e20;

impl UniformKeyQueryGradient {
    /// From the token proxy `sigma^2`, the query proxy `varsigma^2`, `|U|` (finite, at least 0), the dimension of the
    /// query, the spectrum of `V V^T`, and the dimension of a token; for Gaussian tokens also their constants.
    ///
    /// # Errors
    /// If `q^2` exceeds `1e100`.
    pub fn new(
        (token_proxy, query_proxy): (VarianceProxy, VarianceProxy),
        key_query_norm: f64,
        (query_dimension, token_dimension): (Dimension, Dimension),
        values: ValueSpectrum,
        gaussian: Option<GaussianGradient>,
    ) -> Result<Self> {
        Ok(Self {
            tilt: TiltScale::new(
                token_proxy,
                query_proxy,
                key_query_norm,
                query_dimension,
                &values,
            )?,
            query_squared: query_proxy.get(),
            mean_norm: 0.0,
            identity: ValueSpectrum::from_eigenvalues(vec![1.0; token_dimension.get()])?,
            values,
            gaussian,
        })
    }

    /// The same for a query of mean `m_z` and a tilt bias `b`: from numbers at least `|U m_z + b|` and `|m_z|`.
    ///
    /// # Errors
    /// If one is negative or not finite, or `(sigma |U m_z + b|)^2` exceeds `1e100`.
    pub fn with_offset(self, tilt_norm: f64, mean_norm: f64) -> Result<Self> {
        check_non_negative("|m_z|", mean_norm)?;
        Ok(Self {
            tilt: self.tilt.with_offset(tilt_norm, &self.values)?,
            mean_norm,
            ..self
        })
    }

    /// `q = sigma |U| varsigma`, rounded up.
    pub fn q(&self) -> f64 {
        self.tilt.q
    }

    /// The bound averaged over the query; `L >= 2`. No trivial bound is known besides: pass `+inf`.
    pub fn bound(&self, length: PromptLength, trivial: f64) -> Bound {
        let theorem = Theorem::UNIFORM_KEY_QUERY_GRADIENT;
        if length.get() < 2 {
            return Bound::not_applicable(theorem, "L >= 2 is required");
        }
        let found = self.evaluate(length.as_f64());
        let bound = Bound::proved(theorem, found.value, trivial, found.dominant);
        self.describe(bound, length)
            .with_parameter("th", found.theta)
            .with_parameter("Y", found.end)
    }

    /// Adds what the class is made of to a record.
    pub(in crate::bound) fn describe(&self, bound: Bound, length: PromptLength) -> Bound {
        let mut bound = bound
            .with_hypothesis("L", length.as_f64())
            .with_hypothesis("q", self.tilt.q);
        if self.tilt.offset > 0.0 || self.mean_norm > 0.0 {
            bound = bound
                .with_hypothesis("sigma |U m_z + b|", self.tilt.offset)
                .with_hypothesis("|m_z|", self.mean_norm);
        }
        bound
            .with_hypothesis("dimension of the query", self.tilt.dimension)
            .with_hypothesis("varsigma^2", self.query_squared)
            .with_hypothesis("sigma^2", self.tilt.sigma_squared)
            .with_hypothesis("|V|^2", self.values.largest())
            .with_hypothesis("|V|_F^2", self.values.sum())
            .with_hypothesis("d", self.identity.ratios().len() as f64)
    }

    /// A float at least `ln F(y)`, and one at least the logarithm of the crude bound.
    pub(in crate::bound) fn ln_pointwise(&self, y: f64, length: f64) -> (f64, f64) {
        let energy = self.tilt.energy(y);
        let class = SubGaussianGradient::at_energy(
            self.tilt.sigma_squared,
            energy,
            &self.values,
            &self.identity,
        );
        let crude = class.crude(length).ln_value;
        let bound = |moments: &GradientMoments| {
            // Both T4 and T5 exceed A2 / L, so they are worth a search only where that is small enough.
            if moments.ln_a2() - length.ln() < crude {
                key_query::evaluate(moments, length).ln_value
            } else {
                f64::INFINITY
            }
        };
        let of_class = class.moments().map_or(f64::INFINITY, |m| bound(&m.moments));
        let of_gaussian = self
            .gaussian
            .as_ref()
            .and_then(|g| g.at_energy(energy, self.tilt.sigma_squared).ok())
            .map_or(f64::INFINITY, |m| bound(&m));
        (crude.min(of_class).min(of_gaussian), crude)
    }

    /// `g(y) = (sqrt(y) + |m_z| / varsigma)^2`: the square of the query is at most `varsigma^2` times this.
    pub(super) fn query_factor(&self, y: f64) -> Interval {
        if self.mean_norm == 0.0 {
            return Interval::point(y);
        }
        let mean = Interval::point(self.mean_norm) / Interval::point(self.query_squared).sqrt();
        (Interval::point(y).sqrt() + mean).square()
    }

    fn evaluate(&self, length: f64) -> Found {
        let query = Interval::point(self.query_squared);
        if self.tilt.q_squared == 0.0 {
            // The tilt does not vary: F(0) times E|z|^2, at most varsigma^2 times the dimension plus |m_z|^2.
            let ln_f = Interval::point(self.ln_pointwise(0.0, length).0);
            let mean = Interval::point(self.mean_norm).square();
            let scale = query * Interval::point(self.tilt.dimension) + mean;
            return Found {
                value: (ln_f.exp() * scale).upper(),
                theta: 0.0,
                end: 0.0,
                dominant: "no tilt: F(0) E|z|^2",
            };
        }
        let rest = ((0.5 * length.ln()).sqrt() - self.tilt.offset).max(0.0);
        let end = (rest * rest / self.tilt.q_squared)
            .max(REACH.0 + REACH.1 * self.tilt.dimension)
            .min(LATEST);
        let ln_product = |y: f64| {
            let ln_f = Interval::point(self.ln_pointwise(y, length).0);
            (self.query_factor(y).ln() + ln_f).upper()
        };
        let mut cells = Cells::new(end, CELLS, ln_product);
        let crude = Interval::point(self.ln_pointwise(end, length).1);
        let at_end = (self.query_factor(end).ln() + crude).upper();
        let tail = |theta: f64| at_end - theta * end;
        let half_dimension = 0.5 * self.tilt.dimension;
        // The best th of [3/Y, 1/2) for the values at the nodes and the tail, in plain floats.
        let least = (3.0 / end).next_up();
        let best_theta = |cells: &Cells| {
            let theta = |x: f64| least + (0.5 - least) * Unit::logistic(x).value();
            let found = minimise(-30.0, 15.0, |x| {
                let theta = theta(x);
                let attained = cells.at_nodes(theta).max(tail(theta));
                attained - half_dimension * (-2.0 * theta).ln_1p()
            });
            theta(found.at).clamp(least, 0.5f64.next_down())
        };
        let mut theta = least;
        // Splitting moves the best th a little, so it is sought again before the last splits.
        for _ in 0..2 {
            theta = best_theta(&cells);
            let mut splits = SPLITS / 2;
            while splits > 0 && cells.split(theta, tail(theta), GAP, ln_product) {
                splits -= 1;
            }
        }
        let th = Interval::point(theta);
        let (inside, beyond) = (
            cells.enclosure(th),
            Interval::point(at_end) - th * Interval::point(end),
        );
        let factor = -(Interval::point(half_dimension) * (-th.double()).ln_1p());
        let ln_sup = factor + inside.max(beyond);
        Found {
            value: (ln_sup.exp() * query).upper(),
            theta,
            end,
            dominant: if beyond.upper() > inside.upper() {
                "queries beyond |z|^2 = varsigma^2 Y"
            } else {
                "queries up to |z|^2 = varsigma^2 Y"
            },
        }
    }
}

struct Found {
    value: f64,
    theta: f64,
    end: f64,
    dominant: &'static str,
}
