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
use std::io::Read;
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
/// A pipe, a device or a folder is refused before it is opened: it has no length to compare a header with, and may never end.
fn open_regular(path: &Path) -> Result<(File, u64)> {
    let cannot = |error: std::io::Error| refuse(path, format!("cannot be read: {error}"));
    let metadata = std::fs::metadata(path).map_err(cannot)?;
    if !metadata.is_file() {
        return Err(refuse(path, "cannot be read: it is not a regular file"));
    }
    let file = File::open(path).map_err(cannot)?;
    Ok((file, metadata.len()))
}

/// The text of a regular file of at most `most` bytes.
///
/// # Errors
/// [`Error::File`] if it cannot be read, is not a regular file, is longer, or is not UTF-8.
pub fn read_text(path: impl AsRef<Path>, most: u64) -> Result<String> {
    let path = path.as_ref();
    let (file, length) = open_regular(path)?;
    if length > most {
        return Err(refuse(
            path,
            format!("has {length} bytes; at most {most} are read"),
        ));
    }
    let mut bytes = Vec::new();
    // A file that grows meanwhile is not read further.
    file.take(most)
        .read_to_end(&mut bytes)
        .map_err(|error| refuse(path, format!("cannot be read: {error}")))?;
    String::from_utf8(bytes).map_err(|_| refuse(path, "is not text in UTF-8"))
}
