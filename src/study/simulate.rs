//! The simulation that belongs to a table: its cells, its plan, its route, and how it is run.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::attention::QueryLaw;
use crate::error::{Error, Result};
use crate::monte_carlo::{Cell, Checkpoint, Control, Plan, QueryChoice};
use crate::parameter::{Positive, Probability, PromptLength};
use crate::record::Family;
use crate::study::options::TableOptions;
use crate::study::{Progress, Question};

pub use crate::monte_carlo::{CellEstimates, Partial, Route, Shard, Simulation};

/// Time between two writes of a checkpoint; it is also written when the run stops.
pub(crate) const CHECKPOINT_EVERY: Duration = Duration::from_secs(5);

/// How to simulate a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SimulationRequest {
    /// Prompts for each cell.
    pub prompts: u64,
    /// Seed of all random streams.
    pub seed: u64,
    /// How prompts are drawn; if not said, the fastest way that serves the tokens and what is measured.
    pub route: Option<Route>,
    /// Longer prompts are left out.
    pub longest: Option<PromptLength>,
    /// Only the average over the query law, not each query of a list.
    pub average_only: bool,
}

impl SimulationRequest {
    /// The request of an earlier simulation.
    ///
    /// # Errors
    /// [`Error::Parameter`] if its longest prompt is not a prompt length.
    pub fn of(family: &Family) -> Result<Self> {
        Ok(Self {
            prompts: family.prompts,
            seed: family.seed,
            route: Some(family.route),
            longest: family.longest.map(PromptLength::new).transpose()?,
            average_only: family.average_only,
        })
    }
}

/// The simulation of everything that a table with these options shows.
///
/// The average over a list of several queries is a cell of its own, whose prompts draw their query; the
/// average over a list of one query is that query.
///
/// # Errors
/// As [`Simulation::new`]; also if every length is longer than the longest allowed.
pub fn simulation<'a>(
    question: &Question<'a>,
    lengths: &[PromptLength],
    options: &TableOptions,
    request: &SimulationRequest,
) -> Result<Simulation<'a>> {
    let (queries, average) = match question.query {
        QueryLaw::Gaussian(_) => (0, true),
        QueryLaw::List { weights, .. } => match weights.len() {
            1 => (1, false),
            _ if request.average_only => (0, true),
            many => (many, true),
        },
    };
    let choices = (0..queries)
        .map(QueryChoice::Index)
        .chain(average.then_some(QueryChoice::Average));
    let cells: Vec<Cell> = choices
        .flat_map(|query| {
            lengths
                .iter()
                .filter(|length| request.longest.is_none_or(|longest| **length <= longest))
                .map(move |&length| Cell { query, length })
        })
        .collect();
    // Gradients are not measured on prompts with fixed tokens: their rows say so.
    let gradients = options.gradients && question.fixed.is_none();
    let route = request.route.unwrap_or_else(|| {
        if options.operator_norm || question.fixed.is_some() {
            Route::Plain
        } else {
            Simulation::best_route(question.tokens)
        }
    });
    let plan = Plan {
        value_gradient: gradients,
        key_query_gradient: gradients,
        operator_norm: options.operator_norm && gradients,
        thresholds: options.tail.iter().copied().map(Positive::get).collect(),
        quantiles: !options.quantiles.is_empty(),
        ..Plan::new(request.prompts, request.seed, route)
    };
    let (tokens, head, query) = (question.tokens, question.head, question.query);
    match question.fixed {
        Some(fixed) => Simulation::with_fixed_tokens(tokens, head, query, fixed, cells, plan),
        None => Simulation::new(tokens, head, query, cells, plan),
    }
}

/// How a run is kept and stopped.
#[derive(Clone, Copy)]
pub struct RunOptions<'a> {
    /// File that holds the state of the run; one that exists is continued.
    pub checkpoint: Option<&'a Path>,
    /// The run stops soon after this becomes true.
    pub stop: Option<&'a AtomicBool>,
    /// Is told of every block.
    pub progress: &'a dyn Progress,
}

/// Runs a simulation, or a share of it; what a checkpoint holds already is not drawn again.
///
/// # Errors
/// [`Error::Stopped`] if it was stopped before its end; [`Error::File`] if the checkpoint cannot be read or written, or is of another run or share; [`Error::Unavailable`]
/// if a score or an output is not a finite number.
pub fn run(simulation: &Simulation<'_>, shard: Shard, options: &RunOptions<'_>) -> Result<Partial> {
    let fresh = simulation.begin(shard)?;
    let begun = match options.checkpoint {
        Some(path) if path.exists() => {
            let found = Partial::read(path)?;
            let refuse = |reason: String| Error::File {
                path: path.to_path_buf(),
                reason,
            };
            found
                .check_same_share(&fresh)
                .map_err(|error| refuse(format!("cannot be continued: {error}")))?;
            found
        }
        _ => fresh,
    };
    options.progress.start(begun.open_blocks());
    let step = |blocks: u64| (0..blocks).for_each(|_| options.progress.step());
    let control = Control {
        stop: options.stop,
        checkpoint: options.checkpoint.map(|path| Checkpoint {
            path,
            every: CHECKPOINT_EVERY,
        }),
        progress: Some(&step),
    };
    let partial = simulation.advance(begun, &control)?;
    if partial.is_finished() {
        return Ok(partial);
    }
    Err(Error::Stopped {
        done: partial.done_blocks(),
        open: partial.open_blocks(),
        kept: options.checkpoint.map(Path::to_path_buf),
    })
}

/// Joins the files of all shares of a run.
///
/// # Errors
/// [`Error::File`] if a file cannot be read; [`Error::Unavailable`] as [`Partial::merge`].
pub fn merge(files: &[PathBuf]) -> Result<Partial> {
    let parts = files
        .iter()
        .map(|file| Partial::read(file))
        .collect::<Result<Vec<_>>>()?;
    Partial::merge(&parts)
}

/// The orders of the quantiles of a table.
pub fn orders(quantiles: &[Probability]) -> Vec<f64> {
    quantiles.iter().copied().map(Probability::get).collect()
}
