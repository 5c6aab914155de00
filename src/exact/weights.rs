//! Weight moments of a law given by score atoms.

use super::integral::{WeightMoments, may_stop};
use crate::error::{Error, Result};

/// Probabilities and logarithms of the normalised weights `w = e^{S - Lam}` of score atoms.
#[derive(Debug, Clone)]
pub(super) struct WeightAtoms {
    probability: Vec<f64>,
    ln_weight: Vec<f64>,
}

/// `x = t w`, `e^{-x}` and `1 - e^{-x}` for one atom at one `t`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kernel {
    /// `x`, or 0 where `e^{-x}` underflows, so that products with `e^{-x}` are 0 and not `NaN`.
    pub x: f64,
    /// `e^{-x}`.
    pub decay: f64,
    /// `1 - e^{-x}`, with full relative accuracy.
    pub rise: f64,
}

/// The kernel at `y = ln x`.
pub(super) fn kernel(y: f64) -> Kernel {
    if y > 6.6 {
        return Kernel {
            x: 0.0,
            decay: 0.0,
            rise: 1.0,
        };
    }
    let x = y.exp();
    if x < 0.5 {
        let rise = -(-x).exp_m1();
        Kernel {
            x,
            decay: 1.0 - rise,
            rise,
        }
    } else {
        let decay = (-x).exp();
        Kernel {
            x,
            decay,
            rise: 1.0 - decay,
        }
    }
}

/// `ln x` below which [`WeightAtoms::small_node`] serves.
const SMALL_LN: f64 = -5.5;

/// Nodes beyond which a lattice is refused: scores would have to differ by thousands.
const MOST_NODES: usize = 200_000;

impl WeightAtoms {
    /// Normalises scores by their own cumulant `Lam = ln sum p e^S`, computed from the atoms.
    pub fn new(probability: &[f64], scores: &[f64]) -> Self {
        let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = probability
            .iter()
            .zip(scores)
            .map(|(p, s)| p * (s - largest).exp())
            .sum();
        let cumulant = largest + sum.ln();
        Self {
            probability: probability.to_vec(),
            ln_weight: scores.iter().map(|s| s - cumulant).collect(),
        }
    }

    /// Pairs (probability, `ln w`).
    pub fn iter(&self) -> impl Iterator<Item = (f64, f64)> {
        self.probability
            .iter()
            .copied()
            .zip(self.ln_weight.iter().copied())
    }

    /// The leftmost `tau` that integrals against `importance` (one non-negative number an atom) need.
    ///
    /// `INT_{-inf}^{tau} E[x^2 q e^{-x}] dtau' = E[q (1 - (1 + x) e^{-x})]` exactly, so the part cut off
    /// is known; it is brought below `1e-19` of the same expectation at `tau = -ln L`, which is of the
    /// size of the integral, for the shortest and the longest prompt.
    pub fn left_end(&self, importance: &[f64], shortest: f64, longest: f64) -> Result<f64> {
        let mass = |tau: f64| -> f64 {
            self.iter()
                .zip(importance)
                .map(|((p, ln_w), q)| {
                    let k = kernel(tau + ln_w);
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
        for (p, ln_w) in self.iter() {
            let k = kernel(tau + ln_w);
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
            self.iter()
                .map(|(p, ln_w)| p * kernel(tau + ln_w).decay)
                .sum::<f64>()
                .ln()
        }
    }
}

/// The error for scores whose spread no lattice of acceptable size can span.
pub(super) fn too_wide() -> Error {
    Error::Unavailable {
        what: "the exact error",
        why: "the scores spread over thousands of units, where attention is one-hot in double \
              precision"
            .into(),
    }
}
