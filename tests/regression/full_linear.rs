//! Linear attention with all blocks: against an exact sum over Gauss-Hermite nodes of the definition, against the forms of
//! the two-block head, differences, and the second minimum.

use attention_bounds::law::toeplitz;
use attention_bounds::parameter::PromptLength;
use attention_bounds::regression::risk::full_linear::{
    FullHead, FullOptimum, gradient, minimise, risk,
};
use attention_bounds::regression::risk::{infinite, linear};
use attention_bounds::regression::{RegressionHead, RegressionTask};
use nalgebra::{Cholesky, DMatrix, DVector};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn length(l: u64) -> PromptLength {
    PromptLength::new(l).unwrap()
}

fn random_head(dimension: usize, random: &mut ChaCha8Rng) -> FullHead {
    let list: Vec<f64> = (0..dimension * dimension + 1 + 2 * dimension)
        .map(|_| 2.0 * random.random::<f64>() - 1.0)
        .collect();
    FullHead::from_slice(dimension, &list)
}

fn random_task(dimension: usize, random: &mut ChaCha8Rng) -> RegressionTask {
    let root = DMatrix::from_fn(dimension, dimension, |_, _| random.random::<f64>() - 0.3);
    let covariance = &root * root.transpose() + 0.2 * DMatrix::identity(dimension, dimension);
    RegressionTask::new(covariance, 0.3, 0.7).unwrap()
}

/// All points of the 3-point Gauss-Hermite rule in `count` coordinates with their weights: exact for a standard normal vector up to
/// degree 5 in every coordinate.
fn nodes(count: usize) -> Vec<(Vec<f64>, f64)> {
    let root = 3_f64.sqrt();
    let rule = [(-root, 1.0 / 6.0), (0.0, 2.0 / 3.0), (root, 1.0 / 6.0)];
    let mut all = vec![(Vec::new(), 1.0)];
    for _ in 0..count {
        all = all
            .into_iter()
            .flat_map(|(point, weight)| {
                rule.map(|(x, w)| ([point.clone(), vec![x]].concat(), weight * w))
            })
            .collect();
    }
    all
}

/// The risk by its definition. The loss has degree 4 in every coordinate of a token, of `w` and of a noise, and 2 in those of the
/// query, so that the sum over the nodes is its expectation.
fn enumerated(task: &RegressionTask, head: &FullHead, length: usize) -> f64 {
    let d = task.dimension();
    let root = Cholesky::new(task.covariance().clone()).unwrap().l();
    let tau = task.weight_variance().sqrt();
    let noise = task.noise_variance().sqrt();
    let FullHead {
        regression,
        label_scores,
        input_values,
    } = head;
    let mut total = 0.0;
    let (outer, inner) = (nodes(2 * d), nodes((d + 1) * length));
    for (drawn, outer_weight) in &outer {
        let w = tau * DVector::from_column_slice(&drawn[..d]);
        let query = &root * DVector::from_column_slice(&drawn[d..]);
        let direction = &regression.key_query * &query;
        let by_label = label_scores.dot(&query);
        for (numbers, weight) in &inner {
            let mut prediction = 0.0;
            for token in numbers.chunks(d + 1) {
                let x = &root * DVector::from_column_slice(&token[..d]);
                let y = w.dot(&x) + noise * token[d];
                let score = direction.dot(&x) + by_label * y;
                prediction += score * (input_values.dot(&x) + regression.value * y);
            }
            let error = prediction / length as f64 - w.dot(&query);
            total += outer_weight * weight * error * error;
        }
    }
    0.5 * (total + task.noise_variance())
}

#[test]
fn the_risk_is_the_expectation_of_the_definition() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    for (dimension, prompt) in [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2)] {
        for _ in 0..3 {
            let task = random_task(dimension, &mut random);
            let head = random_head(dimension, &mut random);
            let wanted = enumerated(&task, &head, prompt);
            let found = risk(&task, &head, Some(length(prompt as u64))).unwrap();
            assert!(
                (found - wanted).abs() < 1e-12 * wanted,
                "d = {dimension}, L = {prompt}: {found} against {wanted}"
            );
        }
    }
}

#[test]
fn without_the_other_blocks_it_is_the_risk_of_the_two_block_head() {
    let mut random = ChaCha8Rng::seed_from_u64(2);
    for dimension in [1, 2, 5, 9] {
        let task = random_task(dimension, &mut random);
        let mut head = random_head(dimension, &mut random);
        head.label_scores.fill(0.0);
        head.input_values.fill(0.0);
        let two: &RegressionHead = &head.regression;
        let limit = infinite::risk(&task, two).unwrap();
        let endless = risk(&task, &head, None).unwrap();
        assert!((endless - limit).abs() < 1e-13 * limit);
        for l in [1, 10, 1_000_000_000_000] {
            let wanted = limit + linear::gap(&task, two, length(l)).unwrap();
            let found = risk(&task, &head, Some(length(l))).unwrap();
            assert!((found - wanted).abs() < 1e-13 * wanted);
            // The reflection: nothing pulls the other blocks away from zero.
            let slope = gradient(&task, &head, Some(length(l))).unwrap();
            assert!(slope.label_scores.norm() == 0.0 && slope.input_values.norm() == 0.0);
            let wanted = linear::gradient(&task, two, length(l)).unwrap();
            assert!(slope.regression.distance(&wanted) < 1e-12 * wanted.norm());
        }
    }
}

