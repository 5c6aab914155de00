//! Weight moments of a law given by score atoms.

use crate::error::{Error, Result};
use crate::exact::sums::integral::{Accuracy, WeightMoments, may_stop};
use crate::exact::sums::interpolation::DENSITY;
use crate::exact::sums::kernel::{Kernel, kernel, lattice_kernel};
use crate::exact::value::UNIT;
use crate::law::Sum;

/// Probabilities and normalised weights `w = e^{S - Lam}` of score atoms.
#[derive(Debug, Clone)]
pub(in crate::exact) struct WeightAtoms {
    probability: Vec<f64>,
    /// `w`, where it is a number of moderate size; 0 elsewhere.
    weight: Vec<f64>,
    ln_weight: Vec<f64>,
    /// Of masses at the points of a lattice in `ln w`: the place of the first.
    first: Option<i64>,
    pub errors: WeightErrors,
}

/// How well weights are known.
#[derive(Debug, Clone, Copy)]
pub(in crate::exact) struct WeightErrors {
    /// True if every `w` is of moderate size.
    moderate: bool,
    /// Bounds of the relative rounding of `x`, as a product and as an exponential.
    of_product: f64,
    of_exponent: f64,
    /// Of the absolute rounding of `ln w`.
    of_ln_weight: f64,
}

impl WeightErrors {
    /// Of scores between these ends, whose weights are relative to the score `heaviest` and their sum, of so many terms.
    pub fn new((low, high): (f64, f64), heaviest: f64, sum: f64, count: usize) -> Self {
        let size = |low: f64, high: f64| low.abs().max(high.abs());
        let cumulant = libm::log(sum);
        let of_score = size(low - heaviest, high - heaviest);
        let of_weight = size(low - heaviest - cumulant, high - heaviest - cumulant);
        // Units of rounding of a difference of scores, which is exact beside a score 0, and of the sum: an exponential, a product and
        // the compensated sum of each term, and what underflows beside its largest term.
        let of_difference = if heaviest == 0.0 {
            0.0
        } else {
            size(low, high) + heaviest.abs()
        };
        let underflow = 8.0 * count as f64 * f64::MIN_POSITIVE / sum;
        let of_sum = of_difference + 6.0 + underflow;
        // Logarithm, two sums of at most this size where `x` counts, and an exponential; `p e^y` by logarithms, see `tilted`.
        let of_ln_weight = UNIT * (of_difference + of_sum + 2.0 * cumulant.abs() + of_weight + 1.0);
        Self {
            // Neither `w` nor the exponential it comes from underflows.
            moderate: of_weight <= MODERATE && of_score <= 2.0 * MODERATE,
            // The exponential of the difference, the quotient, that of `tau`, and a product.
            of_product: UNIT * (of_difference + of_sum + 8.0),
            of_exponent: of_ln_weight + UNIT * (4.0 * LARGEST_EXPONENT + 8.0),
            of_ln_weight,
        }
    }

    /// See [`WeightAtoms::rounding`].
    pub fn rounding(&self, tau: f64) -> f64 {
        if self.moderate && tau.abs() <= MODERATE {
            self.of_product
        } else {
            self.of_exponent
        }
    }

    /// See [`WeightAtoms::of_ln_weight`].
    pub fn of_ln_weight(&self) -> f64 {
        self.of_ln_weight
    }
}

/// Sizes of `|ln w|` and `|tau|` up to which `x` is the product of `t` and `w`.
const MODERATE: f64 = 300.0;
/// `ln x` below which [`WeightAtoms::small_node`] serves.
const SMALL_LN: f64 = -5.5;

/// Beyond this an exponential overflows or vanishes.
const LARGEST_EXPONENT: f64 = 746.0;

/// Largest difference of two scores of a law that is given by atoms.
pub(in crate::exact) const WIDEST: f64 = 2000.0;
/// Nodes beyond which a lattice is refused: scores would have to differ by thousands.
const MOST_NODES: usize = 200_000;

