//! T7 `uniform-rate`: the paper's Proposition 3.1 with explicit constants.

use crate::bound::minimise::{Unit, minimise};
use crate::bound::moments::value_spectrum::ValueSpectrum;
use crate::bound::sub_gaussian::SubGaussianMoments;
use crate::bound::theorem::{ProofStatus, Statement, Theorem};
use crate::bound::vocabulary::{LENGTH, PAPER_PROPOSITION_3_1, SIGMA, constant, location};
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
        constants: &[
            LENGTH,
            SIGMA,
            constant("q", "sigma |U| varsigma"),
            constant(
                "s",
                "sigma |U m_z + b|, 0 for a centred query without query bias",
            ),
            constant("d", "dimension of the query"),
            constant("y", "|z|^2 / varsigma^2"),
        ],
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
    pub(in crate::bound) sigma_squared: f64,
    /// Rounded up, and so is its square.
    q: f64,
    pub(in crate::bound) q_squared: f64,
    /// `sigma |U m_z + b|`, rounded up.
    offset: f64,
    pub(in crate::bound) dimension: f64,
    pub(in crate::bound) values: ValueSpectrum,
}

/// `y` and a float at least `ln F(y)`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Node {
    y: f64,
    ln_f: f64,
}

/// Largest `Y`; beyond it `th y` outweighs everything for every `th` in use.
const LATEST: f64 = 1e20;
/// Cells of the first grid.
const CELLS: u32 = 40;
/// Splits after it, at most.
const SPLITS: usize = 120;
/// Logarithmic gap between upper and lower value of the supremum at which splitting ends.
const GAP: f64 = 0.005;

impl UniformRate {
    /// From the token proxy `sigma^2`, the query proxy `varsigma^2`, `|U|_op` (finite, at least 0), the
    /// dimension `d` of the query and the spectrum of `V V^T`.
    pub fn new(
        token_proxy: VarianceProxy,
        query_proxy: VarianceProxy,
        key_query_norm: f64,
        dimension: Dimension,
        values: ValueSpectrum,
    ) -> Result<Self> {
        let sigma = |proxy: VarianceProxy| Interval::point(proxy.get()).sqrt();
        let q = sigma(token_proxy) * Interval::point(key_query_norm) * sigma(query_proxy);
        let q = q.upper();
        // Validates q^2 in the same way as sigma^2 |a|^2 of a single query.
        let unit = VarianceProxy::new(1.0)?;
        let q_squared = SubGaussianMoments::new(unit, q, &values)?.energy();
        Ok(Self {
            sigma_squared: token_proxy.get(),
            q,
            q_squared,
            offset: 0.0,
            dimension: dimension.get() as f64,
            values,
        })
    }

    /// The same for a query of mean `m_z` and a tilt bias `b`: from a number at least `|U m_z + b|`.
    ///
    /// # Errors
    /// If it is negative or not finite, or `(sigma |U m_z + b|)^2` exceeds `1e100`.
    pub fn with_offset(self, tilt_norm: f64) -> Result<Self> {
        let proxy = VarianceProxy::new(self.sigma_squared)?;
        let class = SubGaussianMoments::new(proxy, tilt_norm, &self.values)?;
        let offset = Interval::point(class.energy()).sqrt().upper();
        Ok(Self { offset, ..self })
    }

    /// `q = sigma |U| varsigma`, rounded up.
    pub fn q(&self) -> f64 {
        self.q
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
        let varying = Interval::point(self.q_squared) * Interval::point(self.dimension);
        let mean_energy = (varying + Interval::point(self.offset).square()).upper();
        SubGaussianMoments::at_energy(self.sigma_squared, mean_energy, &self.values)
            .trivial(length.as_f64())
    }

