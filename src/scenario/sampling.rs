//! The `[sampling]` table: which keys of a context are read for certain, and how the others are drawn.

use crate::error::{Error, Result};
use crate::sampling::{Design, Kept};

use super::grid;
use super::section::{Field, Section};
use super::table::TableSpec;

const KEEP: &str = "a table { indices, sink, window, top }";
const COUNT: &str = "an integer from 0 to 2^53";
const DESIGNS: &str =
    "without-replacement, with-replacement, bernoulli or importance-sampling (with proxy = ..)";
const PROXY: &str = "the path of a table of numbers, or a table { file, header, index, tensor }";
const BUDGETS: &str = "a list of budgets, or { from, to, factor }";

/// What is read of a context, not yet built.
#[derive(Debug, Clone, PartialEq)]
pub struct SamplingSpec {
    /// Keys that are read for certain.
    pub kept: Kept,
    /// How the others are drawn.
    pub design: DesignSpec,
    /// Numbers of draws, sorted, each once; empty if they were left out.
    pub budgets: Vec<u64>,
}

/// How the keys of the tail are drawn.
#[derive(Debug, Clone, PartialEq)]
pub enum DesignSpec {
    /// Each with the same probability.
    Uniform(Design),
    /// With replacement, with probabilities proportional to these proxies: a row for each key, and one column, or one for each query.
    Proxies(TableSpec),
}

impl SamplingSpec {
    pub(super) fn read(section: &Section) -> Result<Self> {
        section.only(&["keep", "design", "proxy", "budgets"])?;
        let kept = section.optional("keep", |field| kept(&field.section(KEEP)?))?;
        let budgets = section.optional("budgets", |field| {
            if !field.is_table() {
                field.list(BUDGETS)?;
            }
            grid::of(field)
        })?;
        let budgets = budgets.unwrap_or_default().into_iter();
        Ok(Self {
            kept: kept.unwrap_or_default(),
            design: DesignSpec::read(section)?,
            budgets: budgets.map(|budget| budget.get()).collect(),
        })
    }
}

fn kept(section: &Section) -> Result<Kept> {
    section.only(&["indices", "sink", "window", "top"])?;
    let count = |field: &Field| Ok(field.integer(0, 1 << 53, COUNT)? as usize);
    let of = |key| Ok::<_, Error>(section.optional(key, count)?.unwrap_or(0));
    let indices = section.optional("indices", |field| {
        field
            .list("a list of integers")?
            .iter()
            .map(count)
            .collect()
    })?;
    let indices: Vec<usize> = indices.unwrap_or_default();
    let kept = Kept::indices(indices).sink(of("sink")?);
    Ok(kept.window(of("window")?).top(of("top")?))
}

impl DesignSpec {
    fn read(section: &Section) -> Result<Self> {
        let proxy = section.optional("proxy", |field| TableSpec::of_field(field, PROXY))?;
        let name = section.get("design");
        let name = match &name {
            Some(field) => field.text(DESIGNS)?,
            None => "without-replacement",
        };
        let design = match name {
            "importance-sampling" => {
                let table = proxy.ok_or_else(|| section.missing("proxy", PROXY))?;
                return Ok(Self::Proxies(table));
            }
            "without-replacement" => Design::WithoutReplacement,
            "with-replacement" => Design::WithReplacement,
            "bernoulli" => Design::Bernoulli,
            _ => return Err(section.require("design", DESIGNS)?.refuse(DESIGNS)),
        };
        match section.get("proxy") {
            None => Ok(Self::Uniform(design)),
            Some(field) => Err(field.refuse("a key of design = \"importance-sampling\" only")),
        }
    }
}
