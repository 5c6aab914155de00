//! T7 `uniform-rate`: the paper's Proposition 3.1 with explicit constants.

use crate::bound::minimise::{Unit, minimise};
use crate::bound::moments::value_spectrum::ValueSpectrum;
use crate::bound::rate::cells::Cells;
use crate::bound::rate::tilt_scale::TiltScale;
use crate::bound::sub_gaussian::SubGaussianMoments;
use crate::bound::theorem::{ProofStatus, Statement, Theorem};
use crate::bound::vocabulary::{OVER_THE_QUERY, PAPER_PROPOSITION_3_1, location};
use crate::bound::{Bound, chernoff, laplace};
use crate::error::Result;
use crate::interval::Interval;
use crate::parameter::{Dimension, PromptLength, VarianceProxy};

impl Theorem {
    /// T7 `uniform-rate`: The error averaged over a sub-Gaussian query, with explicit constants.
    pub const UNIFORM_RATE: Theorem = Theorem::new(&Statement {
        id: "T7",
        name: "uniform-rate",
        title: "The error averaged over a sub-Gaussian query, with explicit constants",
        statement: "E_z E|That - T|^2 <= (1-2th)^{-d/2} sup_{y >= 0} F(y) e^{-th y}, F(y) the smallest of T6.chernoff, \
        T6.laplace and T6.crude at sigma^2 |a|^2 = (q sqrt(y) + s)^2",
        hypotheses: &[
            "X - E X has variance proxy sigma^2",
            "the query is m_z + z, z centred with variance proxy varsigma^2",
            "L >= 2",
            "0 < th < 1/2 (a proof parameter)",
        ],
        constants: OVER_THE_QUERY,
        proof_idea: "For a fixed query the error is at most F(y), and F(y) <= e^{th y} sup F e^{-th .}. The moment \
        generating function of |z|^2 is at most (1-2th)^{-d/2} by T6.norm-mgf. The supremum is bounded cell by \
        cell, as F increases.",
        source: PAPER_PROPOSITION_3_1,
        location: location("bound::UniformRate", "src/bound/rate/uniform.rs"),
        status: ProofStatus::ProvedOnPaper,
        lemmas: &[],
    });
}

/// The classes of T7: tokens with variance proxy `sigma^2`, a query `m_z + z` with `E z = 0`, the proxy of `z` being
/// `varsigma^2`, and the tilt `a = U (m_z + z) + b`.
///
/// With `q = sigma |U| varsigma`, `s = sigma |U m_z + b|` (0 unless said otherwise, [`UniformRate::with_offset`]),
/// `y = |z|^2 / varsigma^2` and `F(y)` the smallest of T6's bounds (by T4, by T5, crude) at
/// `sigma^2 |a|^2 = (q sqrt(y) + s)^2`, for every `0 < th < 1/2`
///
/// `E_z E|That - T|^2 <= (1-2th)^{-d/2} sup_{y >= 0} F(y) e^{-th y}`,
///
/// because `E e^{th |z|^2 / varsigma^2} <= (1-2th)^{-d/2}` (T6, `norm-mgf` with `V = I`, `c = 0`).
///
/// # The supremum is an upper bound
/// Each bound of T6 with its proof parameter fixed increases in `y`. On a cell `[y_i, y_{i+1}]` the error is
/// therefore at most `F(y_{i+1})`, and `e^{-th y} <= e^{-th y_i}`. The cells cover `[0, Y]`,
/// `Y = ln L / (2 q^2)` (of that order with an offset), and are split until the largest is within 1/2 % of a value attained at a node. Beyond
/// `Y` the crude bound serves: it is affine in `sigma^2 |a|^2` at fixed `lam`, and that is at most
/// `s^2 + q s sqrt(Y) + (q^2 + q s / sqrt(Y)) y`, so `sup_{y >= Y} (alpha + beta y) e^{-th y}` is
/// closed form. Nothing is lost there, as `A2 / L` exceeds the crude bound at the same `lam`.
///
/// `F(y_i)` is the upper end of an enclosure at the float `y_i`, and so are the products, their largest, the tail
/// and the query factor at the reported `th`; only the search for `th`, `lam` and the cells is in plain floats.
#[derive(Debug, Clone, PartialEq)]
pub struct UniformRate {
    pub(in crate::bound) tilt: TiltScale,
    pub(in crate::bound) values: ValueSpectrum,
}

