//! The `[head]` table: matrices, or a head cut from a checkpoint.

use crate::error::Result;
use crate::file::{HeadRequest, Layout, Pairing, Rotation, layout_names};

use super::fixed::KEYS;
use super::matrix::{self, MatrixSpec};
use super::section::{Field, Section};
use super::table::file_name;

/// Keys of a head that is given by matrices.
const MATRICES: [&str; 3] = ["key_query", "value", "tilt_bias"];
/// Keys of a head of a checkpoint.
pub(super) const CHECKPOINT: [&str; 9] = [
    WEIGHTS,
    "prefix",
    "head",
    "heads",
    "key_value_heads",
    "head_dimension",
    "scale",
    "layout",
    "rope",
];
/// The scale that most models use, for keys in `R^k`.
const ROOT: &str = "1/sqrt(k)";
const WEIGHTS: &str = "weights";
const ACCEPTED: &str = "the path of a .safetensors file, an index of such files, or their folder";
const COUNT: &str = "an integer from 1 to 65536";

/// An attention head of a scenario, not yet built.
#[derive(Debug, Clone, PartialEq)]
pub enum HeadSpec {
    /// `U`, `V` and the tilt bias.
    Matrices {
        /// The key-query matrix `U`.
        key_query: MatrixSpec,
        /// The value matrix `V`.
        value: MatrixSpec,
        /// The tilt bias `b` of `a = U z + b`; zero if not said.
        tilt_bias: Option<Vec<f64>>,
    },
    /// One head of a safetensors checkpoint.
    Checkpoint(HeadRequest),
    /// All heads of a layer of one: `head` is not said, and 0 in the request.
    Layer(HeadRequest),
    /// A head that is known by its keys and values: what its scores are multiplied by.
    Cached(ScaleSpec),
}

/// What the scores of cached keys are multiplied by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ScaleSpec {
    /// A number.
    Number(f64),
    /// `1/sqrt(k)`, for keys in `R^k`.
    RootOfKeys,
}

impl ScaleSpec {
    /// The number, for keys of this dimension.
    pub(super) fn number(self, keys: usize) -> f64 {
        match self {
            ScaleSpec::Number(scale) => scale,
            ScaleSpec::RootOfKeys => 1.0 / (keys as f64).sqrt(),
        }
    }
}

impl HeadSpec {
    pub(super) fn read(section: &Section) -> Result<Self> {
        if section.get(WEIGHTS).is_none() {
            section.only(&[&MATRICES[..], &CHECKPOINT, &KEYS].concat())?;
            if CHECKPOINT.iter().any(|key| section.get(key).is_some()) {
                return Err(section.missing(WEIGHTS, ACCEPTED));
            }
            return Self::read_matrices(section);
        }
        section.only(&[&CHECKPOINT[..], &KEYS].concat())?;
        let first = first_head(section)?;
        let which = which(first.heads);
        let head = section.get("head");
        let number = head
            .as_ref()
            .map(|head| head.integer(0, first.heads as u64 - 1, &which));
        let kind = match head {
            Some(_) => HeadSpec::Checkpoint,
            None => HeadSpec::Layer,
        };
        Ok(kind(HeadRequest {
            // At most 65535.
            head: number.transpose()?.unwrap_or(0) as usize,
            ..first
        }))
    }

    /// The head of key-value tokens, which have no matrices.
    pub(super) fn read_cached(section: &Section) -> Result<Self> {
        section.only(&[&["scale"][..], &KEYS].concat())?;
        // Not guessed: a head with another scale, or queries that hold it already, would give wrong numbers without a word.
        let accepted = format!(
            "what <query, key> is multiplied by: \"{ROOT}\" for most models, 1 if the queries hold it already, or another finite number"
        );
        let field = section.require("scale", &accepted)?;
        if !field.is_text() {
            return Ok(HeadSpec::Cached(ScaleSpec::Number(
                field.number(&accepted)?,
            )));
        }
        match field.text(&accepted)? {
            ROOT => Ok(HeadSpec::Cached(ScaleSpec::RootOfKeys)),
            _ => Err(field.refuse(accepted)),
        }
    }

