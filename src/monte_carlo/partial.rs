//! Unfinished and finished runs: shards, checkpoints, and joining them.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::estimate::{CellEstimates, Deviation, Estimate, GradientEstimates, HEAVY_FRACTION};
use super::moments::{Node, push_node, total};
use super::plan::Quantity;
use super::tally::Tally;
use super::{Cell, Plan, QueryChoice, block_prompts};
use crate::error::{Error, Result};
use crate::parameter::PromptLength;

/// Schema of the JSON of a [`Partial`].
pub const SCHEMA: &str = "attention-bounds/monte-carlo-partial/1";
/// Largest partial file that is read (1 GiB).
const MAX_BYTES: u64 = 1 << 30;

/// Share `index` of `of`, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: u64,
    of: u64,
}

impl Shard {
    /// Share `index` of `of`: `1 <= index <= of`.
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
    outputs: usize,
    pub(super) cells: Vec<CellState>,
}

fn refuse(why: impl Into<String>) -> Error {
    Error::Unavailable {
        what: "the joined simulation",
        why: why.into(),
    }
}

fn all_blocks(plan: &Plan, length: u64) -> Result<u64> {
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

    /// The estimates of a finished, whole run.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if blocks are missing: the run is not finished, or this is a share of it.
    pub fn estimates(&self) -> Result<Vec<CellEstimates>> {
        self.check()?;
        self.cells
            .iter()
            .map(|cell| self.cell_estimates(cell))
            .collect()
    }

    fn cell_estimates(&self, cell: &CellState) -> Result<CellEstimates> {
        let blocks = all_blocks(&self.plan, cell.length)?;
        if cell.first != 0 || cell.next != blocks {
            return Err(Error::Unavailable {
                what: "the estimate",
                why: format!(
                    "only blocks {} to {} of {blocks} of length {} are done; resume the run, or join its \
                     shares",
                    cell.first, cell.next, cell.length
                ),
            });
        }
        let sums = total(&cell.nodes).ok_or_else(|| refuse("a cell has no prompts"))?;
        let count = sums.prompts as f64;
        let all: Vec<Estimate> = sums
            .moments
            .iter()
            .enumerate()
            .map(|(place, moments)| Estimate {
                mean: moments.mean,
                standard_error: (moments.deviations / (count - 1.0) / count).sqrt(),
                prompts: sums.prompts,
                seed: self.plan.seed,
                largest_share: cell
                    .tally
                    .quantities
                    .get(place)
                    .map(|histogram| histogram.share_of_largest(HEAVY_FRACTION)),
            })
            .collect();
        let quantities = self.plan.quantities();
        let find = |wanted: Quantity| {
            let place = quantities.iter().position(|quantity| *quantity == wanted)?;
            all.get(place).copied()
        };
        let need = |wanted| find(wanted).ok_or_else(|| refuse("a quantity is missing"));
        Ok(CellEstimates {
            query: cell.query,
            length: cell.length,
            route: self.plan.route,
            output_error: need(Quantity::OutputError)?,
            bias: all.iter().skip(quantities.len()).copied().collect(),
            participation_two: need(Quantity::ParticipationTwo)?,
            participation_three: need(Quantity::ParticipationThree)?,
            effective_length: need(Quantity::EffectiveLength)?,
            value_gradient: find(Quantity::ValueGradient).map(|operator| GradientEstimates {
                frobenius: operator.scaled(self.outputs as f64),
                operator: Some(operator),
            }),
            key_query_gradient: find(Quantity::KeyQueryGradient).map(|frobenius| {
                GradientEstimates {
                    frobenius,
                    operator: find(Quantity::KeyQueryOperator),
                }
            }),
            deviations: self
                .plan
                .thresholds
                .iter()
                .zip(&cell.tally.deviations)
                .map(|(threshold, count)| Deviation {
                    threshold: *threshold,
                    count: *count,
                    prompts: sums.prompts,
                })
                .collect(),
            errors: cell.tally.errors.clone(),
        })
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

    /// The JSON of this partial.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if it cannot be written, which no run can cause.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| Error::Unavailable {
            what: "the JSON of a simulation",
            why: error.to_string(),
        })
    }

    /// Reads what [`Self::to_json`] wrote, and checks it.
    ///
    /// # Errors
    /// [`Error::File`] with this `path` if it is not such a text, or one of another schema, or its contents
    /// contradict each other.
    pub fn from_json(path: &Path, text: &str) -> Result<Self> {
        let refuse = |reason: String| Error::File {
            path: path.to_path_buf(),
            reason,
        };
        #[derive(Deserialize)]
        struct Head {
            schema: String,
        }
        let head: Head = serde_json::from_str(text)
            .map_err(|error| refuse(format!("is not the state of a simulation: {error}")))?;
        if head.schema != SCHEMA {
            return Err(refuse(format!(
                "has schema {:?}; {SCHEMA:?} is read",
                head.schema
            )));
        }
        let partial: Self = serde_json::from_str(text)
            .map_err(|error| refuse(format!("is not the state of a simulation: {error}")))?;
        partial.check().map_err(|error| refuse(error.to_string()))?;
        Ok(partial)
    }

    /// Reads a file written by [`Self::write`].
    ///
    /// # Errors
    /// [`Error::File`] if it cannot be read or is not what [`Self::from_json`] accepts.
    pub fn read(path: &Path) -> Result<Self> {
        let refuse = |reason: String| Error::File {
            path: path.to_path_buf(),
            reason,
        };
        let size = std::fs::metadata(path)
            .map_err(|error| refuse(format!("cannot be read: {error}")))?
            .len();
        if size > MAX_BYTES {
            return Err(refuse(format!(
                "has {size} bytes; at most {MAX_BYTES} are read"
            )));
        }
        let text = std::fs::read_to_string(path)
            .map_err(|error| refuse(format!("cannot be read: {error}")))?;
        Self::from_json(path, &text)
    }

    /// Writes the JSON to `path`: to a temporary file beside it, then renamed, so that an interruption at any
    /// moment leaves either the old file or the new one.
    ///
    /// # Errors
    /// [`Error::File`] if a file cannot be written or renamed.
    pub fn write(&self, path: &Path) -> Result<()> {
        let text = self.to_json()?;
        let refuse = |error: std::io::Error| Error::File {
            path: path.to_path_buf(),
            reason: format!("cannot be written: {error}"),
        };
        let mut name = path.as_os_str().to_os_string();
        name.push(format!(".{}.tmp", std::process::id()));
        let temporary = PathBuf::from(name);
        let written = std::fs::File::create(&temporary)
            .and_then(|mut file| {
                file.write_all(text.as_bytes())?;
                file.sync_all()
            })
            .and_then(|()| std::fs::rename(&temporary, path));
        if written.is_err() {
            // What was wrong is told below; a temporary file that stays behind does no harm.
            let _ = std::fs::remove_file(&temporary);
        }
        written.map_err(refuse)
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
