//! An experiment: attention heads trained by stochastic gradient descent on linear regression in context.
//!
//! The setting is section 6 of the paper (E. Boursier, C. Boyer, *Softmax as Linear Attention in the Large-Prompt
//! Regime*, ICML 2026). A prompt has `L` tokens `(x_i, y_i)` with `x_i ~ N(0, Sig)`, `y_i = <w, x_i> + noise` and a task vector
//! `w ~ N(0, I/d)` of its own; for the query token `(x, 0)` a head with full matrices `Q, K, V, O` is to predict
//! `y = <w, x> + noise` in the last coordinate of its output:
//!
//! ```text
//! softmax: sum_i softmax(S)_i O V X_i,    linear: (1/L) sum_i S_i O V X_i,    S_i = <Q z, K X_i> / sqrt(d+1)
//! ```
//!
//! The query token is not part of the prompt. The loss is `(f - y)^2 / 2`, the **risk** its expectation over prompts.
//! Every step of plain gradient descent uses fresh prompts.
//!
//! A prompt has two routes ([`Settings::route`]): on the plain one all its tokens are drawn; on the Rao-Blackwellised one the expectation of the
//! loss over tokens and noise, given task vector and query, is computed exactly ([`ConditionalLoss`]), at a cost that does not depend on `L`.
//!
//! Forward and backward pass are closed forms ([`Response`], [`BatchSums`]); there is no automatic
//! differentiation. On the plain route tokens are really drawn, all `d + 1` coordinates of each, and no exact value of T3 is used.
//!
//! ```
//! use attention_bounds::regression::training::{Blocks, Settings, State, advance};
//! use attention_bounds::monte_carlo::Control;
//!
//! let settings = Settings { lengths: vec![20], steps: 300, step_size: 0.05, ..Settings::quick() };
//! let state = advance(State::start(&settings)?, &Control::default())?;
//! for run in &state.runs {
//!     let risk = run.evaluation.expect("evaluated at the end");
//!     let blocks = Blocks::new(&settings, &run.weights)?;
//!     println!("{}: risk {} +- {}, b = {}", run.head.name(), risk.mean(), risk.standard_error(), blocks.label);
//!     assert!(risk.mean() < 0.55);
//! }
//! # Ok::<(), attention_bounds::error::Error>(())
//! ```

mod checkpoint;
mod conditional;
mod descent;
mod evaluation;
mod prompt;
mod prompt_law;
mod response;
mod run;
mod settings;
mod square;
mod stream;
mod weights;

pub use checkpoint::State;
pub use conditional::ConditionalLoss;
pub use descent::{LossSums, RunState, STEP_BLOCK, Trainer, WINDOWS};
pub use evaluation::{Blocks, conditional_risk, least_risk, zero_risk};
pub use prompt::Prompt;
pub use prompt_law::PromptLaw;
pub use response::Response;
pub use run::advance;
pub use settings::{HeadKind, Settings};
pub use square::Square;
pub use stream::{Purpose, stream};
pub use weights::{BatchSums, Circuit, Weights};
