//! Risks of in-context regression under losses without a closed form, by simulation.

use nalgebra::DVector;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use attention_bounds::bound::regression::gaussian::SmoothLoss;
use attention_bounds::regression::{RegressionHead, RegressionTask};

/// Means over simulated prompts, with standard errors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SimulatedRisks {
    /// `R_L`.
    pub finite: (f64, f64),
    /// `R_inf`.
    pub infinite: (f64, f64),
    /// `R_L - R_inf`: the difference prompt by prompt.
    pub gap: (f64, f64),
}

/// `R_L`, `R_inf` and their difference by `prompts` seeded prompts; the infinite prompt is simulated with the same task, query and label
/// (common random numbers), so that the difference has a small error.
pub fn simulate(
    task: &RegressionTask,
    head: &RegressionHead,
    length: u64,
    loss: SmoothLoss,
    (prompts, seed): (u64, u64),
) -> SimulatedRisks {
    let d = task.dimension();
    // In whitened inputs x = Sig^{1/2} g: scores <key g, g_i>, labels <root w, g_i> + noise.
    let root = task.function(f64::sqrt);
    let key = &root * &head.key_query * &root;
    let (deviation, noise) = (task.weight_variance().sqrt(), task.noise_variance().sqrt());
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut vector = || DVector::from_fn(d, |_, _| StandardNormal.sample(&mut random));
    let mut sums = [Sum::default(); 3];
    let mut noises = NoiseSource(ChaCha8Rng::seed_from_u64(seed ^ 0x5eed));
    for _ in 0..prompts {
        let seen = &root * vector() * deviation;
        let query = vector();
        let tilt: DVector<f64> = &key * &query;
        let label = seen.dot(&query) + noise * noises.next();
        let (mut top, mut weights, mut labels) = (f64::NEG_INFINITY, 0.0, 0.0);
        for _ in 0..length {
            let token = vector();
            let score = tilt.dot(&token);
            if score > top {
                let factor = (top - score).exp();
                (weights, labels, top) = (weights * factor, labels * factor, score);
            }
            let weight = (score - top).exp();
            weights += weight;
            labels += weight * (seen.dot(&token) + noise * noises.next());
        }
        let finite = loss.value(head.value * labels / weights, label);
        let infinite = loss.value(head.value * seen.dot(&tilt), label);
        for (sum, value) in sums.iter_mut().zip([finite, infinite, finite - infinite]) {
            sum.add(value);
        }
    }
    let [finite, infinite, gap] = sums.map(|sum| sum.mean_and_error());
    SimulatedRisks {
        finite,
        infinite,
        gap,
    }
}

/// Noises have a stream of their own.
struct NoiseSource(ChaCha8Rng);

impl NoiseSource {
    fn next(&mut self) -> f64 {
        StandardNormal.sample(&mut self.0)
    }
}

/// Mean and spread, one number after the other (Welford).
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Sum {
    fn add(&mut self, value: f64) {
        self.count += 1.0;
        let step = value - self.mean;
        self.mean += step / self.count;
        self.squares += step * (value - self.mean);
    }

    fn mean_and_error(self) -> (f64, f64) {
        let variance = self.squares / (self.count - 1.0);
        (self.mean, (variance / self.count).sqrt())
    }
}