/// Largest `Y`; beyond it `th y` outweighs everything for every `th` in use.
const LATEST: f64 = 1e20;

impl UniformRate {
    /// From the token proxy `sigma^2`, the query proxy `varsigma^2`, `|U|_op` (finite, at least 0), the
    /// dimension `d` of the query and the spectrum of `V V^T`.
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter) if `q = sigma |U| varsigma` is negative or not finite, or `q^2`
    /// exceeds `1e100`.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::bound::{UniformRate, ValueSpectrum};
    /// use attention_bounds::parameter::{Dimension, PromptLength, VarianceProxy};
    ///
    /// // sigma = 2, varsigma = 1, |U| = 0.5: q = 1.
    /// let (tokens, query) = (VarianceProxy::new(4.0)?, VarianceProxy::new(1.0)?);
    /// let values = ValueSpectrum::from_eigenvalues(vec![1.0])?;
    /// let class = UniformRate::new(tokens, query, 0.5, Dimension::new(1)?, values)?;
    /// assert!(class.q() >= 1.0 && class.q() < 1.0 + 1e-14);
    /// assert!(class.bound(PromptLength::new(1)?, f64::INFINITY).value().is_none(), "L >= 2 is required");
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn new(
        token_proxy: VarianceProxy,
        query_proxy: VarianceProxy,
        key_query_norm: f64,
        dimension: Dimension,
        values: ValueSpectrum,
    ) -> Result<Self> {
        Ok(Self {
            tilt: TiltScale::new(token_proxy, query_proxy, key_query_norm, dimension, &values)?,
            values,
        })
    }

    /// The same for a query of mean `m_z` and a tilt bias `b`: from a number at least `|U m_z + b|`.
    ///
    /// # Errors
    /// If it is negative or not finite, or `(sigma |U m_z + b|)^2` exceeds `1e100`.
    pub fn with_offset(self, tilt_norm: f64) -> Result<Self> {
        let tilt = self.tilt.with_offset(tilt_norm, &self.values)?;
        Ok(Self { tilt, ..self })
    }

    /// `q = sigma |U| varsigma`, rounded up.
    pub fn q(&self) -> f64 {
        self.tilt.q
    }

    /// The bound of the squared error averaged over the query; `L >= 2`.
    ///
    /// It is compared with `trivial` (pass `+inf` if no other is known) and with the trivial bound of the
    /// class, `L sigma^2 (|V|_F^2 + 4 |V|^2 (q^2 d + s^2))`. The value is the upper end of an
    /// enclosure at the reported `th`.
    pub fn bound(&self, length: PromptLength, trivial: f64) -> Bound {
        let theorem = Theorem::UNIFORM_RATE;
        if length.get() < 2 {
            return Bound::not_applicable(theorem, "L >= 2 is required");
        }
        let trivial = trivial.min(self.class_trivial(length));
        let found = Supremum::new(self, length.as_f64()).minimise();
        let bound = Bound::proved(theorem, found.value, trivial, found.dominant);
        self.describe(bound, length)
            .with_parameter("th", found.theta)
    }

    /// `L sigma^2 (|V|_F^2 + 4 |V|^2 (q^2 d + s^2))`: the trivial bound at the mean of `sigma^2 |a|^2`, in which it is affine.
    pub(in crate::bound) fn class_trivial(&self, length: PromptLength) -> f64 {
        let varying = Interval::point(self.tilt.q_squared) * Interval::point(self.tilt.dimension);
        let mean_energy = (varying + Interval::point(self.tilt.offset).square()).upper();
        self.class(mean_energy).trivial(length.as_f64())
    }

    /// Adds what the class is made of to a record.
    pub(in crate::bound) fn describe(&self, bound: Bound, length: PromptLength) -> Bound {
        let mut bound = bound
            .with_hypothesis("L", length.as_f64())
            .with_hypothesis("q", self.q());
        if self.tilt.offset > 0.0 {
            bound = bound.with_hypothesis("sigma |U m_z + b|", self.tilt.offset);
        }
        bound
            .with_hypothesis("d", self.tilt.dimension)
            .with_hypothesis("sigma^2", self.tilt.sigma_squared)
            .with_hypothesis("|V|^2", self.values.largest())
            .with_hypothesis("|V|_F^2", self.values.sum())
    }

    /// The class at this `sigma^2 |a|^2`.
    pub(super) fn class(&self, energy: f64) -> SubGaussianMoments<'_> {
        SubGaussianMoments::at_energy(self.tilt.sigma_squared, energy, &self.values)
    }

    /// `e_0` and `e_1` such that `(q sqrt(y) + s)^2 <= e_0 + e_1 y` for every `y >= 0`, with equality at `end`:
    /// `2 sqrt(y Y) <= y + Y`.
    pub(in crate::bound) fn affine_energy(&self, end: f64) -> (f64, f64) {
        if self.tilt.offset == 0.0 {
            return (0.0, self.tilt.q_squared);
        }
        let (s, q) = (
            Interval::point(self.tilt.offset),
            Interval::point(self.tilt.q_squared).sqrt(),
        );
        let root = Interval::point(end).sqrt();
        (
            (s.square() + q * s * root).upper(),
            (Interval::point(self.tilt.q_squared) + q * s / root).upper(),
        )
    }

    /// `Y` with `(q sqrt(Y) + s)^2 = ln L / 2`, where the pointwise bounds cease to fall with `L`. Any other `Y` is valid too: one
    /// of the order of a typical `y` where that is none, and at most [`LATEST`].
    fn end(&self, length: f64) -> f64 {
        if self.tilt.offset == 0.0 {
            // It may overflow if q^2 is tiny.
            return (length.ln() / (2.0 * self.tilt.q_squared)).min(LATEST);
        }
        let rest = (0.5 * length.ln()).sqrt() - self.tilt.offset;
        (rest.max(0.0) / self.tilt.q)
            .powi(2)
            .clamp(self.tilt.dimension, LATEST)
    }

    /// A float at least `ln F(y)`, the smallest pointwise bound at `sigma^2 |a|^2 = q^2 y`.
    fn ln_pointwise(&self, y: f64, length: f64) -> f64 {
        let class = self.class(self.tilt.energy(y));
        let (moments, _) = class.logarithms();
        let mut least = Interval::point(class.crude(length).value).ln().upper();
        // Both T4 and T5 exceed A2 / L, so they are worth a search only where that is small enough.
        if moments.a2 - length.ln() < least {
            let chernoff = chernoff::search(&moments, length);
            least = least.min(chernoff::ln_enclosure(&moments, length, chernoff.delta).upper());
            if length >= 7.0 {
                let laplace = laplace::search(&moments, length);
                least = least.min(laplace.ln_enclosure(&moments, length).upper());
            }
        }
        least
    }
}

