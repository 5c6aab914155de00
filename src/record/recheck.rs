//! The comparison of a table with the same table computed again.

use serde::Serialize;

/// How a table that was written earlier compares with the same table computed now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecheckAnswer {
    /// One line that describes law, query and head.
    pub description: String,
    /// The file.
    pub file: String,
    /// Version that wrote the file.
    pub stored_version: String,
    /// Number of values compared.
    pub compared: usize,
    /// Those that differ.
    pub differences: Vec<Difference>,
}

/// A value that is not the same.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Metric of the row.
    pub metric: String,
    /// Query of the row; none for the average.
    pub query: Option<usize>,
    /// Prompt length of the row.
    pub length: u64,
    /// Which value.
    pub what: String,
    /// As the file has it.
    pub stored: Option<f64>,
    /// As it is now.
    pub computed: Option<f64>,
}
