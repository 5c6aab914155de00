//! Laws of finite support.

mod directions;
mod empirical;
mod law;
mod output;

pub use empirical::Empirical;
pub use output::FiniteOutput;
