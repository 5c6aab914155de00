//! Elements of binary arrays, and matrices read from a stream of them.

use std::io::Read;

use nalgebra::DMatrix;
use safetensors::Dtype;

use super::numbers::MAX_NUMBERS;

/// Elements that are decoded from one buffer.
const CHUNK: usize = 1 << 14;

/// What the bits of an element mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// IEEE 754, of 2, 4 or 8 bytes.
    Float,
    /// The upper half of a float32.
    BrainFloat,
    /// Two's complement.
    Signed,
    Unsigned,
    /// One byte, 0 or 1.
    Truth,
}

/// The type of the elements of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Element {
    kind: Kind,
    /// Bytes of one element.
    width: usize,
    big_endian: bool,
}

impl Element {
    /// The type that NumPy writes as `<f8`, `>i4`, `|b1` and so on.
    pub(super) fn of_numpy(code: &str) -> Option<Self> {
        let mut characters = code.chars();
        let order = characters.next()?;
        let kind = match characters.next()? {
            'f' => Kind::Float,
            'i' => Kind::Signed,
            'u' => Kind::Unsigned,
            'b' => Kind::Truth,
            _ => return None,
        };
        let width: usize = characters.as_str().parse().ok()?;
        let fits = match kind {
            Kind::Float | Kind::BrainFloat => matches!(width, 2 | 4 | 8),
            Kind::Signed | Kind::Unsigned => matches!(width, 1 | 2 | 4 | 8),
            Kind::Truth => width == 1,
        };
        // `|` says that there is no byte order, and `=` that of the machine that wrote the file, which is not known.
        let ordered = matches!(order, '<' | '>') || (order == '|' && width == 1);
        (fits && ordered).then_some(Self {
            kind,
            width,
            big_endian: order == '>',
        })
    }

    /// The type of a safetensors tensor, if it is one of numbers that are stored one by one.
    pub(super) fn of_tensor(dtype: Dtype) -> Option<Self> {
        let kind = match dtype {
            Dtype::F16 | Dtype::F32 | Dtype::F64 => Kind::Float,
            Dtype::BF16 => Kind::BrainFloat,
            Dtype::I8 | Dtype::I16 | Dtype::I32 | Dtype::I64 => Kind::Signed,
            Dtype::U8 | Dtype::U16 | Dtype::U32 | Dtype::U64 => Kind::Unsigned,
            Dtype::BOOL => Kind::Truth,
            _ => return None,
        };
        Some(Self {
            kind,
            width: dtype.bitsize() / 8,
            big_endian: false,
        })
    }

    /// Bytes of one element.
    pub(super) fn width(self) -> usize {
        self.width
    }

    /// Floating point, not integers.
    pub(super) fn is_float(self) -> bool {
        matches!(self.kind, Kind::Float | Kind::BrainFloat)
    }

    /// The finite number in the bytes of one element, exactly, or what they are instead.
    #[inline]
    fn decode(self, bytes: &[u8]) -> Result<f64, String> {
        let join = |bits: u64, byte: &u8| bits << 8 | u64::from(*byte);
        let bits = match (<[u8; 8]>::try_from(bytes), self.big_endian) {
            (Ok(bytes), false) => u64::from_le_bytes(bytes),
            (_, false) => bytes.iter().rev().fold(0, join),
            (_, true) => bytes.iter().fold(0, join),
        };
        let number = match (self.kind, self.width) {
            (Kind::Float, 2) => half(bits),
            (Kind::Float, 4) => f64::from(f32::from_bits(bits as u32)),
            (Kind::Float, _) => f64::from_bits(bits),
            (Kind::BrainFloat, _) => f64::from(f32::from_bits((bits as u32) << 16)),
            (Kind::Truth, _) if bits > 1 => return Err(format!("the truth value {bits}")),
            (Kind::Unsigned | Kind::Truth, _) => return exactly(i128::from(bits)),
            (Kind::Signed, width) => {
                // The sign bit moved to the top, and back with its copies.
                let unused = 64 - 8 * width as u32;
                return exactly(i128::from(((bits << unused) as i64) >> unused));
            }
        };
        if number.is_finite() {
            Ok(number)
        } else {
            Err(number.to_string())
        }
    }
}

/// An integer as a float, if it is one.
fn exactly(integer: i128) -> Result<f64, String> {
    let number = integer as f64;
    if number as i128 == integer {
        Ok(number)
    } else {
        Err(format!(
            "the integer {integer}, which no double holds exactly,"
        ))
    }
}

