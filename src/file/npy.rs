//! Matrices from NumPy `.npy` arrays.

use std::io::Read;

use nalgebra::DMatrix;

use super::element::{Element, Place, check_size, read_matrix};

/// What the messages say is accepted.
const ACCEPTED: &str =
    "accepted is a 1-D or 2-D array of float16, float32, float64, integers or truth values";
/// Longest header that is read; NumPy itself refuses more than 10,000 characters.
const MAX_HEADER: usize = 1 << 16;

/// Reads a `.npy` array of 1 or 2 dimensions (format 1.0, 2.0 or 3.0; C or Fortran order) from a stream of `length` bytes.
///
/// Element `(i, j)` of the array is entry `(i, j)` of the matrix; a 1-D array of `n` numbers becomes an
/// `n x 1` matrix. The shape must account for every byte, which is checked before memory is taken. The transpose is read alike.
pub(super) fn read(
    stream: &mut dyn Read,
    length: u64,
    transposed: bool,
) -> Result<DMatrix<f64>, String> {
    let (text, data) = header_text(stream, length)?;
    let header = Header::parse(&text)
        .ok_or_else(|| format!("the header {:?} cannot be read; {ACCEPTED}", excerpt(&text)))?;
    let Some(element) = Element::of_numpy(&header.descr) else {
        return Err(format!(
            "the element type is {:?}; {ACCEPTED}",
            excerpt(&header.descr)
        ));
    };
    let (rows, columns) = match header.shape.as_slice() {
        &[rows] => (rows, 1),
        &[rows, columns] => (rows, columns),
        other => {
            return Err(format!(
                "the array has {} dimensions; {ACCEPTED} (in Python: x.reshape(-1, x.shape[-1]); of several heads choose one first: x[0, head])",
                other.len()
            ));
        }
    };
    check_size(rows, columns)?;
    let width = element.width() as u64;
    if rows * columns * width != data {
        return Err(format!(
            "shape {rows} x {columns} of {width}-byte numbers does not match the {data} bytes of data: the file \
             is truncated or is not what its header says"
        ));
    }
    let shape = (rows as usize, columns as usize);
    read_matrix(
        stream,
        element,
        shape,
        header.fortran_order,
        transposed,
        Place::default(),
    )
}

/// The text of the header, and how many bytes follow it.
fn header_text(stream: &mut dyn Read, length: u64) -> Result<(String, u64), String> {
    let mut taken = 0;
    let mut take = |count: usize| {
        let mut bytes = vec![0; count];
        taken += count as u64;
        match stream.read_exact(&mut bytes) {
            Ok(()) => Ok((bytes, taken)),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Err(format!(
                "the file is truncated within its header; {ACCEPTED}"
            )),
            Err(error) => Err(error.to_string()),
        }
    };
    let foreign = || format!("this is not a .npy file; {ACCEPTED}");
    // Shorter files are not .npy files either, whatever they begin with.
    let (start, _) = take(8).map_err(|_| foreign())?;
    let &[0x93, b'N', b'U', b'M', b'P', b'Y', version, _] = start.as_slice() else {
        return Err(foreign());
    };
    let words = match version {
        1 => 2,
        2 | 3 => 4,
        other => return Err(format!("format version {other} is unknown; {ACCEPTED}")),
    };
    let (word, _) = take(words)?;
    let size = (word.iter().rev()).fold(0, |size, byte| size << 8 | usize::from(*byte));
    if size > MAX_HEADER {
        return Err(format!(
            "a header of {size} bytes is longer than the {MAX_HEADER} that are read; {ACCEPTED}"
        ));
    }
    let (text, taken) = take(size)?;
    let text = String::from_utf8(text).map_err(|_| foreign())?;
    Ok((text, length.saturating_sub(taken)))
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

    fn parse(mut bytes: &[u8]) -> Result<DMatrix<f64>, String> {
        let length = bytes.len() as u64;
        read(&mut bytes, length, false)
    }

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
        for file in [c, fortran] {
            let found = read(&mut file.as_slice(), file.len() as u64, true);
            assert_eq!(found.unwrap(), wanted.transpose());
        }
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
        assert!(reason("'<f8'", "4294967296, 4294967296", &[0; 8]).contains("at most"));
        assert!(reason("'<f8'", "16777216, 16", &[0; 8]).contains("does not match"));
        assert!(reason("'<f8'", "99999999999999999999", &[0; 8]).contains("header"));
        assert!(reason("'<f8'", "1, 1, 1", &[0; 8]).contains("3 dimensions"));
        assert!(reason("'<f8'", "", &[0; 8]).contains("0 dimensions"));
        assert!(reason("'<f8'", "0, 4", &[]).contains("at least one row"));
        assert!(reason("'=f8'", "1,", &[0; 8]).contains("=f8"));
        assert!(reason("'|O'", "1,", &[0; 8]).contains("|O"));
        assert!(reason("[('a', '<f8')]", "1,", &[0; 8]).contains("accepted is"));
        let nan = reason("'<f8'", "2, 2", &doubles(&[0.0, 0.0, f64::NAN, 0.0]));
        assert!(nan.contains("NaN in row 1, column 0"), "{nan}");
        for (bytes, words) in [
            (&b"PK\x03\x04"[..], "not a .npy file"),
            (b"\x93NUMPY\x02\x00\xff\xff\xff\xff", "longer"),
            (b"\x93NUMPY\x09\x00", "version"),
        ] {
            assert!(parse(bytes).unwrap_err().contains(words), "{words}");
        }
    }
}
