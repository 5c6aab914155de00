//! Scores about a point, which keep their differences.

use nalgebra::{DMatrix, DVector};

use super::compensated::centred_score;
use crate::error::{Error, Result};

/// Scores `<tilt, x_i - r>` with the rounding of one operation each, and `<tilt, r>`, for the point `r` with the
/// largest probability under the tilted law.
///
/// # Errors
/// If a score is not a finite number.
pub(crate) fn centred_scores(
    points: &DMatrix<f64>,
    probability: &[f64],
    tilt: &DVector<f64>,
) -> Result<(Vec<f64>, f64)> {
    let plain = points.tr_mul(tilt);
    let largest = probability
        .iter()
        .zip(plain.iter())
        .map(|(p, s)| p.ln() + s)
        .enumerate()
        .max_by(|(_, one), (_, other)| one.total_cmp(other));
    let origin =
        largest.and_then(|(index, _)| (index < points.ncols()).then(|| points.column(index)));
    let scores: Vec<f64> = match origin {
        Some(origin) => points
            .column_iter()
            .map(|x| centred_score(tilt.iter(), x.iter(), origin.iter()))
            .collect(),
        None => Vec::new(),
    };
    let origin = origin.map_or(0.0, |origin| origin.dot(tilt));
    if scores.iter().chain([&origin]).all(|s| s.is_finite()) {
        return Ok((scores, origin));
    }
    Err(Error::Unavailable {
        what: "the list of score atoms",
        why: "a score is not a finite number; tilt or tokens must be smaller".into(),
    })
}
