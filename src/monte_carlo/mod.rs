//! Monte Carlo estimates over i.i.d. prompts: seeded, reproducible bit for bit, resumable.
//!
//! A [`Simulation`] draws prompts of `L` tokens, applies softmax attention to them and compares with the
//! infinite-prompt limit, which comes from the token law. For every [`Cell`] (a query, or the average over
//! the query law, and a prompt length) it estimates the squared output error `|That - T|^2`, the bias
//! `E That - T`, the participation sums `P_2` and `P_3`, the errors of the gradients (theory pages, sections
//! 0 and 10), deviation probabilities `P(|That - T| >= eps)` and the quantiles of `|That - T|`.
//!
//! Prompts come in blocks ([`block_prompts`]); a block has its own random stream ([`block_stream`]), and
//! block sums are joined in a tree whose shape depends on the block numbers alone. The result is
//! therefore the same to the last bit for any number of threads, for any division into shards, and
//! whether or not the run was interrupted ([`Partial`]).
//!
//! Memory per thread does not depend on the number of prompts, nor on their length: tokens are used in
//! pieces of a few thousand numbers and forgotten.
//!
//! ```
//! use attention_bounds::attention::{Head, QueryLaw};
//! use attention_bounds::law::Gaussian;
//! use attention_bounds::monte_carlo::{Cell, Control, Plan, QueryChoice, Route, Shard, Simulation};
//! use attention_bounds::parameter::PromptLength;
//! use nalgebra::DMatrix;
//!
//! let identity = DMatrix::<f64>::identity(3, 3);
//! let tokens = Gaussian::centred(identity.clone())?;
//! let head = Head::new(identity.clone() * 0.0, identity)?;
//! let query = QueryLaw::uniform(DMatrix::from_element(3, 1, 1.0))?;
//! let cell = Cell { query: QueryChoice::Index(0), length: PromptLength::new(50)? };
//! let plan = Plan::new(4000, 1, Route::Plain);
//!
//! let simulation = Simulation::new(&tokens, &head, &query, vec![cell], plan)?;
//! let done = simulation.advance(simulation.begin(Shard::whole())?, &Control::default())?;
//! let estimates = done.estimates()?;
//!
//! // Without scores every weight is 1/L, and the squared error is tr(V Gamma V^T) / L = 3/50.
//! let error = estimates[0].output_error;
//! assert!((error.mean - 0.06).abs() < 5.0 * error.standard_error);
//! # Ok::<(), attention_bounds::error::Error>(())
//! ```
//!
//! An [`Estimate`] is neither a bound nor an exact value, and cannot be turned into one:
//!
//! ```compile_fail
//! # fn needs_a_bound(bound: attention_bounds::bound::Bound) {}
//! # fn estimate() -> attention_bounds::monte_carlo::Estimate { unimplemented!() }
//! needs_a_bound(estimate().into());
//! ```

mod blocks;
mod confidence;
mod estimator;
mod layer;
mod plan;
mod prompt;
mod random;
mod run;

/// The two innermost loops, for benchmarks: not part of the promises of this crate.
#[doc(hidden)]
pub mod kernel {
    pub use crate::monte_carlo::prompt::softmax::exponentials;
    pub use crate::monte_carlo::random::normal::fill_normals as normals;
}

pub(crate) use blocks::Blocks;
pub use confidence::interval::{ConfidenceInterval, HEAVY_SHARE, Reliability};
pub(crate) use confidence::tails::student_quantile;
pub use estimator::estimate::{
    CellEstimates, Deviation, Estimate, GradientEstimates, HEAVY_FRACTION,
};
pub use estimator::histogram::{Bracket, Histogram};
pub use layer::layer_error_estimate;
pub use plan::{Cell, Plan, QueryChoice, Route};
// Normal numbers, and what threads share, also serve the experiment.
pub(crate) use random::normal::fill_normals;
pub(crate) use random::stream::keyed_stream;
pub use random::stream::{block_prompts, block_stream};
pub use run::control::{Checkpoint, Control};
pub use run::partial::{Partial, SCHEMA, Shard};
pub(crate) use run::shared::Shared;
pub use run::simulation::Simulation;