/// The value of T7 at its best `th`.
struct Found {
    value: f64,
    theta: f64,
    dominant: &'static str,
}

/// Cells of the first grid.
const CELLS: u32 = 40;
/// Splits after it, at most.
const SPLITS: usize = 120;
/// Logarithmic gap between upper and lower value of the supremum at which splitting ends.
const GAP: f64 = 0.005;

/// `sup_y F(y) e^{-th y}` for one class and length, with the values of `F` computed so far.
struct Supremum<'a> {
    rate: &'a UniformRate,
    length: f64,
    cells: Cells,
    /// `lam`, and the crude bound at that `lam` as `alpha + beta y` times `e^ln_scale`, for a few `lam`.
    crude: Vec<(f64, f64, f64)>,
    ln_scale: f64,
    /// `Y`: the cells end and the tail begins here.
    end: f64,
}

impl<'a> Supremum<'a> {
    fn new(rate: &'a UniformRate, length: f64) -> Self {
        let end = rate.end(length);
        let cells = Cells::new(end, CELLS, |y| rate.ln_pointwise(y, length));
        let (start, slope) = rate.affine_energy(end);
        let at_zero = rate.class(start);
        let crude = (-40..=40).map(|i| {
            let unit = Unit::logistic(0.25 * f64::from(i));
            let alpha = (length.ln() + at_zero.norm_mgf(unit)) / unit.value();
            let lambda = unit.value() / (2.0 * rate.tilt.sigma_squared * rate.values.largest());
            (lambda, alpha, 2.0 * slope / unit.complement())
        });
        Self {
            rate,
            length,
            cells,
            crude: crude.collect(),
            ln_scale: (2.0 * rate.tilt.sigma_squared * rate.values.largest()).ln(),
            end,
        }
    }

