//! The JSON of a run, and the file that holds it.

use std::path::Path;

use serde::Deserialize;

use super::partial::{Partial, SCHEMA};
use crate::error::{Error, Result};
use crate::file::{read_text, replace};

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
        Self::from_json(path, &read_text(path, MAX_BYTES)?)
    }

    /// Writes the JSON to `path`: to a temporary file beside it, then renamed, so that an interruption at any
    /// moment leaves either the old file or the new one.
    ///
    /// # Errors
    /// [`Error::File`] if a file cannot be written or renamed.
    pub fn write(&self, path: &Path) -> Result<()> {
        let text = self.to_json()?;
        replace(path, &text)
    }
}
