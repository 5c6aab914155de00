//! The risks of in-context regression against other routes of computation.

use attention_bounds::attention::Head;
use attention_bounds::exact::{gaussian_participation, gaussian_query_average};
use attention_bounds::law::Gaussian;
use attention_bounds::parameter::PromptLength;
use attention_bounds::regression::risk::{
    FinitePromptRisk, InfinitePrompt, LinearAttention, Risk, infinite, linear,
};
use attention_bounds::regression::{RegressionHead, RegressionTask};
use nalgebra::{DMatrix, DVector};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn length(l: u64) -> PromptLength {
    PromptLength::new(l).unwrap()
}

/// Nodes and weights for a standard normal variable: the trapezoidal rule, exponentially accurate.
fn normal_rule() -> Vec<(f64, f64)> {
    let step: f64 = 0.125;
    (-68..=68)
        .map(|i| {
            let x = f64::from(i) * step;
            (
                x,
                step * (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt(),
            )
        })
        .collect()
}

/// `R_L` of a task in the plane by a tensor rule over the query and T3 at every node.
fn risk_in_the_plane(task: &RegressionTask, head: &RegressionHead, l: u64) -> f64 {
    let root = task.covariance().clone().cholesky().unwrap().l();
    let rule = normal_rule();
    let (b, label, weight) = (head.value, task.label_variance(), task.weight_variance());
    let mut sum = 0.0;
    for &(g, u) in &rule {
        for &(h, v) in &rule {
            if u * v < 1e-22 {
                continue;
            }
            let x = &root * DVector::from_vec(vec![g, h]);
            let seen = task.covariance() * &head.key_query * &x;
            let s = (&head.key_query * &x).dot(&seen).sqrt();
            let r = gaussian_participation(s, &[length(l)]).unwrap()[0];
            let (r2, r3, e22) = (r.second.value, r.third.value, r.squared_second.value);
            let squared = b
                * b
                * (weight * seen.norm_squared() * (1.0 - r2 - 6.0 * r3 + 6.0 * e22) + r2 * label);
            let mixed = b * weight * x.dot(&seen) * (1.0 - r2);
            sum += u * v * 0.5 * (squared - 2.0 * mixed + weight * x.norm_squared());
        }
    }
    sum + 0.5 * task.noise_variance()
}

fn random_matrix(rng: &mut ChaCha8Rng, d: usize, scale: f64) -> DMatrix<f64> {
    DMatrix::from_fn(d, d, |_, _| scale * (2.0 * rng.random::<f64>() - 1.0))
}

fn random_task(rng: &mut ChaCha8Rng, d: usize) -> RegressionTask {
    let factor = random_matrix(rng, d, 1.0);
    let covariance: DMatrix<f64> = &factor * factor.transpose() + 0.3 * DMatrix::identity(d, d);
    let covariance = (&covariance + covariance.transpose()) * 0.5;
    RegressionTask::new(covariance, rng.random::<f64>(), 0.2 + rng.random::<f64>()).unwrap()
}

#[test]
#[ignore = "long: run by ./test --all"]
fn the_risk_agrees_with_a_tensor_rule_in_the_plane() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut worst: f64 = 0.0;
    for l in [1, 2, 7, 40, 1000] {
        for scale in [1e-3, 0.2, 0.7, 1.5] {
            let task = random_task(&mut rng, 2);
            let head = RegressionHead::new(random_matrix(&mut rng, 2, scale), 1.3).unwrap();
            let finite = FinitePromptRisk::new(&task, length(l)).unwrap();
            let risk = finite.risk(&head).unwrap();
            let other = risk_in_the_plane(&task, &head, l);
            let error = (risk.value - other).abs();
            assert!(error <= risk.error + 1e-12, "L = {l}, scale {scale}");
            worst = worst.max(error / other);
        }
    }
    println!("worst {worst:e}");
    assert!(worst < 1e-9);
}