#[test]
fn the_gradient_is_the_limit_of_differences() {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    for (dimension, l) in [(1, Some(1)), (2, Some(3)), (3, None), (5, Some(100))] {
        let task = random_task(dimension, &mut random);
        let list = random_head(dimension, &mut random).to_vec();
        let l = l.map(length);
        let found = gradient(&task, &FullHead::from_slice(dimension, &list), l).unwrap();
        let scale = DVector::from_vec(found.to_vec()).norm();
        for (i, found) in found.to_vec().into_iter().enumerate() {
            let at = |step: f64| {
                let mut moved = list.clone();
                moved[i] += step;
                risk(&task, &FullHead::from_slice(dimension, &moved), l).unwrap()
            };
            let step = 1e-3;
            // Exact up to rounding for polynomials of degree 4, which the risk is in every entry.
            let wanted =
                (8.0 * (at(step) - at(-step)) - (at(2.0 * step) - at(-2.0 * step))) / (12.0 * step);
            assert!((found - wanted).abs() < 1e-10 * scale, "entry {i}");
        }
    }
}

#[test]
fn scaling_scores_against_values_changes_nothing() {
    let mut random = ChaCha8Rng::seed_from_u64(4);
    let task = random_task(3, &mut random);
    let head = random_head(3, &mut random);
    let scaled = FullHead {
        regression: RegressionHead {
            key_query: &head.regression.key_query * -2.5,
            value: head.regression.value / -2.5,
        },
        label_scores: &head.label_scores * -2.5,
        input_values: &head.input_values / -2.5,
    };
    let l = Some(length(17));
    let (one, other) = (
        risk(&task, &head, l).unwrap(),
        risk(&task, &scaled, l).unwrap(),
    );
    assert!((one - other).abs() < 1e-13 * one);
}

fn paper() -> RegressionTask {
    RegressionTask::new(toeplitz(5, 0.5), 0.1, 0.2).unwrap()
}

#[test]
fn from_the_two_block_head_the_minimum_is_that_of_linear_attention() {
    let task = paper();
    let (best, least) = linear::minimum(&task, length(1000));
    let zeros = DVector::zeros(5);
    let start = FullHead {
        regression: best.plus(0.1, &best),
        label_scores: zeros.clone().add_scalar(0.01),
        input_values: zeros.add_scalar(0.01),
    };
    let found = minimise(&task, &start, length(1000), 1e-10).unwrap();
    assert!((found.risk - least).abs() < 1e-12);
    assert!(found.head.label_scores.norm() < 1e-6 && found.head.input_values.norm() < 1e-6);
    assert!(found.is_strict() && found.curvatures[0].abs() < 1e-7 && found.curvatures[1] > 1e-3);
}

/// Newton's method at `L` = 1000 from a head in which `v a^T` carries one eigenvector of the covariance.
fn from_axis(axis: usize) -> FullOptimum {
    let task = paper();
    let direction = task.axes().column(axis).into_owned();
    let (best, _) = linear::minimum(&task, length(1000));
    let projection = DMatrix::identity(5, 5) - &direction * direction.transpose();
    let (inputs, labels) = (20.0, 1.0 / (20.0 * task.eigenvalues()[axis]));
    let start = FullHead {
        regression: RegressionHead::new(-&best.key_query * projection, -best.value).unwrap(),
        label_scores: &direction * labels,
        input_values: &direction * inputs,
    };
    minimise(&task, &start, length(1000), 1e-10).unwrap()
}

/// Where `v a^T` carries the direction of least variance: a strict local minimum, above the other.
#[test]
fn values_on_inputs_make_a_second_local_minimum() {
    let found = from_axis(0);
    let (_, least) = linear::minimum(&paper(), length(1000));
    assert!(found.is_strict() && found.curvatures[1] > 1e-6);
    assert!((found.risk - 0.088_262_874).abs() < 1e-8);
    assert!(found.risk > 1.5 * least);
    assert!(found.head.input_values.norm() > 1.0);
}

/// Along the next direction: a saddle, which is no minimum though the gradient vanishes and an eigenvalue is 0 up to rounding.
#[test]
fn a_saddle_is_not_called_a_minimum() {
    let found = from_axis(1);
    assert!(found.gradient <= 1e-10);
    let [least, _] = found.curvatures;
    assert!(least < -1e-6 && least > -1e-4, "{least:e}");
    assert!(!found.is_strict());
}

#[test]
fn other_shapes_are_refused() {
    let task = paper();
    let head = random_head(4, &mut ChaCha8Rng::seed_from_u64(5));
    assert!(risk(&task, &head, None).is_err());
    let mut head = random_head(5, &mut ChaCha8Rng::seed_from_u64(5));
    head.input_values = DVector::zeros(4);
    assert!(gradient(&task, &head, None).is_err());
    head.input_values = DVector::zeros(5);
    head.label_scores = DVector::zeros(6);
    assert!(minimise(&task, &head, length(3), 1e-9).is_err());
}
