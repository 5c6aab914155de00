//! Tables of comma- or tab-separated text.

use std::io::Read;
use std::path::Path;

use csv::StringRecord;
use nalgebra::DMatrix;

use super::numbers::{MAX_NUMBERS, NumberTable, TableOptions};
use super::regular::{open_regular, refuse};
use crate::error::Result;

/// Longest field or header that a message repeats.
const SHOWN: usize = 60;

/// Reads one row a line, decimal points, the same number of fields on every line; lines that start with `#` are skipped.
///
/// What is not said in the options is told from the text, and refused where it cannot be told.
pub(super) fn read(path: &Path, delimiter: u8, options: &TableOptions) -> Result<NumberTable> {
    let (file, length) = open_regular(path)?;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .delimiter(delimiter)
        .comment(Some(b'#'))
        .trim(csv::Trim::All)
        .from_reader(file.take(length));
    let mut remarks = Vec::new();
    let mut index = options.index;
    let mut counts = Counts::default();
    let mut numbers = Vec::new();
    let (mut rows, mut columns) = (0, 0);
    for (place, record) in reader.records().enumerate() {
        let record = record.map_err(|error| {
            refuse(
                path,
                format!("{error}; accepted is one row of separated numbers a line"),
            )
        })?;
        if place == 0
            && is_header(&record, options.header).map_err(|reason| refuse(path, reason))?
        {
            let unnamed = matches!(record.get(0), Some("" | "Unnamed: 0")) && record.len() > 1;
            index = index.or(unnamed.then_some(true));
            remarks.push(format!(
                "the first line is read as a header: {}",
                shown(&record)
            ));
            continue;
        }
        let line = record.position().map_or(0, |place| place.line());
        let dropped = usize::from(index == Some(true));
        for (column, field) in record.iter().enumerate().skip(dropped) {
            match field.parse::<f64>() {
                Ok(number) if number.is_finite() => numbers.push(number),
                _ => {
                    let field: String = field.chars().take(SHOWN).collect();
                    let column = column + 1;
                    let reason = format!(
                        "{field:?} in line {line}, column {column}; a finite number is required"
                    );
                    return Err(refuse(path, reason));
                }
            }
        }
        if numbers.len() as u64 > MAX_NUMBERS {
            return Err(refuse(
                path,
                format!("more than {MAX_NUMBERS} numbers (2 GiB) are not read"),
            ));
        }
        columns = record.len() - dropped;
        counts.follow(record.get(0).unwrap_or_default());
        rows += 1;
    }
    if rows == 0 || columns == 0 {
        return Err(refuse(path, "there is no row of numbers in it"));
    }
    match index {
        None if columns > 1 => counts
            .refuse_index()
            .map_err(|reason| refuse(path, reason))?,
        Some(true) => remarks.push("the first column is an index and is left out".into()),
        _ => {}
    }
    Ok(NumberTable {
        matrix: DMatrix::from_row_iterator(rows, columns, numbers),
        remarks,
    })
}

/// The fields of a line, shortened.
fn shown(record: &StringRecord) -> String {
    let line = record.iter().collect::<Vec<_>>().join(", ");
    if line.chars().count() <= SHOWN {
        return line;
    }
    line.chars().take(SHOWN).chain("...".chars()).collect()
}

/// Is the first line a header? Refused where it may be one or not.
fn is_header(first: &StringRecord, said: Option<bool>) -> std::result::Result<bool, String> {
    if let Some(header) = said {
        return Ok(header);
    }
    let number = |field: &str| field.parse::<f64>().ok();
    // An empty first field is the corner above an index column, and no number.
    let corner = first.get(0).is_some_and(str::is_empty) && first.len() > 1;
    let names: Vec<&str> = first.iter().skip(usize::from(corner)).collect();
    let counts = (0_u32..)
        .zip(&names)
        .all(|(place, field)| number(field) == Some(f64::from(place)));
    let way_out = "say header = true if it is a header, header = false if it is data";
    if names.iter().all(|field| number(field).is_none()) || (corner && counts) {
        Ok(true)
    } else if counts {
        Err(format!(
            "the first line {} numbers the columns, as the header of a table written by pandas does: {way_out}",
            shown(first)
        ))
    } else if let Some((column, field)) =
        (1..).zip(first).find(|(_, field)| number(field).is_none())
    {
        let field: String = field.chars().take(SHOWN).collect();
        Err(format!(
            "{field:?} in line 1, column {column} is not a number, and others of the line are: {way_out}"
        ))
    } else {
        Ok(false)
    }
}

/// Does the first column count the rows?
#[derive(Debug, Default)]
struct Counts {
    first: Option<f64>,
    rows: u32,
    broken: bool,
}

impl Counts {
    fn follow(&mut self, field: &str) {
        let number = field.parse().unwrap_or(f64::NAN);
        let first = *self.first.get_or_insert(number);
        // NaN breaks the count as well.
        self.broken |= !(number == first + f64::from(self.rows));
        self.rows = self.rows.saturating_add(1);
    }

