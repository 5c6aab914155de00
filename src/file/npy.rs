//! Matrices from NumPy `.npy` files.

use std::io::Read;
use std::path::Path;

use nalgebra::DMatrix;

use super::{open_regular, refuse};
use crate::error::Result;

/// What the messages say is accepted.
const ACCEPTED: &str =
    "accepted is a .npy file with a 1-D or 2-D array of little-endian float32 or float64";
/// Longest header that is read; NumPy itself refuses more than 10,000 characters.
const MAX_HEADER: usize = 1 << 16;
/// Largest file that is read.
const MAX_FILE: u64 = 1 << 32;

/// Reads a matrix from a `.npy` file (format 1.0, 2.0 or 3.0; `<f4` or `<f8`; C or Fortran order).
///
/// Element `(i, j)` of the array is entry `(i, j)` of the matrix; a 1-D array of `n` numbers becomes an
/// `n x 1` matrix. The shape must have at least one element and account for every byte of the file
/// (which is checked before memory is taken, and the file may have at most 4 GiB); `NaN` and infinities
/// are refused with their row and column. Every failure is an [`Error::File`](crate::error::Error::File).
pub fn read_npy_matrix(path: impl AsRef<Path>) -> Result<DMatrix<f64>> {
    let path = path.as_ref();
    let (file, length) = open_regular(path)?;
    if length > MAX_FILE {
        return Err(refuse(
            path,
            format!("{length} bytes are more than the {MAX_FILE} that are read"),
        ));
    }
    let mut bytes = Vec::new();
    file.take(length)
        .read_to_end(&mut bytes)
        .map_err(|e| refuse(path, e.to_string()))?;
    parse(&bytes).map_err(|reason| refuse(path, reason))
}

/// A matrix from the bytes of a `.npy` file, or what is wrong with them.
fn parse(bytes: &[u8]) -> std::result::Result<DMatrix<f64>, String> {
    let (text, data) = split(bytes)?;
    let header = Header::parse(text)
        .ok_or_else(|| format!("the header {:?} cannot be read; {ACCEPTED}", excerpt(text)))?;
    let width = match header.descr.as_str() {
        "<f4" => 4,
        "<f8" => 8,
        other => {
            return Err(format!(
                "the element type is {:?}; {ACCEPTED}",
                excerpt(other)
            ));
        }
    };
    let (rows, columns) = match header.shape.as_slice() {
        &[rows] => (rows, 1),
        &[rows, columns] => (rows, columns),
        other => {
            return Err(format!(
                "the array has {} dimensions; {ACCEPTED}",
                other.len()
            ));
        }
    };
    let stated = rows.checked_mul(columns).and_then(|n| n.checked_mul(width));
    if rows == 0 || columns == 0 {
        return Err(format!(
            "the array has shape {rows} x {columns}; at least one row and one column are required"
        ));
    }
    if stated != Some(data.len() as u64) {
        return Err(format!(
            "shape {rows} x {columns} of {width}-byte numbers does not match the {} bytes of data: the file \
             is truncated or is not what its header says",
            data.len()
        ));
    }
    // Both are at most the length of the data, which is in memory.
    let (rows, columns) = (rows as usize, columns as usize);
    let numbers: Vec<f64> = if width == 4 {
        let (words, _) = data.as_chunks();
        words
            .iter()
            .map(|b| f64::from(f32::from_le_bytes(*b)))
            .collect()
    } else {
        let (words, _) = data.as_chunks();
        words.iter().map(|b| f64::from_le_bytes(*b)).collect()
    };
    let matrix = if header.fortran_order {
        DMatrix::from_vec(rows, columns, numbers)
    } else {
        DMatrix::from_row_iterator(rows, columns, numbers)
    };
    match matrix.iter().position(|x| !x.is_finite()) {
        None => Ok(matrix),
        Some(index) => Err(format!(
            "{} in row {}, column {} (numbered from 0); every number must be finite",
            matrix[index],
            index % rows,
            index / rows
        )),
    }
}

/// Splits a file into the text of its header and its data.
fn split(bytes: &[u8]) -> std::result::Result<(&str, &[u8]), String> {
    let foreign = || format!("this is not a .npy file; {ACCEPTED}");
    let truncated = || format!("the file is truncated within its header; {ACCEPTED}");
    let rest = bytes.strip_prefix(b"\x93NUMPY").ok_or_else(foreign)?;
    let (version, rest) = rest.split_first_chunk::<2>().ok_or_else(truncated)?;
    let (length, rest) = match version[0] {
        1 => {
            let (word, rest) = rest.split_first_chunk::<2>().ok_or_else(truncated)?;
            (usize::from(u16::from_le_bytes(*word)), rest)
        }
        2 | 3 => {
            let (word, rest) = rest.split_first_chunk::<4>().ok_or_else(truncated)?;
            (u32::from_le_bytes(*word) as usize, rest)
        }
        other => return Err(format!("format version {other} is unknown; {ACCEPTED}")),
    };
    if length > MAX_HEADER {
        return Err(format!(
            "a header of {length} bytes is longer than the {MAX_HEADER} that are read; {ACCEPTED}"
        ));
    }
    let (text, data) = rest.split_at_checked(length).ok_or_else(truncated)?;
    let text = std::str::from_utf8(text).map_err(|_| foreign())?;
    Ok((text, data))
}