    /// Adds what the class is made of to a record.
    pub(in crate::bound) fn describe(&self, bound: Bound, length: PromptLength) -> Bound {
        let bound = bound
            .with_hypothesis("L", length.as_f64())
            .with_hypothesis("q", self.q());
        let bound = if self.offset > 0.0 {
            bound.with_hypothesis("sigma |U m_z + b|", self.offset)
        } else {
            bound
        };
        bound
            .with_hypothesis("d", self.dimension)
            .with_hypothesis("sigma^2", self.sigma_squared)
            .with_hypothesis("|V|^2", self.values.largest())
            .with_hypothesis("|V|_F^2", self.values.sum())
    }

    /// `(q sqrt(y) + s)^2`, rounded up.
    pub(in crate::bound) fn energy(&self, y: f64) -> f64 {
        energy(self.q_squared, self.offset, y)
    }

    /// `e_0` and `e_1` such that `(q sqrt(y) + s)^2 <= e_0 + e_1 y` for every `y >= 0`, with equality at `end`:
    /// `2 sqrt(y Y) <= y + Y`.
    pub(in crate::bound) fn affine_energy(&self, end: f64) -> (f64, f64) {
        if self.offset == 0.0 {
            return (0.0, self.q_squared);
        }
        let (s, q) = (
            Interval::point(self.offset),
            Interval::point(self.q_squared).sqrt(),
        );
        let root = Interval::point(end).sqrt();
        (
            (s.square() + q * s * root).upper(),
            (Interval::point(self.q_squared) + q * s / root).upper(),
        )
    }

    /// `Y` with `(q sqrt(Y) + s)^2 = ln L / 2`, where the pointwise bounds cease to fall with `L`. Any other `Y` is valid too: one
    /// of the order of a typical `y` where that is none, and at most [`LATEST`].
    fn end(&self, length: f64) -> f64 {
        if self.offset == 0.0 {
            // It may overflow if q^2 is tiny.
            return (length.ln() / (2.0 * self.q_squared)).min(LATEST);
        }
        let rest = (0.5 * length.ln()).sqrt() - self.offset;
        (rest.max(0.0) / self.q)
            .powi(2)
            .clamp(self.dimension, LATEST)
    }

    /// A float at least `ln F(y)`, the smallest pointwise bound at `sigma^2 |a|^2 = q^2 y`.
    fn ln_pointwise(&self, y: f64, length: f64) -> f64 {
        let class = SubGaussianMoments::at_energy(self.sigma_squared, self.energy(y), &self.values);
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

/// `(q sqrt(y) + s)^2` from `q^2`, `s` and `y`, rounded up.
pub(in crate::bound) fn energy(q_squared: f64, offset: f64, y: f64) -> f64 {
    let varying = Interval::point(q_squared) * Interval::point(y);
    if offset == 0.0 {
        return varying.upper();
    }
    (varying.sqrt() + Interval::point(offset)).square().upper()
}

/// The value of T7 at its best `th`.
struct Found {
    value: f64,
    theta: f64,
    dominant: &'static str,
}

/// `sup_y F(y) e^{-th y}` for one class and length, with the values of `F` computed so far.
struct Supremum<'a> {
    rate: &'a UniformRate,
    length: f64,
    /// Ascending in `y`, from 0 to `Y`.
    nodes: Vec<Node>,
    /// `lam`, and the crude bound at that `lam` as `alpha + beta y` times `e^ln_scale`, for a few `lam`.
    crude: Vec<(f64, f64, f64)>,
    ln_scale: f64,
    /// `Y`: the cells end and the tail begins here.
    end: f64,
}

impl<'a> Supremum<'a> {
    fn new(rate: &'a UniformRate, length: f64) -> Self {
        let end = rate.end(length);
        // Quadratic spacing: F bends near 0, and the sizes of the cells grow gently.
        let nodes = (0..=CELLS).map(|i| {
            let t = f64::from(i) / f64::from(CELLS);
            end * t * t
        });
        let nodes = nodes.map(|y| Node {
            y,
            ln_f: rate.ln_pointwise(y, length),
        });
        let (start, slope) = rate.affine_energy(end);
        let at_zero = SubGaussianMoments::at_energy(rate.sigma_squared, start, &rate.values);
        let crude = (-40..=40).map(|i| {
            let unit = Unit::logistic(0.25 * f64::from(i));
            let alpha = (length.ln() + at_zero.norm_mgf(unit)) / unit.value();
            let lambda = unit.value() / (2.0 * rate.sigma_squared * rate.values.largest());
            (lambda, alpha, 2.0 * slope / unit.complement())
        });
        Self {
            rate,
            length,
            nodes: nodes.collect(),
            crude: crude.collect(),
            ln_scale: (2.0 * rate.sigma_squared * rate.values.largest()).ln(),
            end,
        }
    }

