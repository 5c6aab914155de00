//! One attention head of a safetensors checkpoint.
//!
//! [`layout`] finds the projections, [`cut`] the rows of a head, [`rotation`] inserts rotary positions; [`unread`] and
//! [`configuration`] look for what makes the head of the model another one than what was read.

mod configuration;
mod cut;
mod layout;
mod rotation;
mod sizes;
mod source;
mod unread;

use std::path::PathBuf;

use nalgebra::{DMatrix, DVector};

use crate::error::{Error, Result};

use super::element::check_size;
use cut::Cut;
use source::Source;

pub use layout::{Layout, layout_names};
pub use rotation::{Pairing, Rotation};

/// Which head of which checkpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadRequest {
    /// A `.safetensors` file, the index of a sharded checkpoint (`model.safetensors.index.json`), or a folder of them.
    pub weights: PathBuf,
    /// What the names of the layer's tensors start with, up to the last dot before `query.weight` or the like.
    pub prefix: String,
    /// Which head, from 0.
    pub head: usize,
    /// Number of (query) heads of the layer.
    pub heads: usize,
    /// Number of key-value heads, `heads` if not said.
    pub key_value_heads: Option<usize>,
    /// Dimension of the queries and keys of one head; from the shapes if not said.
    pub head_dimension: Option<usize>,
    /// What scores are multiplied by; `1 / sqrt(head dimension)` if not said.
    pub scale: Option<f64>,
    /// How the projections are kept; recognised by the names if not said.
    pub layout: Option<&'static Layout>,
    /// Rotary positions; left out if not said.
    pub rotation: Option<Rotation>,
}

/// The matrices of a head: the score of token `x` and query `z` is `<U z + b, x>`, the output of a token `V x`.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadWeights {
    /// `U = s K^T R^T Q`, for the key and query rows of the head, the scale `s` and the rotation `R`.
    pub key_query: DMatrix<f64>,
    /// The value rows `V`.
    pub value: DMatrix<f64>,
    /// `b = s K^T R^T b_Q`, zero without a query bias.
    pub query_bias: DVector<f64>,
    /// What was recognised, and what of the layer is not in these matrices.
    pub remarks: Vec<String>,
}

/// Reads one head of a checkpoint.
///
/// Key biases shift all scores of a query alike and value biases all outputs alike, so that neither changes an error and
/// neither is read; the query bias is. Rotated keys stand at one position relative to the query, see [`Rotation`].
///
/// Only headers and the rows of the head are read, after their sizes were compared with the length of the file.
///
/// # Errors
/// [`Error::File`] if the checkpoint is not complete, no layout or several fit, shapes do not fit the numbers of heads, a
/// number is not finite, or the layer has what makes a score no bilinear function of token and query (norms of queries or
/// keys, a soft cap, attention sinks); the message names the tensor and what can be said or done instead.
/// [`Error::Parameter`] for a head outside `0..heads`.
pub fn read_head(request: &HeadRequest) -> Result<HeadWeights> {
    if request.head >= request.heads {
        return Err(Error::Parameter {
            parameter: "head",
            value: format!("{} of {}", request.head, request.heads),
            required: "a head number from 0 to the number of heads less 1",
            theorem: None,
        });
    }
    let mut source = Source::open(&request.weights)?;
    let prefix = match request.prefix.trim_end_matches('.') {
        "" => String::new(),
        prefix => format!("{prefix}."),
    };
    let layout = Layout::find(&source, &prefix, request.layout)?;
    let cut = Cut::new(&source, &prefix, layout, request)?;
    let mut remarks = cut.remarks(layout);
    remarks
        .extend(unread::check(&source, &prefix, layout).map_err(|reason| source.refuse(reason))?);
    if let Some(content) = source.configuration()? {
        let found = configuration::check(&content, request, &cut);
        remarks.extend(found.map_err(|reason| source.refuse(reason))?);
    }
    let query = cut.query.read(&mut source)?;
    let mut key = cut.key.read(&mut source)?;
    let value = cut.value.read(&mut source)?;
    let bias = match &cut.query_bias {
        Some(piece) => DVector::from_column_slice(piece.read(&mut source)?.as_slice()),
        None => DVector::zeros(query.nrows()),
    };
    let size = check_size(key.ncols() as u64, query.ncols() as u64);
    size.map_err(|reason| source.refuse(reason))?;
    if let Some(rotation) = &cut.rotation {
        rotation.rotate(&mut key);
    } else if layout.positions {
        remarks.push("positions (rotary or other) are left out; rope = { base, offset } puts every token at one offset from the query".into());
    }
    Ok(HeadWeights {
        key_query: key.tr_mul(&query) * cut.scale,
        query_bias: key.tr_mul(&bias) * cut.scale,
        value,
        remarks,
    })
}
