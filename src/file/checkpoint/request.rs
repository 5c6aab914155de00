//! Which head is asked for, and what is read of it.

use std::path::PathBuf;

use nalgebra::{DMatrix, DVector};

use super::layout::Layout;
use super::rotation::Rotation;

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

/// All heads of a layer, and its output projection.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerWeights {
    /// The heads, in order.
    pub heads: Vec<HeadWeights>,
    /// The columns of the output projection that belong to each head; `None` if the checkpoint has none.
    pub outputs: Option<Vec<DMatrix<f64>>>,
    /// What was recognised, and what of the layer is not in these matrices.
    pub remarks: Vec<String>,
}
