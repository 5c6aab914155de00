//! The JSON of a run, and the file that holds it.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::partial::{Partial, SCHEMA};
use crate::error::{Error, Result};

/// Largest partial file that is read (1 GiB).
const MAX_BYTES: u64 = 1 << 30;

impl Partial {
    /// The JSON of this partial.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if it cannot be written, which no run can cause.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| Error::Unavailable {
            what: "the JSON of a simulation",
            why: error.to_string(),
        })
    }

    /// Reads what [`Self::to_json`] wrote, and checks it.
    ///
    /// # Errors
    /// [`Error::File`] with this `path` if it is not such a text, or one of another schema, or its contents
    /// contradict each other.
    pub fn from_json(path: &Path, text: &str) -> Result<Self> {
        let refuse = |reason: String| Error::File {
            path: path.to_path_buf(),
            reason,
        };
        #[derive(Deserialize)]
        struct Head {
            schema: String,
        }
        let head: Head = serde_json::from_str(text)
            .map_err(|error| refuse(format!("is not the state of a simulation: {error}")))?;
        if head.schema != SCHEMA {
            return Err(refuse(format!(
                "has schema {:?}; {SCHEMA:?} is read",
                head.schema
            )));
        }
        let partial: Self = serde_json::from_str(text)
            .map_err(|error| refuse(format!("is not the state of a simulation: {error}")))?;
        partial.check().map_err(|error| refuse(error.to_string()))?;
        Ok(partial)
    }

    /// Reads a file written by [`Self::write`].
    ///
    /// # Errors
    /// [`Error::File`] if it cannot be read or is not what [`Self::from_json`] accepts.
    pub fn read(path: &Path) -> Result<Self> {
        let refuse = |reason: String| Error::File {
            path: path.to_path_buf(),
            reason,
        };
        let size = std::fs::metadata(path)
            .map_err(|error| refuse(format!("cannot be read: {error}")))?
            .len();
        if size > MAX_BYTES {
            return Err(refuse(format!(
                "has {size} bytes; at most {MAX_BYTES} are read"
            )));
        }
        let text = std::fs::read_to_string(path)
            .map_err(|error| refuse(format!("cannot be read: {error}")))?;
        Self::from_json(path, &text)
    }

    /// Writes the JSON to `path`: to a temporary file beside it, then renamed, so that an interruption at any
    /// moment leaves either the old file or the new one.
    ///
    /// # Errors
    /// [`Error::File`] if a file cannot be written or renamed.
    pub fn write(&self, path: &Path) -> Result<()> {
        let text = self.to_json()?;
        let refuse = |error: std::io::Error| Error::File {
            path: path.to_path_buf(),
            reason: format!("cannot be written: {error}"),
        };
        let mut name = path.as_os_str().to_os_string();
        name.push(format!(".{}.tmp", std::process::id()));
        let temporary = PathBuf::from(name);
        let written = std::fs::File::create(&temporary)
            .and_then(|mut file| {
                file.write_all(text.as_bytes())?;
                file.sync_all()
            })
            .and_then(|()| std::fs::rename(&temporary, path));
        if written.is_err() {
            // What was wrong is told below; a temporary file that stays behind does no harm.
            let _ = std::fs::remove_file(&temporary);
        }
        written.map_err(refuse)
    }
}
