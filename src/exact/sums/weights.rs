//! Weight moments of a law given by score atoms.

use crate::error::{Error, Result};
use crate::exact::sums::integral::{WeightMoments, may_stop};
use crate::law::Sum;

/// Probabilities and normalised weights `w = e^{S - Lam}` of score atoms.
#[derive(Debug, Clone)]
pub(in crate::exact) struct WeightAtoms {
    probability: Vec<f64>,
    /// `w`, where it is a number of moderate size; 0 elsewhere.
    weight: Vec<f64>,
    ln_weight: Vec<f64>,
    /// True if every `w` is of moderate size.
    moderate: bool,
}

/// `x = t w`, `e^{-x}` and `1 - e^{-x}` for one atom at one `t`.
#[derive(Debug, Clone, Copy)]
pub(in crate::exact) struct Kernel {
    /// `x`, or 0 where `e^{-x}` underflows, so that products with `e^{-x}` are 0 and not `NaN`.
    pub x: f64,
    /// `x` itself; the largest float where it overflows.
    pub whole: f64,
    /// `e^{-x}`.
    pub decay: f64,
    /// `1 - e^{-x}`, with full relative accuracy.
    pub rise: f64,
}

/// The kernel at `x`.
pub(in crate::exact) fn kernel(x: f64) -> Kernel {
    if x > 735.0 {
        return Kernel {
            x: 0.0,
            whole: x.min(f64::MAX),
            decay: 0.0,
            rise: 1.0,
        };
    }
    let (decay, rise) = if x < 0.5 {
        let rise = -(-x).exp_m1();
        (1.0 - rise, rise)
    } else {
        let decay = (-x).exp();
        (decay, 1.0 - decay)
    };
    Kernel {
        x,
        whole: x,
        decay,
        rise,
    }
}

/// Sizes of `|ln w|` and `|tau|` up to which `x` is the product of `t` and `w`.
const MODERATE: f64 = 300.0;
/// Relative error of `x` as a product, besides that of the score: an exponential, a division and a product. (That of
/// `t` moves a node, and all atoms with it.)
const OF_PRODUCT: f64 = 2.5 * f64::EPSILON;
/// And as `e^{tau + ln w}`, which does not underflow where it counts: the exponent is rounded, and at most 745.
const OF_EXPONENT: f64 = 400.0 * f64::EPSILON;

/// `ln x` below which [`WeightAtoms::small_node`] serves.
const SMALL_LN: f64 = -5.5;

/// Largest difference of two scores of a law that is given by atoms.
const WIDEST: f64 = 2000.0;
/// Nodes beyond which a lattice is refused: scores would have to differ by thousands.
const MOST_NODES: usize = 200_000;

impl WeightAtoms {
    /// Normalises scores by their own cumulant `Lam = ln sum p e^S`, computed from the atoms.
    pub fn new(probability: &[f64], scores: &[f64]) -> Self {
        // Relative to the score of most tilted mass, near which differences are exact.
        let heaviest = probability
            .iter()
            .zip(scores)
            .map(|(p, s)| (p.ln() + s, *s))
            .max_by(|x, y| x.0.total_cmp(&y.0))
            .map_or(0.0, |(_, s)| s);
        let differences = || scores.iter().map(|s| s - heaviest);
        let sum: Sum = probability
            .iter()
            .zip(differences())
            .map(|(p, s)| tilted(*p, s))
            .collect();
        let (sum, cumulant) = (sum.value(), sum.value().ln());
        let ln_weight: Vec<f64> = differences().map(|s| s - cumulant).collect();
        let moderate = |y: &f64| y.abs() <= MODERATE;
        Self {
            probability: probability.to_vec(),
            weight: differences()
                .zip(&ln_weight)
                .map(|(s, y)| if moderate(y) { s.exp() / sum } else { 0.0 })
                .collect(),
            moderate: ln_weight.iter().all(moderate),
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

    /// Pairs (probability, `ln w`).
    pub fn iter(&self) -> impl Iterator<Item = (f64, f64)> {
        self.probability
            .iter()
            .copied()
            .zip(self.ln_weight.iter().copied())
    }

    pub fn probability(&self) -> &[f64] {
        &self.probability
    }

    /// The probabilities `p w` under the tilted law.
    pub fn tilted(&self) -> Vec<f64> {
        self.iter().map(|(p, ln_w)| tilted(p, ln_w)).collect()
    }

    /// Probability and kernel of every atom at `t = e^tau`.
    pub fn kernels(&self, tau: f64) -> impl Iterator<Item = (f64, Kernel)> {
        let t = if tau.abs() <= MODERATE {
            tau.exp()
        } else {
            0.0
        };
        self.iter().zip(&self.weight).map(move |((p, ln_w), w)| {
            let product = t * w;
            let x = if product > 0.0 {
                product
            } else {
                (tau + ln_w).exp()
            };
            (p, kernel(x))
        })
    }

    /// A bound of the relative error of every `x` at `tau`, besides those of the scores.
    pub fn rounding(&self, tau: f64) -> f64 {
        if self.moderate && tau.abs() <= MODERATE {
            OF_PRODUCT
        } else {
            OF_EXPONENT
        }
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
                .map(|((p, k), q)| {
                    let part = if k.x > 0.0 && k.x < 1e-4 {
                        k.x * k.x * (0.5 - k.x / 3.0)
                    } else {
                        k.rise - k.x * k.decay
                    };
                    p * q * part
                })
                .sum()
        };
        let mut tau = -longest.ln();
        for length in [longest, shortest] {
            let target = 1e-19 * mass(-length.ln());
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

    /// Weight moments on a lattice of this step, good for all lengths from `shortest >= 2` to `longest`.
    pub fn moments(&self, step: f64, shortest: f64, longest: f64) -> Result<WeightMoments> {
        let importance = vec![1.0; self.probability.len()];
        let mut tau = self.left_end(&importance, shortest, longest)?;
        let largest = self
            .ln_weight
            .iter()
            .copied()
            .fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = self.ln_weight.iter().map(|ln_w| ln_w.exp()).collect();
        let mut nodes = Vec::new();
        loop {
            let (rise, bumps) = if tau + largest < SMALL_LN {
                self.small_node(&weights, tau.exp())
            } else {
                self.node(tau)
            };
            let ln_phi = self.ln_phi(rise, tau);
            nodes.push((ln_phi, bumps));
            if may_stop(shortest, longest, ln_phi, bumps[0]) {
                return Ok(WeightMoments::new(step, &nodes));
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
            (-rise).ln_1p()
        } else {
            self.kernels(tau)
                .map(|(p, k)| p * k.decay)
                .sum::<f64>()
                .ln()
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
        ((-rise).ln_1p(), of_rise / (1.0 - rise))
    } else if stay > 0.0 {
        (stay.ln(), of_x * (1.0 + near / stay) + of_sum)
    } else {
        return (f64::NEG_INFINITY, 0.0);
    };
    (ln_phi, rounding + f64::EPSILON * ln_phi.abs())
}

/// `p e^y`, also where `e^y` alone overflows.
fn tilted(p: f64, y: f64) -> f64 {
    let factor = y.exp();
    if factor.is_finite() {
        p * factor
    } else {
        (p.ln() + y).exp()
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
