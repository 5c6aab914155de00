//! Which rows of which tensors are those of one head.

use crate::error::Result;

use super::layout::{Arrangement, Layout};
use super::projection::{Piece, Projection, vector};
use super::request::HeadRequest;
use super::rotation::{Pairing, Rotation, Turn};
use super::sizes::{separate, starts, together};
use super::source::Source;

/// The pieces of one head.
#[derive(Debug)]
pub(super) struct Cut {
    pub(super) query: Piece,
    pub(super) key: Piece,
    pub(super) value: Piece,
    pub(super) query_bias: Option<Piece>,
    pub(super) heads: usize,
    pub(super) key_value_heads: usize,
    /// Dimension of a query and of a key.
    pub(super) dimension: usize,
    pub(super) scale: f64,
    pub(super) rotation: Option<Turn>,
}

impl Cut {
    pub(super) fn new(
        source: &Source,
        prefix: &str,
        layout: &Layout,
        request: &HeadRequest,
    ) -> Result<Self> {
        let projections = layout.projections().iter();
        let projections: Result<Vec<_>> = projections
            .map(|name| Projection::find(source, prefix, layout, name))
            .collect();
        let projections = projections?;
        let refuse = |reason| source.refuse(reason);
        let (sizes, query, key, value, query_bias) = match projections.as_slice() {
            [query, key, value] => {
                let sizes = separate(request, query, key, value).map_err(&refuse)?;
                let group = request.head / (sizes.heads / sizes.key_value_heads);
                let piece = query.piece(request.head * sizes.key, sizes.key);
                let bias = query.bias(source, &piece.rows)?;
                (
                    sizes,
                    piece,
                    key.piece(group * sizes.key, sizes.key),
                    value.piece(group * sizes.value, sizes.value),
                    bias,
                )
            }
            [fused] => {
                let sizes = together(request, fused).map_err(&refuse)?;
                let starts = starts(
                    sizes,
                    request.head,
                    matches!(layout.arrangement, Arrangement::Groups(_)),
                );
                let [query, key, value] = starts.map(|row| fused.piece(row, sizes.key));
                let mut bias = fused.bias(source, &query.rows)?;
                if bias.is_none() {
                    // Some vision transformers keep the query bias beside a fused weight without one.
                    let first = request.head * sizes.key;
                    let rows = first..first + sizes.key;
                    bias = vector(
                        source,
                        &format!("{prefix}q_bias"),
                        sizes.heads * sizes.key,
                        &rows,
                    )?;
                }
                (sizes, query, key, value, bias)
            }
            _ => return Err(source.refuse("a layout has one projection or three")),
        };
        let pairing = if layout.projections().contains(&"wq") {
            Pairing::Neighbours
        } else {
            Pairing::Halves
        };
        let rotation = request.rotation.as_ref();
        let rotation = rotation
            .map(|rotation: &Rotation| rotation.turn(sizes.key, pairing))
            .transpose();
        let scale = request
            .scale
            .unwrap_or_else(|| 1.0 / (sizes.key as f64).sqrt());
        if !scale.is_finite() {
            return Err(source.refuse(format!(
                "the scale of the scores is {scale}; a finite number is required"
            )));
        }
        Ok(Self {
            query,
            key,
            value,
            query_bias,
            heads: sizes.heads,
            key_value_heads: sizes.key_value_heads,
            dimension: sizes.key,
            scale,
            rotation: rotation.map_err(&refuse)?,
        })
    }

    /// What was recognised, unless it is the plainest layout.
    pub(super) fn remarks(&self, layout: &Layout) -> Vec<String> {
        let mut remarks = Vec::new();
        if !matches!(layout.arrangement, Arrangement::Separate([_, "key", _]))
            || self.key_value_heads != self.heads
        {
            let turned = if self.query.transposed {
                ", stored input x output"
            } else {
                ""
            };
            let groups = if self.key_value_heads == self.heads {
                String::new()
            } else {
                format!(" on {} key-value heads", self.key_value_heads)
            };
            remarks.push(format!(
                "layout {}{turned}: {} heads{groups} of dimension {}, scores times {}",
                layout.name, self.heads, self.dimension, self.scale
            ));
        }
        remarks.extend(self.rotation.as_ref().map(Turn::remark));
        remarks
    }
}
