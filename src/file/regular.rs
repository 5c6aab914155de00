//! Regular files: opening, reading and replacing them, and refusing those that are none.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Names that a message lists.
#[cfg(feature = "files")]
const LISTED: usize = 8;

pub(super) fn refuse(path: &Path, reason: impl ToString) -> Error {
    Error::File {
        path: path.to_path_buf(),
        reason: reason.to_string(),
    }
}

/// Opens a regular file and tells its length in bytes.
///
/// # Errors
/// [`Error::File`] if there is none, if it cannot be opened, or if it is a directory, pipe or device; these are not
/// opened at all: a pipe has no length to compare a header with, and opening it may wait for ever.
pub fn open_regular(path: &Path) -> Result<(File, u64)> {
    let cannot = |error: std::io::Error| refuse(path, format!("cannot be read: {error}"));
    let metadata = std::fs::metadata(path).map_err(cannot)?;
    if !metadata.is_file() {
        return Err(refuse(path, "cannot be read: it is not a regular file"));
    }
    let file = File::open(path).map_err(cannot)?;
    Ok((file, metadata.len()))
}

/// The first names, and how many more there are.
#[cfg(feature = "files")]
pub(super) fn listed(names: &[String]) -> String {
    let shown = names.get(..LISTED).unwrap_or(names).join(", ");
    match names.len().saturating_sub(LISTED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
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

/// Writes a text to a temporary file beside `path`, then renames it, so that an interruption at any moment leaves either
/// the old file or the new one.
///
/// # Errors
/// [`Error::File`] if a file cannot be written or renamed.
///
/// # Examples
/// ```
/// use attention_bounds::file::{read_text, replace};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("note.txt");
/// replace(&path, "four")?;
/// assert_eq!(read_text(&path, 4)?, "four");
/// assert!(read_text(&path, 3).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn replace(path: &Path, text: &str) -> Result<()> {
    let mut name = path.as_os_str().to_os_string();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = PathBuf::from(name);
    let written = File::create(&temporary)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        })
        .and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        // What was wrong is told below; a temporary file that stays behind does no harm.
        let _ = std::fs::remove_file(&temporary);
    }
    written.map_err(|error| refuse(path, format!("cannot be written: {error}")))
}
