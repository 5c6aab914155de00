//! How a table is to be printed.

/// An output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// A table for a terminal.
    #[default]
    Text,
    /// The schema [`TABLE_SCHEMA`](crate::record::TABLE_SCHEMA).
    Json,
    /// Comma-separated values, one line a row.
    #[cfg(feature = "files")]
    Csv,
    /// A Markdown table.
    Markdown,
    /// A LaTeX table with booktabs rules.
    Latex,
}

/// Which queries the formats for people show; JSON and CSV always hold all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QuerySelection {
    /// Every query and the average.
    All,
    /// The average only.
    Average,
    /// The average only if there are more than 8 queries.
    #[default]
    Auto,
}

/// How a table is to be printed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Style {
    /// The output format.
    pub format: Format,
    /// The queries shown.
    pub queries: QuerySelection,
    /// True if the formats for people show bounds that are vacuous at every length.
    pub vacuous: bool,
    /// True if the formats for people show lower bounds (T19) beside the exact value, where there are some.
    pub lower: bool,
    /// Caption of a LaTeX table, taken as plain text.
    pub caption: Option<String>,
    /// Label of a LaTeX table.
    pub label: Option<String>,
}