#[test]
fn gradients_agree_with_central_differences() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut worst: f64 = 0.0;
    for d in [1, 2, 3, 5] {
        for l in [2, 10, 100, 10_000] {
            let task = random_task(&mut rng, d);
            let head = RegressionHead::new(random_matrix(&mut rng, d, 0.6), 0.8).unwrap();
            let finite = FinitePromptRisk::new(&task, length(l)).unwrap();
            let gradient = finite.gradient(&head).unwrap().to_vec();
            let scale = gradient.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
            for (i, g) in gradient.iter().enumerate() {
                let at = |step: f64| {
                    let mut list = head.to_vec();
                    list[i] += step;
                    let moved = RegressionHead::from_slice(d, &list);
                    finite.risk(&moved).unwrap().value
                };
                let step = 1e-4;
                let difference = (at(step) - at(-step)) / (2.0 * step);
                worst = worst.max((difference - g).abs() / scale);
            }
        }
    }
    println!("worst {worst:e}");
    assert!(worst < 1e-6);
}

/// A row of `tests/data/regression_risk.json`.
#[derive(serde::Deserialize)]
struct Row {
    eigenvalues: Vec<f64>,
    key_query: Vec<f64>,
    value: f64,
    noise: f64,
    weight: f64,
    length: u64,
    risk: f64,
}

#[derive(serde::Deserialize)]
struct Reference {
    rows: Vec<Row>,
}

#[test]
fn commuting_tasks_agree_with_the_reference() {
    let text = include_str!("../data/regression_risk.json");
    let reference: Reference = serde_json::from_str(text).unwrap();
    assert_eq!(reference.rows.len(), 100);
    let (mut worst, mut worst_estimate) = (0.0_f64, 0.0_f64);
    for (number, row) in reference.rows.iter().enumerate() {
        let d = row.eigenvalues.len();
        // The reference is in the eigen-coordinates; a rotation changes nothing.
        let mut rng = ChaCha8Rng::seed_from_u64(number as u64);
        let rotation = random_matrix(&mut rng, d, 1.0).qr().q();
        let turned = |list: &[f64]| -> DMatrix<f64> {
            let inner = DMatrix::from_diagonal(&DVector::from_column_slice(list));
            &rotation * inner * rotation.transpose()
        };
        let covariance = turned(&row.eigenvalues);
        let covariance = (&covariance + covariance.transpose()) * 0.5;
        let task = RegressionTask::new(covariance, row.noise, row.weight).unwrap();
        let head = RegressionHead::new(turned(&row.key_query), row.value).unwrap();
        let finite = FinitePromptRisk::new(&task, length(row.length)).unwrap();
        let risk = finite.risk(&head).unwrap();
        worst = worst.max((risk.value - row.risk).abs());
        worst_estimate = worst_estimate.max(risk.error);
        // The reference itself is good to about 1e-10.
        assert!(
            (risk.value - row.risk).abs() <= risk.error + 1e-10,
            "row {number}: {} against {}",
            risk.value,
            row.risk
        );
    }
    println!("worst {worst:e}, largest estimate {worst_estimate:e}");
    assert!(worst < 1e-8);
}

#[test]
fn the_risk_tends_to_that_of_the_infinite_prompt_and_one_token_is_closed_form() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for d in [1, 3, 5] {
        let task = random_task(&mut rng, d);
        let head = RegressionHead::new(random_matrix(&mut rng, d, 0.1), 0.9).unwrap();
        let gap = |l| {
            let finite = FinitePromptRisk::new(&task, length(l)).unwrap();
            finite.gap(&head).unwrap().value
        };
        let limit = infinite::risk(&task, &head).unwrap();
        assert!(gap(1_000_000_000_000).abs() < 1e-9 * limit);
        let ratio = gap(1_000_000_000) / gap(10_000_000_000);
        assert!((9.5..10.5).contains(&ratio), "{ratio}");
        // One token has all the weight: E (b y_1 - y)^2 / 2, two independent labels given w.
        let b = head.value;
        let one = FinitePromptRisk::new(&task, length(1)).unwrap();
        let closed = 0.5 * (b * b + 1.0) * task.label_variance();
        approx::assert_relative_eq!(one.risk(&head).unwrap().value, closed, max_relative = 1e-11);
    }
}

