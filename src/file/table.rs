//! Tables of numbers, whatever the format of the file.

use std::path::Path;

use nalgebra::DMatrix;

use super::numbers::{NumberTable, TableOptions, choose};
use super::regular::{open_regular, refuse};
use super::tensors::TensorFile;
use super::{npy, npz, text};
use crate::error::Result;

/// Names of the formats, for messages.
const ACCEPTED: &str =
    "accepted is a file whose name ends in .npy, .npz, .csv, .tsv or .safetensors";

/// Reads a table of finite numbers; the ending of its name says the format.
///
/// | ending | read |
/// |---|---|
/// | `.npy` | a 1-D or 2-D array of `float16`, `float32`, `float64`, integers or truth values, in any byte order |
/// | `.npz` | one such array of the archive |
/// | `.safetensors` | one tensor of `F16`, `BF16`, `F32`, `F64`, integers or truth values |
/// | `.csv`, `.tsv` | one row a line, with or without a header and an index column |
///
/// Memory: about the matrix alone for binary files, twice the matrix for text; at most 2^28 numbers are read.
///
/// # Errors
/// [`Error::File`](crate::error::Error::File) if the file is not regular, not complete or none of these; if an option
/// does not belong to its format; if a number is not finite or an integer that no double holds, with row and column; if
/// the first line or the first column of a text may be data or not, with the options that decide it.
///
/// # Examples
/// ```
/// use attention_bounds::file::{TableOptions, read_table};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("tokens.csv");
/// std::fs::write(&path, ",a,b\n0,1.5,-2\n1,0.25,4\n")?;
/// let table = read_table(&path, &TableOptions::default())?;
/// assert_eq!(table.matrix, nalgebra::dmatrix![1.5, -2.0; 0.25, 4.0]);
/// assert_eq!(table.remarks.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_table(path: impl AsRef<Path>, options: &TableOptions) -> Result<NumberTable> {
    read(path.as_ref(), options, false)
}

/// The same with every row of the table a column of the matrix: without a copy for `.npy` and `.npz`.
///
/// # Errors
/// As [`read_table`].
///
/// # Examples
/// ```
/// use attention_bounds::file::{TableOptions, read_columns};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("tokens.csv");
/// std::fs::write(&path, "1.5,-2\n0.25,4\n")?;
/// let table = read_columns(&path, &TableOptions::default())?;
/// assert_eq!(table.matrix, nalgebra::dmatrix![1.5, 0.25; -2.0, 4.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_columns(path: impl AsRef<Path>, options: &TableOptions) -> Result<NumberTable> {
    read(path.as_ref(), options, true)
}

fn read(path: &Path, options: &TableOptions, transposed: bool) -> Result<NumberTable> {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("");
    let extension = extension.to_ascii_lowercase();
    let is_text = matches!(extension.as_str(), "csv" | "tsv");
    if !is_text && (options.header.is_some() || options.index.is_some()) {
        return Err(refuse(
            path,
            "header and index are said of .csv and .tsv files only",
        ));
    }
    let tensor = options.tensor.as_deref();
    if tensor.is_some() && !matches!(extension.as_str(), "npz" | "safetensors") {
        return Err(refuse(
            path,
            "a tensor is chosen from .npz and .safetensors files only",
        ));
    }
    let matrix = match extension.as_str() {
        "npy" => {
            let (file, length) = open_regular(path)?;
            npy::read(&mut std::io::BufReader::new(file), length, transposed)
                .map_err(|reason| refuse(path, reason))?
        }
        "npz" => npz::read(path, tensor, transposed)?,
        "safetensors" => {
            let mut file = TensorFile::open(path)?;
            let name = choose(path, tensor, &file.names())?;
            turned(file.whole(&name)?, transposed)
        }
        "csv" | "tsv" => {
            let separator = if extension == "csv" { b',' } else { b'\t' };
            let table = text::read(path, separator, options)?;
            return Ok(NumberTable {
                matrix: turned(table.matrix, transposed),
                ..table
            });
        }
        other => {
            let way_out = match other {
                "parquet" => format!("; {}", convert("pandas.read_parquet", "to_numpy(float)")),
                "pt" | "pth" | "bin" => format!("; {}", convert("torch.load", "float().numpy()")),
                _ => String::new(),
            };
            return Err(refuse(path, format!("{ACCEPTED}{way_out}")));
        }
    };
    Ok(NumberTable {
        matrix,
        remarks: Vec::new(),
    })
}

fn turned(matrix: DMatrix<f64>, transposed: bool) -> DMatrix<f64> {
    if transposed {
        matrix.transpose()
    } else {
        matrix
    }
}

/// A line of Python that writes a `.npy` file.
fn convert(reader: &str, numbers: &str) -> String {
    let module = reader.split('.').next().unwrap_or_default();
    format!(
        "python3 -c \"import sys, numpy, {module}; numpy.save(sys.argv[1] + '.npy', {reader}(sys.argv[1]).{numbers})\" FILE writes FILE.npy"
    )
}
