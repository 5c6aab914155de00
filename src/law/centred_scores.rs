//! Scores about a point, which keep their differences.

use nalgebra::{DMatrix, DVector};

use super::atoms::UNIT;
use super::compensated::{plain_scores, scores_about};
use crate::error::{Error, Result};

/// Scores about a point, and how well they are known.
pub(crate) struct CentredScores {
    /// `<tilt, x_i - r>`.
    pub scores: Vec<f64>,
    /// `<tilt, r>`.
    pub origin: f64,
    /// A bound of the rounding of every score.
    pub rounding: f64,
}

/// Scores `<tilt, x_i - r>` for the point `r` with the largest probability under the tilted law.
///
/// Each is rounded once and, as a sum of `2 d` exact pairs, by at most `(2 d + 4)^2 2^-106` of the
/// absolute terms, if none of them overflows.
///
/// # Errors
/// If a score is not a finite number.
pub(crate) fn centred_scores(
    points: &DMatrix<f64>,
    probability: &[f64],
    tilt: &DVector<f64>,
) -> Result<CentredScores> {
    let plain = plain_scores(points, tilt.as_slice());
    let equal = probability
        .windows(2)
        .all(|pair| matches!(pair, [p, q] if p == q));
    let largest = probability
        .iter()
        .zip(&plain)
        .map(|(p, s)| if equal { *s } else { p.ln() + s })
        .enumerate()
        .max_by(|(_, one), (_, other)| one.total_cmp(other))
        .map(|(index, _)| index);
    drop(plain);
    let origin = largest.and_then(|index| (index < points.ncols()).then(|| points.column(index)));
    let (scores, absolute) = match origin {
        Some(origin) => scores_about(points, tilt.as_slice(), origin.into_owned().as_slice()),
        None => (Vec::new(), 0.0),
    };
    let terms = 2.0 * tilt.len() as f64 + 4.0;
    let of_sum = terms * terms * UNIT;
    let largest = scores.iter().fold(1.0_f64, |most, s| most.max(s.abs()));
    let rounding = 1.01 * UNIT * (2.0 * largest + of_sum * absolute);
    let origin = origin.map_or(0.0, |origin| origin.dot(tilt));
    if scores
        .iter()
        .chain([&origin, &rounding])
        .all(|s| s.is_finite())
    {
        return Ok(CentredScores {
            scores,
            origin,
            rounding,
        });
    }
    Err(Error::Unavailable {
        what: "the list of score atoms",
        why: "a score is not a finite number; tilt or tokens must be smaller".into(),
    })
}
