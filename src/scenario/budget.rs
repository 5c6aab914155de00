//! A limit on memory, kept before anything is allocated.

use std::path::Path;

use crate::error::Result;

use super::section::Origin;

/// Most matrix entries that one scenario may ask for (2 GiB of `f64`).
const MAX_ENTRIES: u64 = 1 << 28;
/// Largest matrix file that is read.
const MAX_FILE: u64 = 1 << 31;

/// Counts the matrix entries that a scenario asks for.
#[derive(Debug)]
pub(super) struct Budget<'a> {
    origin: &'a Origin,
    used: u64,
}

impl<'a> Budget<'a> {
    pub(super) fn new(origin: &'a Origin) -> Self {
        Self { origin, used: 0 }
    }

    /// Refuses `key` if `copies` matrices of this shape would exceed the limit.
    pub(super) fn matrices(
        &mut self,
        key: &str,
        copies: u64,
        rows: usize,
        columns: usize,
    ) -> Result<()> {
        let entries = (rows as u64)
            .saturating_mul(columns as u64)
            .saturating_mul(copies);
        self.used = self.used.saturating_add(entries);
        if self.used <= MAX_ENTRIES {
            return Ok(());
        }
        Err(self.origin.refuse(
            key,
            format!("{rows} x {columns}"),
            format!(
                "too large for memory: the matrices of a scenario may have {MAX_ENTRIES} entries in \
                 all (2 GiB), and these bring them to {}",
                self.used
            ),
        ))
    }

    /// Refuses a file that is too large to read; one that cannot be looked at is left to its reader.
    pub(super) fn file(&self, key: &str, path: &Path) -> Result<()> {
        match std::fs::metadata(path) {
            Ok(data) if data.len() > MAX_FILE => Err(self.origin.refuse_in_full(
                key,
                path.display(),
                format!("its {} bytes are too many: at most {MAX_FILE}", data.len()),
            )),
            _ => Ok(()),
        }
    }
}
