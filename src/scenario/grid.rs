//! The `[grid]` and `[monte_carlo]` tables: prompt lengths, and simulation.

use crate::error::Result;
use crate::parameter::PromptLength;

use super::section::{Field, Section};

/// Most prompt lengths in one scenario.
pub const MAX_LENGTHS: usize = 10_000;

const LENGTH: &str = "an integer from 1 to 2^53";
const LENGTHS: &str = "a list of prompt lengths, or { from, to, factor }";

/// Reads the `[grid]` table: `lengths = [..]`, `lengths = { from, to, factor }`, or the three keys `from`, `to`, `factor` in the
/// table itself. The lengths are sorted, each once, at least one and at most [`MAX_LENGTHS`].
pub(super) fn read(section: &Section) -> Result<Vec<PromptLength>> {
    section.only(&["lengths", "from", "to", "factor"])?;
    match section.get("lengths") {
        None if section.get("from").is_none() => Err(section.missing("lengths", LENGTHS)),
        None => geometric(section),
        Some(lengths) => {
            for key in ["from", "to", "factor"] {
                if let Some(field) = section.get(key) {
                    return Err(field.refuse("lengths, or from, to and factor, not both"));
                }
            }
            of(&lengths)
        }
    }
}

/// A list of prompt lengths, or `{ from, to, factor }`: sorted, each once.
pub(super) fn of(field: &Field) -> Result<Vec<PromptLength>> {
    if field.is_table() {
        let inner = field.section(LENGTHS)?;
        inner.only(&["from", "to", "factor"])?;
        return geometric(&inner);
    }
    let mut lengths = listed(field)?;
    lengths.sort_unstable();
    lengths.dedup();
    Ok(lengths)
}

fn length(field: &Field) -> Result<PromptLength> {
    let integer = field.integer(1, PromptLength::MAX, LENGTH)?;
    PromptLength::new(integer).map_err(|_| field.refuse(LENGTH))
}

fn listed(field: &Field) -> Result<Vec<PromptLength>> {
    let items = field.list(LENGTHS)?;
    if items.len() > MAX_LENGTHS {
        return Err(field.refuse(format!("at most {MAX_LENGTHS} lengths")));
    }
    items.iter().map(length).collect()
}

/// `from, from factor, from factor^2, ..` rounded to integers, up to `to` included.
fn geometric(section: &Section) -> Result<Vec<PromptLength>> {
    let from = length(&section.require("from", LENGTH)?)?;
    let to_field = section.require("to", LENGTH)?;
    let to = length(&to_field)?;
    if to < from {
        return Err(to_field.refuse(format!("an integer from {} (from) to 2^53", from.get())));
    }
    let accepted = "a finite number greater than 1";
    let factor_field = section.require("factor", accepted)?;
    let factor = factor_field.number_where(accepted, |factor| factor > 1.0)?;
    let mut lengths = Vec::new();
    for step in 0..=MAX_LENGTHS {
        let length = (from.as_f64() * factor.powf(step as f64)).round();
        if !(length <= to.as_f64()) {
            return Ok(lengths);
        }
        // At most 2^53, so the conversion is exact.
        let next = PromptLength::new(length as u64)?;
        // Rounded, neighbours may be one length.
        if lengths.last() != Some(&next) {
            lengths.push(next);
        }
        if length == to.as_f64() {
            return Ok(lengths);
        }
    }
    Err(factor_field.refuse(format!(
        "a factor with which the grid has at most {MAX_LENGTHS} steps"
    )))
}

const MOST_PROMPTS: u64 = 1 << 48;

/// How to simulate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonteCarloSpec {
    /// Number of simulated prompts.
    pub prompts: u64,
    /// Seed of the random streams.
    pub seed: u64,
}

impl MonteCarloSpec {
    pub(super) fn read(section: &Section) -> Result<Self> {
        section.only(&["prompts", "seed"])?;
        let prompts = "an integer from 2 to 2^48";
        let seed = "an integer from 0 to 2^63 - 1";
        Ok(Self {
            prompts: section
                .require("prompts", prompts)?
                .integer(2, MOST_PROMPTS, prompts)?,
            seed: section
                .require("seed", seed)?
                .integer(0, i64::MAX as u64, seed)?,
        })
    }
}
