//! A scenario as it was written: what is computed, every key checked on its own.

use std::path::Path;

use toml::Table;

use super::fixed::FixedSpec;
use super::grid::{self, MonteCarloSpec};
use super::head::HeadSpec;
use super::query::QuerySpec;
use super::read::read_table;
use super::sampling::SamplingSpec;
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
    /// The prompt lengths, sorted, each once; none if the scenario is about sampled attention alone.
    pub lengths: Vec<PromptLength>,
    /// Which keys of the tokens, taken for the context, are read, if that is asked.
    pub sampling: Option<SamplingSpec>,
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
        Self::load_changed(path, |_| ())
    }

    /// The same, its table changed before it is checked.
    ///
    /// # Errors
    /// As [`Scenario::load`].
    pub fn load_changed(path: &Path, change: impl FnOnce(&mut Table)) -> Result<Self> {
        let (origin, mut table) = read_table(path)?;
        change(&mut table);
        Self::from_table(origin, &table)
    }

    /// Checks a scenario that is already a TOML table.
    ///
    /// # Errors
    /// [`Error::Scenario`] for a key that is missing, unknown or has a value that is not accepted.
    pub fn from_table(origin: Origin, table: &Table) -> Result<Self> {
        let root = Section::root(&origin, table);
        root.only(&["tokens", "query", "head", "grid", "sampling", "monte_carlo"])?;
        let section = |key| root.require(key, "a table")?.section("a table");
        let tokens = TokenSpec::read(&section("tokens")?)?;
        let query = QuerySpec::read(&section("query")?)?;
        let head = match &tokens {
            TokenSpec::KeyValue { .. } => HeadSpec::read_cached(&section("head")?)?,
            _ => HeadSpec::read(&section("head")?)?,
        };
        let fixed = FixedSpec::read(&section("head")?)?;
        let sampling = root.optional("sampling", |field| {
            SamplingSpec::read(&field.section("a table { keep, design, proxy, budgets }")?)
        })?;
        let lengths = match root.get("grid") {
            None if sampling.is_some() => Vec::new(),
            _ => grid::read(&section("grid")?)?,
        };
        let monte_carlo = root.optional("monte_carlo", |field| {
            MonteCarloSpec::read(&field.section("a table { prompts, seed }")?)
        })?;
        Ok(Self {
            tokens,
            query,
            head,
            fixed,
            lengths,
            sampling,
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
