//! A scenario as it was written: what is computed, every key checked on its own.

use std::path::Path;

use toml::Table;

use super::fixed::FixedSpec;
use super::grid::{self, MonteCarloSpec};
use super::head::HeadSpec;
use super::query::QuerySpec;
use super::read::read_table;
use super::section::{Origin, Section};
use super::tokens::TokenSpec;
use crate::error::{Error, Result};
use crate::parameter::PromptLength;
use crate::text::visible;

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
    /// The tokens that are in every prompt.
    pub fixed: FixedSpec,
    /// The prompt lengths, sorted, each once.
    pub lengths: Vec<PromptLength>,
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
    ///
    /// # Errors
    /// [`Error::Scenario`] for a key that is missing, unknown or has a value that is not accepted.
    pub fn from_table(origin: Origin, table: &Table) -> Result<Self> {
        let root = Section::root(&origin, table);
        root.only(&["tokens", "query", "head", "grid", "monte_carlo"])?;
        let section = |key| root.require(key, "a table")?.section("a table");
        let tokens = TokenSpec::read(&section("tokens")?)?;
        let query = QuerySpec::read(&section("query")?)?;
        let head = match &tokens {
            TokenSpec::KeyValue { .. } => HeadSpec::read_cached(&section("head")?)?,
            _ => HeadSpec::read(&section("head")?)?,
        };
        let fixed = FixedSpec::read(&section("head")?)?;
        let lengths = grid::read(&section("grid")?)?;
        let monte_carlo = root.optional("monte_carlo", |field| {
            MonteCarloSpec::read(&field.section("a table { prompts, seed }")?)
        })?;
        Ok(Self {
            tokens,
            query,
            head,
            fixed,
            lengths,
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
            "tokens: {}; query: {}; head: {}{}",
            self.tokens.describe(),
            self.query.describe(),
            self.head.describe(),
            self.fixed.describe()
        ))
    }
}
