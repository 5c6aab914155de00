//! T7 `uniform-rate`: the paper's Proposition 3.1 with explicit constants.

use super::logarithm::outward_exp;
use super::minimise::{Unit, minimise};
use super::sub_gaussian::SubGaussianMoments;
use super::value_spectrum::ValueSpectrum;
use super::{Bound, Theorem, chernoff, laplace};
use crate::error::Result;
use crate::parameter::{Dimension, PromptLength, VarianceProxy};

/// The classes of T7: tokens with variance proxy `sigma^2`, a query `z` whose proxy is `varsigma^2` and whose
/// tilt is `a = U z` with `E z = 0` (no query bias).
///
/// With `q = sigma |U| varsigma`, `y = |z|^2 / varsigma^2` and `F(y)` the smallest of T6's bounds (by T4, by T5,
/// crude) at `sigma^2 |a|^2 = q^2 y`, for every `0 < th < 1/2`
///
/// `E_z E|That - T|^2 <= (1-2th)^{-d/2} sup_{y >= 0} F(y) e^{-th y}`,
///
/// because `E e^{th |z|^2 / varsigma^2} <= (1-2th)^{-d/2}` (T6, `norm-mgf` with `V = I`, `c = 0`).
///
/// # The supremum is an upper bound
/// Each bound of T6 with its proof parameter fixed increases in `y`. On a cell `[y_i, y_{i+1}]` the error is
/// therefore at most `F(y_{i+1})`, and `e^{-th y} <= e^{-th y_i}`. The cells cover `[0, Y]`,
/// `Y = ln L / (2 q^2)`, and are split until the largest is within 1/2 % of a value attained at a node. Beyond
/// `Y` the crude bound serves: it is affine in `y` at fixed `lam`, so `sup_{y >= Y} (alpha + beta y) e^{-th y}` is
/// closed form. Nothing is lost there, as `A2 / L` exceeds the crude bound at the same `lam`.
#[derive(Debug, Clone, PartialEq)]
pub struct UniformRate {
    sigma_squared: f64,
    q_squared: f64,
    dimension: f64,
    values: ValueSpectrum,
}

/// `y` and `ln F(y)`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Node {
    y: f64,
    ln_f: f64,
}

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
        let q = token_proxy.sigma() * key_query_norm * query_proxy.sigma();
        // Validates q^2 in the same way as sigma^2 |a|^2 of a single query.
        let unit = VarianceProxy::new(1.0)?;
        let q_squared = SubGaussianMoments::new(unit, q, &values)?.energy();
        Ok(Self {
            sigma_squared: token_proxy.get(),
            q_squared,
            dimension: dimension.get() as f64,
            values,
        })
    }

    /// `q = sigma |U| varsigma`.
    pub fn q(&self) -> f64 {
        self.q_squared.sqrt()
    }

    /// The bound of the squared error averaged over the query; `L >= 2`.
    ///
    /// It is compared with `trivial` (pass `+inf` if no other is known) and with the trivial bound of the
    /// class, `L sigma^2 (|V|_F^2 + 4 |V|^2 q^2 d)`. The value is rounded up by a relative `2^-36`.
    pub fn bound(&self, length: PromptLength, trivial: f64) -> Bound {
        let theorem = Theorem::UniformRate;
        if length.get() < 2 {
            return Bound::not_applicable(theorem, "L >= 2 is required");
        }
        let mean_energy = self.q_squared * self.dimension;
        let class = SubGaussianMoments::at_energy(self.sigma_squared, mean_energy, &self.values);
        let trivial = trivial.min(class.trivial(length));
        let found = Supremum::new(self, length.as_f64()).minimise();
        Bound::proved(
            theorem,
            outward_exp(found.ln_value),
            trivial,
            found.dominant,
        )
        .with_hypothesis("L", length.as_f64())
        .with_hypothesis("q", self.q())
        .with_hypothesis("d", self.dimension)
        .with_hypothesis("sigma^2", self.sigma_squared)
        .with_hypothesis("|V|^2", self.values.largest())
        .with_hypothesis("|V|_F^2", self.values.sum())
        .with_parameter("th", found.theta)
    }

    /// `ln F(y)`: the smallest pointwise bound at `sigma^2 |a|^2 = q^2 y`.
    fn ln_pointwise(&self, y: f64, length: f64) -> f64 {
        let class =
            SubGaussianMoments::at_energy(self.sigma_squared, self.q_squared * y, &self.values);
        let (moments, _) = class.logarithms();
        let mut least = class.crude(length).ln_value;
        // Both T4 and T5 exceed A2 / L, so they are worth a search only where that is small enough.
        if moments.a2 - length.ln() < least {
            least = least.min(chernoff::evaluate(&moments, length).ln_value);
            if length >= 7.0 {
                least = least.min(laplace::evaluate(&moments, length).ln_value);
            }
        }
        least
    }
}

