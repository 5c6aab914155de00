//! One trial: a random part of the tail, and attention over it and the kept keys.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::sampling::design::Design;
use crate::sampling::sampled::SampledAttention;

/// What is the same in every trial; values are taken relative to `T`.
pub(super) struct Drawer<'a> {
    design: &'a Design,
    budget: u64,
    /// The weights of the tail over their expected numbers of draws.
    weights: Vec<f64>,
    /// Sums of the probabilities of a draw, for importance sampling.
    cumulative: Vec<f64>,
    /// Values less `T`, one key of the tail after the other.
    values: Vec<f64>,
    /// Sums over the kept keys.
    kept: (f64, Vec<f64>),
}

/// What a block of trials goes on with.
pub(super) struct Memory {
    /// The places of the tail in some order; every order serves as a beginning.
    order: Vec<usize>,
    sum: Vec<f64>,
}

impl<'a> Drawer<'a> {
    pub fn new(attention: &'a SampledAttention, budget: u64) -> Self {
        let context = attention.context();
        let m = context.coordinates();
        let weight = |key: usize| context.ln_weights.get(key).map_or(f64::NAN, |x| x.exp());
        // T, without the other answers: first relative to the first key, so that equal values have it exactly.
        let first = context.value(0).to_vec();
        let (mut total, mut shift) = (0.0, vec![0.0; m]);
        for key in 0..context.keys() {
            total += weight(key);
            add(&mut shift, weight(key), context.value(key), &first);
        }
        let limit: Vec<f64> = first
            .iter()
            .zip(&shift)
            .map(|(x, s)| x + s / total)
            .collect();
        let mut kept = (0.0, vec![0.0; m]);
        for key in attention.kept_indices() {
            kept.0 += weight(*key);
            add(&mut kept.1, weight(*key), context.value(*key), &limit);
        }
        let tail = attention.tail_indices();
        let (draws, keys) = (budget as f64, tail.len() as f64);
        let proxies: Option<Vec<f64>> = match attention.drawn_by() {
            Design::ImportanceSampling(proxies) => Some(
                tail.iter()
                    .filter_map(|key| proxies.get(*key).copied())
                    .collect(),
            ),
            _ => None,
        };
        let mut sum = 0.0;
        let cumulative: Vec<f64> = proxies
            .iter()
            .flatten()
            .map(|proxy| {
                sum += proxy;
                sum
            })
            .collect();
        let weights = tail.iter().enumerate().map(|(place, key)| {
            let chance = proxies
                .as_ref()
                .and_then(|proxies| proxies.get(place))
                .map_or(1.0 / keys, |proxy| proxy / sum);
            weight(*key) / (draws * chance)
        });
        let values = tail.iter().flat_map(|key| {
            let pairs = context.value(*key).iter().zip(&limit);
            pairs.map(|(x, t)| x - t)
        });
        Self {
            design: attention.drawn_by(),
            budget,
            weights: weights.collect(),
            cumulative,
            values: values.collect(),
            kept,
        }
    }

    pub fn memory(&self) -> Memory {
        Memory {
            order: (0..self.weights.len()).collect(),
            sum: Vec::new(),
        }
    }

    /// `|That - T|^2` of one trial.
    pub fn square(&self, random: &mut ChaCha8Rng, memory: &mut Memory) -> f64 {
        let Memory { order, sum } = memory;
        sum.clone_from(&self.kept.1);
        let mut total = self.kept.0;
        let n = self.weights.len();
        match self.design {
            Design::WithReplacement => {
                for _ in 0..self.budget {
                    self.read(random.random_range(0..n), &mut total, sum);
                }
            }
            Design::ImportanceSampling(_) => {
                let all = self.cumulative.last().copied().unwrap_or(0.0);
                for _ in 0..self.budget {
                    let at = all * random.random::<f64>();
                    let place = self.cumulative.partition_point(|c| *c <= at);
                    self.read(place.min(n - 1), &mut total, sum);
                }
            }
            Design::WithoutReplacement => {
                // The first steps of a random shuffle.
                for place in 0..(self.budget as usize).min(n) {
                    order.swap(place, random.random_range(place..n));
                    if let Some(key) = order.get(place) {
                        self.read(*key, &mut total, sum);
                    }
                }
            }
            Design::Bernoulli => while !self.toss(random, &mut total, sum) {},
        }
        sum.iter().map(|x| (x / total).powi(2)).sum()
    }

    /// Tosses a coin for every key, by the distances between those that are read; is there something to average?
    fn toss(&self, random: &mut ChaCha8Rng, total: &mut f64, sum: &mut [f64]) -> bool {
        let n = self.weights.len();
        // -inf where every key is read.
        let ln_skipped = (-(self.budget as f64) / n as f64).ln_1p();
        let mut read = self.kept.0 > 0.0;
        let mut place = 0;
        loop {
            let skip = (1.0 - random.random::<f64>()).ln() / ln_skipped;
            // Saturates where it is larger than any index.
            place += (skip as usize).min(n);
            if place >= n {
                return read;
            }
            self.read(place, total, sum);
            read = true;
            place += 1;
        }
    }

    /// Adds a key of the tail.
    fn read(&self, place: usize, total: &mut f64, sum: &mut [f64]) {
        let m = sum.len();
        let values = self.values.get(place * m..(place + 1) * m);
        if let (Some(w), Some(values)) = (self.weights.get(place), values) {
            *total += w;
            for (sum, x) in sum.iter_mut().zip(values) {
                *sum += w * x;
            }
        }
    }
}

/// Adds `w (value - from)`.
fn add(sum: &mut [f64], w: f64, value: &[f64], from: &[f64]) {
    for (sum, (x, from)) in sum.iter_mut().zip(value.iter().zip(from)) {
        *sum += w * (x - from);
    }
}
