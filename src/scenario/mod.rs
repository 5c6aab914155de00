//! Scenarios: a TOML file, or the same table built from flags, turned into a typed description of
//! tokens, query, head and prompt lengths.
//!
//! Every refusal is one line that names the file, the dotted key, the value and what is accepted.

mod budget;
mod build;
mod grid;
mod head;
mod matrices;
mod matrix;
mod query;
mod regression;
mod section;
mod table;
mod tokens;

use std::path::Path;

use toml::Table;

use crate::error::{Error, Result};
use crate::file::read_text;
use crate::text::visible;

pub use build::Setting;
pub use grid::{GridSpec, MAX_LENGTHS, MonteCarloSpec};
pub use head::HeadSpec;
pub use matrix::MatrixSpec;
pub use query::QuerySpec;
pub use regression::{RegressionScenario, RegressionSetting};
pub use section::Origin;
pub use table::TableSpec;
pub use tokens::{GaussianSpec, RareAtomWidth, TokenSpec};

use section::{Section, one_line};

/// Largest scenario file that is read; larger data belongs into `.npy` files.
const MAX_BYTES: u64 = 1 << 24;

/// A scenario: what is computed, every key checked on its own, nothing built yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Where it comes from.
    pub origin: Origin,
    /// The token law.
    pub tokens: TokenSpec,
    /// The query law.
    pub query: QuerySpec,
    /// The attention head.
    pub head: HeadSpec,
    /// The prompt lengths.
    pub grid: GridSpec,
    /// How to simulate, if at all.
    pub monte_carlo: Option<MonteCarloSpec>,
    /// The table that all this was read from.
    pub source: Table,
}

impl Scenario {
    /// Reads a scenario file.
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be read, is larger than 16 MiB, or is not TOML in UTF-8;
    /// [`Error::Scenario`] for everything inside it.
    pub fn load(path: &Path) -> Result<Self> {
        let (origin, table) = read_table(path)?;
        Self::from_table(origin, &table)
    }

    /// Checks a scenario that is already a TOML table.
    pub fn from_table(origin: Origin, table: &Table) -> Result<Self> {
        let root = Section::root(&origin, table);
        root.only(&["tokens", "query", "head", "grid", "monte_carlo"])?;
        let section = |key| root.require(key, "a table")?.section("a table");
        let tokens = TokenSpec::read(&section("tokens")?)?;
        let query = QuerySpec::read(&section("query")?)?;
        let head = HeadSpec::read(&section("head")?)?;
        let grid = GridSpec::read(&section("grid")?)?;
        let monte_carlo = root
            .get("monte_carlo")
            .map(|field| MonteCarloSpec::read(&field.section("a table { prompts, seed }")?))
            .transpose()?;
        Ok(Self {
            tokens,
            query,
            head,
            grid,
            monte_carlo,
            source: table.clone(),
            origin: origin.clone(),
        })
    }

    /// The content of the scenario as JSON, which [`Self::from_json`] reads.
    pub fn source_json(&self) -> serde_json::Value {
        // A table of texts, numbers, lists and tables always has a JSON form.
        serde_json::to_value(&self.source).unwrap_or_default()
    }

    /// The scenario of an earlier run, from its name and its content.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn from_json(name: &str, content: &serde_json::Value) -> Result<Self> {
        let path = Path::new(name);
        let table = serde_json::from_value(content.clone()).map_err(|error| Error::File {
            path: path.to_path_buf(),
            reason: format!("the stored scenario is not one: {error}"),
        })?;
        let origin = Origin {
            name: name.to_owned(),
            folder: path.parent().unwrap_or(Path::new("")).to_path_buf(),
        };
        Self::from_table(origin, &table)
    }

    /// Tokens, query and head in one line, names of files and tensors with control characters written out.
    pub fn describe(&self) -> String {
        visible(&format!(
            "tokens: {}; query: {}; head: {}",
            self.tokens.describe(),
            self.query.describe(),
            self.head.describe()
        ))
    }
}

/// A scenario file as a table, whatever kind of scenario it is.
///
/// # Errors
/// [`Error::File`] if the file cannot be read, is larger than 16 MiB, or is not TOML in UTF-8.
fn read_table(path: &Path) -> Result<(Origin, Table)> {
    let file_error = |reason: String| Error::File {
        path: path.to_path_buf(),
        reason: one_line_reason(&reason),
    };
    let text = read_text(path, MAX_BYTES)?;
    let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
    let origin = Origin {
        name: path.display().to_string(),
        folder,
    };
    let table = parse(&text).map_err(file_error)?;
    Ok((origin, table))
}

/// TOML text to a table; the error says in one line where and why not.
fn parse(text: &str) -> std::result::Result<Table, String> {
    text.parse::<Table>().map_err(|error| {
        let place = error
            .span()
            .and_then(|span| text.get(..span.start))
            .map(|before| {
                let line = before.matches('\n').count() + 1;
                let column = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
                format!("line {line}, column {column}: ")
            });
        format!(
            "{}not valid TOML: {}",
            place.unwrap_or_default(),
            error.message()
        )
    })
}

fn one_line_reason(reason: &str) -> String {
    reason
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|line| {
            if line.chars().count() > 300 {
                one_line(line)
            } else {
                line.to_string()
            }
        })
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod build_tests;
#[cfg(test)]
mod tests;