#[test]
fn linear_attention_at_one_token_is_closed_form_and_its_gradient_agrees_with_differences() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let task = random_task(&mut rng, 3);
    let head = RegressionHead::new(random_matrix(&mut rng, 3, 0.7), 0.9).unwrap();
    let risk = |head: &RegressionHead, l| {
        infinite::risk(&task, head).unwrap() + linear::gap(&task, head, length(l)).unwrap()
    };
    for l in [1, 10, 1000] {
        let gradient = linear::gradient(&task, &head, length(l)).unwrap().to_vec();
        for (i, g) in gradient.iter().enumerate() {
            let at = |step: f64| {
                let mut list = head.to_vec();
                list[i] += step;
                risk(&RegressionHead::from_slice(3, &list), l)
            };
            approx::assert_relative_eq!(
                (at(1e-5) - at(-1e-5)) / 2e-5,
                *g,
                max_relative = 1e-6,
                epsilon = 1e-8
            );
        }
    }
}

#[test]
fn many_dimensions_agree_with_the_average_participation_and_too_many_are_refused() {
    // With tau^2 -> 0, v = 1 and b = 1 twice the gap is E P.
    let gap = |d: usize, l: u64| {
        let task = RegressionTask::new(DMatrix::identity(d, d), 1.0, 1e-13).unwrap();
        let head = DMatrix::identity(d, d) * (1.0 / (d as f64).sqrt());
        let head = RegressionHead::new(head, 1.0).unwrap();
        let finite = FinitePromptRisk::new(&task, length(l)).unwrap();
        finite.gap(&head)
    };
    for d in [1, 8, 9, 16, 24, 25, 30, 60, 100, 101, 300] {
        for l in [10, 10_000] {
            let tokens = Gaussian::centred(DMatrix::identity(d, d)).unwrap();
            let scale = DMatrix::identity(d, d) * (1.0 / (d as f64).sqrt());
            let head = Head::new(scale, DMatrix::identity(d, d)).unwrap();
            let average = gaussian_query_average(&tokens, &head, &tokens, &[length(l)]).unwrap();
            let found = gap(d, l).unwrap();
            let error = (2.0 * found.value - average[0].participation.value).abs();
            assert!(error < 1e-11, "d = {d}, L = {l}: {error:e}");
            println!(
                "d = {d}, L = {l}: {error:e} {:e} (P {:e} +- {:e})",
                2.0 * found.error,
                average[0].participation.value,
                average[0].participation.error
            );
            assert!(
                error <= 2.0 * found.error,
                "d = {d}, L = {l}: {error:e} {found:?}"
            );
        }
    }
    let task = RegressionTask::new(DMatrix::identity(1001, 1001), 1.0, 1.0).unwrap();
    assert!(FinitePromptRisk::new(&task, length(10)).is_err());
}

#[test]
fn symmetries_and_bad_input() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let task = random_task(&mut rng, 3);
    let head = RegressionHead::new(random_matrix(&mut rng, 3, 0.5), 0.7).unwrap();
    let finite = FinitePromptRisk::new(&task, length(12)).unwrap();
    // (A, b) -> (-A, -b): the scores change sign, and so does the law of nothing else.
    let turned = RegressionHead::new(-&head.key_query, -head.value).unwrap();
    let (a, b) = (finite.risk(&head).unwrap(), finite.risk(&turned).unwrap());
    approx::assert_relative_eq!(a.value, b.value, max_relative = 1e-11);
    // A = 0: uniform weights, in closed form.
    let flat = RegressionHead::new(DMatrix::zeros(3, 3), 0.7).unwrap();
    let closed = 0.5 * task.label_variance() * (0.7 * 0.7 / 12.0 + 1.0);
    let risk = finite.risk(&flat).unwrap();
    approx::assert_relative_eq!(risk.value, closed, max_relative = 1e-12);
    let near = RegressionHead::new(DMatrix::identity(3, 3) * 1e-9, 0.7).unwrap();
    let (at, by) = (
        finite.gradient(&flat).unwrap(),
        finite.gradient(&near).unwrap(),
    );
    assert!(at.distance(&by) < 1e-7 * at.norm(), "{}", at.distance(&by));
    // Refusals.
    assert!(RegressionHead::new(DMatrix::zeros(2, 3), 1.0).is_err());
    assert!(RegressionHead::new(DMatrix::identity(2, 2), f64::NAN).is_err());
    let other = RegressionHead::new(DMatrix::identity(2, 2), 1.0).unwrap();
    assert!(finite.risk(&other).is_err());
    let huge = RegressionHead::new(DMatrix::identity(3, 3) * 1e80, 1.0).unwrap();
    assert!(finite.risk(&huge).is_err());
    let square = DMatrix::identity(2, 2);
    assert!(RegressionTask::new(square.clone(), -0.1, 1.0).is_err());
    assert!(RegressionTask::new(square.clone(), f64::NAN, 1.0).is_err());
    assert!(RegressionTask::new(square.clone(), 0.1, 0.0).is_err());
    let singular = DMatrix::from_row_slice(2, 2, &[1.0, 1.0, 1.0, 1.0]);
    assert!(RegressionTask::new(singular, 0.1, 1.0).is_err());
}

