//! The attention head, the queries it is asked with, and the outputs it gives.
mod finite_prompt;
mod head;
mod linear;
mod population;
mod query;
pub use finite_prompt::{attention_weights, finite_prompt_attention};
pub use head::Head;
pub use linear::linear_attention;
pub use population::population_attention;
pub use query::QueryLaw;
