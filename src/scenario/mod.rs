//! Scenarios: a TOML file, or the same table built from flags, turned into a typed description of
//! tokens, query, head and prompt lengths.
//!
//! Every refusal is one line that names the file, the dotted key, the value and what is accepted.

mod budget;
mod build;
mod fixed;
mod grid;
mod head;
mod matrices;
mod matrix;
mod query;
mod read;
mod regression;
mod sampling;
mod scan;
mod section;
mod specification;
mod table;
mod tokens;

pub use build::Setting;
pub use fixed::{FixedRows, FixedSpec};
pub use grid::{MAX_LENGTHS, MonteCarloSpec};
pub use head::{HeadSpec, ScaleSpec};
pub use matrix::MatrixSpec;
pub use query::QuerySpec;
pub use regression::{RegressionScenario, RegressionSetting};
pub use sampling::{DesignSpec, SamplingSpec};
pub use scan::{LayerQueries, LayerSpec, ScanScenario};
pub use section::Origin;
pub use specification::Scenario;
pub use table::TableSpec;
pub use tokens::{GaussianSpec, RareAtomWidth, TokenSpec};

#[cfg(test)]
mod build_tests;
#[cfg(test)]
mod refusal_tests;
#[cfg(test)]
mod tests;
