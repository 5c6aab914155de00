//! The risks of in-context regression against other routes of computation.

use attention_bounds::exact::gaussian_participation;
use attention_bounds::icl::finite::FinitePromptRisk;
use attention_bounds::icl::{RegressionHead, RegressionTask};
use attention_bounds::parameter::PromptLength;
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
            println!(
                "L {l} scale {scale}: {} {other} error {error:e} estimate {:e}",
                risk.value, risk.error
            );
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
