//! One attention head from a safetensors checkpoint.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use nalgebra::{DMatrix, DVector};
use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};

use super::{open_regular, refuse};
use crate::attention::Head;
use crate::error::{Error, Result};

/// Longest header that is read; the format itself allows 100 MB.
const MAX_HEADER: u64 = 100_000_000;
/// Names listed when a tensor is missing.
const LISTED: usize = 8;

/// Reads head number `head` (from 0) of `heads` from a safetensors checkpoint.
///
/// The tensors are `{prefix}.query.weight`, `{prefix}.key.weight`, `{prefix}.value.weight`, of shape
/// `(heads dk) x d` in F16, BF16, F32 or F64, and the optional `{prefix}.query.bias` of length `heads dk`.
/// The head is rows `head dk .. (head + 1) dk` of each: `U = K^T Q / sqrt(dk)`, `V` the value rows and
/// `b = K^T b_Q / sqrt(dk)`. Key and value biases change no error and are not read.
///
/// Only the header and the rows of the head are read, after their sizes were compared with the length of
/// the file. A missing tensor is reported with the closest names that are there. Every failure is an
/// [`Error::File`], except a head number outside `0..heads`, which is an [`Error::Parameter`].
pub fn read_safetensors_head(
    path: impl AsRef<Path>,
    prefix: &str,
    head: usize,
    heads: usize,
) -> Result<Head> {
    if head >= heads {
        return Err(Error::Parameter {
            parameter: "head",
            value: format!("{head} of {heads}"),
            required: "a head number from 0 to the number of heads less 1",
            theorem: None,
        });
    }
    let mut checkpoint = Checkpoint::open(path.as_ref())?;
    let query = checkpoint.rows(&format!("{prefix}.query.weight"), head, heads)?;
    let key = checkpoint.rows(&format!("{prefix}.key.weight"), head, heads)?;
    let value = checkpoint.rows(&format!("{prefix}.value.weight"), head, heads)?;
    if key.nrows() != query.nrows() || value.ncols() != key.ncols() {
        let shape = |m: &DMatrix<f64>| format!("{} x {}", m.nrows(), m.ncols());
        return Err(checkpoint.refuse(format!(
            "the query, key and value rows of a head have shapes {}, {} and {}; query and key need equally \
             many rows, key and value equally many columns",
            shape(&query),
            shape(&key),
            shape(&value)
        )));
    }
    let bias_name = format!("{prefix}.query.bias");
    let bias = if checkpoint.metadata.info(&bias_name).is_some() {
        let bias = checkpoint.rows(&bias_name, head, heads)?;
        if bias.shape() != (query.nrows(), 1) {
            return Err(checkpoint.refuse(format!(
                "{bias_name} has {} numbers a head, the query weight has {} rows a head",
                bias.len(),
                query.nrows()
            )));
        }
        DVector::from_column_slice(bias.as_slice())
    } else {
        DVector::zeros(query.nrows())
    };
    let scale = 1.0 / (query.nrows() as f64).sqrt();
    Head::with_tilt_bias(key.tr_mul(&query) * scale, value, key.tr_mul(&bias) * scale)
}

/// An open checkpoint whose header has been checked against the length of the file.
struct Checkpoint<'a> {
    path: &'a Path,
    file: File,
    metadata: Metadata,
    data_start: u64,
}

