//! T9 `uniform-key-query-gradient`: the error of the gradient in `U`, averaged over a sub-Gaussian query.

use crate::bound::gradient::key_query;
use crate::bound::gradient::key_query::GradientMoments;
use crate::bound::gradient::sub_gaussian::SubGaussianGradient;
use crate::bound::minimise::{Unit, minimise};
use crate::bound::moments::rejected;
use crate::bound::moments::value_spectrum::ValueSpectrum;
use crate::bound::rate::uniform::energy;
use crate::bound::sub_gaussian::SubGaussianMoments;
use crate::bound::theorem::{ProofStatus, Statement, Theorem};
use crate::bound::vocabulary::{GRADIENT_PROXY, LENGTH, QUERY, SIGMA, SOURCE, constant, location};
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
    sigma_squared: f64,
    pub(in crate::bound) query_squared: f64,
    /// `q = sigma |U| varsigma` and its square, rounded up.
    q: f64,
    q_squared: f64,
    /// `sigma |U m_z + b|` and `|m_z|`, rounded up.
    offset: f64,
    mean_norm: f64,
    pub(in crate::bound) dimension: f64,
    values: ValueSpectrum,
    identity: ValueSpectrum,
    gaussian: Option<GaussianGradient>,
}

/// `y` and floats at least `ln(g(y) F(y))` and, at the last node, the logarithm of `g(y)` times the crude bound.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Node {
    y: f64,
    ln_product: f64,
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
        let sigma = |proxy: VarianceProxy| Interval::point(proxy.get()).sqrt();
        let q = sigma(token_proxy) * Interval::point(key_query_norm) * sigma(query_proxy);
        let q = q.upper();
        let unit = VarianceProxy::new(1.0)?;
        let q_squared = SubGaussianMoments::new(unit, q, &values)?.energy();
        Ok(Self {
            sigma_squared: token_proxy.get(),
            query_squared: query_proxy.get(),
            q,
            q_squared,
            offset: 0.0,
            mean_norm: 0.0,
            dimension: query_dimension.get() as f64,
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
        if !(0.0..f64::INFINITY).contains(&mean_norm) {
            return Err(rejected("|m_z|", mean_norm, "a finite number, at least 0"));
        }
        let proxy = VarianceProxy::new(self.sigma_squared)?;
        let class = SubGaussianMoments::new(proxy, tilt_norm, &self.values)?;
        let offset = Interval::point(class.energy()).sqrt().upper();
        Ok(Self {
            offset,
            mean_norm,
            ..self
        })
    }

    /// `q = sigma |U| varsigma`, rounded up.
    pub fn q(&self) -> f64 {
        self.q
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
        let bound = bound
            .with_hypothesis("L", length.as_f64())
            .with_hypothesis("q", self.q);
        let bound = if self.offset > 0.0 || self.mean_norm > 0.0 {
            bound
                .with_hypothesis("sigma |U m_z + b|", self.offset)
                .with_hypothesis("|m_z|", self.mean_norm)
        } else {
            bound
        };
        bound
            .with_hypothesis("dimension of the query", self.dimension)
            .with_hypothesis("varsigma^2", self.query_squared)
            .with_hypothesis("sigma^2", self.sigma_squared)
            .with_hypothesis("|V|^2", self.values.largest())
            .with_hypothesis("|V|_F^2", self.values.sum())
            .with_hypothesis("d", self.identity.ratios().len() as f64)
    }

    /// A float at least `ln F(y)`, and one at least the logarithm of the crude bound.
    pub(in crate::bound) fn ln_pointwise(&self, y: f64, length: f64) -> (f64, f64) {
        let energy = energy(self.q_squared, self.offset, y);
        let class = SubGaussianGradient::at_energy(
            self.sigma_squared,
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
            .and_then(|g| g.at_energy(energy, self.sigma_squared).ok())
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

    fn node(&self, y: f64, length: f64) -> Node {
        let ln_f = self.ln_pointwise(y, length).0;
        Node {
            y,
            ln_product: (self.query_factor(y).ln() + Interval::point(ln_f)).upper(),
        }
    }

    /// Splits the largest cell, if that gains something.
    fn split(&self, nodes: &mut Vec<Node>, envelope: &Envelope, theta: f64, length: f64) {
        if let Some((place, y)) = envelope.widest(nodes, theta) {
            nodes.insert(place, self.node(y, length));
        }
    }

    fn evaluate(&self, length: f64) -> Found {
        let query = Interval::point(self.query_squared);
        if self.q_squared == 0.0 {
            // The tilt does not vary: F(0) times E|z|^2, at most varsigma^2 times the dimension plus |m_z|^2.
            let ln_f = Interval::point(self.ln_pointwise(0.0, length).0);
            let mean = Interval::point(self.mean_norm).square();
            let scale = query * Interval::point(self.dimension) + mean;
            return Found {
                value: (ln_f.exp() * scale).upper(),
                theta: 0.0,
                end: 0.0,
                dominant: "no tilt: F(0) E|z|^2",
            };
        }
        let rest = ((0.5 * length.ln()).sqrt() - self.offset).max(0.0);
        let end = (rest * rest / self.q_squared)
            .max(REACH.0 + REACH.1 * self.dimension)
            .min(LATEST);
        let mut nodes: Vec<Node> = (0..=CELLS)
            .map(|i| {
                let t = f64::from(i) / f64::from(CELLS);
                self.node(end * t * t, length)
            })
            .collect();
        let crude = Interval::point(self.ln_pointwise(end, length).1);
        let tail = (self.query_factor(end).ln() + crude).upper();
        let envelope = Envelope {
            tail: Node {
                y: end,
                ln_product: tail,
            },
            half_dimension: 0.5 * self.dimension,
        };
        let mut theta = envelope.best_theta(&nodes);
        // Splitting moves the best th a little, so it is sought again before the last splits.
        for _ in 0..SPLITS / 2 {
            self.split(&mut nodes, &envelope, theta, length);
        }
        theta = envelope.best_theta(&nodes);
        for _ in 0..SPLITS / 2 {
            self.split(&mut nodes, &envelope, theta, length);
        }
        let (ln_sup, in_tail) = envelope.enclosure(&nodes, theta);
        Found {
            value: (ln_sup.exp() * query).upper(),
            theta,
            end,
            dominant: if in_tail {
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

/// What the cells do not hold: the crude bound at `Y`, and half the dimension of the query.
struct Envelope {
    tail: Node,
    half_dimension: f64,
}

impl Envelope {
    /// The best `th` of `[3/Y, 1/2)` for the values at the nodes and the tail, in plain floats.
    fn best_theta(&self, nodes: &[Node]) -> f64 {
        let least = (3.0 / self.tail.y).next_up();
        let theta = |x: f64| least + (0.5 - least) * Unit::logistic(x).value();
        let found = minimise(-30.0, 15.0, |x| {
            let theta = theta(x);
            let at_nodes = nodes
                .iter()
                .chain([&self.tail])
                .map(|n| n.ln_product - theta * n.y)
                .fold(f64::NEG_INFINITY, f64::max);
            at_nodes - self.half_dimension * (-2.0 * theta).ln_1p()
        });
        theta(found.at).clamp(least, 0.5f64.next_down())
    }

    /// Where to split the largest cell; `None` if that gains nothing.
    fn widest(&self, nodes: &[Node], theta: f64) -> Option<(usize, f64)> {
        let attained = nodes
            .iter()
            .chain([&self.tail])
            .map(|n| n.ln_product - theta * n.y)
            .fold(f64::NEG_INFINITY, f64::max);
        let (place, largest) = nodes
            .iter()
            .zip(nodes.iter().skip(1))
            .map(|(left, right)| right.ln_product - theta * left.y)
            .enumerate()
            .fold((0, f64::NEG_INFINITY), |best, (i, value)| {
                if value > best.1 { (i, value) } else { best }
            });
        let (left, right) = (nodes.get(place)?, nodes.get(place + 1)?);
        let y = 0.5 * (left.y + right.y);
        (largest > attained + GAP && y > left.y && y < right.y).then_some((place + 1, y))
    }

    /// `ln[ (1-2th)^{-d/2} max( sup over the cells, tail ) ]` at the float `th`, enclosed from above, and whether the
    /// tail is the larger one.
    fn enclosure(&self, nodes: &[Node], theta: f64) -> (Interval, bool) {
        let th = Interval::point(theta);
        let cells = nodes
            .iter()
            .zip(nodes.iter().skip(1))
            .map(|(left, right)| Interval::point(right.ln_product) - th * Interval::point(left.y))
            .fold(Interval::point(f64::NEG_INFINITY), Interval::max);
        let tail = Interval::point(self.tail.ln_product) - th * Interval::point(self.tail.y);
        let factor = -(Interval::point(self.half_dimension) * (-th.double()).ln_1p());
        (factor + cells.max(tail), tail.upper() > cells.upper())
    }
}
