//! One prompt after the other: draws, weighted sums, and what is measured on them.

use nalgebra::{DMatrix, DVector};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::gaussian_scores::ScoreSums;
use super::normal::fill_normals;
use super::problem::{Problem, Target};
use super::softmax::{TokenSums, WeightSums};
use super::{Plan, QueryChoice, Route};

/// What one prompt gave.
#[derive(Debug)]
pub(super) struct Measured {
    /// The quantities of the plan in their order, then the output error `That - T` (its conditional mean on
    /// the Rao-Blackwellised route).
    pub numbers: Vec<f64>,
    /// `|That - T|`, if the plan needs it.
    pub error: f64,
}

/// Draws prompts of one simulation; its memory is reused from prompt to prompt.
#[derive(Debug)]
pub(super) struct Drawer<'a> {
    problem: &'a Problem<'a>,
    plan: &'a Plan,
    target: Target,
    chosen: Option<QueryChoice>,
    route: RouteState,
    measured: Measured,
}

#[derive(Debug)]
enum RouteState {
    Plain(Box<PlainState>),
    RaoBlackwell(Box<ScoreState>),
}

impl<'a> Drawer<'a> {
    /// Allocates everything that a prompt needs.
    pub fn new(problem: &'a Problem<'a>, plan: &'a Plan) -> Self {
        let numbers = plan.quantities().len() + problem.outputs();
        Self {
            problem,
            plan,
            target: Target::new(problem),
            chosen: None,
            route: match plan.route {
                Route::Plain => RouteState::Plain(Box::new(PlainState::new(problem, plan))),
                Route::RaoBlackwell => {
                    RouteState::RaoBlackwell(Box::new(ScoreState::new(problem, plan)))
                }
            },
            measured: Measured {
                numbers: vec![0.0; numbers],
                error: 0.0,
            },
        }
    }

    /// Draws a prompt of `length` tokens (and a query, for an average) and measures it.
    pub fn prompt(
        &mut self,
        choice: QueryChoice,
        length: u64,
        random: &mut ChaCha8Rng,
    ) -> &Measured {
        // A fixed query draws nothing, so it need not be set again.
        if choice == QueryChoice::Average || self.chosen != Some(choice) {
            self.target.choose(self.problem, choice, random);
            self.chosen = Some(choice);
            if let RouteState::RaoBlackwell(state) = &mut self.route {
                state.turn(self.problem, &self.target, self.plan);
            }
        }
        let (target, measured) = (&self.target, &mut self.measured);
        match &mut self.route {
            RouteState::Plain(state) => {
                state.prompt(self.problem, self.plan, target, length, random, measured);
            }
            RouteState::RaoBlackwell(state) => {
                state.prompt(self.problem, self.plan, target, length, random, measured);
            }
        }
        &self.measured
    }
}

/// Writes `P_2`, `P_3` and `1 / P_2` behind the output error.
fn participation(numbers: &mut [f64], sums: &WeightSums) {
    let two = sums.participation_two();
    for (place, number) in numbers
        .iter_mut()
        .zip([two, sums.participation_three(), 1.0 / two])
    {
        *place = number;
    }
}

