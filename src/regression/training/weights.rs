//! The four matrices of a head, what a prompt sees of them, and their gradients.

use nalgebra::DMatrix;
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::conditional::ConditionalLoss;
use super::response::Response;
use super::square::{Square, add_multiple, dot};
use crate::error::{Error, Result};

/// The matrices `Q`, `K`, `V`, `O` of a head, each `(d+1) x (d+1)`; or a gradient in them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Weights {
    /// `Q`.
    pub query: Square,
    /// `K`.
    pub key: Square,
    /// `V`.
    pub value: Square,
    /// `O`; only its last row reaches the prediction.
    pub output: Square,
}

impl Weights {
    /// All zeros, for tokens of this size.
    pub fn zeros(size: usize) -> Self {
        let zeros = Square::zeros(size);
        Self {
            query: zeros.clone(),
            key: zeros.clone(),
            value: zeros.clone(),
            output: zeros,
        }
    }

    /// Entries uniform on `[-1/sqrt(size), 1/sqrt(size))`, drawn in the order `Q, K, V, O`, row after row.
    pub fn random<R: Rng>(size: usize, random: &mut R) -> Self {
        let mut weights = Self::zeros(size);
        let most = 1.0 / (size as f64).sqrt();
        for entry in weights
            .matrices_mut()
            .into_iter()
            .flat_map(|m| &mut m.entries)
        {
            *entry = most * (2.0 * random.random::<f64>() - 1.0);
        }
        weights
    }

    /// Size of a token.
    pub fn size(&self) -> usize {
        self.query.size
    }

    /// `Q, K, V, O`.
    pub fn matrices(&self) -> [&Square; 4] {
        [&self.query, &self.key, &self.value, &self.output]
    }

    /// `Q, K, V, O`.
    pub fn matrices_mut(&mut self) -> [&mut Square; 4] {
        [
            &mut self.query,
            &mut self.key,
            &mut self.value,
            &mut self.output,
        ]
    }

    /// Is every entry a finite number?
    pub fn is_finite(&self) -> bool {
        self.matrices()
            .iter()
            .flat_map(|matrix| &matrix.entries)
            .all(|entry| entry.is_finite())
    }

    /// Subtracts `step` times a gradient.
    pub fn descend(&mut self, step: f64, gradient: &Weights) {
        for (matrix, gradient) in self.matrices_mut().into_iter().zip(gradient.matrices()) {
            add_multiple(&mut matrix.entries, -step, &gradient.entries);
        }
    }

    /// Checks the sizes of matrices that were read from a file.
    ///
    /// # Errors
    /// [`Error::Shape`] if a matrix is not `size x size`; [`Error::Unavailable`] if an entry is not finite.
    pub(super) fn check(&self, size: usize) -> Result<()> {
        for matrix in self.matrices() {
            if matrix.size != size || matrix.entries.len() != size * size {
                return Err(Error::shape(
                    "a matrix of a head",
                    format!("{} entries", matrix.entries.len()),
                    format!("{size} x {size}"),
                ));
            }
        }
        if !self.is_finite() {
            return Err(Error::Unavailable {
                what: "the state of a head",
                why: "an entry is not a finite number".into(),
            });
        }
        Ok(())
    }
}

/// What a prompt sees of a head: `B = K^T Q / sqrt(d+1)` and `u = V^T a`, `a` the last row of `O`.
#[derive(Debug, Clone, PartialEq)]
pub struct Circuit {
    /// `B`: the score of `X` for the query token `z` is `<B z, X>`.
    pub scores: Square,
    /// `u`: the last coordinate of `O V X` is `<u, X>`.
    pub values: Vec<f64>,
}

impl Circuit {
    /// Memory for tokens of this size; all zeros.
    pub fn zeros(size: usize) -> Self {
        Self {
            scores: Square::zeros(size),
            values: vec![0.0; size],
        }
    }

    /// The circuit of these weights.
    pub fn of(weights: &Weights) -> Self {
        let mut circuit = Self::zeros(weights.size());
        circuit.set(weights);
        circuit
    }

