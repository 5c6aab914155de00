//! Matrices from comma-separated text.

use std::io::Read;
use std::path::Path;

use nalgebra::DMatrix;

use super::{open_regular, refuse};
use crate::error::Result;

/// Reads a matrix from a comma-separated file: one row a line, decimal points, the same number of fields
/// on every line.
///
/// A first line in which no field is a number is taken as a header and skipped, and so are lines that
/// start with `#`. `NaN`, infinities and anything that is not a number are refused with their line and
/// column. Every failure is an [`Error::File`](crate::error::Error::File).
pub fn read_csv_matrix(path: impl AsRef<Path>) -> Result<DMatrix<f64>> {
    let path = path.as_ref();
    let (file, length) = open_regular(path)?;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .comment(Some(b'#'))
        .trim(csv::Trim::All)
        .from_reader(file.take(length));
    let mut numbers = Vec::new();
    let (mut rows, mut columns) = (0, 0);
    for (index, record) in reader.records().enumerate() {
        let record = record.map_err(|e| {
            refuse(
                path,
                format!("{e}; accepted is one row of comma-separated numbers a line"),
            )
        })?;
        let line = record.position().map_or(0, |p| p.line());
        if index == 0 && record.iter().all(|field| field.parse::<f64>().is_err()) {
            continue;
        }
        for (column, field) in record.iter().enumerate() {
            match field.parse::<f64>() {
                Ok(number) if number.is_finite() => numbers.push(number),
                _ => {
                    let shown: String = field.chars().take(40).collect();
                    return Err(refuse(
                        path,
                        format!(
                            "{shown:?} in line {line}, column {}; a finite number is required",
                            column + 1
                        ),
                    ));
                }
            }
        }
        columns = record.len();
        rows += 1;
    }
    if rows == 0 {
        return Err(refuse(path, "there is no row of numbers in it"));
    }
    Ok(DMatrix::from_row_iterator(rows, columns, numbers))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Result<DMatrix<f64>> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("table.csv");
        std::fs::write(&path, text).unwrap();
        read_csv_matrix(&path)
    }

    #[test]
    fn header_comments_and_spaces_are_skipped() {
        let wanted = DMatrix::from_row_slice(2, 2, &[1.0, -2.5, 3e-3, 4.0]);
        assert_eq!(read(b"# about\nx, y\n1, -2.5\n3e-3 ,4\n").unwrap(), wanted);
        assert_eq!(read(b"1,-2.5\n3e-3,4").unwrap(), wanted);
    }

    #[test]
    fn bad_fields_are_named() {
        let message = |text: &[u8]| read(text).unwrap_err().to_string();
        assert!(message(b"1,2\n3,nan\n").contains("\"nan\" in line 2, column 2"));
        assert!(message(b"1,2\n3,inf\n").contains("finite"));
        assert!(message(b"1,x\n").contains("\"x\" in line 1, column 2"));
        assert!(message(b"1,2\n3\n").contains("table.csv"));
        assert!(message(b"").contains("no row"));
        assert!(message(b"\xff\xfe\n1\n").contains("table.csv"));
        assert!(read_csv_matrix("/").is_err());
    }
}
