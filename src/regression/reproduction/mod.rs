//! The stochastic-gradient experiment: run, and what came out of it as records.

mod notes;
mod record;

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use nalgebra::DMatrix;

use super::flow::optimum::minimise;
use super::risk::{FinitePromptRisk, expansion, linear};
use super::training::{
    Blocks, HeadKind, RunState, Settings, State, advance, conditional_risk, least_risk, zero_risk,
};
use crate::error::{Error, Result};
use crate::monte_carlo::{Checkpoint, Control};
use crate::parameter::PromptLength;
use crate::progress::Progress;
use notes::{convergence, far, mixed, reached};

pub use record::{LossPoint, ReproduceAnswer, TrainedHead};

/// Time between two writes of the checkpoint; it is also written when the run stops.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(5);

const MOST_THREADS: usize = 1024;

/// Trains and evaluates every head of the settings; what a checkpoint holds already is not done again.
///
/// The number of threads (all processors if not given) changes nothing but the time.
///
/// # Errors
/// [`Error::Parameter`] for settings outside their range; [`Error::File`] if the checkpoint cannot be read or written, or
/// is of other settings; [`Error::Unavailable`] if weights do not stay finite.
pub fn run(
    settings: &Settings,
    threads: Option<usize>,
    checkpoint: Option<&Path>,
    stop: Option<&AtomicBool>,
    progress: &dyn Progress,
) -> Result<ReproduceAnswer> {
    settings.check()?;
    let pool = pool(threads)?;
    let state = begin(settings, checkpoint)?;
    let all = State::start(settings)?.open_blocks();
    progress.start(state.open_blocks());
    let step = |blocks: u64| (0..blocks).for_each(|_| progress.step());
    let control = Control {
        stop,
        checkpoint: checkpoint.map(|path| Checkpoint {
            path,
            every: CHECKPOINT_EVERY,
        }),
        progress: Some(&step),
    };
    let state = pool.install(|| advance(state, &control))?;
    let open = state.open_blocks();
    if open > 0 {
        let done = all - open;
        return Err(Error::Stopped {
            done,
            open,
            kept: checkpoint.map(Path::to_path_buf),
        });
    }
    answer(&state)
}

fn pool(threads: Option<usize>) -> Result<rayon::ThreadPool> {
    if let Some(threads) = threads
        && !(1..=MOST_THREADS).contains(&threads)
    {
        return Err(Error::Parameter {
            parameter: "--threads",
            value: threads.to_string(),
            required: "an integer from 1 to 1024",
            theorem: None,
        });
    }
    // 0 stands for all processors.
    let builder = rayon::ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0));
    builder.build().map_err(|error| Error::Unavailable {
        what: "the threads of the experiment",
        why: error.to_string(),
    })
}

/// The state in the checkpoint if there is one. A new one is written at once, so that a path that cannot be written
/// is found before hours of work.
fn begin(settings: &Settings, checkpoint: Option<&Path>) -> Result<State> {
    match checkpoint {
        Some(path) if path.exists() => State::read(path, settings),
        Some(path) => {
            let state = State::start(settings)?;
            state.write(path)?;
            Ok(state)
        }
        None => State::start(settings),
    }
}

fn answer(state: &State) -> Result<ReproduceAnswer> {
    let settings = &state.settings;
    let lines = state.runs.iter().map(|run| line(settings, run));
    let lines = lines.collect::<Result<Vec<_>>>()?;
    let balanced = Blocks::balanced_label(settings)?;
    let notes = [
        reached(&lines),
        convergence(&lines),
        // |Sig^{-1}|_F is the square of the balanced b.
        far(&lines, balanced * balanced),
        mixed(&lines),
    ];
    Ok(ReproduceAnswer {
        settings: settings.clone(),
        zero_risk: zero_risk(settings),
        least_risk: least_risk(settings),
        balanced_label: balanced,
        notes: notes.into_iter().flatten().collect(),
        lines,
    })
}

fn line(settings: &Settings, run: &RunState) -> Result<TrainedHead> {
    let blocks = Blocks::new(settings, &run.weights)?;
    let risk = run.evaluation.ok_or_else(|| Error::Unavailable {
        what: "the risk",
        why: format!("{} at L = {} is not evaluated", run.head.name(), run.length),
    })?;
    let exact = optimum(settings, run.head, run.length)?;
    let averaged = conditional_risk(settings, run)?;
    Ok(TrainedHead {
        head: run.head,
        length: run.length,
        steps: run.steps,
        risk: risk.mean(),
        risk_standard_error: risk.standard_error(),
        conditional_risk: averaged.mean(),
        conditional_standard_error: averaged.standard_error(),
        exact_risk: exact.map(|found| found.0),
        exact_distance: exact.map(|found| found.1),
        distance: blocks.distance,
        linear_distance: blocks.linear_distance,
        label: blocks.label,
        label_scores: blocks.label_scores,
        input_values: blocks.input_values,
        product: rows(&blocks.product),
        inputs: rows(&blocks.inputs),
        history: run
            .history
            .iter()
            .map(|part| LossPoint {
                step: part.step,
                loss: part.mean(),
                standard_error: part.standard_error(),
            })
            .collect(),
    })
}

/// The least exact risk of this kind of head, and `|b A - Sig^{-1}|_F` there; none if the noise-free task or the minimiser does not allow it.
fn optimum(settings: &Settings, head: HeadKind, length: u64) -> Result<Option<(f64, f64)>> {
    // A covariance that is singular in floating point has no T11.
    let Ok(task) = settings.task() else {
        return Ok(None);
    };
    let length = PromptLength::new(length)?;
    let found = match head {
        HeadKind::Linear => Some(linear::minimum(&task, length)),
        HeadKind::Softmax => {
            let risk = FinitePromptRisk::new(&task, length)?;
            let (scale, _) = expansion::best_scale(&task)?;
            let start = expansion::on_the_valley(&task, scale);
            minimise(&risk, &start, 1e-9)
                .ok()
                .map(|best| (best.head, best.risk))
        }
    };
    Ok(found.map(|(best, risk)| {
        let product = best.value * &best.key_query;
        let inverse = task.function(|l| 1.0 / l);
        (risk, (product - inverse).norm())
    }))
}

fn rows(matrix: &DMatrix<f64>) -> Vec<Vec<f64>> {
    let rows = matrix.row_iter();
    rows.map(|row| row.iter().copied().collect()).collect()
}