    /// Becomes the circuit of these weights.
    pub fn set(&mut self, weights: &Weights) {
        let scale = 1.0 / (weights.size() as f64).sqrt();
        self.scores
            .set_product_of_transposed(scale, &weights.key, &weights.query);
        self.values.fill(0.0);
        for (a, row) in weights.output.last().iter().zip(weights.value.rows()) {
            add_multiple(&mut self.values, *a, row);
        }
    }

    /// Writes `c = B z`.
    pub(super) fn direction(&self, query: &[f64], to: &mut [f64]) {
        for (place, row) in to.iter_mut().zip(self.scores.rows()) {
            *place = dot(row, query);
        }
    }
}

/// Sums over the prompts of a batch, `r` the residual `f - y`: `sum r (df/dc) z^T` and `sum r df/du`.
///
/// The gradients of the loss `r^2 / 2` in all four matrices follow from these two by the chain rule, so that the
/// cost of a prompt does not include matrix products:
///
/// ```text
/// G = sum r (df/dc) z^T,   h = sum r df/du
/// dQ = K G / sqrt(d+1),   dK = Q G^T / sqrt(d+1),   dV = a h^T,   da = V h
/// ```
#[derive(Debug, Clone)]
pub struct BatchSums {
    by_circuit: Square,
    by_values: Vec<f64>,
    prompts: u64,
    loss: f64,
    squares: f64,
}

impl BatchSums {
    /// Memory for tokens of this size; nothing added yet.
    pub fn new(size: usize) -> Self {
        Self {
            by_circuit: Square::zeros(size),
            by_values: vec![0.0; size],
            prompts: 0,
            loss: 0.0,
            squares: 0.0,
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.by_circuit.entries.fill(0.0);
        self.by_values.fill(0.0);
        (self.prompts, self.loss, self.squares) = (0, 0.0, 0.0);
    }

    /// Adds a prompt with this query token and target.
    pub fn add(&mut self, response: &Response, query: &[f64], target: f64) {
        let residual = response.prediction() - target;
        self.by_circuit
            .add_outer(residual, response.by_scores(), query);
        add_multiple(&mut self.by_values, residual, response.by_values());
        self.count(0.5 * residual * residual);
    }

    /// Adds the expected loss over all prompts with this query token and one task vector.
    pub fn add_conditional(&mut self, loss: &ConditionalLoss, query: &[f64]) {
        self.by_circuit.add_outer(1.0, loss.by_scores(), query);
        add_multiple(&mut self.by_values, 1.0, loss.by_values());
        self.count(loss.loss());
    }

    fn count(&mut self, loss: f64) {
        self.prompts += 1;
        self.loss += loss;
        self.squares += loss * loss;
    }

    /// Prompts that were added.
    pub fn prompts(&self) -> u64 {
        self.prompts
    }

    /// Sum of the losses.
    pub fn loss(&self) -> f64 {
        self.loss
    }

    /// Sum of the squares of the losses.
    pub fn squares(&self) -> f64 {
        self.squares
    }

    /// Mean of `r (df/dc) z^T`, the gradient in `B`.
    pub fn circuit_gradient(&self) -> DMatrix<f64> {
        self.by_circuit.to_matrix() / self.prompts as f64
    }

    /// Mean of `r df/du`, the gradient in `u`.
    pub fn value_gradient(&self) -> Vec<f64> {
        let scale = 1.0 / self.prompts as f64;
        self.by_values.iter().map(|sum| scale * sum).collect()
    }

    /// Writes the gradient of the mean loss.
    pub fn gradient(&self, weights: &Weights, to: &mut Weights) {
        let mean = 1.0 / self.prompts as f64;
        let scale = mean / (weights.size() as f64).sqrt();
        to.query.set_product(scale, &weights.key, &self.by_circuit);
        to.key
            .set_product_with_transposed(scale, &weights.query, &self.by_circuit);
        to.value.entries.fill(0.0);
        to.value
            .add_outer(mean, weights.output.last(), &self.by_values);
        to.output.entries.fill(0.0);
        if let Some(last) = to.output.rows_mut().next_back() {
            for (place, row) in last.iter_mut().zip(weights.value.rows()) {
                *place = mean * dot(row, &self.by_values);
            }
        }
    }
}
