//! The stochastic-gradient experiment: run, and what came out of it as records.

use std::path::Path;

use nalgebra::DMatrix;

use crate::error::{Error, Result};
use crate::experiment::{
    Blocks, RunState, State, advance, conditional_risk, least_risk, zero_risk,
};
use crate::icl::finite::FinitePromptRisk;
use crate::icl::optimum::minimise;
use crate::icl::{RegressionTask, expansion, linear};
use crate::monte_carlo::{Checkpoint, Control};
use crate::parameter::PromptLength;
use crate::report::{LossPoint, ReproduceAnswer, TrainedHead};
use crate::study::simulate::{CHECKPOINT_EVERY, Work};

pub use crate::experiment::{HeadKind, Settings};

/// A difference of two mean losses counts if it is larger than this many standard errors.
const CLEAR: f64 = 3.0;
/// A risk that is larger by this share of the least risk is not told apart from it: the weights of the last step have noise.
const NEAR: f64 = 0.01;
/// A smaller relative fall does not count.
const LEAST_FALL: f64 = 0.01;
/// Most threads.
const MOST_THREADS: usize = 1024;

/// How an experiment ended.
#[derive(Debug)]
pub enum Reproduced {
    /// Every head is trained and evaluated.
    Finished(Box<ReproduceAnswer>),
    /// It was stopped before.
    Stopped {
        /// Blocks of steps that are done, and kept in the checkpoint.
        done: u64,
        /// Blocks that are not.
        open: u64,
    },
}

/// Trains and evaluates every head of the settings; what a checkpoint holds already is not done again.
///
/// The number of threads (all processors if not given) changes nothing but the time.
///
/// # Errors
/// [`Error::Parameter`] for settings outside their range; [`Error::File`] if the checkpoint cannot be read or written, or
/// is of other settings; [`Error::Unavailable`] if weights do not stay finite.
pub fn run(settings: &Settings, threads: Option<usize>, work: &Work<'_>) -> Result<Reproduced> {
    settings.check()?;
    let pool = pool(threads)?;
    let state = begin(settings, work.checkpoint)?;
    let all = State::start(settings)?.open_blocks();
    work.progress.start(state.open_blocks());
    let step = |blocks: u64| (0..blocks).for_each(|_| work.progress.step());
    let control = Control {
        stop: work.stop,
        checkpoint: work.checkpoint.map(|path| Checkpoint {
            path,
            every: CHECKPOINT_EVERY,
        }),
        progress: Some(&step),
    };
    let state = pool.install(|| advance(state, &control))?;
    let open = state.open_blocks();
    if open > 0 {
        let done = all - open;
        return Ok(Reproduced::Stopped { done, open });
    }
    Ok(Reproduced::Finished(Box::new(answer(&state)?)))
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
    let covariance = DMatrix::from_fn(settings.dimension, settings.dimension, |i, j| {
        settings.correlation.powi(i.abs_diff(j) as i32)
    });
    // A covariance that is singular in floating point has no T11.
    let Ok(task) = RegressionTask::new(covariance, settings.noise_variance, settings.task_variance)
    else {
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

/// Mean and standard error of parts of equal size.
fn pooled(parts: &[LossPoint]) -> (f64, f64) {
    let count = parts.len() as f64;
    let mean = parts.iter().map(|part| part.loss).sum::<f64>() / count;
    let squares: f64 = parts.iter().map(|part| part.standard_error.powi(2)).sum();
    (mean, squares.sqrt() / count)
}

/// How many runs have come to the exact optimum.
fn reached(lines: &[TrainedHead]) -> Option<String> {
    let known = lines
        .iter()
        .filter_map(|line| Some((line, line.exact_risk?)));
    let count = known.clone().count();
    let near = known.filter(|(line, least)| {
        let allowed = NEAR * least + CLEAR * line.conditional_standard_error;
        (line.conditional_risk - least).abs() <= allowed
    });
    (count > 0).then(|| {
        format!(
            "AT THE OPTIMUM: the averaged risk of {} of {count} runs is within 1% and {CLEAR} standard errors of the exact optimum",
            near.count()
        )
    })
}

/// Does the loss still fall? The last quarter of the history is compared with the quarter before, on fresh prompts
/// each.
fn convergence(lines: &[TrainedHead]) -> Option<String> {
    let mut compared = 0;
    let mut falling = 0;
    let mut most: Option<(f64, String)> = None;
    for line in lines {
        let quarter = line.history.len() / 4;
        let mut quarters = line.history.rchunks_exact(quarter.max(1));
        let (Some(last), Some(before), true) = (quarters.next(), quarters.next(), quarter > 0)
        else {
            continue;
        };
        compared += 1;
        let ((last, error), (before, error_before)) = (pooled(last), pooled(before));
        let fall = before - last;
        let relative = fall / before;
        if !(fall > CLEAR * error.hypot(error_before) && relative > LEAST_FALL) {
            continue;
        }
        falling += 1;
        if most.as_ref().is_none_or(|(known, _)| relative > *known) {
            let (head, length) = (line.head.name(), line.length);
            most = Some((
                relative,
                format!("{head} at L = {length}, from {before:.4} to {last:.4}"),
            ));
        }
    }
    Some(match most {
        _ if lines.is_empty() => return None,
        _ if compared == 0 => "too few steps to say whether the loss still falls".to_owned(),
        None => format!(
            "from the third to the last quarter of the steps no mean loss falls by more than 1% and {CLEAR} standard errors; \
             a plateau shows the same"
        ),
        Some((_, worst)) => format!(
            "NOT CONVERGED: the mean loss of {falling} of {compared} runs still falls by more than 1% from the third to the \
             last quarter of the steps; most for {worst}"
        ),
    })
}

/// Runs that have learned less than half of the solution, in the Frobenius norm.
fn far(lines: &[TrainedHead], norm: f64) -> Option<String> {
    let count = lines
        .iter()
        .filter(|line| !(line.distance < 0.5 * norm))
        .count();
    (count > 0).then(|| {
        format!(
            "FAR FROM THE SOLUTION: |b A - Sig^-1| is at least half of |Sig^-1| = {norm:.3} in {count} of {} runs; more steps may be needed",
            lines.len()
        )
    })
}

/// Runs in which the block `v a^T`, which should vanish, does more than `b A`.
fn mixed(lines: &[TrainedHead]) -> Option<String> {
    let larger = lines.iter().filter(|line| {
        let norm = line
            .product
            .iter()
            .flatten()
            .fold(0.0_f64, |norm, x| norm.hypot(*x));
        line.label_scores * line.input_values > norm
    });
    let names: Vec<String> = larger
        .map(|line| format!("{} at L = {}", line.head.name(), line.length))
        .collect();
    (!names.is_empty()).then(|| {
        format!(
            "|a| |v| > |b A|, so labels and inputs still play each other's part: {}",
            names.join(", ")
        )
    })
}
