//! How a run is watched, kept and stopped.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Where the state of a run is kept while it runs.
#[derive(Debug, Clone, Copy)]
pub struct Checkpoint<'a> {
    /// The file; it is replaced, never changed.
    pub path: &'a Path,
    /// Time between two writes; the state is also written at the end.
    pub every: Duration,
}

/// How a run can be watched and stopped.
#[derive(Clone, Copy, Default)]
pub struct Control<'a> {
    /// The run stops between two blocks once this is true.
    pub stop: Option<&'a AtomicBool>,
    /// Where the state is kept.
    pub checkpoint: Option<Checkpoint<'a>>,
    /// Is told the number of blocks that are done since the last call; called by one thread at a time.
    pub progress: Option<&'a (dyn Fn(u64) + Sync)>,
}

impl std::fmt::Debug for Control<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Control")
            .field("stop", &self.stop)
            .field("checkpoint", &self.checkpoint)
            .field("progress", &self.progress.is_some())
            .finish()
    }
}
