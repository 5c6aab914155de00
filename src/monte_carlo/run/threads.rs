//! Blocks shared among threads: each takes the next one, and their sums are joined in order.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::control::Control;
use super::control_variate;
use super::partial::{Partial, prompts_between};
use super::shared::Shared;
use crate::error::{Error, Result};
use crate::monte_carlo::estimator::moments::{Node, Sums, push_node};
use crate::monte_carlo::estimator::tally::BlockTally;
use crate::monte_carlo::plan::{Cell, Plan};
use crate::monte_carlo::prompt::draw::Drawer;
use crate::monte_carlo::prompt::problem::Problem;
use crate::monte_carlo::random::stream::{block_prompts, block_stream};

struct Block {
    sums: Sums,
    tally: BlockTally,
}

struct Run<'a> {
    problem: &'a Problem<'a>,
    cells: &'a [Cell],
    plan: &'a Plan,
    /// First block of each cell to do, and the number of blocks before it in the order of work.
    queue: Vec<(u64, u64)>,
    /// Coefficients of the control variates of each cell, found when its first block is drawn.
    coefficients: Vec<OnceLock<Vec<f64>>>,
    shared: Shared<'a, State>,
}

struct State {
    partial: Partial,
    /// Blocks that were finished before an earlier one of their cell.
    early: Vec<BTreeMap<u64, Block>>,
}

/// Does all that is open in `partial` on the threads of the current rayon pool.
pub(super) fn run(
    problem: &Problem<'_>,
    cells: &[Cell],
    plan: &Plan,
    partial: Partial,
    control: &Control<'_>,
) -> Result<Partial> {
    let mut blocks = 0;
    let mut queue = Vec::with_capacity(partial.cells.len());
    for cell in &partial.cells {
        queue.push((cell.next, blocks));
        blocks += cell.end - cell.next;
    }
    let coefficients = partial.cells.iter().map(|_| OnceLock::new()).collect();
    let early = partial.cells.iter().map(|_| BTreeMap::new()).collect();
    let run = Run {
        problem,
        cells,
        plan,
        queue,
        coefficients,
        shared: Shared::new(State { partial, early }, control, |state, path| {
            state.partial.write(path)
        }),
    };
    let memory = || Drawer::new(problem, plan);
    run.shared
        .work(blocks, memory, |drawer, task| run.task(drawer, task));
    run.shared.finish().map(|state| state.partial)
}

impl Run<'_> {
    fn task(&self, drawer: &mut Drawer<'_>, task: u64) -> Result<()> {
        // The last cell that starts at or before the task; empty cells start where the next one does.
        let place = self.queue.partition_point(|(_, before)| *before <= task) - 1;
        let (Some((first, before)), Some(cell), Some(known)) = (
            self.queue.get(place),
            self.cells.get(place),
            self.coefficients.get(place),
        ) else {
            return Ok(());
        };
        let coefficients =
            known.get_or_init(|| control_variate::coefficients(drawer, self.plan, *cell));
        let number = first + (task - before);
        let block = self.block(drawer, *cell, number, coefficients);
        self.accept(place, number, block)
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
        self.shared.keep(|State { partial, early }| {
            let (Some(cell), Some(early)) = (partial.cells.get_mut(place), early.get_mut(place))
            else {
                return;
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
        })
    }
}
