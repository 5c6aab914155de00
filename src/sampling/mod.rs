//! Attention over a part of the keys: some for certain, the rest by a random draw (T13 `sampled-attention`).
//!
//! A context of `N` keys with scores `S_i` and values `v_i` in `R^m` is given. Softmax attention over all of them is
//! `T = sum_i w_i v_i / sum_i w_i`, `w_i = e^{S_i}`. What reads a kept set `K` and a random part of the other keys, the tail, returns
//!
//! ```text
//! That = (sum_K w v + sum_draws w v / e) / (sum_K w + sum_draws w / e)
//! ```
//!
//! where `e` is the expected number of times that the design draws the key, so that numerator and denominator are unbiased. Their ratio is not:
//! [`SampledAttention::budgets`] gives the exact `E|That - T|^2` and `E That - T` at any budget.
//!
//! The question ([`SampledAttention`], [`Kept`], [`Design`]) is one; its answers (`exact`, `bound`, `simulation`) do not know each other.

mod bound;
mod context;
mod design;
mod exact;
mod kept;
mod rule;
mod sampled;
mod simulation;

pub use bound::{SampledBounds, markov_bound};
pub use design::Design;
pub use exact::errors::SampledError;
pub use kept::Kept;
pub use rule::{PublishedRule, Variances, published_budget};
pub use sampled::SampledAttention;
pub use simulation::{SimulatedError, simulate};
