//! A scenario from flags: the same table as a file would hold, so that both are read by one reader.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use toml::{Table, Value};

use crate::error::{Error, Result};
use crate::scenario::{Origin, Scenario};

/// Token laws that flags can name; a mixture needs a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Law {
    Gaussian,
    Sphere,
    Rademacher,
    Cube,
    RareAtom,
    Empirical,
    KeyValue,
}

/// Query laws that flags can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Query {
    /// Centred Gaussian, with the covariance that --toeplitz or the identity gives.
    Gaussian,
    /// The queries of --query-rows or --query-file.
    Fixed,
    /// The token law.
    Tokens,
}

/// A scenario file, or flags that say the same.
#[derive(Debug, Clone, Args)]
pub struct ScenarioArguments {
    /// Scenario file (TOML); leave it out to describe the scenario by flags
    #[arg(conflicts_with = "ScenarioFlags")]
    scenario: Option<PathBuf>,
    #[command(flatten)]
    flags: ScenarioFlags,
}

#[derive(Debug, Clone, Args)]
struct ScenarioFlags {
    /// Law of one prompt token
    #[arg(long, value_enum)]
    law: Option<Law>,
    /// Dimension of a token
    #[arg(long)]
    dimension: Option<i64>,
    /// Correlation rho of the covariance rho^|i-j| (gaussian; identity if left out)
    #[arg(long, allow_negative_numbers = true)]
    toeplitz: Option<f64>,
    /// Radius of the sphere
    #[arg(long, allow_negative_numbers = true)]
    radius: Option<f64>,
    /// Half of the edge of the cube, or how far out the rare atoms are
    #[arg(long, allow_negative_numbers = true)]
    half_width: Option<f64>,
    /// Put the rare atoms as far out as this variance proxy allows
    #[arg(long, allow_negative_numbers = true)]
    variance_proxy: Option<f64>,
    /// Probability that a token is one of the rare atoms
    #[arg(long, allow_negative_numbers = true)]
    probability: Option<f64>,
    /// Size of a Rademacher coordinate
    #[arg(long, allow_negative_numbers = true)]
    token_scale: Option<f64>,
    /// Tokens of an empirical law, one a row (.npy or .csv)
    #[arg(long)]
    tokens: Option<PathBuf>,
    /// Cached keys of a head, one a row (key-value)
    #[arg(long)]
    keys: Option<PathBuf>,
    /// Cached values of a head, one a row (key-value)
    #[arg(long)]
    values: Option<PathBuf>,
    /// Law of the query [default: gaussian, or fixed if queries are given]
    #[arg(long, value_enum)]
    query: Option<Query>,
    /// Fixed queries: numbers separated by commas, queries by semicolons
    #[arg(long, allow_hyphen_values = true)]
    query_rows: Option<String>,
    /// Fixed queries, one a row (.npy or .csv)
    #[arg(long)]
    query_file: Option<PathBuf>,
    /// The key-query matrix is this multiple of the identity [default: 1]; with key-value tokens, what <query, key> is multiplied by
    #[arg(long, allow_negative_numbers = true)]
    scale: Option<f64>,
    /// The key-query matrix (.npy or .csv)
    #[arg(long, conflicts_with = "scale")]
    key_query_file: Option<PathBuf>,
    /// The value matrix (.npy or .csv) [default: identity]
    #[arg(long)]
    value_file: Option<PathBuf>,
    /// Checkpoint to cut the head from (.safetensors)
    #[arg(long, conflicts_with_all = ["scale", "key_query_file", "value_file"])]
    weights: Option<PathBuf>,
    /// Beginning of the tensor names in the checkpoint
    #[arg(long, requires = "weights")]
    prefix: Option<String>,
    /// Which head of the checkpoint, from 0
    #[arg(long, requires = "weights", allow_negative_numbers = true)]
    head: Option<i64>,
    /// Number of heads of the layer
    #[arg(long, requires = "weights", allow_negative_numbers = true)]
    heads: Option<i64>,
    /// Prompt lengths, separated by commas
    #[arg(long, value_delimiter = ',', allow_hyphen_values = true, conflicts_with_all = ["from", "to", "factor"])]
    lengths: Vec<String>,
    /// Shortest prompt of a geometric grid
    #[arg(long, allow_negative_numbers = true)]
    from: Option<f64>,
    /// Longest prompt of a geometric grid
    #[arg(long, allow_negative_numbers = true)]
    to: Option<f64>,
    /// Ratio of neighbouring lengths
    #[arg(long, allow_negative_numbers = true)]
    factor: Option<f64>,
}

