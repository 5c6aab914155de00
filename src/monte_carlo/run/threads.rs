//! Blocks shared among threads: each takes the next one, and their sums are joined in order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use super::control::Control;
use super::control_variate;
use super::partial::{Partial, prompts_between};
use crate::error::{Error, Result};
use crate::monte_carlo::estimator::moments::{Node, Sums, push_node};
use crate::monte_carlo::estimator::tally::BlockTally;
use crate::monte_carlo::plan::{Cell, Plan};
use crate::monte_carlo::prompt::draw::Drawer;
use crate::monte_carlo::prompt::problem::Problem;
use crate::monte_carlo::random::stream::{block_prompts, block_stream};

/// What a block gave.
struct Block {
    sums: Sums,
    tally: BlockTally,
}

/// What the threads of a run share.
pub(super) struct Run<'a> {
    problem: &'a Problem<'a>,
    cells: &'a [Cell],
    plan: &'a Plan,
    control: &'a Control<'a>,
    /// First block of each cell to do, and the number of blocks before it in the order of work.
    queue: Vec<(u64, u64)>,
    blocks: u64,
    /// Coefficients of the control variates of each cell, found when its first block is drawn.
    coefficients: Vec<OnceLock<Vec<f64>>>,
    next: AtomicU64,
    halted: AtomicBool,
    state: Mutex<State>,
}

struct State {
    partial: Partial,
    /// Blocks that were finished before an earlier one of their cell.
    early: Vec<BTreeMap<u64, Block>>,
    written: Instant,
    error: Option<Error>,
}

impl<'a> Run<'a> {
    /// All that is open in `partial`.
    pub fn new(
        problem: &'a Problem<'a>,
        cells: &'a [Cell],
        plan: &'a Plan,
        partial: Partial,
        control: &'a Control<'a>,
    ) -> Self {
        let mut blocks = 0;
        let mut queue = Vec::with_capacity(partial.cells.len());
        for cell in &partial.cells {
            queue.push((cell.next, blocks));
            blocks += cell.end - cell.next;
        }
        Self {
            problem,
            cells,
            plan,
            control,
            queue,
            blocks,
            coefficients: partial.cells.iter().map(|_| OnceLock::new()).collect(),
            next: AtomicU64::new(0),
            halted: AtomicBool::new(false),
            state: Mutex::new(State {
                early: partial.cells.iter().map(|_| BTreeMap::new()).collect(),
                partial,
                written: Instant::now(),
                error: None,
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stopped(&self) -> bool {
        self.halted.load(Ordering::Relaxed)
            || self
                .control
                .stop
                .is_some_and(|stop| stop.load(Ordering::Relaxed))
    }

    /// One thread: takes the next block until there is none.
    pub fn work(&self) {
        let mut drawer = Drawer::new(self.problem, self.plan);
        while !self.stopped() {
            let task = self.next.fetch_add(1, Ordering::Relaxed);
            if task >= self.blocks {
                return;
            }
            // The last cell that starts at or before the task; empty cells start where the next one does.
            let place = self.queue.partition_point(|(_, before)| *before <= task) - 1;
            let (Some((first, before)), Some(cell), Some(known)) = (
                self.queue.get(place),
                self.cells.get(place),
                self.coefficients.get(place),
            ) else {
                return;
            };
            let coefficients =
                known.get_or_init(|| control_variate::coefficients(&mut drawer, self.plan, *cell));
            let number = first + (task - before);
            let block = self.block(&mut drawer, *cell, number, coefficients);
            if let Err(error) = self.accept(place, number, block) {
                self.halted.store(true, Ordering::Relaxed);
                self.state().error.get_or_insert(error);
            }
        }
    }

    fn block(
        &self,
        drawer: &mut Drawer<'_>,
        cell: Cell,
        number: u64,
        coefficients: &[f64],
    ) -> Block {
        let plan = self.plan;
        let prompts = prompts_between(plan, block_prompts(cell.length), number, number + 1);
        let mut random = block_stream(plan.seed, cell, plan.route, number);
        let numbers = plan.quantities().len() + self.problem.outputs();
        let mut sums = Sums::new(numbers);
        let mut tally = BlockTally::new(plan, prompts as usize);
        for _ in 0..prompts {
            let measured = drawer.prompt(cell.query, cell.length.get(), &mut random);
            sums.push(&measured.numbers, coefficients, measured.control);
            tally.push(plan, &measured.numbers, measured.error);
        }
        Block { sums, tally }
    }

    /// Adds a block to the state, and those that waited for it.
    fn accept(&self, place: usize, number: u64, block: Block) -> Result<()> {
        if !block.sums.is_finite() {
            return Err(Error::Unavailable {
                what: "the Monte Carlo estimate",
                why: "a score or an output is not a finite number, or its square overflows; head, query and \
                      tokens must be smaller"
                    .into(),
            });
        }
        let mut state = self.state();
        let State {
            partial,
            early,
            written,
            ..
        } = &mut *state;
        let (Some(cell), Some(early)) = (partial.cells.get_mut(place), early.get_mut(place)) else {
            return Ok(());
        };
        early.insert(number, block);
        while let Some(mut block) = early.remove(&cell.next) {
            cell.tally.add(&mut block.tally);
            let node = Node {
                level: 0,
                index: cell.next,
                sums: block.sums,
            };
            push_node(&mut cell.nodes, node);
            cell.next += 1;
        }
        if let Some(progress) = self.control.progress {
            progress(1);
        }
        if let Some(checkpoint) = self.control.checkpoint
            && written.elapsed() >= checkpoint.every
        {
            partial.write(checkpoint.path)?;
            *written = Instant::now();
        }
        Ok(())
    }

    /// The state at the end, also written to the checkpoint.
    pub fn finish(self) -> Result<Partial> {
        let state = self
            .state
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(checkpoint) = self.control.checkpoint {
            state.partial.write(checkpoint.path)?;
        }
        match state.error {
            Some(error) => Err(error),
            None => Ok(state.partial),
        }
    }
}