    /// Refuses a column that counts the rows from 0, or from 1 if there are more than two: it may be an index.
    fn refuse_index(&self) -> std::result::Result<(), String> {
        let from_zero = self.first == Some(0.0) && self.rows >= 2;
        let from_one = self.first == Some(1.0) && self.rows >= 3;
        if self.broken || !(from_zero || from_one) {
            return Ok(());
        }
        Err("the first column counts the rows, as an index does: say index = true if it is one (it is then left out), \
             index = false if it is data"
            .into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_with(text: &[u8], header: Option<bool>, index: Option<bool>) -> Result<NumberTable> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("table.csv");
        std::fs::write(&path, text).unwrap();
        let options = TableOptions {
            header,
            index,
            tensor: None,
        };
        read(&path, b',', &options)
    }

    fn numbers(text: &[u8], header: Option<bool>, index: Option<bool>) -> DMatrix<f64> {
        read_with(text, header, index).unwrap().matrix
    }

    fn message(text: &[u8]) -> String {
        read_with(text, None, None).unwrap_err().to_string()
    }

    const WANTED: [f64; 4] = [1.0, -2.5, 3e-3, 4.0];

    #[test]
    fn headers_and_indices_are_left_out_with_a_remark() {
        let wanted = DMatrix::from_row_slice(2, 2, &WANTED);
        for (text, remarks) in [
            (&b"1,-2.5\n3e-3,4"[..], 0),
            (b"# about\nx, y\n1, -2.5\n3e-3 ,4\n", 1),
            (b"\xef\xbb\xbfx,y\n1,-2.5\n3e-3,4\n", 1),
            (b",x,y\n0,1,-2.5\n1,3e-3,4\n", 2),
            (b",x,y\nfirst,1,-2.5\nlast,3e-3,4\n", 2),
            (b",0,1\n7,1,-2.5\n3,3e-3,4\n", 2),
            (b"Unnamed: 0,x,y\n7,1,-2.5\n3,3e-3,4\n", 2),
        ] {
            let table = read_with(text, None, None).unwrap();
            assert_eq!(table.matrix, wanted);
            assert_eq!(table.remarks.len(), remarks, "{:?}", table.remarks);
        }
    }

    #[test]
    fn what_may_be_data_or_not_is_asked() {
        // Header 0, 1 of pandas, with and without a decimal point; with one column.
        for text in [
            &b"0,1\n1,-2.5\n3e-3,4\n"[..],
            b"0.0,1.0\n1,2\n",
            b"0\n5\n",
            b"1,x\n2,3\n",
            b",1.5\n0,2\n",
        ] {
            let message = message(text);
            assert!(
                message.contains("header = true") && message.contains("header = false"),
                "{message}"
            );
        }
        let wanted = DMatrix::from_row_slice(2, 2, &WANTED);
        assert_eq!(numbers(b"0,1\n1,-2.5\n3e-3,4\n", Some(true), None), wanted);
        assert_eq!(
            numbers(b"0,1\n3,2\n", Some(false), None),
            DMatrix::from_row_slice(2, 2, &[0.0, 1.0, 3.0, 2.0])
        );
        // An index without a header, or under a name.
        for text in [&b"0,5\n1,6\n"[..], b"1,5\n2,6\n3,7\n", b"id,x\n0,5\n1,6\n"] {
            let message = message(text);
            assert!(
                message.contains("index = true") && message.contains("index = false"),
                "{message}"
            );
        }
        assert_eq!(
            numbers(b"0,5\n1,6\n", None, Some(true)),
            DMatrix::from_vec(2, 1, vec![5.0, 6.0])
        );
        assert_eq!(numbers(b"0,5\n1,6\n", None, Some(false)).ncols(), 2);
        // These do not look like either.
        assert_eq!(numbers(b"1,2\n2,3\n", None, None).nrows(), 2);
        assert_eq!(numbers(b"1\n2\n3\n", None, None).nrows(), 3);
        assert_eq!(numbers(b"0,5\n2,6\n", None, None).nrows(), 2);
    }

    #[test]
    fn bad_fields_are_named() {
        assert!(message(b"1,2\n3,nan\n").contains("\"nan\" in line 2, column 2"));
        assert!(message(b"1,2\n3,inf\n").contains("finite"));
        assert!(message(b"1,x\n").contains("\"x\" in line 1, column 2"));
        assert!(message(b"1,2\n3\n").contains("table.csv"));
        assert!(message(b"").contains("no row"));
        assert!(message(b"x,y\n").contains("no row"));
        assert!(message(b",x\n0,1\n1,\n").contains("\"\" in line 3, column 2"));
        assert!(message(b"\xff\xfe\n1\n").contains("table.csv"));
        let only_an_index = read_with(b"5\n6\n", None, Some(true)).unwrap_err();
        assert!(only_an_index.to_string().contains("no row"));
    }
}
