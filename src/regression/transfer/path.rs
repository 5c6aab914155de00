//! The infinite flow up to a horizon, with what T10 and T10.tube need to know of it.

use crate::bound::HeadSizes;
use crate::error::Result;
use crate::regression::flow::FlowPoint;
use crate::regression::risk::curvature::extreme_curvatures;
use crate::regression::{RegressionHead, RegressionTask};

/// The infinite flow up to the horizon, with the curvature along it.
pub(super) struct Path {
    pub points: Vec<PathPoint>,
    pub horizon: f64,
    pub end_risk: f64,
    pub end_gradient: f64,
    /// `|Hess R_inf|` at the end.
    pub end_curvature: f64,
    /// Largest `|Sig^{1/2} A Sig^{1/2}|`, `|A|_F`, `|b|` on the way.
    pub whitened: f64,
    pub key_query: f64,
    pub value: f64,
    pub largest: f64,
    pub weight: f64,
    /// `|Sig^2|_F`, and the Lipschitz constant of `sqrt(E|J|^2)`.
    pub square_norm: f64,
    pub slope: f64,
}

pub(super) struct PathPoint {
    pub time: f64,
    pub risk: f64,
    pub gradient: f64,
    pub value: f64,
    pub derivative: f64,
    /// Smallest and largest eigenvalue of the Hessian of `R_inf`.
    pub curvature: (f64, f64),
    /// Distance to the next point.
    pub chord: f64,
}

impl Path {
    pub(super) fn new(task: &RegressionTask, steps: &[FlowPoint]) -> Result<Self> {
        let root = task.function(f64::sqrt);
        let mut points = Vec::with_capacity(steps.len());
        let mut sizes = (0.0_f64, 0.0_f64, 0.0_f64);
        for (i, step) in steps.iter().enumerate() {
            let whitened = (&root * &step.head.key_query * &root)
                .singular_values()
                .max();
            sizes = (
                sizes.0.max(whitened),
                sizes.1.max(step.head.key_query.norm()),
                sizes.2.max(step.head.value.abs()),
            );
            points.push(PathPoint {
                time: step.time,
                risk: step.risk,
                gradient: step.gradient,
                value: step.head.value.abs(),
                derivative: derivative(task, &step.head),
                curvature: extreme_curvatures(task, &step.head)?,
                chord: steps
                    .get(i + 1)
                    .map_or(0.0, |next| step.head.distance(&next.head)),
            });
        }
        let end = points.last();
        Ok(Self {
            horizon: end.map_or(0.0, |p| p.time),
            end_risk: end.map_or(f64::NAN, |p| p.risk),
            end_gradient: end.map_or(f64::NAN, |p| p.gradient),
            end_curvature: end.map_or(f64::NAN, |p| p.curvature.0.abs().max(p.curvature.1)),
            whitened: sizes.0,
            key_query: sizes.1,
            value: sizes.2,
            largest: task.eigenvalues().max(),
            weight: task.weight_variance(),
            square_norm: task.eigenvalues().map(|l| l * l).norm(),
            slope: (task.weight_variance() * traces(task)).sqrt(),
            points,
        })
    }

    /// A Lipschitz constant of the Hessian within `radius` of the path: `|D^3 R_inf| <= (4/sqrt 3) tau^2 |Sig|^3 (|b| + |A|_F)`.
    pub(super) fn third(&self, radius: f64) -> f64 {
        let size = self.value + self.key_query + 2.0 * radius;
        4.0 / 3f64.sqrt() * self.weight * self.largest.powi(3) * size
    }

