//! Readers of numeric files: `.npy` and `.csv` matrices, safetensors checkpoints.
//!
//! A file is never trusted: every size a header states is compared with the length of the file before
//! anything of that size is allocated, and whatever is wrong becomes an [`Error::File`] that names the
//! file and what is accepted.

mod checkpoint;
mod npy;
mod table;

pub use checkpoint::read_safetensors_head;
pub use npy::read_npy_matrix;
pub use table::read_csv_matrix;

use std::fs::File;
use std::path::Path;

use crate::error::{Error, Result};

/// An [`Error::File`] for this file.
fn refuse(path: &Path, reason: impl Into<String>) -> Error {
    Error::File {
        path: path.to_path_buf(),
        reason: reason.into(),
    }
}

/// Opens a regular file and tells its length.
///
/// A pipe or a device is refused: it has no length to compare a header with, and may never end.
fn open(path: &Path) -> Result<(File, u64)> {
    let metadata = std::fs::metadata(path).map_err(|e| refuse(path, e.to_string()))?;
    if !metadata.is_file() {
        return Err(refuse(path, "this is not a regular file"));
    }
    let file = File::open(path).map_err(|e| refuse(path, e.to_string()))?;
    Ok((file, metadata.len()))
}
