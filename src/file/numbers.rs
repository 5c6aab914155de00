//! What a table of numbers is, and what may be said of it.

use std::path::Path;

use nalgebra::DMatrix;

use super::regular::{listed, refuse};
use crate::error::Result;

/// Most numbers that one matrix may have: 2 GiB of `f64`.
pub(super) const MAX_NUMBERS: u64 = 1 << 28;

/// What cannot be told from every file alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableOptions {
    /// Text: is the first line a header? Recognised if not said, and refused where that is ambiguous.
    pub header: Option<bool>,
    /// Text: is the first column an index, not data? Recognised if not said, and refused where that is ambiguous.
    pub index: Option<bool>,
    /// `.npz` and `.safetensors`: which array or tensor; the only one if not said.
    pub tensor: Option<String>,
}

/// A table of numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberTable {
    /// Its numbers; a 1-D array is one column.
    pub matrix: DMatrix<f64>,
    /// What the reader left out: a header, an index column.
    pub remarks: Vec<String>,
}

/// The array of this name, or the only one there is.
pub(super) fn choose(path: &Path, tensor: Option<&str>, names: &[String]) -> Result<String> {
    match (tensor, names) {
        (_, []) => Err(refuse(path, "there is no array in it")),
        (None, [only]) => Ok(only.clone()),
        (Some(name), _) if names.iter().any(|other| other == name) => Ok(name.to_owned()),
        (Some(name), _) => Err(refuse(
            path,
            format!("there is no array {name}; there are {}", listed(names)),
        )),
        (None, _) => Err(refuse(
            path,
            format!(
                "there are {} arrays: say tensor = one of {}",
                names.len(),
                listed(names)
            ),
        )),
    }
}
