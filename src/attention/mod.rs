//! The attention head and the queries it is asked with.
mod head;
mod query;
mod score_variance;
pub use head::Head;
pub use query::QueryLaw;
pub use score_variance::{ScoreVarianceDensity, ScoreVarianceLaw};