/// The value of an IEEE 754 half-precision number: 1 sign bit, 5 exponent bits, 10 fraction bits.
fn half(bits: u64) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let exponent = (bits >> 10 & 0x1f) as i32;
    let fraction = (bits & 0x3ff) as f64 / 1024.0;
    sign * match exponent {
        0 => fraction * 2.0_f64.powi(-14),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + fraction) * 2.0_f64.powi(exponent - 15),
    }
}

/// Refuses a matrix that is empty or too large to be read.
pub(super) fn check_size(rows: u64, columns: u64) -> Result<(), String> {
    if rows == 0 || columns == 0 {
        return Err(format!(
            "the array has shape {rows} x {columns}; at least one row and one column are required"
        ));
    }
    match rows.checked_mul(columns) {
        Some(numbers) if numbers <= MAX_NUMBERS => Ok(()),
        _ => Err(format!(
            "the array has shape {rows} x {columns}; at most {MAX_NUMBERS} numbers (2 GiB) are read"
        )),
    }
}

/// Where a block of a matrix lies, to say where a number is that cannot be used.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    pub(super) row: usize,
    pub(super) column: usize,
}

/// Reads an array of a size that [`check_size`] accepted, stored by rows or by columns, as a matrix or as its transpose.
///
/// Memory: the matrix and a small buffer.
pub(super) fn read_matrix(
    stream: &mut dyn Read,
    element: Element,
    (rows, columns): (usize, usize),
    by_columns: bool,
    transposed: bool,
    place: Place,
) -> Result<DMatrix<f64>, String> {
    let mut matrix = match transposed {
        true => DMatrix::zeros(columns, rows),
        false => DMatrix::zeros(rows, columns),
    };
    let entries = matrix.as_mut_slice();
    let total = entries.len();
    // Rows or columns of the array that lie one after the other, and how far apart two neighbours of the file are in the matrix.
    let (length, count) = match by_columns {
        true => (rows, columns),
        false => (columns, rows),
    };
    let apart = if by_columns != transposed { 1 } else { count };
    let mut buffer = vec![0; CHUNK.min(total) * element.width];
    let mut to = 0;
    for start in (0..total).step_by(CHUNK) {
        let chunk = CHUNK.min(total - start);
        let bytes = buffer.get_mut(..chunk * element.width).unwrap_or_default();
        stream
            .read_exact(bytes)
            .map_err(|error| error.to_string())?;
        for (index, bytes) in (start..).zip(bytes.chunks_exact(element.width)) {
            let number = element.decode(bytes).map_err(|found| {
                let (outer, inner) = (index / length, index % length);
                let (row, column) = if by_columns { (inner, outer) } else { (outer, inner) };
                let (row, column) = (place.row + row, place.column + column);
                format!("{found} in row {row}, column {column} (numbered from 0); every number must be finite and exact")
            })?;
            if let Some(entry) = entries.get_mut(to) {
                *entry = number;
            }
            to += apart;
            if to >= total {
                to -= total - 1;
            }
        }
    }
    Ok(matrix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_precision_is_exact() {
        for (bits, number) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x0001, 2.0_f64.powi(-24)),
            (0x7bff, 65504.0),
            (0x3555, 0.333251953125),
        ] {
            assert_eq!(half(bits), number);
        }
        assert!(half(0x7c00).is_infinite() && half(0x7e00).is_nan());
    }

    #[test]
    fn integers_are_exact_or_refused() {
        let element = |code| Element::of_numpy(code).unwrap();
        let largest = (1_i64 << 53) + 1;
        assert!(element("<i8").decode(&largest.to_le_bytes()).is_err());
        assert!(element(">i8").decode(&(-largest).to_be_bytes()).is_err());
        assert!(element("<u8").decode(&u64::MAX.to_le_bytes()).is_err());
        for (code, bytes, number) in [
            ("<i8", &(largest + 1).to_le_bytes()[..], 9007199254740994.0),
            ("<i8", &i64::MIN.to_le_bytes(), -(2.0_f64.powi(63))),
            (">i2", &(-3_i16).to_be_bytes(), -3.0),
            ("|i1", &[0x80], -128.0),
            ("|u1", &[0x80], 128.0),
            ("|b1", &[1], 1.0),
        ] {
            assert_eq!(element(code).decode(bytes), Ok(number), "{code}");
        }
        assert!(element("|b1").decode(&[2]).is_err());
        for code in [
            "<f16", "<c16", "|O", "<U3", "=f8", "|f8", "<i3", "f", "", "<M8[s]", "<b2",
        ] {
            assert_eq!(Element::of_numpy(code), None, "{code}");
        }
    }
}