/// The first characters of a text, for a message.
fn excerpt(text: &str) -> String {
    text.trim().chars().take(80).collect()
}

/// The dictionary of a `.npy` header.
#[derive(Debug, PartialEq)]
struct Header {
    descr: String,
    fortran_order: bool,
    shape: Vec<u64>,
}

impl Header {
    /// Parses `{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }`, the keys in any order.
    fn parse(text: &str) -> Option<Self> {
        let mut rest = text.trim().strip_prefix('{')?;
        let (mut descr, mut order, mut shape) = (None, None, None);
        loop {
            rest = rest.trim_start();
            if let Some(end) = rest.strip_prefix('}') {
                if !end.trim().is_empty() {
                    return None;
                }
                break;
            }
            let (key, after) = quoted(rest)?;
            rest = after.trim_start().strip_prefix(':')?.trim_start();
            match key {
                "descr" => {
                    let (word, after) = element_type(rest)?;
                    (descr, rest) = (Some(word), after);
                }
                "fortran_order" => {
                    (order, rest) = match rest.strip_prefix("True") {
                        Some(after) => (Some(true), after),
                        None => (Some(false), rest.strip_prefix("False")?),
                    };
                }
                "shape" => {
                    let (inner, after) = rest.strip_prefix('(')?.split_once(')')?;
                    (shape, rest) = (Some(integers(inner)?), after);
                }
                _ => return None,
            }
            rest = rest.trim_start();
            rest = rest.strip_prefix(',').unwrap_or(rest);
        }
        Some(Self {
            descr: descr?,
            fortran_order: order?,
            shape: shape?,
        })
    }
}

/// A quoted word and what follows it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    text[1..].split_once(quote)
}

/// An element type: a quoted word, or the list of a structured type, which is kept for the message.
fn element_type(text: &str) -> Option<(String, &str)> {
    if text.starts_with('[') {
        let (list, after) = text.split_at(text.find(']')? + 1);
        Some((list.to_owned(), after))
    } else {
        quoted(text).map(|(word, after)| (word.to_owned(), after))
    }
}

/// The integers of a tuple; a trailing comma is part of the syntax of a 1-tuple.
fn integers(text: &str) -> Option<Vec<u64>> {
    let text = text.trim();
    if text.is_empty() {
        return Some(Vec::new());
    }
    text.strip_suffix(',')
        .unwrap_or(text)
        .split(',')
        .map(|word| word.trim().parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        bytes
    }

    fn doubles(numbers: &[f64]) -> Vec<u8> {
        numbers.iter().flat_map(|x| x.to_le_bytes()).collect()
    }

    #[test]
    fn both_orders_give_the_same_matrix() {
        let wanted = DMatrix::from_row_slice(2, 3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let c = file(
            "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }\n",
            &doubles(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        );
        let fortran = file(
            "{\"shape\":(2,3),\"fortran_order\":True,\"descr\":\"<f8\"}",
            &doubles(&[1.0, 4.0, 2.0, 5.0, 3.0, 6.0]),
        );
        assert_eq!(parse(&c).unwrap(), wanted);
        assert_eq!(parse(&fortran).unwrap(), wanted);
    }

    #[test]
    fn a_vector_is_one_column() {
        let bytes = file(
            "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }",
            &[0, 0, 128, 63, 0, 0, 0, 192],
        );
        assert_eq!(
            parse(&bytes).unwrap(),
            DMatrix::from_vec(2, 1, vec![1.0, -2.0])
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        let header = |descr: &str, shape: &str| {
            format!("{{'descr': {descr}, 'fortran_order': False, 'shape': ({shape}), }}")
        };
        let reason = |descr: &str, shape: &str, data: &[u8]| {
            parse(&file(&header(descr, shape), data)).unwrap_err()
        };
        assert!(reason("'<f8'", "2, 2", &[0; 31]).contains("truncated"));
        assert!(reason("'<f8'", "2, 2", &[0; 33]).contains("does not match"));
        let huge = "4294967296, 4294967296";
        assert!(reason("'<f8'", huge, &[0; 8]).contains("does not match"));
        assert!(reason("'<f8'", "99999999999999999999", &[0; 8]).contains("header"));
        assert!(reason("'<f8'", "1, 1, 1", &[0; 8]).contains("3 dimensions"));
        assert!(reason("'<f8'", "", &[0; 8]).contains("0 dimensions"));
        assert!(reason("'<f8'", "0, 4", &[]).contains("at least one row"));
        assert!(reason("'>f8'", "1,", &[0; 8]).contains(">f8"));
        assert!(reason("'|O'", "1,", &[0; 8]).contains("|O"));
        assert!(reason("[('a', '<f8')]", "1,", &[0; 8]).contains("accepted is"));
        let nan = reason("'<f8'", "2, 2", &doubles(&[0.0, 0.0, f64::NAN, 0.0]));
        assert!(nan.contains("NaN in row 1, column 0"), "{nan}");
        assert!(
            parse(b"PK\x03\x04")
                .unwrap_err()
                .contains("not a .npy file")
        );
        assert!(
            parse(b"\x93NUMPY\x02\x00\xff\xff\xff\xff")
                .unwrap_err()
                .contains("longer")
        );
        assert!(parse(b"\x93NUMPY\x09\x00").unwrap_err().contains("version"));
    }
}
