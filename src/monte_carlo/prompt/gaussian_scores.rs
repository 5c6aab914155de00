//! Weighted sums over the scores of one prompt of Gaussian tokens: the Rao-Blackwellised route.

use rand::Rng;

use super::softmax::{WeightSums, dot, exponentials, largest};
use crate::monte_carlo::random::normal::fill_normals;

/// Scores drawn at a time.
const PIECE: usize = 256;

/// Sums over a prompt whose scores are `S_i = s xi_i`, `xi_i` standard normal.
#[derive(Debug)]
pub(super) struct ScoreSums {
    normals: [f64; PIECE],
    weights: [f64; PIECE],
    products: [f64; PIECE],
    /// Sums of the weights.
    pub weight_sums: WeightSums,
    /// `sum w xi`.
    pub first: f64,
    /// `sum w xi^2`; zero unless second moments are wanted.
    pub second: f64,
    /// `sum w^2 xi`; zero unless second moments are wanted.
    pub square_first: f64,
    /// `sum w^2 xi^2`; zero unless second moments are wanted.
    pub square_second: f64,
}

impl ScoreSums {
    pub fn new() -> Self {
        Self {
            normals: [0.0; PIECE],
            weights: [0.0; PIECE],
            products: [0.0; PIECE],
            weight_sums: WeightSums::new(),
            first: 0.0,
            second: 0.0,
            square_first: 0.0,
            square_second: 0.0,
        }
    }

    /// Runs through a prompt of `length` tokens with score deviation `deviation >= 0`.
    pub fn prompt<R: Rng>(&mut self, random: &mut R, length: u64, deviation: f64, second: bool) {
        self.weight_sums = WeightSums::new();
        (self.first, self.second) = (0.0, 0.0);
        (self.square_first, self.square_second) = (0.0, 0.0);
        let mut left = length;
        while left > 0 {
            let count = left.min(PIECE as u64) as usize;
            self.add_piece(random, count, deviation, second);
            left -= count as u64;
        }
    }

    fn add_piece<R: Rng>(&mut self, random: &mut R, count: usize, deviation: f64, second: bool) {
        // `count` is at most PIECE, so no split can fail.
        let (normals, _) = self.normals.split_at_mut(count);
        let (weights, _) = self.weights.split_at_mut(count);
        fill_normals(random, normals);
        // The score increases with the normal number, because the deviation is not negative.
        if let Some(factor) = self.weight_sums.raise(deviation * largest(normals)) {
            self.first *= factor;
            self.second *= factor;
            self.square_first *= factor * factor;
            self.square_second *= factor * factor;
        }
        exponentials(normals, deviation, self.weight_sums.shift, weights);
        self.weight_sums.add(weights);
        self.first += dot(weights, normals);
        if second {
            let (products, _) = self.products.split_at_mut(count);
            for ((product, w), x) in products.iter_mut().zip(weights.iter()).zip(normals.iter()) {
                *product = w * x;
            }
            self.second += dot(products, normals);
            self.square_first += dot(products, weights);
            self.square_second += dot(products, products);
        }
    }
}
