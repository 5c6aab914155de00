//! Unfinished and finished runs: shards, checkpoints, and joining them.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::monte_carlo::estimator::moments::{Node, push_node};
use crate::monte_carlo::estimator::tally::Tally;
use crate::monte_carlo::plan::{Cell, Plan, QueryChoice};
use crate::monte_carlo::random::stream::block_prompts;
use crate::parameter::PromptLength;

/// Schema of the JSON of a [`Partial`].
pub const SCHEMA: &str = "attention-bounds/monte-carlo-partial/2";

/// Share `index` of `of`, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: u64,
    of: u64,
}

impl Shard {
    /// Share `index` of `of`: `1 <= index <= of`.
    ///
    /// # Errors
    /// [`Error::Parameter`] otherwise.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::monte_carlo::Shard;
    ///
    /// assert!(Shard::new(3, 3).is_ok() && Shard::new(0, 3).is_err() && Shard::new(4, 3).is_err());
    /// ```
    pub fn new(index: u64, of: u64) -> Result<Self> {
        if (1..=of).contains(&index) {
            return Ok(Self { index, of });
        }
        Err(Error::Parameter {
            parameter: "shard",
            value: format!("{index}/{of}"),
            required: "i/n with 1 <= i <= n",
            theorem: None,
        })
    }

    /// Everything.
    pub fn whole() -> Self {
        Self { index: 1, of: 1 }
    }

    /// The share of `blocks` blocks: its first block, and the first after it.
    fn range(self, blocks: u64) -> (u64, u64) {
        let cut = |index: u64| {
            // At most `blocks`, so it fits 64 bits.
            (u128::from(blocks) * u128::from(index) / u128::from(self.of)) as u64
        };
        (cut(self.index - 1), cut(self.index))
    }
}

/// The state of one cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CellState {
    pub query: QueryChoice,
    pub length: u64,
    /// First block of this share.
    pub first: u64,
    /// First block that is not done yet.
    pub next: u64,
    /// First block after this share.
    pub end: u64,
    /// Sums of the blocks done, joined in a fixed tree.
    pub nodes: Vec<Node>,
    /// Counts over the blocks done.
    pub tally: Tally,
}

/// A run, or a share of one, as far as it has come.
///
/// Written as JSON with the schema [`SCHEMA`]; floats are printed so that they read back to the same
/// bits. A [`Partial`] carries what it needs to be checked against another: version of this crate, a
/// fingerprint of tokens, head and query, the plan with its seed, and the range of blocks of every cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partial {
    schema: String,
    version: String,
    scenario: String,
    pub(super) plan: Plan,
    pub(super) outputs: usize,
    pub(super) cells: Vec<CellState>,
}

pub(super) fn refuse(why: impl Into<String>) -> Error {
    Error::Unavailable {
        what: "the joined simulation",
        why: why.into(),
    }
}

pub(super) fn all_blocks(plan: &Plan, length: u64) -> Result<u64> {
    Ok(plan
        .prompts
        .div_ceil(block_prompts(PromptLength::new(length)?)))
}

impl Partial {
    /// A run that has not started.
    pub(super) fn begin(
        scenario: &str,
        plan: &Plan,
        outputs: usize,
        cells: &[Cell],
        shard: Shard,
    ) -> Result<Self> {
        let cells = cells
            .iter()
            .map(|cell| {
                let (first, end) = shard.range(all_blocks(plan, cell.length.get())?);
                Ok(CellState {
                    query: cell.query,
                    length: cell.length.get(),
                    first,
                    next: first,
                    end,
                    nodes: Vec::new(),
                    tally: Tally::new(plan),
                })
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            schema: SCHEMA.into(),
            version: env!("CARGO_PKG_VERSION").into(),
            scenario: scenario.into(),
            plan: plan.clone(),
            outputs,
            cells,
        })
    }

    /// The plan of the run.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Fingerprint of tokens, head and query.
    pub fn scenario(&self) -> &str {
        &self.scenario
    }

    /// Blocks of this share that are not done yet.
    pub fn open_blocks(&self) -> u64 {
        self.cells
            .iter()
            .fold(0, |sum, cell| sum.saturating_add(cell.end - cell.next))
    }

    /// Blocks of this share that are done.
    pub fn done_blocks(&self) -> u64 {
        self.cells
            .iter()
            .fold(0, |sum, cell| sum.saturating_add(cell.next - cell.first))
    }

    /// Is this share done? (All of it: the share may still be one of several.)
    pub fn is_finished(&self) -> bool {
        self.open_blocks() == 0
    }

