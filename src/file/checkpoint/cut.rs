//! Which rows of which tensors are those of one head.

use std::ops::Range;

use nalgebra::DMatrix;

use crate::error::Result;

use super::HeadRequest;
use super::layout::{Arrangement, Layout};
use super::rotation::{Pairing, Rotation, Turn};
use super::sizes::{separate, starts, together};
use super::source::Source;

/// Rows of a projection; of a transposed one they are columns of the tensor.
#[derive(Debug)]
pub(super) struct Piece {
    tensor: String,
    rows: Range<usize>,
    columns: usize,
    transposed: bool,
}

impl Piece {
    pub(super) fn read(&self, source: &mut Source) -> Result<DMatrix<f64>> {
        let (rows, columns) = (self.rows.clone(), 0..self.columns);
        if self.transposed {
            Ok(source.block(&self.tensor, columns, rows)?.transpose())
        } else {
            source.block(&self.tensor, rows, columns)
        }
    }
}

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

/// A projection as it is stored.
pub(super) struct Projection {
    pub(super) tensor: String,
    bias: String,
    pub(super) rows: usize,
    pub(super) columns: usize,
    transposed: bool,
}

impl Projection {
    fn find(source: &Source, prefix: &str, layout: &Layout, name: &str) -> Result<Self> {
        let (tensor, bias) = (layout.weight(prefix, name), layout.bias(prefix, name));
        let (rows, columns) = source.shape(&tensor)?;
        let transposed = match layout.arrangement {
            Arrangement::Conv1d(_) => {
                let rows_of_bias = if source.has(&bias) {
                    source.shape(&bias)?.0
                } else {
                    rows.max(columns)
                };
                if rows == columns || (rows_of_bias != rows && rows_of_bias != columns) {
                    return Err(source.refuse(format!(
                        "{tensor} has shape {rows} x {columns}, from which it cannot be told whether it is transposed"
                    )));
                }
                rows_of_bias == columns
            }
            _ => false,
        };
        let (rows, columns) = if transposed {
            (columns, rows)
        } else {
            (rows, columns)
        };
        Ok(Self {
            tensor,
            bias,
            rows,
            columns,
            transposed,
        })
    }

    fn piece(&self, start: usize, count: usize) -> Piece {
        Piece {
            tensor: self.tensor.clone(),
            rows: start..start + count,
            columns: self.columns,
            transposed: self.transposed,
        }
    }

    /// The same rows of the bias, if there is one.
    fn bias(&self, source: &Source, rows: &Range<usize>) -> Result<Option<Piece>> {
        vector(source, &self.bias, self.rows, rows)
    }
}

/// Rows of a vector of this length, if there is such a vector.
fn vector(
    source: &Source,
    name: &str,
    length: usize,
    rows: &Range<usize>,
) -> Result<Option<Piece>> {
    if !source.has(name) {
        return Ok(None);
    }
    let shape = source.shape(name)?;
    if shape != (length, 1) {
        return Err(source.refuse(format!(
            "{name} has shape {} x {}; {length} numbers are required, one a row of the weight",
            shape.0, shape.1
        )));
    }
    Ok(Some(Piece {
        tensor: name.to_owned(),
        rows: rows.clone(),
        columns: 1,
        transposed: false,
    }))
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
