//! A projection of a layer as it is stored, and the rows of it that belong to a head.

use std::ops::Range;

use nalgebra::DMatrix;

use super::layout::{Arrangement, Layout};
use super::source::Source;
use crate::error::Result;

/// Rows of a projection; of a transposed one they are columns of the tensor.
#[derive(Debug)]
pub(super) struct Piece {
    tensor: String,
    pub(super) rows: Range<usize>,
    columns: usize,
    pub(super) transposed: bool,
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

pub(super) struct Projection {
    pub(super) tensor: String,
    bias: String,
    pub(super) rows: usize,
    pub(super) columns: usize,
    transposed: bool,
}

impl Projection {
    pub(super) fn find(source: &Source, prefix: &str, layout: &Layout, name: &str) -> Result<Self> {
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

    pub(super) fn piece(&self, start: usize, count: usize) -> Piece {
        Piece {
            tensor: self.tensor.clone(),
            rows: start..start + count,
            columns: self.columns,
            transposed: self.transposed,
        }
    }

    /// The same rows of the bias, if there is one.
    pub(super) fn bias(&self, source: &Source, rows: &Range<usize>) -> Result<Option<Piece>> {
        vector(source, &self.bias, self.rows, rows)
    }
}

/// Rows of a vector of this length, if there is such a vector.
pub(super) fn vector(
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
