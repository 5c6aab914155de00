//! What is worth saying of trained heads.

use super::record::{LossPoint, TrainedHead};

/// A difference of two mean losses counts if it is larger than this many standard errors.
const CLEAR: f64 = 3.0;
/// A risk that is larger by this share of the least risk is not told apart from it: the weights of the last step have noise.
const NEAR: f64 = 0.01;
/// A smaller relative fall does not count.
const LEAST_FALL: f64 = 0.01;

/// Mean and standard error of parts of equal size.
fn pooled(parts: &[LossPoint]) -> (f64, f64) {
    let count = parts.len() as f64;
    let mean = parts.iter().map(|part| part.loss).sum::<f64>() / count;
    let squares: f64 = parts.iter().map(|part| part.standard_error.powi(2)).sum();
    (mean, squares.sqrt() / count)
}

/// How many runs have come to the exact optimum.
pub(super) fn reached(lines: &[TrainedHead]) -> Option<String> {
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
pub(super) fn convergence(lines: &[TrainedHead]) -> Option<String> {
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
pub(super) fn far(lines: &[TrainedHead], norm: f64) -> Option<String> {
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
pub(super) fn mixed(lines: &[TrainedHead]) -> Option<String> {
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