    fn read_matrices(section: &Section) -> Result<Self> {
        let read = |key| MatrixSpec::read(&section.require(key, matrix::ACCEPTED)?);
        Ok(HeadSpec::Matrices {
            key_query: read("key_query")?,
            value: read("value")?,
            tilt_bias: section.optional("tilt_bias", |field| {
                field.numbers("a list of finite numbers")
            })?,
        })
    }

    pub(super) fn describe(&self) -> String {
        match self {
            HeadSpec::Matrices {
                key_query, value, ..
            } => format!(
                "key-query {}, value {}",
                key_query.describe(),
                value.describe()
            ),
            HeadSpec::Checkpoint(request) => format!(
                "head {} of {} of {} in {}",
                request.head,
                request.heads,
                request.prefix,
                file_name(&request.weights)
            ),
            HeadSpec::Cached(ScaleSpec::Number(scale)) => format!("scores {scale} <query, key>"),
            HeadSpec::Cached(ScaleSpec::RootOfKeys) => {
                format!("scores {ROOT} <query, key>")
            }
            HeadSpec::Layer(request) => format!(
                "all {} heads of {} in {}",
                request.heads,
                request.prefix,
                file_name(&request.weights)
            ),
        }
    }

    /// The head as one of all those of its layer, if it is one of a checkpoint.
    pub(super) fn layer(&self) -> Option<Self> {
        match self {
            HeadSpec::Checkpoint(request) | HeadSpec::Layer(request) => {
                Some(HeadSpec::Layer(request.clone()))
            }
            HeadSpec::Matrices { .. } | HeadSpec::Cached(_) => None,
        }
    }
}

/// What `head` accepts.
pub(super) fn which(heads: usize) -> String {
    format!(
        "an integer from 0 to {} (heads = {heads})",
        heads.saturating_sub(1)
    )
}

/// Head 0, by the keys of a checkpoint without `head`.
pub(super) fn first_head(section: &Section) -> Result<HeadRequest> {
    let prefix =
        "the beginning of the tensor names, for example \"encoder.layer.3.attention.self\"";
    let weights = section.require(WEIGHTS, ACCEPTED)?.text(ACCEPTED)?;
    Ok(HeadRequest {
        weights: section.origin().resolve(weights),
        prefix: section.require("prefix", prefix)?.text(prefix)?.to_string(),
        head: 0,
        heads: count(&section.require("heads", COUNT)?)?,
        key_value_heads: section.optional("key_value_heads", count)?,
        head_dimension: section.optional("head_dimension", count)?,
        scale: section.optional("scale", |field| field.number("a finite number"))?,
        layout: section.optional("layout", layout)?,
        rotation: section.optional("rope", rotation)?,
    })
}

/// A number of heads or of coordinates, at most 65536.
fn count(field: &Field) -> Result<usize> {
    Ok(field.integer(1, 65_536, COUNT)? as usize)
}

fn layout(field: &Field) -> Result<&'static Layout> {
    let accepted = layout_names().collect::<Vec<_>>().join(", ");
    Layout::named(field.text(&accepted)?).ok_or_else(|| field.refuse(accepted))
}

fn rotation(field: &Field) -> Result<Rotation> {
    let section =
        field.section("a table { base, offset }, with dimension and pairing if need be")?;
    section.only(&["base", "offset", "dimension", "pairing"])?;
    let positive = "a finite number greater than 0";
    let offset = "the position of the tokens less that of the query: a finite number, negative for tokens before it";
    let pairings = "halves or neighbours";
    let pairing = |field: &Field| match field.text(pairings)? {
        "halves" => Ok(Pairing::Halves),
        "neighbours" => Ok(Pairing::Neighbours),
        _ => Err(field.refuse(pairings)),
    };
    Ok(Rotation {
        base: section
            .require("base", positive)?
            .number_where(positive, |base| base > 0.0)?,
        offset: section.require("offset", offset)?.number(offset)?,
        dimension: section.optional("dimension", count)?,
        pairing: section.optional("pairing", pairing)?,
    })
}