impl WeightAtoms {
    /// Normalises scores by their own cumulant `Lam = ln sum p e^S`, computed from the atoms.
    pub fn new(probability: &[f64], scores: &[f64]) -> Self {
        // Relative to the score of most tilted mass, near which differences are exact.
        let equal = probability
            .windows(2)
            .all(|pair| matches!(pair, [p, q] if p == q));
        let heaviest = probability
            .iter()
            .zip(scores)
            .map(|(p, s)| (if equal { *s } else { libm::log(*p) + s }, *s))
            .max_by(|x, y| x.0.total_cmp(&y.0))
            .map_or(0.0, |(_, s)| s);
        let differences = || scores.iter().map(|s| s - heaviest);
        let sum: Sum = probability
            .iter()
            .zip(differences())
            .map(|(p, s)| tilted(*p, s))
            .collect();
        let (sum, cumulant) = (sum.value(), libm::log(sum.value()));
        let ln_weight: Vec<f64> = differences().map(|s| s - cumulant).collect();
        let ends = scores.iter().fold((heaviest, heaviest), |(low, high), s| {
            (low.min(*s), high.max(*s))
        });
        // Neither `w` nor the exponential it comes from underflows.
        let moderate = |(s, y): (f64, &f64)| y.abs() <= MODERATE && s.abs() <= 2.0 * MODERATE;
        Self {
            probability: probability.to_vec(),
            weight: differences()
                .zip(&ln_weight)
                .map(|(s, y)| {
                    if moderate((s, y)) {
                        libm::exp(s) / sum
                    } else {
                        0.0
                    }
                })
                .collect(),
            errors: WeightErrors::new(ends, heaviest, sum, probability.len()),
            first: None,
            ln_weight,
        }
    }

    /// Masses at the points `first`, `first + 1`, .. of the lattice in `ln w`, whose sums with a `tau` of the lattice are exact.
    pub fn on_lattice(probability: Vec<f64>, first: i64) -> Self {
        let places = (first..).take(probability.len());
        let ln_weight: Vec<f64> = places.map(|place| place as f64 / DENSITY).collect();
        let moderate = |y: &f64| y.abs() <= MODERATE;
        Self {
            probability,
            weight: ln_weight
                .iter()
                .map(|y| if moderate(y) { libm::exp(*y) } else { 0.0 })
                .collect(),
            errors: WeightErrors {
                moderate: ln_weight.iter().all(moderate),
                of_product: 4.0 * UNIT,
                of_exponent: 4.0 * UNIT,
                of_ln_weight: 0.0,
            },
            first: Some(first),
            ln_weight,
        }
    }

    /// Refuses scores that are too far apart, before any integral.
    ///
    /// # Errors
    /// If two scores differ by more than 2000.
    pub fn check_spread(&self) -> Result<()> {
        let scores = || self.iter().filter(|(p, _)| *p > 0.0).map(|(_, y)| y);
        let largest = scores().fold(f64::NEG_INFINITY, f64::max);
        let spread = largest - scores().fold(f64::INFINITY, f64::min);
        if spread <= WIDEST {
            return Ok(());
        }
        Err(Error::Unavailable {
            what: "the exact error",
            why: format!(
                "two scores <a, x> differ by {spread:.3e}, and at most {WIDEST} is served (attention is one-hot in double \
                 precision far before); queries, key-query matrix or tokens must be smaller"
            ),
        })
    }

    /// The place of the first mass of a lattice; 0 otherwise.
    pub fn first(&self) -> i64 {
        self.first.unwrap_or(0)
    }

    /// Pairs (probability, `ln w`).
    pub fn iter(&self) -> impl Iterator<Item = (f64, f64)> {
        self.probability
            .iter()
            .copied()
            .zip(self.ln_weight.iter().copied())
    }

    /// The largest `ln w`.
    pub fn largest(&self) -> f64 {
        let larger = |most: f64, y: &f64| most.max(*y);
        self.ln_weight.iter().fold(f64::NEG_INFINITY, larger)
    }