    /// Refuses a partial that is not one of the same run as `self`, saying what differs.
    pub(super) fn same_run(&self, other: &Self) -> Result<()> {
        if self.version != other.version {
            return Err(refuse(format!(
                "one part is of version {}, another of version {}; use one version for all",
                self.version, other.version
            )));
        }
        if self.scenario != other.scenario || self.outputs != other.outputs {
            return Err(refuse(format!(
                "the parts are of different scenarios (fingerprints {} and {})",
                self.scenario, other.scenario
            )));
        }
        if self.plan.seed != other.plan.seed {
            return Err(refuse(format!(
                "one part has seed {}, another {}",
                self.plan.seed, other.plan.seed
            )));
        }
        if self.plan != other.plan {
            return Err(refuse(format!(
                "the parts have different plans: {:?} and {:?}",
                self.plan, other.plan
            )));
        }
        let cells = |partial: &Self| -> Vec<(QueryChoice, u64)> {
            partial
                .cells
                .iter()
                .map(|cell| (cell.query, cell.length))
                .collect()
        };
        if cells(self) != cells(other) {
            return Err(refuse("the parts have different queries or prompt lengths"));
        }
        Ok(())
    }

    /// Refuses a partial that is not the same share of the same run as `other`, saying what differs.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub fn check_same_share(&self, other: &Self) -> Result<()> {
        self.same_run(other)?;
        let ranges = |partial: &Self| -> Vec<(u64, u64)> {
            let range = |cell: &CellState| (cell.first, cell.end);
            partial.cells.iter().map(range).collect()
        };
        if ranges(self) == ranges(other) {
            Ok(())
        } else {
            Err(refuse("it is another share of the run"))
        }
    }

    /// Joins the shares of one run; the result is that of the single run to the last bit.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if there is no share, if two differ in version, scenario, seed, plan, queries or
    /// lengths, if a share is not finished, and if shares overlap or do not cover the run.
    pub fn merge(parts: &[Self]) -> Result<Self> {
        let Some((first, rest)) = parts.split_first() else {
            return Err(refuse("there are no parts to join"));
        };
        for part in rest {
            first.same_run(part)?;
        }
        for part in parts {
            part.check()?;
            if !part.is_finished() {
                return Err(refuse(format!(
                    "a part has {} blocks to go; resume it first",
                    part.open_blocks()
                )));
            }
        }
        let mut joined = first.clone();
        for (place, cell) in joined.cells.iter_mut().enumerate() {
            let mut shares: Vec<&CellState> = parts
                .iter()
                .filter_map(|part| part.cells.get(place))
                .collect();
            shares.sort_by_key(|share| (share.first, share.end));
            (cell.first, cell.next) = (0, 0);
            cell.end = all_blocks(&first.plan, cell.length)?;
            cell.nodes.clear();
            cell.tally = Tally::new(&first.plan);
            for share in shares {
                if share.first < cell.next {
                    return Err(refuse(format!(
                        "two parts both hold block {} of length {}",
                        share.first, cell.length
                    )));
                }
                if share.first > cell.next {
                    return Err(missing(cell.next, share.first, cell.length));
                }
                for node in &share.nodes {
                    push_node(&mut cell.nodes, node.clone());
                }
                cell.tally
                    .join(&share.tally)
                    .ok_or_else(|| refuse("the counts of two parts do not fit together"))?;
                cell.next = share.end;
            }
            if cell.next != cell.end {
                return Err(missing(cell.next, cell.end, cell.length));
            }
        }
        joined.check()?;
        Ok(joined)
    }

    /// Refuses contents that no run could have written.
    pub(super) fn check(&self) -> Result<()> {
        self.plan.check()?;
        let numbers = self.plan.quantities().len().saturating_add(self.outputs);
        for cell in &self.cells {
            let broken = |what: &str| {
                refuse(format!(
                    "the state of length {} is damaged: {what}",
                    cell.length
                ))
            };
            let blocks = all_blocks(&self.plan, cell.length)?;
            let size = block_prompts(PromptLength::new(cell.length)?);
            if !(cell.first <= cell.next && cell.next <= cell.end && cell.end <= blocks) {
                return Err(broken("its block range"));
            }
            let mut at = cell.first;
            for node in &cell.nodes {
                let (first, end) = node.blocks().ok_or_else(|| broken("a node"))?;
                if first != at || end > blocks {
                    return Err(broken("its nodes do not follow one another"));
                }
                at = end;
                if node.sums.prompts != prompts_between(&self.plan, size, first, end) {
                    return Err(broken("the number of prompts of a node"));
                }
                if node.sums.moments.len() != numbers || !node.sums.is_finite() {
                    return Err(broken("the sums of a node"));
                }
            }
            if at != cell.next {
                return Err(broken("its nodes do not end where it does"));
            }
            let prompts = prompts_between(&self.plan, size, cell.first, cell.next);
            if !cell.tally.fits(&self.plan, prompts) {
                return Err(broken("its counts"));
            }
        }
        Ok(())
    }
}

fn missing(from: u64, to: u64, length: u64) -> Error {
    refuse(format!(
        "no part holds blocks {from} to {} of length {length}",
        to - 1
    ))
}

/// Prompts in the blocks `first` to `end - 1`; the last block of a run may be short.
pub(super) fn prompts_between(plan: &Plan, size: u64, first: u64, end: u64) -> u64 {
    let prompts = |blocks: u64| blocks.saturating_mul(size).min(plan.prompts);
    prompts(end).saturating_sub(prompts(first))
}
