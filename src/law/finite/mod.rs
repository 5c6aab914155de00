//! Laws of finite support.

mod directions;
mod distances;
mod empirical;
mod law;
mod output;
mod products;
mod tilted_sums;

pub use empirical::Empirical;
pub use output::FiniteOutput;
