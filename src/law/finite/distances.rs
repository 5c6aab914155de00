//! Distances of many points from one.

use nalgebra::{DMatrix, DVector};

use crate::law::compensated::by_parts;
use crate::law::linear_algebra::norm;

const LANES: usize = 8;
/// Points from which the origin of the outputs is chosen.
const SAMPLED: usize = 1024;

/// `|x - y|^2`, in sums side by side.
fn squared_distance(one: &[f64], other: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let ((ones, rest), (others, other_rest)) =
        (one.as_chunks::<LANES>(), other.as_chunks::<LANES>());
    for (one, other) in ones.iter().zip(others) {
        for lane in 0..LANES {
            sums[lane] += (one[lane] - other[lane]) * (one[lane] - other[lane]);
        }
    }
    for ((sum, x), y) in sums.iter_mut().zip(rest).zip(other_rest) {
        *sum += (x - y) * (x - y);
    }
    sums.iter().sum()
}

/// `|(x - shift) - y|^2`, in sums side by side.
pub(super) fn squared_gap(x: &[f64], shift: &[f64], y: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let chunks = x
        .chunks(LANES)
        .zip(shift.chunks(LANES))
        .zip(y.chunks(LANES));
    for ((x, shift), y) in chunks {
        match (
            x.as_array::<LANES>(),
            shift.as_array::<LANES>(),
            y.as_array::<LANES>(),
        ) {
            (Some(x), Some(shift), Some(y)) => {
                for lane in 0..LANES {
                    let gap = x[lane] - shift[lane] - y[lane];
                    sums[lane] += gap * gap;
                }
            }
            _ => {
                let gaps = x
                    .iter()
                    .zip(shift)
                    .zip(y)
                    .map(|((x, shift), y)| x - shift - y);
                for (sum, gap) in sums.iter_mut().zip(gaps) {
                    *sum += gap * gap;
                }
            }
        }
    }
    sums.iter().sum()
}

/// The largest `|x - from|^2` of the columns `x`; NaN is not passed over.
pub(super) fn farthest_square(points: &DMatrix<f64>, from: &[f64]) -> f64 {
    let larger = |most: f64, square: f64| if square <= most { most } else { square };
    let rows = points.nrows();
    let parts = by_parts(points.ncols(), |part| {
        let entries = points.as_slice().get(part.start * rows..part.end * rows);
        let points = entries.unwrap_or_default().chunks_exact(rows.max(1));
        points
            .map(|point| squared_distance(point, from))
            .fold(0.0, larger)
    });
    parts.into_iter().fold(0.0, larger)
}

/// The largest `|x - from|` of the columns `x`.
pub(super) fn farthest(points: &DMatrix<f64>, from: &[f64]) -> f64 {
    let square = farthest_square(points, from);
    // Squares this small may underflow.
    if square >= 1e-280 {
        return square.sqrt();
    }
    let apart =
        |point: &[f64]| -> Vec<f64> { point.iter().zip(from).map(|(x, y)| x - y).collect() };
    let points = points.as_slice().chunks_exact(points.nrows().max(1));
    points.map(|point| norm(&apart(point))).fold(0.0, f64::max)
}

/// The point nearest to the median of every coordinate, of about [`SAMPLED`] points: few outliers do not move it.
pub(super) fn typical_point(points: &DMatrix<f64>) -> DVector<f64> {
    let stride = points.ncols().div_ceil(SAMPLED).max(1);
    let sampled = || points.column_iter().step_by(stride);
    let median = DVector::from_iterator(
        points.nrows(),
        points.row_iter().map(|row| {
            let mut entries: Vec<f64> = row.iter().step_by(stride).copied().collect();
            entries.sort_by(f64::total_cmp);
            entries.get(entries.len() / 2).copied().unwrap_or(0.0)
        }),
    );
    sampled()
        .map(|x| ((x - &median).norm(), x))
        .min_by(|(one, _), (other, _)| one.total_cmp(other))
        .map_or(median, |(_, x)| x.into_owned())
}
