//! The error of sampled attention by simulation: the tail is drawn again and again.

mod draw;

use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use crate::error::Result;
use crate::monte_carlo::{Blocks, Deviation, Estimate, keyed_stream};
use crate::parameter::Positive;
use crate::sampling::design::Design;
use crate::sampling::sampled::SampledAttention;
use draw::{Drawer, Memory};

/// Keys drawn in a block of trials, about.
const KEYS: u64 = 1 << 18;
/// Most trials in a block.
const MOST_TRIALS: u64 = 1 << 10;

/// The error at one budget, estimated.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SimulatedError {
    /// The budget.
    pub budget: u64,
    /// `E|That - T|^2`; [`Estimate::interval`] has its confidence limits.
    pub error: Estimate,
    /// How often `|That - T|` reached each threshold; [`Deviation::interval`] has the limits of Clopper and Pearson.
    pub deviations: Vec<Deviation>,
}

/// Estimates `E|That - T|^2` and `P(|That - T| >= eps)` for each threshold from `trials` draws of the tail at one budget.
///
/// `T` and `That` are plain weighted means. Trials come in blocks with their own streams, keyed by seed, budget, `query` (any number that tells apart
/// what is to be independent) and design: the result depends on these and on `trials` alone, not on the number of threads.
///
/// # Errors
/// [`Error::Parameter`](crate::Error::Parameter) for a budget of 0 or beyond the tail, and for fewer than 2 trials or more than `2^48`;
/// [`Error::Unavailable`](crate::Error::Unavailable) if the weights of all keys that are read underflow in some trial.
///
/// # Examples
/// ```
/// use attention_bounds::nalgebra::{self, dmatrix};
/// use attention_bounds::sampling::{Design, SampledAttention, simulate};
///
/// // Scores and values 0, 1, 3; two draws with replacement: the error is 1.920038.
/// let attention = SampledAttention::new(&[0.0, 1.0, 3.0], &dmatrix![0.0; 1.0; 3.0])?.design(Design::WithReplacement)?;
/// let found = simulate(&attention, 2, &[], (20_000, 1, 0))?.error;
/// assert!((found.mean - 1.920038).abs() < 5.0 * found.standard_error);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn simulate(
    attention: &SampledAttention,
    budget: u64,
    thresholds: &[Positive],
    (trials, seed, query): (u64, u64, u64),
) -> Result<SimulatedError> {
    attention.check_budget(budget)?;
    let drawer = Drawer::new(attention, budget);
    let per_block = (KEYS / budget).clamp(1, MOST_TRIALS);
    let blocks = Blocks {
        trials,
        size: 1 << per_block.ilog2(),
        seed,
    };
    let words = [
        seed.to_le_bytes(),
        budget.to_le_bytes(),
        query.to_le_bytes(),
        tag(attention.drawn_by()),
    ];
    let thresholds: Vec<f64> = thresholds.iter().map(|eps| eps.get()).collect();
    let begin = |number| (keyed_stream(words, number), drawer.memory());
    let draw = |random: &mut ChaCha8Rng, memory: &mut Memory| drawer.square(random, memory);
    let (error, deviations) = blocks.squares(&thresholds, begin, draw)?;
    Ok(SimulatedError {
        budget,
        error,
        deviations,
    })
}

/// What tells the streams of one design from those of another, and from those of prompts.
fn tag(design: &Design) -> [u8; 8] {
    *match design {
        Design::WithoutReplacement => b"keys-wor",
        Design::WithReplacement => b"keys-rep",
        Design::Bernoulli => b"keys-ber",
        Design::ImportanceSampling(_) => b"keys-imp",
    }
}
