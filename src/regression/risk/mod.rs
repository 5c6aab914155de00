//! Risks of a head `(A, b)`, exactly.
//!
//! * [`finite`]: of softmax attention over `L` tokens, with its gradient;
//! * [`infinite`]: of the infinite prompt, its gradient and the limit of its flow;
//! * [`linear`]: of linear attention over `L` tokens, a polynomial in `1/L`;
//! * [`full_linear`]: of linear attention whose other blocks are not zero, and its other local minima;
//! * [`curvature`]: the smallest and the largest curvature of the infinite-prompt risk;
//! * [`expansion`]: the constants of `1/L`;
//! * [`bayes`]: what no predictor can beat;
//! * [`approximate_loss`]: a closed form of the literature for isotropic tokens, and where it breaks.

pub mod approximate_loss;
pub mod bayes;
mod contour;
mod coordinates;
pub mod curvature;
pub mod expansion;
mod expectations;
pub mod finite;
pub mod full_linear;
mod gradient;
pub mod infinite;
pub mod linear;

pub use finite::FinitePromptRisk;
pub use gradient::Risk;
pub use infinite::InfinitePrompt;
pub use linear::LinearAttention;
