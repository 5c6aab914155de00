//! The error of a whole layer by simulation: all heads read the same prompt.

use nalgebra::{DMatrix, DVector};
use rand::Rng;

use super::blocks::Blocks;
use super::estimator::estimate::Estimate;
use super::plan::{Cell, QueryChoice, Route};
use super::random::stream::{block_prompts, block_stream};
use crate::attention::Layer;
use crate::error::{Error, Result};
use crate::law::TokenLaw;
use crate::parameter::PromptLength;

/// Tokens drawn at a time.
const PIECE: usize = 256;

/// `E|sum_h O_h (That_h - T_h)|^2` estimated by `prompts` prompts, each read by all heads, at query number `index` with these coordinates.
///
/// Tokens are drawn in all their coordinates, in the streams of [`block_stream`] on the plain route, so that the result depends on seed, query number,
/// length and prompts alone. `T_h` is that of the token law.
///
/// # Errors
/// [`Error::Shape`] if tokens, heads and query do not fit; [`Error::Parameter`] for fewer than 2 prompts or more than [`Plan::MAX_PROMPTS`](super::Plan::MAX_PROMPTS);
/// [`Error::Unavailable`] if a score or an output is not a finite number.
///
/// # Examples
/// ```
/// use attention_bounds::attention::Layer;
/// use attention_bounds::monte_carlo::layer_error_estimate;
/// use attention_bounds::nalgebra::{self, dmatrix, dvector};
/// use attention_bounds::{Head, PromptLength, Rademacher};
///
/// // Without scores every weight is 1/L: two heads that are added up have the error 4/L.
/// let head = Head::new(dmatrix![0.0], dmatrix![1.0])?;
/// let layer = Layer::projected(vec![(head.clone(), dmatrix![1.0]), (head, dmatrix![1.0])])?;
/// let tokens = Rademacher::new(1, 1.0)?;
/// let found = layer_error_estimate(&tokens, &layer, (0, &dvector![1.0]), PromptLength::new(40)?, 4000, 1)?;
/// assert!((found.mean - 0.1).abs() < 5.0 * found.standard_error);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn layer_error_estimate(
    tokens: &dyn TokenLaw,
    layer: &Layer,
    (index, query): (usize, &DVector<f64>),
    length: PromptLength,
    prompts: u64,
    seed: u64,
) -> Result<Estimate> {
    let (d, e) = layer.shape();
    if (tokens.dimension(), query.len()) != (d, e) {
        return Err(Error::shape(
            "the key-query matrices",
            format!("{d} x {e}"),
            format!(
                "{} x {} (token dimension x query dimension)",
                tokens.dimension(),
                query.len()
            ),
        ));
    }
    let heads = layer.heads();
    let mut tilts = DMatrix::zeros(d, heads.len());
    let mut limits = tilts.clone();
    for (place, head) in heads.iter().enumerate() {
        let tilt = head.tilt(query);
        limits.set_column(place, &tokens.tilted_mean(&tilt));
        tilts.set_column(place, &tilt);
    }
    let cell = Cell {
        query: QueryChoice::Index(index),
        length,
    };
    let blocks = Blocks {
        trials: prompts,
        size: block_prompts(length),
        seed,
    };
    let begin = |number| (block_stream(seed, cell, Route::Plain, number), ());
    let (estimate, _) = blocks.squares(&[], begin, |random, ()| {
        let deviations = means(tokens, &tilts, length.get(), random) - &limits;
        square(layer, &deviations)
    })?;
    Ok(estimate)
}

/// Draws one prompt; its token averages by the attention weights of every head, one column a head.
///
/// Sums are kept relative to the largest score so far, so that nothing overflows.
fn means(
    tokens: &dyn TokenLaw,
    tilts: &DMatrix<f64>,
    length: u64,
    random: &mut dyn Rng,
) -> DMatrix<f64> {
    let (d, heads) = tilts.shape();
    let mut sums = DMatrix::zeros(d, heads);
    let mut totals = vec![0.0; heads];
    let mut largest = vec![f64::NEG_INFINITY; heads];
    let mut left = length;
    while left > 0 {
        // At most PIECE.
        let size = left.min(PIECE as u64) as usize;
        left -= size as u64;
        let mut piece = DMatrix::zeros(d, size);
        for mut token in piece.column_iter_mut() {
            tokens.sample(random, token.as_mut_slice());
        }
        let mut weights = piece.tr_mul(tilts);
        let columns = weights.column_iter_mut().zip(sums.column_iter_mut());
        for ((mut scores, mut sum), (total, largest)) in
            columns.zip(totals.iter_mut().zip(&mut largest))
        {
            let most = scores.max().max(*largest);
            let shrink = (*largest - most).exp();
            scores.apply(|score| *score = (*score - most).exp());
            sum *= shrink;
            *total = *total * shrink + scores.sum();
            *largest = most;
        }
        sums.gemm(1.0, &piece, &weights, 1.0);
    }
    for (mut sum, total) in sums.column_iter_mut().zip(totals) {
        sum /= total;
    }
    sums
}

/// `|sum_h O_h V_h (mhat_h - m_h)|^2`, or the sum of the squares of the heads.
fn square(layer: &Layer, deviations: &DMatrix<f64>) -> f64 {
    let outputs = layer.heads().iter().zip(deviations.column_iter());
    let outputs = outputs.map(|(head, deviation)| head.value() * deviation);
    if layer.outputs().is_empty() {
        return outputs.map(|output| output.norm_squared()).sum();
    }
    let mut sum = DVector::zeros(layer.dimension());
    for (projection, output) in layer.outputs().iter().zip(outputs) {
        sum.gemv(1.0, projection, &output, 1.0);
    }
    sum.norm_squared()
}
