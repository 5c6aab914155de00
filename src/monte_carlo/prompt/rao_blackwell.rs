//! The Rao-Blackwellised route: scores only, the rest of a Gaussian token integrated out.

use nalgebra::{DMatrix, DVector};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::gaussian_scores::ScoreSums;
use super::measured::{Measured, write_first};
use super::problem::{Problem, Target};
use crate::monte_carlo::plan::Plan;
use crate::monte_carlo::random::normal::fill_normals;

/// Scratch of the Rao-Blackwellised route, and the constants of the current query.
///
/// With `e = R^T a / s` (zero if `s = 0`), `v = R e = Gamma a / s` and `G = Gamma - v v^T`, a token is
/// `X = m0 + v xi + Y`, where the score is `s xi` up to a shift and `Y` is independent of it with covariance `G`.
#[derive(Debug)]
pub(super) struct ScoreState {
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
    pub fn new(problem: &Problem<'_>, plan: &Plan) -> Self {
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
    pub fn turn(&mut self, problem: &Problem<'_>, target: &Target, plan: &Plan) {
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
        self.sums
            .prompt(random, length, self.deviation, plan.key_query_gradient);
        let weights = self.sums.weight_sums;
        let (two, three) = (weights.participation_two(), weights.participation_three());
        let mean = self.sums.first / weights.one;
        // M - s^2 = s (mean - s), and s u = v.
        let shift = mean - self.deviation;
        // E mean = s (1 - r_2), by Stein's identity.
        measured.control = shift + self.deviation * two;
        let square = self.output_response.norm_squared() * (shift * shift) + two * self.spread();
        let mut places = write_first(&mut measured.numbers, square, &weights);
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
