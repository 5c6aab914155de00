//! The attention head, the queries it is asked with, and the outputs it gives.
mod cache;
mod finite_prompt;
mod fixed_tokens;
mod gradient;
mod head;
mod layer;
mod linear;
mod population;
mod quadratic;
mod query;
mod score_coordinates;
mod score_integral;
mod score_variance;
mod weighted_score_variance;

pub use cache::{key_value_head, key_value_pairs};
pub use finite_prompt::{attention_weights, finite_prompt_attention};
pub use fixed_tokens::FixedTokens;
pub use gradient::{JacobianDistance, Jacobians, finite_prompt_jacobians, population_jacobians};
pub use head::Head;
pub use layer::Layer;
pub use linear::linear_attention;
pub use population::population_attention;
pub use query::QueryLaw;
pub use score_integral::integrate;
pub use score_variance::{ScoreVarianceDensity, ScoreVarianceLaw};
pub use weighted_score_variance::{TiltForm, TiltWeight, WeightedScoreVarianceLaw};
