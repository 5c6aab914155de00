//! A limit on memory, kept before anything is allocated.

use crate::error::Result;

use super::section::Origin;

/// Most matrix entries that one scenario may ask for (2 GiB of `f64`).
const MAX_ENTRIES: u64 = 1 << 28;

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
}