    fn minimise(mut self) -> Found {
        if self.rate.q_squared == 0.0 {
            // The tilt does not vary: th -> 0, and F(0), which every node has, is the bound.
            let ln_value = self.nodes.first().map_or(f64::INFINITY, |n| n.ln_f);
            return Found {
                value: Interval::point(ln_value).exp().upper(),
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
        let (cells, tail) = (self.cells(theta).0, self.tail(theta).0);
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
        let cells = self
            .nodes
            .iter()
            .zip(self.nodes.iter().skip(1))
            .map(|(left, right)| Interval::point(right.ln_f) - th * Interval::point(left.y))
            .fold(Interval::point(f64::NEG_INFINITY), Interval::max);
        let half_dimension = Interval::point(0.5 * self.rate.dimension);
        let query_factor = -(half_dimension * (-th.double()).ln_1p());
        (query_factor + cells.max(self.tail_enclosure(th))).exp()
    }

    /// Logarithm of `sup_{y >= Y} (alpha + beta y) e^{-th y}` at the stored `lam` that is best in plain floats,
    /// enclosed from above.
    fn tail_enclosure(&self, theta: Interval) -> Interval {
        let (_, lambda) = self.tail(theta.upper());
        let (start, slope) = self.rate.affine_energy(self.end);
        let class =
            SubGaussianMoments::at_energy(self.rate.sigma_squared, start, &self.rate.values);
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
        -0.5 * self.rate.dimension * (-2.0 * theta).ln_1p()
    }

    /// The `th` that is best for the values at the nodes (a lower value of the supremum) and the tail.
    fn best_theta(&self) -> f64 {
        let found = minimise(-30.0, 15.0, |x| {
            let theta = 0.5 * Unit::logistic(x).value();
            self.query_factor(theta) + self.at_nodes(theta).max(self.tail(theta).0)
        });
        0.5 * Unit::logistic(found.at).value()
    }

    /// Largest `ln F(y_i) - th y_i` of the nodes.
    fn at_nodes(&self, theta: f64) -> f64 {
        self.nodes
            .iter()
            .map(|n| n.ln_f - theta * n.y)
            .fold(f64::NEG_INFINITY, f64::max)
    }

    /// Largest `ln F(y_{i+1}) - th y_i` of the cells, and the number of the cell.
    fn cells(&self, theta: f64) -> (f64, usize) {
        self.nodes
            .iter()
            .zip(self.nodes.iter().skip(1))
            .map(|(left, right)| right.ln_f - theta * left.y)
            .enumerate()
            .fold((f64::NEG_INFINITY, 0), |best, (i, value)| {
                if value > best.0 { (value, i) } else { best }
            })
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

    /// Splits the largest cell; false if it is already within the gap of a value attained, or cannot be
    /// split.
    fn split(&mut self, theta: f64) -> bool {
        let (upper, cell) = self.cells(theta);
        if upper <= self.at_nodes(theta).max(self.tail(theta).0) + GAP {
            return false;
        }
        let (Some(left), Some(right)) = (self.nodes.get(cell), self.nodes.get(cell + 1)) else {
            return false;
        };
        let y = 0.5 * (left.y + right.y);
        if !(y > left.y && y < right.y) {
            return false;
        }
        let ln_f = self.rate.ln_pointwise(y, self.length);
        self.nodes.insert(cell + 1, Node { y, ln_f });
        true
    }
}
