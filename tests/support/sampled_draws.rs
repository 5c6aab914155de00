//! Every draw of a small tail with its probability, and attention over it, in plain sums.

use attention_bounds::sampling::{Design, Kept, SampledAttention};
use nalgebra::{DMatrix, DVector};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A context with a kept set and a design.
pub struct SampledCase {
    pub scores: Vec<f64>,
    pub values: DMatrix<f64>,
    pub kept: Vec<usize>,
    pub design: Design,
}

impl SampledCase {
    /// A random one; `kind` chooses the design.
    pub fn random(
        random: &mut ChaCha8Rng,
        keys: usize,
        kept: usize,
        m: usize,
        kind: usize,
    ) -> Self {
        let spread = 3.0 * random.random::<f64>();
        let scores: Vec<f64> = (0..keys)
            .map(|_| spread * (random.random::<f64>() + random.random::<f64>() - 1.0))
            .collect();
        let drift = random.random::<f64>();
        let values = DMatrix::from_fn(keys, m, |key, _| {
            drift * scores[key] + 2.0 * random.random::<f64>() - 1.0
        });
        let mut order: Vec<usize> = (0..keys).collect();
        for place in 0..keys {
            order.swap(place, random.random_range(place..keys));
        }
        let design = match kind % 4 {
            0 => Design::WithoutReplacement,
            1 => Design::WithReplacement,
            2 => Design::Bernoulli,
            _ => Design::ImportanceSampling(
                scores
                    .iter()
                    .map(|s| (0.5 * s).exp() * (0.5 + random.random::<f64>()))
                    .collect(),
            ),
        };
        Self {
            scores,
            values,
            kept: order[..kept].to_vec(),
            design,
        }
    }

    pub fn attention(&self) -> SampledAttention {
        SampledAttention::new(&self.scores, &self.values)
            .unwrap()
            .keep(&Kept::indices(self.kept.clone()))
            .unwrap()
            .design(self.design.clone())
            .unwrap()
    }

    pub fn tail(&self) -> Vec<usize> {
        (0..self.scores.len())
            .filter(|key| !self.kept.contains(key))
            .collect()
    }

    /// The probability of one draw of each key of the tail.
    pub fn chances(&self) -> Vec<f64> {
        let tail = self.tail();
        match &self.design {
            Design::ImportanceSampling(proxies) => {
                let total: f64 = tail.iter().map(|key| proxies[*key]).sum();
                tail.iter().map(|key| proxies[*key] / total).collect()
            }
            _ => vec![1.0 / tail.len() as f64; tail.len()],
        }
    }

    /// The weighted mean of all values.
    pub fn limit(&self) -> DVector<f64> {
        let ones = vec![1.0; self.scores.len()];
        self.mean(&ones)
    }

    /// Weighted mean with these multiples of the weights.
    fn mean(&self, multiples: &[f64]) -> DVector<f64> {
        let mut sum = DVector::zeros(self.values.ncols());
        let mut total = 0.0;
        for (key, (score, multiple)) in self.scores.iter().zip(multiples).enumerate() {
            total += multiple * score.exp();
            sum += self.values.row(key).transpose() * (multiple * score.exp());
        }
        sum / total
    }

    /// Every outcome: its probability and `|That - T|`.
    pub fn outcomes(&self, budget: u64) -> Vec<(f64, f64)> {
        let (tail, chances) = (self.tail(), self.chances());
        let b = budget as f64;
        let mut counts = Vec::new();
        match self.design {
            Design::WithoutReplacement | Design::Bernoulli => {
                let n = tail.len();
                let p = b / n as f64;
                for set in 0_u32..1 << n {
                    let size = u64::from(set.count_ones());
                    let probability = match self.design {
                        Design::Bernoulli => {
                            p.powi(size as i32) * (1.0 - p).powi((n as u64 - size) as i32)
                        }
                        _ => f64::from(u8::from(size == budget)),
                    };
                    if probability > 0.0 && (size > 0 || !self.kept.is_empty()) {
                        let count = (0..n).map(|place| f64::from(set >> place & 1)).collect();
                        counts.push((probability, count));
                    }
                }
            }
            _ => repeated(&chances, budget, 1.0, &mut Vec::new(), &mut counts),
        }
        let all: f64 = counts.iter().map(|(p, _): &(f64, Vec<f64>)| p).sum();
        let limit = self.limit();
        let outcome = |(probability, count): &(f64, Vec<f64>)| {
            let mut multiples = vec![1.0; self.scores.len()];
            for ((key, count), chance) in tail.iter().zip(count).zip(&chances) {
                multiples[*key] = count / (b * chance);
            }
            (probability / all, (self.mean(&multiples) - &limit).norm())
        };
        counts.iter().map(outcome).collect()
    }
}

/// How often each key is drawn in `left` draws, with the multinomial probability.
fn repeated(
    chances: &[f64],
    left: u64,
    probability: f64,
    counts: &mut Vec<f64>,
    found: &mut Vec<(f64, Vec<f64>)>,
) {
    let place = counts.len();
    if place + 1 == chances.len() {
        let last = chances[place].powi(left as i32);
        let mut all = counts.clone();
        all.push(left as f64);
        found.push((probability * last, all));
        return;
    }
    let mut binomial = 1.0;
    for count in 0..=left {
        counts.push(count as f64);
        let here = probability * binomial * chances[place].powi(count as i32);
        repeated(chances, left - count, here, counts, found);
        counts.pop();
        binomial *= (left - count) as f64 / (count + 1) as f64;
    }
}

/// The generator of a seed.
pub fn seeded(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}
