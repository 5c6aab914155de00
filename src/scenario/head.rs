//! The `[head]` table: matrices, or a head cut from a checkpoint.

use std::path::PathBuf;

use crate::error::Result;

use super::matrix::{self, MatrixSpec, file_name};
use super::section::Section;

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
    Checkpoint {
        /// The `.safetensors` file.
        weights: PathBuf,
        /// What the tensor names start with, up to `.query.weight`.
        prefix: String,
        /// Which head, from 0.
        head: usize,
        /// Number of heads in the layer.
        heads: usize,
    },
}

impl HeadSpec {
    /// Reads the `[head]` table.
    pub(super) fn read(section: &Section) -> Result<Self> {
        let Some(weights) = section.get("weights") else {
            section.only(&[
                "key_query",
                "value",
                "tilt_bias",
                "weights",
                "prefix",
                "head",
                "heads",
            ])?;
            for key in ["prefix", "head", "heads"] {
                if section.get(key).is_some() {
                    return Err(section.missing("weights", "the path of a .safetensors file"));
                }
            }
            return Self::read_matrices(section);
        };
        section.only(&["weights", "prefix", "head", "heads"])?;
        let path = weights.text("the path of a .safetensors file")?;
        let prefix =
            "the beginning of the tensor names, for example \"encoder.layer.3.attention.self\"";
        let count = "an integer from 1 to 65536";
        let heads = section.require("heads", count)?.integer(1, 65_536, count)?;
        let which = format!("an integer from 0 to {} (heads = {heads})", heads - 1);
        let head = section
            .require("head", &which)?
            .integer(0, heads - 1, &which)?;
        Ok(HeadSpec::Checkpoint {
            weights: section.origin().resolve(path),
            prefix: section.require("prefix", prefix)?.text(prefix)?.to_string(),
            // Both are at most 65536.
            head: head as usize,
            heads: heads as usize,
        })
    }

    fn read_matrices(section: &Section) -> Result<Self> {
        let read = |key| MatrixSpec::read(&section.require(key, matrix::ACCEPTED)?);
        Ok(HeadSpec::Matrices {
            key_query: read("key_query")?,
            value: read("value")?,
            tilt_bias: section
                .get("tilt_bias")
                .map(|field| field.numbers("a list of finite numbers"))
                .transpose()?,
        })
    }

    /// The head in a few words.
    pub(super) fn describe(&self) -> String {
        match self {
            HeadSpec::Matrices {
                key_query, value, ..
            } => format!(
                "key-query {}, value {}",
                key_query.describe(),
                value.describe()
            ),
            HeadSpec::Checkpoint {
                weights,
                prefix,
                head,
                heads,
            } => format!(
                "head {head} of {heads} of {prefix} in {}",
                file_name(weights)
            ),
        }
    }
}