/// Scratch of the plain route.
#[derive(Debug)]
struct PlainState {
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
    fn new(problem: &Problem<'_>, plan: &Plan) -> Self {
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

    fn prompt(
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
        let square = self.output.norm_squared();
        measured.error = square.sqrt();
        let (first, rest) = measured.numbers.split_at_mut(1);
        first.fill(square);
        let (three, rest) = rest.split_at_mut(3);
        participation(three, &self.sums.weight_sums);
        let mut places = rest.iter_mut();
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

/// Scratch of the Rao-Blackwellised route, and the constants of the current query.
///
/// With `e = R^T a / s` (zero if `s = 0`), `v = R e = Gamma a / s` and `G = Gamma - v v^T`, a token is
/// `X = m0 + v xi + Y`, where the score is `s xi` up to a shift and `Y` is independent of it with covariance `G`.
#[derive(Debug)]
struct ScoreState {
    sums: ScoreSums,
    /// `s`, the standard deviation of a score.
    deviation: f64,
    /// `e`.
    direction: DVector<f64>,
    /// `v = R e`, the response of a token to its normalised score.
    response: DVector<f64>,
    /// `V v`.
    output_response: DVector<f64>,
    /// Constants of the law: `tr(V Gamma V^T)`, `tr Gamma`, `tr(V Gamma^2 V^T)` and `V Gamma`.
    output_variance: f64,
    variance: f64,
    output_square: f64,
    value_covariance: DMatrix<f64>,
    /// Constants of the query, for the key-query gradient.
    gradient: GradientConstants,
    normals: DVector<f64>,
    output: DVector<f64>,
}

/// Coefficients of the conditional expectation of `|V (Chat - Gamma)|_F^2` (theory pages, section 4).
#[derive(Debug, Default)]
struct GradientConstants {
    /// `|v|^2 |V v|^2`, with `(var - 1)^2`.
    fourth: f64,
    /// `|V v|^2 tr G + |v|^2 tr(V G V^T) + 2 <V v, V G v>`, with `sum p^2 (xi - mean)^2`.
    second: f64,
    /// `tr(V G^2 V^T)`, with `P_2^2 + (P_2 - 2 P_3 + P_2^2)`.
    square: f64,
    /// `tr(V G V^T) tr G`, with `P_2 - 2 P_3 + P_2^2`.
    traces: f64,
    /// `<V G v, V v>`, with `-2 (var - 1) P_2`.
    cross: f64,
}

impl ScoreState {
    fn new(problem: &Problem<'_>, plan: &Plan) -> Self {
        let (d, m) = (problem.dimension(), problem.outputs());
        let value_covariance = match problem.gaussian {
            Some(law) if plan.key_query_gradient => problem.head.value() * law.covariance(),
            _ => DMatrix::zeros(0, 0),
        };
        Self {
            sums: ScoreSums::new(),
            deviation: 0.0,
            direction: DVector::zeros(d),
            response: DVector::zeros(d),
            output_response: DVector::zeros(m),
            output_variance: problem.output.norm_squared(),
            variance: problem.gaussian.map_or(0.0, |law| law.covariance().trace()),
            output_square: value_covariance.norm_squared(),
            value_covariance,
            gradient: GradientConstants::default(),
            normals: DVector::zeros(d),
            output: DVector::zeros(m),
        }
    }

    /// Computes the constants of the query of `target`.
    fn turn(&mut self, problem: &Problem<'_>, target: &Target, plan: &Plan) {
        self.deviation = target.drawn_tilt.norm();
        self.direction.copy_from(&target.drawn_tilt);
        if self.deviation > 0.0 {
            self.direction /= self.deviation;
        }
        self.output_response
            .gemv(1.0, &problem.output, &self.direction, 0.0);
        if let Some(law) = problem.gaussian
            && (plan.value_gradient || plan.key_query_gradient)
        {
            self.response.gemv(1.0, law.root(), &self.direction, 0.0);
        }
        if plan.key_query_gradient {
            let (v, out) = (
                self.response.norm_squared(),
                self.output_response.norm_squared(),
            );
            // V Gamma v; then V G v = V Gamma v - |v|^2 V v.
            self.output
                .gemv(1.0, &self.value_covariance, &self.response, 0.0);
            let along = self.output_response.dot(&self.output);
            let cross = along - v * out;
            let trace = (self.variance - v).max(0.0);
            let output_trace = self.spread();
            self.gradient = GradientConstants {
                fourth: v * out,
                second: out * trace + v * output_trace + 2.0 * cross,
                square: (self.output_square - 2.0 * along + v * out).max(0.0),
                traces: output_trace * trace,
                cross,
            };
        }
    }

    /// `tr(V G V^T)`; Cauchy-Schwarz makes it non-negative, the maximum removes a rounding error only.
    fn spread(&self) -> f64 {
        (self.output_variance - self.output_response.norm_squared()).max(0.0)
    }

    fn prompt(
        &mut self,
        problem: &Problem<'_>,
        plan: &Plan,
        target: &Target,
        length: u64,
        random: &mut ChaCha8Rng,
        measured: &mut Measured,
    ) {
        self.sums
            .prompt(random, length, self.deviation, plan.key_query_gradient);
        let weights = self.sums.weight_sums;
        let (two, three) = (weights.participation_two(), weights.participation_three());
        let mean = self.sums.first / weights.one;
        // M - s^2 = s (mean - s), and s u = v.
        let shift = mean - self.deviation;
        let (first, rest) = measured.numbers.split_at_mut(1);
        first.fill(self.output_response.norm_squared() * (shift * shift) + two * self.spread());
        let (places, rest) = rest.split_at_mut(3);
        participation(places, &weights);
        let mut places = rest.iter_mut();
        if plan.value_gradient
            && let Some(place) = places.next()
        {
            let v = self.response.norm_squared();
            *place = v * (shift * shift) + two * (self.variance - v).max(0.0);
        }
        if plan.key_query_gradient
            && let Some(place) = places.next()
        {
            let square = weights.one * weights.one;
            let excess = self.sums.second / weights.one - mean * mean - 1.0;
            let spread = (self.sums.square_second - 2.0 * mean * self.sums.square_first) / square
                + mean * mean * two;
            let pairs = two - 2.0 * three + two * two;
            let gradient = &self.gradient;
            let error = excess * excess * gradient.fourth
                + spread * gradient.second
                + (two * two + pairs) * gradient.square
                + pairs * gradient.traces
                - 2.0 * excess * two * gradient.cross;
            *place = error * target.query_square;
        }
        for (place, x) in places.zip(self.output_response.iter()) {
            *place = x * shift;
        }
        if plan.needs_errors() {
            measured.error = self.conditional_error(problem, shift, two, random);
        }
    }

    /// `|That - T|` of one draw of the output given the scores: `V (v shift + sqrt(P_2) Y)`, `Y ~ N(0, G)`.
    fn conditional_error<R: Rng>(
        &mut self,
        problem: &Problem<'_>,
        shift: f64,
        two: f64,
        random: &mut R,
    ) -> f64 {
        fill_normals(random, self.normals.as_mut_slice());
        let along = self.direction.dot(&self.normals);
        let width = two.sqrt();
        // In drawn coordinates Y is a standard normal vector less its part along e.
        for (x, e) in self.normals.iter_mut().zip(self.direction.iter()) {
            *x = width * (*x - along * e) + shift * e;
        }
        self.output.gemv(1.0, &problem.output, &self.normals, 0.0);
        self.output.norm()
    }
}