/// The value of T7 at its best `th`.
struct Found {
    ln_value: f64,
    theta: f64,
    dominant: &'static str,
}

/// `sup_y F(y) e^{-th y}` for one class and length, with the values of `F` computed so far.
struct Supremum<'a> {
    rate: &'a UniformRate,
    length: f64,
    /// Ascending in `y`, from 0 to `Y`.
    nodes: Vec<Node>,
    /// The crude bound at fixed `lam` as `alpha + beta y` times `e^ln_scale`, for a few `lam`.
    crude: Vec<(f64, f64)>,
    ln_scale: f64,
}

impl<'a> Supremum<'a> {
    fn new(rate: &'a UniformRate, length: f64) -> Self {
        let end = length.ln() / (2.0 * rate.q_squared);
        // Quadratic spacing: F bends near 0, and the sizes of the cells grow gently.
        let nodes = (0..=CELLS).map(|i| {
            let t = f64::from(i) / f64::from(CELLS);
            // q = 0: F is constant, one node says all.
            if end.is_finite() { end * t * t } else { 0.0 }
        });
        let nodes = nodes.map(|y| Node {
            y,
            ln_f: rate.ln_pointwise(y, length),
        });
        let at_zero = SubGaussianMoments::at_energy(rate.sigma_squared, 0.0, &rate.values);
        let crude = (-40..=40).map(|i| {
            let unit = Unit::logistic(0.25 * f64::from(i));
            let alpha = (length.ln() + at_zero.norm_mgf(unit)) / unit.value();
            (alpha, 2.0 * rate.q_squared / unit.complement())
        });
        Self {
            rate,
            length,
            nodes: nodes.collect(),
            crude: crude.collect(),
            ln_scale: at_zero.ln_scale(),
        }
    }

    fn minimise(mut self) -> Found {
        if self.rate.q_squared == 0.0 || !self.last().is_finite() {
            // The tilt is zero: th -> 0, and F(0) is the bound. So it is, within the outward rounding of the
            // record, if q^2 > 0 is so small that Y overflows.
            return Found {
                ln_value: self.nodes.first().map_or(f64::INFINITY, |n| n.ln_f),
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
        let (cells, tail) = (self.cells(theta).0, self.tail(theta));
        Found {
            ln_value: self.query_factor(theta) + cells.max(tail),
            theta,
            dominant: if tail >= cells {
                "queries beyond |z|^2 = varsigma^2 ln L / (2 q^2)"
            } else {
                "queries up to |z|^2 = varsigma^2 ln L / (2 q^2)"
            },
        }
    }

    /// `Y`.
    fn last(&self) -> f64 {
        self.length.ln() / (2.0 * self.rate.q_squared)
    }

    /// `ln (1-2th)^{-d/2}`.
    fn query_factor(&self, theta: f64) -> f64 {
        -0.5 * self.rate.dimension * (-2.0 * theta).ln_1p()
    }

    /// The `th` that is best for the values at the nodes (a lower value of the supremum) and the tail.
    fn best_theta(&self) -> f64 {
        let found = minimise(-30.0, 15.0, |x| {
            let theta = 0.5 * Unit::logistic(x).value();
            self.query_factor(theta) + self.at_nodes(theta).max(self.tail(theta))
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

    /// Logarithm of the least upper bound of `sup_{y >= Y} (alpha + beta y) e^{-th y}` over the stored `lam`.
    fn tail(&self, theta: f64) -> f64 {
        let start = self.last();
        let least = self.crude.iter().map(|&(alpha, beta)| {
            let peak = (1.0 / theta - alpha / beta).max(start);
            (alpha + beta * peak).ln() - theta * peak
        });
        self.ln_scale + least.fold(f64::INFINITY, f64::min)
    }

    /// Splits the largest cell; false if it is already within the gap of a value attained, or cannot be
    /// split.
    fn split(&mut self, theta: f64) -> bool {
        let (upper, cell) = self.cells(theta);
        if upper <= self.at_nodes(theta).max(self.tail(theta)) + GAP {
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
