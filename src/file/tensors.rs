//! Tensors of one safetensors file.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use nalgebra::DMatrix;
use safetensors::tensor::{Metadata, TensorInfo};

use super::element::{Element, Place, check_size, read_matrix};
use super::regular::{open_regular, refuse};
use crate::error::{Error, Result};

/// Longest header that is read; the format itself allows 100 MB.
const MAX_HEADER: u64 = 100_000_000;

/// An open file whose header has been checked against its length.
#[derive(Debug)]
pub(super) struct TensorFile {
    path: PathBuf,
    file: BufReader<File>,
    metadata: Metadata,
    data_start: u64,
}

impl TensorFile {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let (file, length) = open_regular(path)?;
        let mut file = BufReader::new(file);
        let foreign = |reason: String| {
            refuse(
                path,
                format!("{reason}; accepted is a complete safetensors file"),
            )
        };
        let io = |error: std::io::Error| refuse(path, error);
        let mut word = [0; 8];
        if length < 8 {
            return Err(foreign(format!("{length} bytes are too few for a header")));
        }
        file.read_exact(&mut word).map_err(io)?;
        let header_length = u64::from_le_bytes(word);
        if header_length > (length - 8).min(MAX_HEADER) {
            return Err(foreign(format!(
                "the header claims {header_length} bytes in a file of {length}"
            )));
        }
        let mut header = Vec::new();
        (&mut file)
            .take(header_length)
            .read_to_end(&mut header)
            .map_err(io)?;
        let metadata: Metadata = serde_json::from_slice(&header)
            .map_err(|error| foreign(format!("the header cannot be read ({error})")))?;
        let data_start = 8 + header_length;
        let stated = data_start.checked_add(metadata.data_len() as u64);
        if stated != Some(length) {
            return Err(foreign(format!(
                "the tensors take {} bytes and the file has {} for them",
                metadata.data_len(),
                length - data_start
            )));
        }
        Ok(Self {
            path: path.to_path_buf(),
            file,
            metadata,
            data_start,
        })
    }

    /// The names of its tensors, sorted.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names = self.metadata.offset_keys();
        names.sort_unstable();
        names
    }

    pub(super) fn refuse(&self, reason: impl ToString) -> Error {
        refuse(&self.path, reason)
    }

    /// Rows and columns of a tensor of one or two dimensions; a vector is one column.
    pub(super) fn shape(&self, name: &str) -> Result<(usize, usize)> {
        let info = self.info(name)?;
        match info.shape.as_slice() {
            &[rows] => Ok((rows, 1)),
            &[rows, columns] => Ok((rows, columns)),
            other => Err(self.refuse(format!(
                "{name} has shape {other:?}; a matrix or a vector is required"
            ))),
        }
    }

    /// Is this a tensor of floating-point numbers that can be read?
    pub(super) fn is_float(&self, name: &str) -> Result<bool> {
        let info = self.info(name)?;
        Ok(Element::of_tensor(info.dtype).is_some_and(Element::is_float))
    }

    pub(super) fn whole(&mut self, name: &str) -> Result<DMatrix<f64>> {
        let (rows, columns) = self.shape(name)?;
        self.block(name, 0..rows, 0..columns)
    }

    /// A block of the rows and columns of a tensor. The header check has placed the whole tensor inside the file.
    pub(super) fn block(
        &mut self,
        name: &str,
        rows: Range<usize>,
        columns: Range<usize>,
    ) -> Result<DMatrix<f64>> {
        let (all_rows, all_columns) = self.shape(name)?;
        let info = self.info(name)?;
        let Some(element) = Element::of_tensor(info.dtype) else {
            return Err(self.refuse(format!(
                "{name} has element type {:?}; accepted are F16, BF16, F32, F64, integers and truth values",
                info.dtype
            )));
        };
        let start = self.data_start + info.data_offsets.0 as u64;
        let wrong = |reason: String| refuse(&self.path, format!("{name}: {reason}"));
        if rows.end > all_rows || columns.end > all_columns {
            return Err(wrong(format!(
                "the shape {all_rows} x {all_columns} is too small"
            )));
        }
        check_size(rows.len() as u64, columns.len() as u64).map_err(wrong)?;
        let width = element.width() as u64;
        // Whole rows lie one after the other; a piece of each is read by itself.
        let pieces = if columns.len() == all_columns {
            1
        } else {
            rows.len()
        };
        let size = (rows.len() / pieces, columns.len());
        let mut matrix = DMatrix::zeros(rows.len(), columns.len());
        for piece in 0..pieces {
            let place = Place {
                row: rows.start + piece,
                column: columns.start,
            };
            let before = place.row as u64 * all_columns as u64 + place.column as u64;
            let seek = self.file.seek(SeekFrom::Start(start + before * width));
            seek.map_err(|error| refuse(&self.path, error))?;
            let read =
                read_matrix(&mut self.file, element, size, false, false, place).map_err(wrong)?;
            if pieces == 1 {
                return Ok(read);
            }
            matrix.rows_mut(piece, 1).copy_from(&read);
        }
        Ok(matrix)
    }

    fn info(&self, name: &str) -> Result<TensorInfo> {
        let info = self.metadata.info(name).cloned();
        info.ok_or_else(|| self.refuse(format!("there is no tensor {name}")))
    }
}
