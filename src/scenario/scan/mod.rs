//! The `[scan]` table: every head of every given layer of a model.

mod layers;

use std::path::Path;

use toml::{Table, Value};

use crate::error::Result;
use crate::file::HeadRequest;
use crate::parameter::PromptLength;
use crate::study::scan::ScanRequest;
use crate::text::visible;

use super::grid;
use super::head::{CHECKPOINT, first_head};
use super::read::read_table;
use super::section::{Field, Origin, Section};
use super::table::{TableSpec, file_name};

/// What stands for the number of the layer.
const PLACE: &str = "{layer}";
/// Keys besides those of a checkpoint.
const KEYS: [&str; 5] = ["layers", "tokens", "queries", "lengths", "epsilon"];
/// Most layers, and the largest number of one.
const MOST_LAYERS: u64 = 10_000;
const LAYERS: &str = "a list of layer numbers, integers from 0 to 9999";
const TABLE: &str = "the path of a table of numbers, or a table { file, header, index, tensor }";
const QUERIES: &str = "the path of a table of numbers, a table { file, header, index, tensor }, or how many rows of the tokens: an integer from 1 to 65536";

/// A scan of a model, every key checked on its own, nothing read yet.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanScenario {
    /// Where it comes from.
    pub origin: Origin,
    /// The layers, ascending, each once; at least one.
    pub layers: Vec<LayerSpec>,
    /// The prompt lengths, sorted, each once.
    pub lengths: Vec<PromptLength>,
    /// The relative error whose smallest prompt length is asked for.
    pub epsilon: Option<f64>,
    /// What the keys say, `{layer}` left as it is.
    description: String,
}

/// One layer.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerSpec {
    /// Its number.
    pub number: usize,
    /// Its first head.
    pub head: HeadRequest,
    /// The hidden states that enter it, one a row.
    pub tokens: TableSpec,
    /// Its queries.
    pub queries: LayerQueries,
}

/// Where the queries of a layer come from.
#[derive(Debug, Clone, PartialEq)]
pub enum LayerQueries {
    /// The rows of a table.
    File(TableSpec),
    /// This many rows of the tokens, evenly spaced.
    Spaced(usize),
}

impl ScanScenario {
    /// Reads a scenario file.
    ///
    /// # Errors
    /// As [`Scenario::load`](super::Scenario::load).
    pub fn load(path: &Path) -> Result<Self> {
        let (origin, table) = read_table(path)?;
        Self::from_table(origin, &table)
    }

    /// Checks a scenario that is already a TOML table.
    ///
    /// # Errors
    /// [`Error::Scenario`](crate::error::Error::Scenario), naming the key.
    pub fn from_table(origin: Origin, table: &Table) -> Result<Self> {
        let numbers = {
            let scan = section(&origin, table)?;
            let numbers = scan.require("layers", LAYERS)?.list(LAYERS)?;
            let number = |field: &Field| Ok(field.integer(0, MOST_LAYERS - 1, LAYERS)? as usize);
            let mut numbers: Vec<usize> = numbers.iter().map(number).collect::<Result<_>>()?;
            numbers.sort_unstable();
            numbers.dedup();
            numbers
        };
        let layer = |number: &usize| {
            let own = with_number(table, &number.to_string());
            LayerSpec::read(*number, &section(&origin, &own)?)
        };
        let layers: Vec<LayerSpec> = numbers.iter().map(layer).collect::<Result<_>>()?;
        let scan = section(&origin, table)?;
        if let [first, second, ..] = layers.as_slice() {
            first.check_distinct(second, &scan)?;
        }
        let above = "a finite number greater than 0";
        let lengths = "a list of prompt lengths, or { from, to, factor }";
        Ok(Self {
            lengths: grid::of(&scan.require("lengths", lengths)?)?,
            epsilon: scan.optional("epsilon", |f| f.number_where(above, |x| x > 0.0))?,
            description: describe(&scan, &numbers)?,
            layers,
            origin: origin.clone(),
        })
    }

