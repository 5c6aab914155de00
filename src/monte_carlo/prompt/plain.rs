//! The plain route: tokens in all their coordinates.

use nalgebra::{DMatrix, DVector};
use rand_chacha::ChaCha8Rng;

use super::measured::{Measured, write_first};
use super::problem::{Problem, Target};
use super::softmax::TokenSums;
use crate::monte_carlo::plan::Plan;
use crate::monte_carlo::random::normal::fill_normals;

/// Scratch of the plain route.
#[derive(Debug)]
pub(super) struct PlainState {
    sums: TokenSums,
    token: Vec<f64>,
    /// `mhat - m` in drawn coordinates.
    mean: DVector<f64>,
    output: DVector<f64>,
    /// `mhat - m` in token coordinates; empty unless the value gradient is measured.
    token_mean: DVector<f64>,
    covariance: DMatrix<f64>,
    product: DMatrix<f64>,
    rooted: DMatrix<f64>,
}

impl PlainState {
    pub fn new(problem: &Problem<'_>, plan: &Plan) -> Self {
        let (d, m) = (problem.dimension(), problem.outputs());
        let square = if plan.key_query_gradient { d } else { 0 };
        let rows = if plan.key_query_gradient { m } else { 0 };
        Self {
            sums: TokenSums::new(d, plan.key_query_gradient),
            token: vec![0.0; d],
            mean: DVector::zeros(d),
            output: DVector::zeros(m),
            token_mean: DVector::zeros(d),
            covariance: DMatrix::zeros(square, square),
            product: DMatrix::zeros(rows, square),
            rooted: DMatrix::zeros(rows, square),
        }
    }

    /// Draws one prompt for the current query and measures it.
    pub fn prompt(
        &mut self,
        problem: &Problem<'_>,
        plan: &Plan,
        target: &Target,
        length: u64,
        random: &mut ChaCha8Rng,
        measured: &mut Measured,
    ) {
        let tilt = target.drawn_tilt.as_slice();
        if problem.gaussian.is_some() {
            self.sums.prompt(length, tilt, |piece, capacity, count| {
                if count == capacity {
                    fill_normals(random, piece);
                } else {
                    for row in piece.chunks_exact_mut(capacity) {
                        fill_normals(random, row.split_at_mut(count).0);
                    }
                }
            });
        } else {
            let token = &mut self.token;
            let centre = target.centre.as_slice();
            self.sums.prompt(length, tilt, |piece, capacity, count| {
                for place in 0..count {
                    problem.tokens.sample(random, token);
                    let column = piece.iter_mut().skip(place).step_by(capacity);
                    for ((number, x), c) in column.zip(token.iter()).zip(centre) {
                        *number = x - c;
                    }
                }
            });
        }
        self.finish(problem, plan, target, measured);
    }

    fn finish(
        &mut self,
        problem: &Problem<'_>,
        plan: &Plan,
        target: &Target,
        measured: &mut Measured,
    ) {
        let total = self.sums.weight_sums.one;
        // Gaussian draws are not centred: the mean of the tilted law is R^T a in their coordinates.
        let offset = if problem.gaussian.is_some() { 1.0 } else { 0.0 };
        for ((mean, sum), tilt) in self
            .mean
            .iter_mut()
            .zip(&self.sums.first)
            .zip(target.drawn_tilt.iter())
        {
            *mean = sum / total - offset * tilt;
        }
        self.output.gemv(1.0, &problem.output, &self.mean, 0.0);
        let joined = target
            .fixed
            .as_ref()
            .map(|fixed| fixed.join(&self.sums.weight_sums, &mut self.output));
        let weights = joined
            .as_ref()
            .map_or(&self.sums.weight_sums, |j| &j.weights);
        let square = self.output.norm_squared();
        measured.error = square.sqrt();
        let mut places = write_first(&mut measured.numbers, square, weights);
        if let Some(joined) = &joined
            && let Some(place) = places.next()
        {
            *place = joined.share;
        }
        if plan.value_gradient
            && let Some(place) = places.next()
        {
            *place = match problem.gaussian {
                Some(law) => {
                    self.token_mean.gemv(1.0, law.root(), &self.mean, 0.0);
                    self.token_mean.norm_squared()
                }
                None => self.mean.norm_squared(),
            };
        }
        if plan.key_query_gradient {
            self.key_query_gradient(problem, target, total);
            let product = if problem.gaussian.is_some() {
                &self.rooted
            } else {
                &self.product
            };
            if let Some(place) = places.next() {
                *place = product.norm_squared() * target.query_square;
            }
            if plan.operator_norm
                && let Some(place) = places.next()
            {
                *place = largest_singular_square(product) * target.query_square;
            }
        }
        for (place, x) in places.zip(self.output.iter()) {
            *place = *x;
        }
    }

    /// `V (Chat - C)` in token coordinates.
    fn key_query_gradient(&mut self, problem: &Problem<'_>, target: &Target, total: f64) {
        let d = problem.dimension();
        let gaussian = problem.gaussian.is_some();
        // The mean that the second moments are taken about: that of the draws.
        let drawn = |sum: f64| sum / total;
        let first = &self.sums.first;
        for (k, column) in self.sums.second.chunks_exact(d).enumerate() {
            let Some(mean_k) = first.get(k).copied().map(drawn) else {
                continue;
            };
            for (j, (sum, mean_j)) in column
                .iter()
                .zip(first.iter().copied().map(drawn))
                .take(k + 1)
                .enumerate()
            {
                let limit = match &target.covariance {
                    Some(covariance) if !gaussian => {
                        covariance.get((j, k)).copied().unwrap_or(f64::NAN)
                    }
                    _ => f64::from(u8::from(j == k)),
                };
                let entry = sum / total - mean_j * mean_k - limit;
                for place in [(j, k), (k, j)] {
                    if let Some(number) = self.covariance.get_mut(place) {
                        *number = entry;
                    }
                }
            }
        }
        // Column by column: a product of matrices would allocate.
        let columns = self
            .product
            .column_iter_mut()
            .zip(self.covariance.column_iter());
        for (mut product, covariance) in columns {
            product.gemv(1.0, &problem.output, &covariance, 0.0);
        }
        if let Some(law) = problem.gaussian {
            times_transposed(&self.product, law.root(), &mut self.rooted);
        }
    }
}

/// Writes `product root^T` to `result`, without allocation.
fn times_transposed(product: &DMatrix<f64>, root: &DMatrix<f64>, result: &mut DMatrix<f64>) {
    result.fill(0.0);
    for (column, entries) in product.column_iter().zip(root.column_iter()) {
        result.ger(1.0, &column, &entries, 1.0);
    }
}

/// The square of the largest singular value.
fn largest_singular_square(matrix: &DMatrix<f64>) -> f64 {
    let gram = if matrix.nrows() <= matrix.ncols() {
        matrix * matrix.transpose()
    } else {
        matrix.transpose() * matrix
    };
    // An eigenvalue iteration does not end on NaN.
    if !gram.iter().all(|x| x.is_finite()) {
        return f64::NAN;
    }
    gram.symmetric_eigenvalues()
        .iter()
        .copied()
        .fold(0.0, f64::max)
}
