//! Word of how far a computation has come.

/// Is told how much work there is and when a piece of it is done; called from several threads.
pub trait Progress: Sync {
    /// The work consists of `total` more steps.
    fn start(&self, total: u64);
    /// One step is done.
    fn step(&self);
}

/// Nobody is told.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn start(&self, _total: u64) {}
    fn step(&self) {}
}
