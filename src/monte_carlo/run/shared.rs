//! What the threads of a run share: the tasks that are left, and a state that they change one after the other.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::control::Control;
use crate::error::{Error, Result};

/// Tasks by their numbers, and the state of the run.
pub(crate) struct Shared<'a, S> {
    control: &'a Control<'a>,
    /// Replaces the checkpoint.
    write: fn(&S, &Path) -> Result<()>,
    next: AtomicU64,
    halted: AtomicBool,
    kept: Mutex<Kept<S>>,
}

struct Kept<S> {
    state: S,
    written: Instant,
    error: Option<Error>,
}

impl<'a, S: Send> Shared<'a, S> {
    pub fn new(state: S, control: &'a Control<'a>, write: fn(&S, &Path) -> Result<()>) -> Self {
        Self {
            control,
            write,
            next: AtomicU64::new(0),
            halted: AtomicBool::new(false),
            kept: Mutex::new(Kept {
                state,
                written: Instant::now(),
                error: None,
            }),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept<S>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Was the run stopped, or has a task failed?
    pub fn stopped(&self) -> bool {
        let asked = self.control.stop;
        self.halted.load(Ordering::Relaxed)
            || asked.is_some_and(|stop| stop.load(Ordering::Relaxed))
    }

    /// Does the tasks `0..tasks` on the threads of the current rayon pool, each thread with a memory of its own, until there
    /// is none left or the run is stopped.
    pub fn work<M>(
        &self,
        tasks: u64,
        memory: impl Fn() -> M + Sync,
        task: impl Fn(&mut M, u64) -> Result<()> + Sync,
    ) {
        let thread = || {
            let mut memory = memory();
            while !self.stopped() {
                let number = self.next.fetch_add(1, Ordering::Relaxed);
                if number >= tasks {
                    return;
                }
                if let Err(error) = task(&mut memory, number) {
                    self.halted.store(true, Ordering::Relaxed);
                    self.kept().error.get_or_insert(error);
                }
            }
        };
        rayon::scope(|scope| {
            for _ in 0..rayon::current_num_threads() {
                scope.spawn(|_| thread());
            }
        });
    }

    /// Looks at the state.
    pub fn see<T>(&self, look: impl FnOnce(&S) -> T) -> T {
        look(&self.kept().state)
    }

    /// Takes over a block that is done, and writes the checkpoint if it is time.
    pub fn keep(&self, change: impl FnOnce(&mut S)) -> Result<()> {
        let mut kept = self.kept();
        change(&mut kept.state);
        if let Some(progress) = self.control.progress {
            progress(1);
        }
        if let Some(checkpoint) = self.control.checkpoint
            && kept.written.elapsed() >= checkpoint.every
        {
            (self.write)(&kept.state, checkpoint.path)?;
            kept.written = Instant::now();
        }
        Ok(())
    }

    /// The state at the end, also written to the checkpoint.
    pub fn finish(self) -> Result<S> {
        let kept = self.kept.into_inner();
        let kept = kept.unwrap_or_else(PoisonError::into_inner);
        if let Some(checkpoint) = self.control.checkpoint {
            (self.write)(&kept.state, checkpoint.path)?;
        }
        kept.error.map_or(Ok(kept.state), Err)
    }
}