impl ScenarioArguments {
    /// The file, if it is a table that was written earlier (its name ends in `.json`) and not a scenario.
    pub fn table_file(&self) -> Option<&Path> {
        self.scenario.as_deref().filter(|path| {
            path.extension()
                .is_some_and(|e| e.eq_ignore_ascii_case("json"))
        })
    }

    /// The scenario of the file, or of the flags.
    pub fn scenario(&self) -> Result<Scenario> {
        self.changed(|_| ())
    }

    /// The same, its table changed before it is read.
    pub fn changed(&self, change: impl FnOnce(&mut Table)) -> Result<Scenario> {
        match &self.scenario {
            Some(path) => Scenario::load_changed(path, change),
            None if self.flags.law.is_none() => Err(Error::Scenario {
                source_name: "command line".into(),
                key: "SCENARIO".into(),
                value: "nothing".into(),
                accepted: "a scenario file, or flags that describe one, --law first; see --help"
                    .into(),
            }),
            None => {
                let origin = Origin {
                    name: "command line".into(),
                    folder: PathBuf::new(),
                };
                let mut table = self.flags.table();
                change(&mut table);
                Scenario::from_table(origin, &table)
            }
        }
    }
}

impl ScenarioFlags {
    /// What a scenario file with the same content would parse to.
    fn table(&self) -> Table {
        let mut whole = Table::new();
        whole.insert("tokens".into(), self.tokens().into());
        whole.insert("query".into(), self.query().into());
        whole.insert("head".into(), self.head().into());
        whole.insert("grid".into(), self.grid().into());
        whole
    }

    fn covariance(&self) -> Value {
        let mut matrix = Table::new();
        let kind = if self.toeplitz.is_some() {
            "toeplitz"
        } else {
            "identity"
        };
        matrix.insert("kind".into(), kind.into());
        put(&mut matrix, "rho", self.toeplitz);
        put(&mut matrix, "dimension", self.dimension);
        matrix.into()
    }

    fn tokens(&self) -> Table {
        let mut tokens = Table::new();
        // Whatever was said is handed on, so that a flag that does not belong to the law is refused.
        put(&mut tokens, "law", self.law.map(name));
        put(&mut tokens, "radius", self.radius);
        put(&mut tokens, "half_width", self.half_width);
        put(&mut tokens, "variance_proxy", self.variance_proxy);
        put(&mut tokens, "probability", self.probability);
        put(&mut tokens, "scale", self.token_scale);
        put(&mut tokens, "file", self.tokens.as_deref().map(path));
        put(&mut tokens, "keys", self.keys.as_deref().map(path));
        put(&mut tokens, "values", self.values.as_deref().map(path));
        if self.law == Some(Law::Gaussian) {
            tokens.insert("covariance".into(), self.covariance());
        } else {
            put(&mut tokens, "dimension", self.dimension);
            put(&mut tokens, "toeplitz", self.toeplitz);
        }
        tokens
    }

    fn query(&self) -> Table {
        let mut query = Table::new();
        let fixed = self.query_rows.is_some() || self.query_file.is_some();
        let default = if fixed { Query::Fixed } else { Query::Gaussian };
        let law = self.query.unwrap_or(default);
        query.insert("law".into(), name(law).into());
        if law == Query::Gaussian {
            query.insert("covariance".into(), self.covariance());
        }
        put(&mut query, "file", self.query_file.as_deref().map(path));
        if let Some(rows) = &self.query_rows {
            let rows: Vec<Value> = rows
                .split(';')
                .map(|row| row.split(',').map(number).collect::<Vec<_>>().into())
                .collect();
            query.insert("rows".into(), rows.into());
        }
        query
    }