    /// What is asked of every head.
    pub fn request(&self) -> ScanRequest {
        ScanRequest {
            description: self.description.clone(),
            heads: self.layers.first().map_or(0, |layer| layer.head.heads),
            lengths: self.lengths.iter().map(|length| length.get()).collect(),
            epsilon: self.epsilon,
        }
    }
}

/// The table `[scan]`, of which every key is known.
fn section<'a>(origin: &'a Origin, table: &'a Table) -> Result<Section<'a>> {
    let root = Section::root(origin, table);
    root.only(&["scan"])?;
    let scan = root.require("scan", "a table")?.section("a table")?;
    if let Some(head) = scan.get("head") {
        return Err(
            head.refuse("no such key: a scan is of all heads; say heads = .., their number")
        );
    }
    scan.only(&[&CHECKPOINT[..], &KEYS].concat())?;
    Ok(scan)
}

/// The same with the number in the place of every `{layer}`.
fn with_number(table: &Table, number: &str) -> Table {
    fn value(old: &Value, number: &str) -> Value {
        match old {
            Value::String(text) => Value::String(text.replace(PLACE, number)),
            Value::Array(items) => {
                Value::Array(items.iter().map(|item| value(item, number)).collect())
            }
            Value::Table(table) => Value::Table(with_number(table, number)),
            other => other.clone(),
        }
    }
    let pairs = table.iter();
    pairs
        .map(|(key, old)| (key.clone(), value(old, number)))
        .collect()
}

impl LayerSpec {
    fn read(number: usize, scan: &Section) -> Result<Self> {
        let queries = scan.require("queries", QUERIES)?;
        Ok(Self {
            number,
            head: first_head(scan)?,
            tokens: TableSpec::of_field(&scan.require("tokens", TABLE)?, TABLE)?,
            queries: if queries.is_text() || queries.is_table() {
                LayerQueries::File(TableSpec::of_field(&queries, QUERIES)?)
            } else {
                LayerQueries::Spaced(queries.integer(1, 65_536, QUERIES)? as usize)
            },
        })
    }

    /// Two layers are two only if the number of the layer stands in what they are read from.
    fn check_distinct(&self, other: &Self, scan: &Section) -> Result<()> {
        let same_head =
            (&self.head.weights, &self.head.prefix) == (&other.head.weights, &other.head.prefix);
        let same_queries =
            matches!(self.queries, LayerQueries::File(_)) && self.queries == other.queries;
        for (key, same) in [
            ("prefix", same_head),
            ("tokens", self.tokens == other.tokens),
            ("queries", same_queries),
        ] {
            if same {
                let field = scan.require(key, TABLE)?;
                return Err(field.refuse("a text with {layer} in it, the place of the layer's number, for there are several layers"));
            }
        }
        Ok(())
    }
}

/// Model, tokens and queries in one line.
fn describe(scan: &Section, numbers: &[usize]) -> Result<String> {
    let whole = first_head(scan)?;
    let tokens = TableSpec::of_field(&scan.require("tokens", TABLE)?, TABLE)?;
    let layers: Vec<String> = numbers.iter().map(usize::to_string).collect();
    let queries = LayerSpec::read(0, scan)?.queries;
    Ok(visible(&format!(
        "{} heads of {} in {}, layer{} {}; tokens: rows of {}; queries: {}",
        whole.heads,
        whole.prefix,
        file_name(&whole.weights),
        if numbers.len() == 1 { "" } else { "s" },
        layers.join(", "),
        tokens.describe(),
        match queries {
            LayerQueries::File(table) => format!("rows of {}", table.describe()),
            LayerQueries::Spaced(count) => format!(
                "{count} rows of the tokens, evenly spaced: of n rows those numbered (2i + 1) n / {}, rounded down, i = 0 to {}",
                2 * count,
                count - 1
            ),
        }
    )))
}