/// Scores so heavy that nearly all weight is on one token: the prediction is `b y_i` of the token with the largest score, of which `E max` and `E max^2`
/// of `L` normal numbers are known.
#[test]
#[ignore = "long: run by ./test --all"]
fn heavy_scores_tend_to_hardmax() {
    let task = RegressionTask::new(DMatrix::identity(1, 1), 0.3, 0.8).unwrap();
    let b = 0.7;
    // L = 2: E max = 1/sqrt(pi), E max^2 = 1; E |x| = sqrt(2/pi).
    let hardmax = {
        let (max, square, size) = (
            1.0 / std::f64::consts::PI.sqrt(),
            1.0,
            (2.0 / std::f64::consts::PI).sqrt(),
        );
        let label = 0.8 * square + 0.3;
        0.5 * (b * b * label - 2.0 * b * 0.8 * max * size + 0.8) + 0.15
    };
    let finite = FinitePromptRisk::new(&task, length(2)).unwrap();
    for scale in [1e2, 1e3, 1e4, 1e6, 1e12] {
        let head = RegressionHead::new(DMatrix::identity(1, 1) * scale, b).unwrap();
        let found = finite.risk(&head);
        // The terms grow like the square of the scores and cancel.
        if scale > 1e3 {
            assert!(found.is_err(), "{found:?}");
            continue;
        }
        let risk = found.unwrap();
        let off = (risk.value - hardmax).abs();
        println!("{scale:e}: {off:e} {risk:?}");
        // What is missing is the chance of a near tie, of the order of ln(scale) / scale.
        assert!(
            off < 3.0 * scale.ln() / scale + risk.error,
            "{scale}: {off:e} {risk:?}"
        );
    }
}

/// The derivatives on the axes of the covariance are those of the whole gradient.
#[test]
#[ignore = "long: run by ./test --all"]
fn on_the_axes_the_gradient_is_the_same() {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    for (d, l) in [(1, 2), (3, 1), (5, 40), (9, 1000), (30, 7)] {
        let task = random_task(&mut rng, d);
        let finite = FinitePromptRisk::new(&task, length(l)).unwrap();
        let entries: Vec<f64> = (0..d).map(|_| 0.4 * rng.random::<f64>() - 0.1).collect();
        let inner = DMatrix::from_diagonal(&DVector::from_column_slice(&entries));
        let whole = task.axes() * inner * task.axes().transpose();
        let head = RegressionHead::new(whole, 0.8).unwrap();
        let risks: [&dyn Risk; 3] = [
            &finite,
            &InfinitePrompt(&task),
            &LinearAttention {
                task: &task,
                length: length(l),
            },
        ];
        for risk in risks {
            let (value, gradient) = risk.risk_and_gradient(&head).unwrap();
            let (found, derivatives) = risk.on_axes(&entries, 0.8).unwrap();
            assert!((value - found).abs() < 1e-12 * value.abs());
            let inner = task.axes().tr_mul(&gradient.key_query) * task.axes();
            let size = gradient.norm();
            for (i, wanted) in inner.diagonal().push(gradient.value).iter().enumerate() {
                assert!(
                    (wanted - derivatives[i]).abs() < 1e-10 * size,
                    "d = {d}, {i}"
                );
            }
        }
    }
}
