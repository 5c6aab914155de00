//! How a run that can be stopped ended.

/// A result, or how far the run had come when it was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum RunOutcome<T> {
    /// All blocks are done.
    Finished(T),
    /// It was stopped before.
    Stopped {
        /// Blocks that are done, and kept in the checkpoint if there is one.
        done: u64,
        /// Blocks that are not.
        open: u64,
    },
}

impl<T> RunOutcome<T> {
    /// Goes on with the result; a stopped run stays one.
    ///
    /// # Errors
    /// Those of `next`.
    pub fn and_then<U, E>(self, next: impl FnOnce(T) -> Result<U, E>) -> Result<RunOutcome<U>, E> {
        Ok(match self {
            Self::Finished(result) => RunOutcome::Finished(next(result)?),
            Self::Stopped { done, open } => RunOutcome::Stopped { done, open },
        })
    }
}