    fn head(&self) -> Table {
        let mut head = Table::new();
        if let Some(weights) = &self.weights {
            head.insert("weights".into(), path(weights).into());
            put(&mut head, "prefix", self.prefix.clone());
            put(&mut head, "head", self.head);
            put(&mut head, "heads", self.heads);
            return head;
        }
        if self.law == Some(Law::KeyValue) {
            put(&mut head, "scale", self.scale);
            put(
                &mut head,
                "key_query",
                self.key_query_file.as_deref().map(path),
            );
            put(&mut head, "value", self.value_file.as_deref().map(path));
            return head;
        }
        head.insert("key_query".into(), matrix(&self.key_query_file, self.scale));
        head.insert("value".into(), matrix(&self.value_file, None));
        head
    }

    fn grid(&self) -> Table {
        let mut grid = Table::new();
        if !self.lengths.is_empty() {
            let lengths: Vec<Value> = self.lengths.iter().map(|text| number(text)).collect();
            grid.insert("lengths".into(), lengths.into());
        }
        put(&mut grid, "from", self.from);
        put(&mut grid, "to", self.to);
        put(&mut grid, "factor", self.factor);
        grid
    }
}

fn put(table: &mut Table, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        table.insert(key.into(), value.into());
    }
}

fn name(value: impl ValueEnum) -> String {
    value
        .to_possible_value()
        .map_or_else(String::new, |value| value.get_name().to_string())
}

fn path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn matrix(file: &Option<PathBuf>, scale: Option<f64>) -> Value {
    let mut matrix = Table::new();
    match file {
        Some(file) => {
            matrix.insert("kind".into(), "file".into());
            matrix.insert("path".into(), path(file).into());
        }
        None => {
            matrix.insert("kind".into(), "identity".into());
            put(&mut matrix, "scale", scale);
        }
    }
    matrix.into()
}

/// An integer or float; what is neither is handed on as text, for the reader of scenarios to refuse.
pub(super) fn number(text: &str) -> Value {
    let text = text.trim();
    match (text.parse::<i64>(), text.parse::<f64>()) {
        (Ok(integer), _) => integer.into(),
        (_, Ok(float)) => float.into(),
        _ => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        scenario: ScenarioArguments,
    }

    fn scenario(arguments: &str) -> Scenario {
        let arguments = ["program"].into_iter().chain(arguments.split(' '));
        Program::try_parse_from(arguments)
            .unwrap()
            .scenario
            .scenario()
            .unwrap()
    }

    /// The scenarios are the same, wherever they come from.
    fn same(flags: &str, file: &str) {
        let (flags, file) = (scenario(flags), scenario(file));
        let (origin, source) = (flags.origin.clone(), flags.source.clone());
        assert_eq!(
            flags,
            Scenario {
                origin,
                source,
                ..file
            }
        );
    }

    #[test]
    fn flags_say_the_same_as_a_file() {
        same(
            "--law gaussian --dimension 5 --toeplitz 0.5 --scale 0.3 \
             --from 64 --to 1048576 --factor 4",
            "examples/paper.toml",
        );
        same(
            "--law gaussian --dimension 1 --query-rows 0.5;1;1.5;2;2.5;3 \
             --lengths 10,100,1e3,10000,100000,1000000,10000000,1e8",
            "examples/gaussian-sweep.toml",
        );
        same(
            "--law empirical --tokens examples/minilm/tokens.npy \
             --query-file examples/minilm/queries.npy \
             --weights examples/minilm/attention.safetensors \
             --prefix encoder.layer.3.attention.self --head 5 --heads 12 \
             --from 16 --to 262144 --factor 4",
            "examples/minilm.toml",
        );
        same(
            "--law sphere --dimension 8 --radius 2.8284271247461903 \
             --query-rows 1,0,0,0,0,0,0,0;2,0,0,0,0,0,0,0 --from 16 --to 1048576 --factor 4",
            "examples/sphere.toml",
        );
    }

    #[test]
    fn negative_numbers_are_numbers() {
        let scenario = scenario(
            "--law rademacher --dimension 2 --token-scale 2 --query-rows -1,-2 --scale -0.5 --lengths 4",
        );
        assert!(scenario.build().is_ok());
    }
}