    fn minimise(mut self) -> Found {
        if self.rate.tilt.q_squared == 0.0 {
            // The tilt does not vary: th -> 0, and F(0), which every node has, is the bound.
            return Found {
                value: Interval::point(self.cells.first()).exp().upper(),
                theta: 0.0,
                dominant: "no tilt: F(0)",
            };
        }
        let mut splits = SPLITS;
        let mut theta = self.best_theta();
        // Splitting moves the best th a little, so it is sought again before the last splits.
        for round in [SPLITS / 2, 0] {
            while splits > round && self.split(theta) {
                splits -= 1;
            }
            theta = self.best_theta();
        }
        while self.split(theta) && splits > 0 {
            splits -= 1;
        }
        let (cells, tail) = (self.cells.largest(theta).0, self.tail(theta).0);
        Found {
            value: self.enclosure(theta).upper(),
            theta,
            dominant: if tail >= cells {
                "queries beyond |z|^2 = varsigma^2 ln L / (2 q^2)"
            } else {
                "queries up to |z|^2 = varsigma^2 ln L / (2 q^2)"
            },
        }
    }

    /// `(1-2th)^{-d/2} max( sup over the cells, sup over the tail )` at the float `th`, enclosed from above.
    fn enclosure(&self, theta: f64) -> Interval {
        let th = Interval::point(theta);
        let cells = self.cells.enclosure(th);
        let half_dimension = Interval::point(0.5 * self.rate.tilt.dimension);
        let query_factor = -(half_dimension * (-th.double()).ln_1p());
        (query_factor + cells.max(self.tail_enclosure(th))).exp()
    }

    /// Logarithm of `sup_{y >= Y} (alpha + beta y) e^{-th y}` at the stored `lam` that is best in plain floats,
    /// enclosed from above.
    fn tail_enclosure(&self, theta: Interval) -> Interval {
        let (_, lambda) = self.tail(theta.upper());
        let (start, slope) = self.rate.affine_energy(self.end);
        let class = self.rate.class(start);
        let Some((alpha, beta)) = class.affine_crude(lambda, slope, self.length) else {
            return Interval::point(f64::NEG_INFINITY);
        };
        let start = Interval::point(self.end);
        let peak = Interval::ONE / theta - alpha / beta;
        let peak = if peak.upper() <= start.upper() {
            start
        } else {
            peak.max(start)
        };
        // At any y the value is at most that at the peak; an interval for the peak encloses it.
        (alpha + beta * peak).ln() - theta * peak
    }

    /// `ln (1-2th)^{-d/2}`.
    fn query_factor(&self, theta: f64) -> f64 {
        -0.5 * self.rate.tilt.dimension * (-2.0 * theta).ln_1p()
    }

    /// The `th` that is best for the values at the nodes (a lower value of the supremum) and the tail.
    fn best_theta(&self) -> f64 {
        let found = minimise(-30.0, 15.0, |x| {
            let theta = 0.5 * Unit::logistic(x).value();
            self.query_factor(theta) + self.cells.at_nodes(theta).max(self.tail(theta).0)
        });
        0.5 * Unit::logistic(found.at).value()
    }

    /// Logarithm of the least upper bound of `sup_{y >= Y} (alpha + beta y) e^{-th y}` over the stored `lam`, and
    /// the `lam` that gives it.
    fn tail(&self, theta: f64) -> (f64, f64) {
        let mut least = (f64::INFINITY, 0.0);
        for &(lambda, alpha, beta) in &self.crude {
            let peak = (1.0 / theta - alpha / beta).max(self.end);
            let value = self.ln_scale + (alpha + beta * peak).ln() - theta * peak;
            if value < least.0 {
                least = (value, lambda);
            }
        }
        least
    }

    /// Splits the largest cell, if that gains something.
    fn split(&mut self, theta: f64) -> bool {
        let (rate, length, tail) = (self.rate, self.length, self.tail(theta).0);
        let ln_f = |y| rate.ln_pointwise(y, length);
        self.cells.split(theta, tail, GAP, ln_f)
    }
}
