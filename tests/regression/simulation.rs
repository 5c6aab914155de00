//! The exact risk against plain simulation of the model: prompts are drawn, weighted by their softmax, and compared with the label.
//!
//! 100 random tasks, general `A` that does not commute with the covariance. All deviations are within 4 standard errors, which a correct program
//! fails with probability below 0.007, and their squares have the mean of a chi-square law.

use attention_bounds::parameter::PromptLength;
use attention_bounds::regression::risk::FinitePromptRisk;
use attention_bounds::regression::{RegressionHead, RegressionTask};
use nalgebra::{DMatrix, DVector};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

const TASKS: u64 = 100;

struct Case {
    task: RegressionTask,
    head: RegressionHead,
    length: u64,
}

fn case(number: u64) -> Case {
    let mut random = SmallRng::seed_from_u64(1000 + number);
    let d = 1 + (number % 3) as usize;
    let mut uniform = |low: f64, high: f64| low + (high - low) * random.random::<f64>();
    let factor = DMatrix::from_fn(d, d, |_, _| uniform(-1.0, 1.0));
    let covariance: DMatrix<f64> = &factor * factor.transpose() + DMatrix::identity(d, d) * 0.3;
    let covariance = (&covariance + covariance.transpose()) * 0.5;
    let task = RegressionTask::new(covariance, uniform(0.0, 1.0), uniform(0.2, 1.5)).unwrap();
    let scale = uniform(0.1, 1.5);
    let key_query = DMatrix::from_fn(d, d, |_, _| scale * uniform(-1.0, 1.0));
    let head = RegressionHead::new(key_query, uniform(-1.0, 1.5)).unwrap();
    Case {
        task,
        head,
        length: 1 + number % 8,
    }
}

/// Mean and standard error of the loss.
fn simulate(case: &Case, seed: u64, prompts: u32) -> (f64, f64) {
    let mut random = SmallRng::seed_from_u64(seed);
    let d = case.task.dimension();
    let root = case.task.covariance().clone().cholesky().unwrap().l();
    let weight = case.task.weight_variance().sqrt();
    let noise = case.task.noise_variance().sqrt();
    // x = root g: scores g^T root^T A x, labels w^T root g.
    let key = root.tr_mul(&case.head.key_query) * &root;
    let (mut sum, mut squares) = (0.0, 0.0);
    let mut normal = |list: &mut DVector<f64>| {
        list.iter_mut()
            .for_each(|place| *place = StandardNormal.sample(&mut random));
    };
    let mut w = DVector::zeros(d);
    let mut query = DVector::zeros(d);
    let mut token = DVector::zeros(d);
    let mut noises = DVector::zeros(1);
    let mut tilt = DVector::zeros(d);
    let mut slope = DVector::zeros(d);
    for _ in 0..prompts {
        normal(&mut w);
        normal(&mut query);
        tilt.gemv(1.0, &key, &query, 0.0);
        slope.gemv_tr(weight, &root, &w, 0.0);
        let (mut total, mut prediction) = (0.0, 0.0);
        for _ in 0..case.length {
            normal(&mut token);
            normal(&mut noises);
            let score = tilt.dot(&token).exp();
            total += score;
            prediction += score * (slope.dot(&token) + noise * noises[0]);
        }
        normal(&mut noises);
        let label = slope.dot(&query) + noise * noises[0];
        let miss = case.head.value * prediction / total - label;
        let loss = 0.5 * miss * miss;
        sum += loss;
        squares += loss * loss;
    }
    let n = f64::from(prompts);
    let mean = sum / n;
    (mean, ((squares / n - mean * mean) / n).sqrt())
}

#[test]
fn the_exact_risk_is_within_four_standard_errors_of_simulation_on_100_tasks() {
    compare(30_000);
}

#[test]
#[ignore = "long: run by ./test --all"]
fn a_million_prompts_each_are_within_four_standard_errors_on_100_tasks() {
    compare(1_000_000);
}

fn compare(prompts: u32) {
    let deviations: Vec<f64> = (0..TASKS)
        .into_par_iter()
        .map(|number| {
            let case = case(number);
            let length = PromptLength::new(case.length).unwrap();
            let exact = FinitePromptRisk::new(&case.task, length)
                .unwrap()
                .risk(&case.head)
                .unwrap();
            let (mean, error) = simulate(&case, number, prompts);
            (mean - exact.value) / error
        })
        .collect();
    let largest = deviations.iter().fold(0.0_f64, |a, z| a.max(z.abs()));
    let mean_square = deviations.iter().map(|z| z * z).sum::<f64>() / TASKS as f64;
    println!("largest deviation {largest:.2} standard errors, mean square {mean_square:.3}");
    assert!(largest < 4.0, "{largest}");
    // The mean of 100 squares of standard normal numbers is outside with probability below 1e-3.
    assert!((0.57..1.55).contains(&mean_square), "{mean_square}");
}
