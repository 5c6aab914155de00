//! All runs of an experiment, shared among threads.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::checkpoint::State;
use super::descent::{RunState, Trainer};
use super::evaluation::evaluate;
use crate::error::{Error, Result};
use crate::monte_carlo::Control;

/// Continues an experiment on the threads of the current rayon pool, until it is finished or stopped.
///
/// A run (one head, one length) stays on one thread, since every step needs the one before; longer prompts
/// come first, so that no long run is left for the end. The result depends neither on the number of threads
/// nor on where it was stopped before: the steps of a block that was under way are forgotten and done again.
///
/// # Errors
/// [`Error::Unavailable`] if `state` contradicts itself or if weights do not stay finite; [`Error::File`] if the checkpoint
/// cannot be written.
pub fn advance(state: State, control: &Control<'_>) -> Result<State> {
    state.check()?;
    let mut order: Vec<usize> = (0..state.runs.len()).collect();
    order.sort_by_key(|place| std::cmp::Reverse(state.runs.get(*place).map(|run| run.length)));
    let shared = Shared {
        order,
        next: AtomicUsize::new(0),
        halted: AtomicBool::new(false),
        control,
        kept: Mutex::new(Kept {
            state,
            written: Instant::now(),
            error: None,
        }),
    };
    rayon::scope(|scope| {
        for _ in 0..rayon::current_num_threads() {
            scope.spawn(|_| shared.work());
        }
    });
    let kept = shared.kept.into_inner();
    let kept = kept.unwrap_or_else(PoisonError::into_inner);
    if let Some(checkpoint) = control.checkpoint {
        kept.state.write(checkpoint.path)?;
    }
    match kept.error {
        Some(error) => Err(error),
        None => Ok(kept.state),
    }
}

/// What the threads share.
struct Shared<'a> {
    order: Vec<usize>,
    next: AtomicUsize,
    halted: AtomicBool,
    control: &'a Control<'a>,
    kept: Mutex<Kept>,
}

struct Kept {
    state: State,
    written: Instant,
    error: Option<Error>,
}

impl Shared<'_> {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stopped(&self) -> bool {
        let asked = self.control.stop;
        self.halted.load(Ordering::Relaxed)
            || asked.is_some_and(|stop| stop.load(Ordering::Relaxed))
    }

    /// One thread: takes the next run until there is none.
    fn work(&self) {
        while !self.stopped() {
            let next = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(place) = self.order.get(next) else {
                return;
            };
            if let Err(error) = self.run(*place) {
                self.halted.store(true, Ordering::Relaxed);
                self.kept().error.get_or_insert(error);
            }
        }
    }

    /// Trains and evaluates one head.
    fn run(&self, place: usize) -> Result<()> {
        let (settings, run) = {
            let kept = self.kept();
            (
                kept.state.settings.clone(),
                kept.state.runs.get(place).cloned(),
            )
        };
        let Some(mut run) = run else {
            return Ok(());
        };
        let mut trainer = Trainer::new(&settings, run.head, run.length)?;
        while run.steps < settings.steps {
            if self.stopped() {
                return Ok(());
            }
            trainer.block(&mut run)?;
            self.keep(place, &run)?;
        }
        if run.evaluation.is_none() {
            run.evaluation = evaluate(&settings, &run, &mut trainer, &|| self.stopped());
            if run.evaluation.is_some() {
                self.keep(place, &run)?;
            }
        }
        Ok(())
    }

    /// Takes over the state of a run after a block, and writes the checkpoint if it is time.
    fn keep(&self, place: usize, run: &RunState) -> Result<()> {
        let mut kept = self.kept();
        if let Some(slot) = kept.state.runs.get_mut(place) {
            slot.clone_from(run);
        }
        if let Some(progress) = self.control.progress {
            progress(1);
        }
        if let Some(checkpoint) = self.control.checkpoint
            && kept.written.elapsed() >= checkpoint.every
        {
            kept.state.write(checkpoint.path)?;
            kept.written = Instant::now();
        }
        Ok(())
    }
}
