//! A run: cells, blocks, threads, checkpoints.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::digest::digest;
use super::draw::Drawer;
use super::moments::{Node, Sums, push_node};
use super::partial::{Partial, Shard, prompts_between};
use super::problem::Problem;
use super::tally::BlockTally;
use super::{Cell, Plan, QueryChoice, Route, block_prompts, block_stream};
use crate::attention::{Head, QueryLaw};
use crate::error::{Error, Result};
use crate::law::TokenLaw;

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

/// A simulation, ready to run: tokens, head, query law, cells and plan, all checked.
#[derive(Debug)]
pub struct Simulation<'a> {
    problem: Problem<'a>,
    cells: Vec<Cell>,
    plan: Plan,
    scenario: String,
}

impl<'a> Simulation<'a> {
    /// Checks that everything fits together.
    ///
    /// # Errors
    /// [`Error::Shape`] if tokens, head and query do not fit; [`Error::Parameter`] for a plan or a query number
    /// outside its range, or a cell given twice; [`Error::Unavailable`] for the Rao-Blackwellised route with
    /// tokens that are not Gaussian, and for gradients of matrices that are too large
    /// ([`Plan::MAX_COVARIANCE`], [`Plan::MAX_SINGULAR`]).
    pub fn new(
        tokens: &'a dyn TokenLaw,
        head: &'a Head,
        query: &'a QueryLaw,
        cells: Vec<Cell>,
        plan: Plan,
    ) -> Result<Self> {
        plan.check()?;
        let problem = Problem::new(tokens, head, query, plan.key_query_gradient)?;
        check_sizes(&problem, &plan)?;
        check_cells(query, &cells)?;
        Ok(Self {
            scenario: digest(tokens, head, query),
            problem,
            cells,
            plan,
        })
    }

    /// The fastest route for a token law: Rao-Blackwellised for Gaussian tokens, else plain.
    pub fn best_route(tokens: &dyn TokenLaw) -> Route {
        match tokens.as_gaussian() {
            Some(_) => Route::RaoBlackwell,
            None => Route::Plain,
        }
    }

    /// A share of the run, not started.
    ///
    /// # Errors
    /// None that a checked simulation can cause.
    pub fn begin(&self, shard: Shard) -> Result<Partial> {
        Partial::begin(
            &self.scenario,
            &self.plan,
            self.problem.outputs(),
            &self.cells,
            shard,
        )
    }

    /// Continues a share on the threads of the current rayon pool, until it is finished or stopped.
    ///
    /// The result depends on neither the number of threads nor on when it was stopped before. Blocks that
    /// were under way when the stop came are forgotten, and drawn again later.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if `partial` is of another run, or if a score or an output is not a finite number;
    /// [`Error::File`] if a checkpoint cannot be written.
    pub fn advance(&self, partial: Partial, control: &Control<'_>) -> Result<Partial> {
        partial.same_run(&self.begin(Shard::whole())?)?;
        partial.check()?;
        let run = Run::new(self, partial, control);
        rayon::scope(|scope| {
            for _ in 0..rayon::current_num_threads() {
                scope.spawn(|_| run.work());
            }
        });
        run.finish()
    }
}

fn check_sizes(problem: &Problem<'_>, plan: &Plan) -> Result<()> {
    let unavailable = |what, why: String| Err(Error::Unavailable { what, why });
    if plan.route == Route::RaoBlackwell && problem.gaussian.is_none() {
        return unavailable(
            "the Rao-Blackwellised route",
            format!(
                "the {} law is not Gaussian; use the plain route",
                problem.tokens.name()
            ),
        );
    }
    let (d, m) = (problem.dimension(), problem.outputs());
    if plan.key_query_gradient && plan.route == Route::Plain && d > Plan::MAX_COVARIANCE {
        return unavailable(
            "the key-query gradient",
            format!(
                "the tokens have dimension {d}, and the plain route keeps their covariance up to dimension {}",
                Plan::MAX_COVARIANCE
            ),
        );
    }
    if plan.operator_norm && d.min(m) > Plan::MAX_SINGULAR {
        return unavailable(
            "the operator norm of the key-query gradient",
            format!(
                "the matrix is {m} x {d}, and singular values are computed up to size {}",
                Plan::MAX_SINGULAR
            ),
        );
    }
    Ok(())
}

fn check_cells(query: &QueryLaw, cells: &[Cell]) -> Result<()> {
    let refuse = |value: String, required| {
        Err(Error::Parameter {
            parameter: "cell",
            value,
            required,
            theorem: None,
        })
    };
    if cells.is_empty() {
        return refuse("none".into(), "at least one query and length");
    }
    let mut seen = HashSet::new();
    for cell in cells {
        let count = match query {
            QueryLaw::List { queries, .. } => queries.ncols(),
            QueryLaw::Gaussian(_) => 0,
        };
        if let QueryChoice::Index(index) = cell.query
            && index >= count
        {
            return refuse(
                format!("query {index}"),
                "the number of a query of the list (from 0), or the average",
            );
        }
        // A cell given twice would draw the same numbers twice.
        if !seen.insert(*cell) {
            return refuse(format!("{cell:?}"), "given once");
        }
    }
    Ok(())
}

/// What a block gave.
struct Block {
    sums: Sums,
    tally: BlockTally,
}

/// What the threads of a run share.
struct Run<'a> {
    simulation: &'a Simulation<'a>,
    control: &'a Control<'a>,
    /// First block of each cell to do, and the number of blocks before it in the order of work.
    queue: Vec<(u64, u64)>,
    blocks: u64,
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
    fn new(simulation: &'a Simulation<'a>, partial: Partial, control: &'a Control<'a>) -> Self {
        let mut blocks = 0;
        let mut queue = Vec::with_capacity(partial.cells.len());
        for cell in &partial.cells {
            queue.push((cell.next, blocks));
            blocks += cell.end - cell.next;
        }
        Self {
            simulation,
            control,
            queue,
            blocks,
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
    fn work(&self) {
        let mut drawer = Drawer::new(&self.simulation.problem, &self.simulation.plan);
        while !self.stopped() {
            let task = self.next.fetch_add(1, Ordering::Relaxed);
            if task >= self.blocks {
                return;
            }
            // The last cell that starts at or before the task; empty cells start where the next one does.
            let place = self.queue.partition_point(|(_, before)| *before <= task) - 1;
            let (Some((first, before)), Some(cell)) =
                (self.queue.get(place), self.simulation.cells.get(place))
            else {
                return;
            };
            let number = first + (task - before);
            let block = self.block(&mut drawer, *cell, number);
            if let Err(error) = self.accept(place, number, block) {
                self.halted.store(true, Ordering::Relaxed);
                self.state().error.get_or_insert(error);
            }
        }
    }

    fn block(&self, drawer: &mut Drawer<'_>, cell: Cell, number: u64) -> Block {
        let plan = &self.simulation.plan;
        let prompts = prompts_between(plan, block_prompts(cell.length), number, number + 1);
        let mut random = block_stream(plan.seed, cell, plan.route, number);
        let numbers = plan.quantities().len() + self.simulation.problem.outputs();
        let mut sums = Sums::new(numbers);
        let mut tally = BlockTally::new(plan, prompts as usize);
        for _ in 0..prompts {
            let measured = drawer.prompt(cell.query, cell.length.get(), &mut random);
            sums.push(&measured.numbers);
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
    fn finish(self) -> Result<Partial> {
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