    pub fn probability(&self) -> &[f64] {
        &self.probability
    }

    /// The probabilities `p w` under the tilted law.
    pub fn tilted(&self) -> Vec<f64> {
        self.iter()
            .zip(&self.weight)
            .map(|((p, ln_w), w)| if *w > 0.0 { p * w } else { tilted(p, ln_w) })
            .collect()
    }

    /// Probability and kernel of every atom at `t = e^tau`.
    pub fn kernels(&self, tau: f64) -> impl Iterator<Item = (f64, Kernel)> {
        let t = if tau.abs() <= MODERATE {
            libm::exp(tau)
        } else {
            0.0
        };
        let step = tau * DENSITY;
        let first = self.first.filter(|_| step == step.floor());
        let first = first.map(|first| first + step as i64);
        let places = self.iter().zip(&self.weight).enumerate();
        places.map(move |(place, ((p, ln_w), w))| {
            if let Some(first) = first {
                return (p, lattice_kernel(first + place as i64).kernel);
            }
            let product = t * w;
            let exponential = || libm::exp(tau + ln_w);
            let x = if product > 0.0 {
                product
            } else {
                exponential()
            };
            (p, kernel(x))
        })
    }

    /// A bound of the relative rounding of every `x` at `tau`, and at 0 of every `w`: what comes besides twice the error of a score
    /// and that of a probability, by exponentials and logarithms within 1 unit in the last place (`libm`).
    pub fn rounding(&self, tau: f64) -> f64 {
        self.errors.rounding(tau)
    }

    /// A bound of the absolute rounding of every `ln w`, besides those of scores and probabilities.
    pub fn of_ln_weight(&self) -> f64 {
        self.errors.of_ln_weight
    }

    /// The leftmost `tau` that integrals against `importance` (one non-negative number an atom) need.
    ///
    /// `INT_{-inf}^{tau} E[x^2 q e^{-x}] dtau' = E[q (1 - (1 + x) e^{-x})]` exactly, so the part cut off
    /// is known; it is brought below `1e-19` of the same expectation at `tau = -ln L`, which is of the
    /// size of the integral, for the shortest and the longest prompt.
    pub fn left_end(&self, importance: &[f64], shortest: f64, longest: f64) -> Result<f64> {
        let mass = |tau: f64| -> f64 {
            self.kernels(tau)
                .zip(importance)
                .map(|((p, k), q)| p * q * k.bump_below())
                .sum()
        };
        let mut tau = on_lattice_below(-longest.ln());
        for length in [longest, shortest] {
            let target = 1e-19 * mass(on_lattice_below(-length.ln()));
            let mut steps = 0;
            while mass(tau) > target {
                tau -= 1.5;
                steps += 1;
                if steps > MOST_NODES {
                    return Err(too_wide());
                }
            }
        }
        Ok(tau)
    }

    /// Weight moments on a lattice of this step, good for all lengths from `shortest >= 2` to `longest`; what the accuracy says of the
    /// left end is replaced.
    pub fn moments(
        &self,
        step: f64,
        shortest: f64,
        longest: f64,
        accuracy: Accuracy,
    ) -> Result<WeightMoments> {
        let importance = vec![1.0; self.probability.len()];
        // A multiple of a dyadic step, so that every node is a float.
        let tau = self.left_end(&importance, shortest, longest)?;
        let mut tau = (tau / step).floor() * step;
        let largest = self.largest();
        let weights: Vec<f64> = self.ln_weight.iter().map(|ln_w| libm::exp(*ln_w)).collect();
        // To the left x^k e^{-x} is at most x^k, whose lattice sum is geometric.
        let left = [2.0, 3.0, 4.0].map(|k: f64| {
            let power: f64 = self
                .iter()
                .map(|(p, ln_w)| tilted(p, k * (tau + ln_w)))
                .sum();
            1.001 * power / (k * step).exp_m1()
        });
        let accuracy = Accuracy { left, ..accuracy };
        let mut nodes = Vec::new();
        loop {
            let (rise, bumps) = match tau + largest < SMALL_LN {
                true => self.small_node(&weights, libm::exp(tau)),
                false => self.node(tau),
            };
            let ln_phi = self.ln_phi(rise, tau);
            nodes.push((ln_phi, bumps));
            if may_stop(shortest, longest, ln_phi, bumps[0]) {
                return Ok(WeightMoments::new(step, &nodes, accuracy));
            }
            if nodes.len() > MOST_NODES {
                return Err(too_wide());
            }
            tau += step;
        }
    }