impl<'a> Checkpoint<'a> {
    fn open(path: &'a Path) -> Result<Self> {
        let (mut file, length) = open_regular(path)?;
        let foreign = |reason: String| {
            refuse(
                path,
                format!("{reason}; accepted is a complete safetensors file"),
            )
        };
        let io = |e: std::io::Error| refuse(path, e.to_string());
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
            .map_err(|e| foreign(format!("the header cannot be read ({e})")))?;
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
            path,
            file,
            metadata,
            data_start,
        })
    }

    fn refuse(&self, reason: String) -> Error {
        refuse(self.path, reason)
    }

    /// Part `head` of `heads` equal parts of the rows of a tensor; a vector is one column.
    fn rows(&mut self, name: &str, head: usize, heads: usize) -> Result<DMatrix<f64>> {
        let info = self
            .metadata
            .info(name)
            .cloned()
            .ok_or_else(|| self.refuse(missing(&self.metadata, name)))?;
        let width = match info.dtype {
            Dtype::F16 | Dtype::BF16 => 2_usize,
            Dtype::F32 => 4,
            Dtype::F64 => 8,
            other => {
                return Err(self.refuse(format!(
                    "{name} has element type {other:?}; accepted are F16, BF16, F32 and F64"
                )));
            }
        };
        let (all, columns) = match info.shape.as_slice() {
            &[rows] => (rows, 1),
            &[rows, columns] => (rows, columns),
            other => {
                return Err(self.refuse(format!(
                    "{name} has shape {other:?}; a matrix or a vector is required"
                )));
            }
        };
        if all == 0 || columns == 0 || all % heads != 0 {
            return Err(self.refuse(format!(
                "{name} has shape {:?}, whose rows cannot be divided among {heads} heads",
                info.shape
            )));
        }
        let rows = all / heads;
        let bytes = self.bytes(&info, head, rows * columns * width)?;
        let numbers = bytes.chunks_exact(width).map(|b| decode(info.dtype, b));
        let matrix = DMatrix::from_row_iterator(rows, columns, numbers);
        match matrix.iter().position(|x| !x.is_finite()) {
            None => Ok(matrix),
            Some(index) => Err(self.refuse(format!(
                "{name} has {} in row {}, column {} (numbered from 0); every number must be finite",
                matrix[index],
                head * rows + index % rows,
                index / rows
            ))),
        }
    }

    /// Part number `part`, of `size` bytes, of a tensor. The header check has placed the whole tensor
    /// inside the file, so `size` is at most its length.
    fn bytes(&mut self, info: &TensorInfo, part: usize, size: usize) -> Result<Vec<u8>> {
        let start = self.data_start + info.data_offsets.0 as u64 + (part * size) as u64;
        let io = |e: std::io::Error| refuse(self.path, e.to_string());
        self.file.seek(SeekFrom::Start(start)).map_err(io)?;
        let mut bytes = vec![0; size];
        self.file.read_exact(&mut bytes).map_err(io)?;
        Ok(bytes)
    }
}

/// The number in the little-endian bytes of one element.
fn decode(dtype: Dtype, bytes: &[u8]) -> f64 {
    match *bytes {
        [a, b] if dtype == Dtype::F16 => half(u16::from_le_bytes([a, b])),
        // bfloat16 is the upper half of a float32.
        [a, b] => f64::from(f32::from_le_bytes([0, 0, a, b])),
        [a, b, c, d] => f64::from(f32::from_le_bytes([a, b, c, d])),
        [a, b, c, d, e, f, g, h] => f64::from_le_bytes([a, b, c, d, e, f, g, h]),
        _ => f64::NAN,
    }
}

/// The value of an IEEE 754 half-precision number: 1 sign bit, 5 exponent bits, 10 fraction bits.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let exponent = i32::from((bits >> 10) & 0x1f);
    let fraction = f64::from(bits & 0x3ff) / 1024.0;
    sign * match exponent {
        0 => fraction * 2.0_f64.powi(-14),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + fraction) * 2.0_f64.powi(exponent - 15),
    }
}

/// The message about a missing tensor, with the names that resemble it most.
fn missing(metadata: &Metadata, name: &str) -> String {
    let mut names = metadata.offset_keys();
    if names.is_empty() {
        return format!("there is no tensor {name}; the file has no tensors");
    }
    names.sort_by_key(|other| (std::cmp::Reverse(resemblance(name, other)), other.clone()));
    let more = names.len().saturating_sub(LISTED);
    names.truncate(LISTED);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!(
        "there is no tensor {name}; the closest names are {}{more}",
        names.join(", ")
    )
}

/// Characters that two names share at their ends.
fn resemblance(one: &str, other: &str) -> usize {
    let shared = |mut pairs: Box<dyn Iterator<Item = (char, char)> + '_>| {
        let mut count = 0;
        while pairs.next().is_some_and(|(a, b)| a == b) {
            count += 1;
        }
        count
    };
    shared(Box::new(one.chars().zip(other.chars())))
        + shared(Box::new(one.chars().rev().zip(other.chars().rev())))
}
