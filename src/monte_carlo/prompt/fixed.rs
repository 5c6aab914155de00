//! The tokens that are in every prompt: their weighted sums, added to those of the tokens that are drawn.

use nalgebra::{DMatrix, DVector};

use super::softmax::WeightSums;
use crate::attention::{FixedTokens, Head};
use crate::law::exponential;

/// Fixed tokens with their outputs.
#[derive(Debug)]
pub(in crate::monte_carlo) struct FixedProblem<'a> {
    tokens: &'a FixedTokens,
    /// `V x0`, one token a column, without the query's own.
    outputs: DMatrix<f64>,
}

impl<'a> FixedProblem<'a> {
    pub fn new(tokens: &'a FixedTokens, head: &Head) -> Self {
        Self {
            tokens,
            outputs: head.value() * tokens.tokens(),
        }
    }
}

/// Sums over the fixed tokens for one query, `w_j = e^{S_j - shift}`.
#[derive(Debug)]
pub(in crate::monte_carlo) struct FixedSums {
    weights: WeightSums,
    /// `sum_j w_j (V x0_j - T)`.
    output: DVector<f64>,
}

/// What a prompt with its fixed tokens looks like.
pub(super) struct Joined {
    pub weights: WeightSums,
    /// The part of the weight that is on the fixed tokens.
    pub share: f64,
}

impl FixedSums {
    /// For a query with this tilt and limit `T`; `origin` is the score that is taken off the scores of the drawn tokens.
    pub fn new(
        fixed: &FixedProblem<'_>,
        head: &Head,
        query: &DVector<f64>,
        tilt: &DVector<f64>,
        origin: f64,
        limit: &DVector<f64>,
    ) -> Self {
        let mut scores = fixed.tokens.tokens().tr_mul(tilt).as_slice().to_vec();
        let own = fixed.tokens.holds_query().then(|| head.value() * query);
        if own.is_some() {
            scores.push(tilt.dot(query));
        }
        let mut weights = WeightSums::new();
        // A NaN is passed over here and shows up in the weights.
        weights.shift = scores
            .iter()
            .fold(f64::NEG_INFINITY, |m, s| m.max(s - origin));
        let mut output = DVector::zeros(limit.len());
        let columns = fixed.outputs.column_iter();
        for (score, seen) in scores
            .iter()
            .zip(columns.chain(own.iter().map(|o| o.column(0))))
        {
            let w = exponential(score - origin - weights.shift);
            weights.one += w;
            weights.two += w * w;
            weights.three += w * w * w;
            output.axpy(w, &seen, 1.0);
            output.axpy(-w, limit, 1.0);
        }
        Self { weights, output }
    }

    /// Adds the fixed tokens to the weights of a prompt and to its error `That - T`, which is that of the drawn tokens before.
    pub(super) fn join(&self, drawn: &WeightSums, error: &mut DVector<f64>) -> Joined {
        let mut weights = *drawn;
        weights.raise(self.weights.shift);
        let factor = exponential(self.weights.shift - weights.shift);
        let of_drawn = weights.one;
        let of_fixed = factor * self.weights.one;
        weights.one += of_fixed;
        weights.two += factor * factor * self.weights.two;
        weights.three += factor * factor * factor * self.weights.three;
        *error *= of_drawn / weights.one;
        error.axpy(factor / weights.one, &self.output, 1.0);
        Joined {
            share: of_fixed / weights.one,
            weights,
        }
    }
}