    /// The largest radius within which `R_inf` rises by at most `room` above its value at the horizon.
    pub(super) fn largest_radius(&self, room: f64) -> f64 {
        let rise =
            |r: f64| self.end_gradient * r + 0.5 * (self.end_curvature + self.third(r) * r) * r * r;
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if rise(middle) <= room {
                low = middle;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The Lipschitz constant of `grad R_inf` on the ball around the path: the norm of the matrix of the norms of the blocks of the Hessian,
    /// `tau^2 b^2 |Sig|^3`, `tau^2 |A|^2 |Sig|^3` and `tau^2 (2 |b| |A| |Sig|^3 + |Sig^2|_F)`.
    pub(super) fn lipschitz(&self, radius: f64) -> f64 {
        let (b, a) = (self.value + radius, self.key_query + radius);
        let cube = self.weight * self.largest.powi(3);
        let (first, second) = (cube * b * b, cube * a * a);
        let mixed = 2.0 * cube * a * b + self.weight * self.square_norm;
        0.5 * (first + second) + (0.25 * (first - second).powi(2) + mixed * mixed).sqrt()
    }

    /// What the errors of T10 depend on, within `radius` of a point.
    pub(super) fn sizes(&self, point: &PathPoint, radius: f64) -> HeadSizes {
        let curvature = point.curvature.1 + self.third(radius) * radius;
        HeadSizes {
            value: point.value + radius,
            risk: point.risk + point.gradient * radius + 0.5 * curvature * radius * radius,
            derivative: point.derivative + self.slope * radius,
        }
    }
}

/// `sqrt(E |J|^2)`, and its Lipschitz constant `tau sqrt(tr Sig^2 tr Sig)`: `J` is linear in `(A, b)`.
fn derivative(task: &RegressionTask, head: &RegressionHead) -> f64 {
    let seen = task.covariance() * &head.key_query;
    let signal = (&seen * task.covariance()).dot(&seen);
    let traces = traces(task);
    (task.weight_variance() * (head.value * head.value * traces + signal)).sqrt()
}

/// `tr Sig^2 tr Sig`, at least `|Sig|^3`.
fn traces(task: &RegressionTask) -> f64 {
    task.eigenvalues().norm_squared() * task.eigenvalues().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regression::flow::optimum::hessian;
    use crate::regression::flow::{FlowOptions, follow};
    use crate::regression::risk::{InfinitePrompt, Risk, infinite};
    use nalgebra::{DMatrix, SymmetricEigen};
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn task() -> RegressionTask {
        let covariance = DMatrix::from_row_slice(2, 2, &[1.5, 0.4, 0.4, 0.8]);
        RegressionTask::new(covariance, 0.2, 0.6).unwrap()
    }

    fn path(task: &RegressionTask) -> (Path, Vec<FlowPoint>) {
        let start = infinite::start(task, 0.3).unwrap();
        let flow = follow(&InfinitePrompt(task), &start, &[], &FlowOptions::default()).unwrap();
        (Path::new(task, &flow.steps).unwrap(), flow.steps)
    }

    /// 400 heads at distance `radius` from points of the flow, with these points.
    fn nearby(steps: &[FlowPoint], radius: f64, seed: u64) -> Vec<(usize, RegressionHead)> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut draw = |_| {
            let at = random.random_range(0..steps.len());
            let mut uniform = || 2.0 * random.random::<f64>() - 1.0;
            let direction =
                RegressionHead::new(DMatrix::from_fn(2, 2, |_, _| uniform()), uniform()).unwrap();
            let scale = radius / direction.norm();
            (at, steps[at].head.plus(scale, &direction))
        };
        (0..400).map(&mut draw).collect()
    }

    #[test]
    fn hessians_in_the_tube_move_no_faster_than_their_constants_which_are_not_idle() {
        let task = task();
        let (path, steps) = path(&task);
        let at = |head: &RegressionHead| hessian(&InfinitePrompt(&task), head).unwrap();
        let norm = |matrix: DMatrix<f64>| SymmetricEigen::new(matrix).eigenvalues.amax();
        let (mut fastest, mut largest) = (0.0_f64, 0.0_f64);
        for (number, head) in nearby(&steps, 0.3, 1) {
            let norm = norm(at(&head) - at(&steps[number].head));
            let bound = path.third(0.3) * 0.3;
            assert!(norm <= bound, "{norm} {bound}");
            fastest = fastest.max(norm / bound);
        }
        // One Lipschitz constant of the gradient covers the ball.
        for (_, head) in nearby(&steps, 0.2, 2) {
            let norm = norm(at(&head));
            assert!(norm <= path.lipschitz(0.2));
            largest = largest.max(norm / path.lipschitz(0.2));
        }
        assert!(fastest > 0.15 && largest > 0.2, "{fastest} {largest}");
    }

    #[test]
    fn risk_and_derivative_within_the_radius_are_covered() {
        let task = task();
        let (path, steps) = path(&task);
        let (mut closest_risk, mut closest_derivative) = (f64::INFINITY, f64::INFINITY);
        let radius = 0.05;
        for (at, head) in nearby(&steps, radius, 3) {
            let sizes = path.sizes(&path.points[at], radius);
            let (risk, _) = InfinitePrompt(&task).risk_and_gradient(&head).unwrap();
            assert!(risk <= sizes.risk && head.value.abs() <= sizes.value);
            assert!(derivative(&task, &head) <= sizes.derivative);
            closest_risk = closest_risk.min(sizes.risk - risk);
            closest_derivative =
                closest_derivative.min(sizes.derivative - derivative(&task, &head));
        }
        assert!(
            closest_risk < 1e-2 && closest_derivative < 2e-2,
            "{closest_risk} {closest_derivative}"
        );
    }

    #[test]
    fn the_largest_radius_spends_the_whole_room() {
        let task = task();
        let (path, _) = path(&task);
        let radius = path.largest_radius(0.01);
        let rise =
            |r: f64| path.end_gradient * r + 0.5 * (path.end_curvature + path.third(r) * r) * r * r;
        assert!(rise(radius) <= 0.01 && rise(1.001 * radius) > 0.01);
    }
}