    /// `1 - phi` and the bumps at one node.
    fn node(&self, tau: f64) -> (f64, [f64; 3]) {
        let mut rise = 0.0;
        let mut bumps = [0.0; 3];
        for (p, k) in self.kernels(tau) {
            rise += p * k.rise;
            let bump = p * k.x * k.x * k.decay;
            bumps[0] += bump;
            bumps[1] += bump * k.x;
            bumps[2] += bump * k.x * k.x;
        }
        (rise, bumps)
    }

    /// The same where every `x = t w` is below `e^SMALL_LN`: six terms of the series of
    /// `(1 - e^{-x}) / x`, whose remainder is below `1e-18`, and no exponential.
    fn small_node(&self, weights: &[f64], t: f64) -> (f64, [f64; 3]) {
        let mut rise = 0.0;
        let mut bumps = [0.0; 3];
        for (p, w) in self.probability.iter().zip(weights) {
            let x = t * w;
            let ratio = 1.0
                - x * (0.5 - x * (1.0 / 6.0 - x * (1.0 / 24.0 - x * (1.0 / 120.0 - x / 720.0))));
            rise += p * x * ratio;
            let bump = p * x * x * (1.0 - x * ratio);
            bumps[0] += bump;
            bumps[1] += bump * x;
            bumps[2] += bump * x * x;
        }
        (rise, bumps)
    }

    /// `ln phi` from `1 - phi`, or directly where `phi` is small.
    pub fn ln_phi(&self, rise: f64, tau: f64) -> f64 {
        if rise < 0.5 {
            libm::log1p(-rise)
        } else {
            libm::log(self.kernels(tau).map(|(p, k)| p * k.decay).sum())
        }
    }
}

/// `ln phi` and a bound of its error, from `E[1 - e^{-x}]`, `E e^{-x}` and `E[x e^{-x}]`, where every `x` and every
/// probability is off by a relative `of_x` and the sums by a relative `of_sum`.
pub(in crate::exact) fn ln_phi_and_rounding(
    rise: f64,
    stay: f64,
    near: f64,
    (of_x, of_sum): (f64, f64),
) -> (f64, f64) {
    let (ln_phi, rounding) = if rise < 0.5 {
        let of_rise = rise * (2.0 * of_x + of_sum);
        (libm::log1p(-rise), of_rise / (1.0 - rise))
    } else if stay > 0.0 {
        (libm::log(stay), of_x * (1.0 + near / stay) + of_sum)
    } else {
        return (f64::NEG_INFINITY, 0.0);
    };
    (ln_phi, rounding + f64::EPSILON * ln_phi.abs())
}

/// The last point of the lattice in `ln w` and in `tau` before this number.
pub(in crate::exact) fn on_lattice_below(tau: f64) -> f64 {
    (tau * DENSITY).floor() / DENSITY
}

/// `p e^y`, also where `e^y` alone overflows.
pub(in crate::exact) fn tilted(p: f64, y: f64) -> f64 {
    let factor = libm::exp(y);
    if factor.is_finite() {
        p * factor
    } else {
        libm::exp(libm::log(p) + y)
    }
}

/// The error for scores whose spread no lattice of acceptable size can span.
pub(in crate::exact) fn too_wide() -> Error {
    Error::Unavailable {
        what: "the exact error",
        why: "the scores spread over thousands of units, where attention is one-hot in double \
              precision"
            .into(),
    }
}
