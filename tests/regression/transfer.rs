//! T10 with numbers: the gaps of risk and gradient, and the guaranteed prompt length.

use attention_bounds::bound::{HeadSizes, RegressionClass};
use attention_bounds::law::toeplitz;
use attention_bounds::parameter::{Positive, PromptLength};
use attention_bounds::progress::Silent;
use attention_bounds::regression::flow::{FlowOptions, follow};
use attention_bounds::regression::risk::{FinitePromptRisk, infinite};
use attention_bounds::regression::transfer;
use attention_bounds::regression::{RegressionHead, RegressionTask};
use nalgebra::DMatrix;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

fn length(l: u64) -> PromptLength {
    PromptLength::new(l).unwrap()
}

/// `sqrt(E|J|^2)` for the squared derivative `b^2 |Sig w|^2 |x|^2 + (w^T Sig A x)^2`.
fn derivative(task: &RegressionTask, head: &RegressionHead) -> f64 {
    let sigma = task.covariance();
    let seen = sigma * &head.key_query;
    let traces = (sigma * sigma).trace() * sigma.trace();
    let signal = (&seen * sigma * seen.transpose()).trace();
    (task.weight_variance() * (head.value.powi(2) * traces + signal)).sqrt()
}

#[test]
#[ignore = "long: run by ./test --all"]
fn gaps_of_risk_and_gradient_are_not_below_the_exact_ones_on_200_cases() {
    let sharpest: Vec<(f64, f64)> = (0..40_usize)
        .into_par_iter()
        .map(|case| {
            let mut random = ChaCha8Rng::seed_from_u64(case as u64);
            let (mut sharpest_risk, mut sharpest_gradient) = (f64::INFINITY, f64::INFINITY);
            let d = 1 + case % 4;
            let mut uniform = |low: f64, high: f64| low + (high - low) * random.random::<f64>();
            let factor = DMatrix::from_fn(d, d, |_, _| uniform(-1.0, 1.0));
            let covariance: DMatrix<f64> =
                &factor * factor.transpose() + DMatrix::identity(d, d) * 0.2;
            let covariance = (&covariance + covariance.transpose()) * 0.5;
            let noise = if case % 5 == 0 {
                0.0
            } else {
                uniform(0.0, 1.0)
            };
            let task = RegressionTask::new(covariance, noise, uniform(0.1, 2.0)).unwrap();
            let scale = [0.0, 0.1, 0.4, 1.0, 2.0][case % 5];
            let key_query = DMatrix::from_fn(d, d, |_, _| scale * uniform(-1.0, 1.0));
            let head = RegressionHead::new(key_query, uniform(-2.0, 2.0)).unwrap();
            let root = task.function(f64::sqrt);
            let alpha = (&root * &head.key_query * &root).singular_values().max();
            let eigenvalues: Vec<f64> = task.eigenvalues().iter().copied().collect();
            let class =
                RegressionClass::new(&eigenvalues, noise, task.weight_variance(), alpha).unwrap();
            let sizes = HeadSizes {
                value: head.value.abs(),
                risk: infinite::risk(&task, &head).unwrap(),
                derivative: derivative(&task, &head),
            };
            let limit = infinite::gradient(&task, &head).unwrap();
            for l in [2, 10, 100, 10_000, 1_000_000] {
                let finite = FinitePromptRisk::new(&task, length(l)).unwrap();
                let errors = class.errors(l as f64).unwrap();
                let gap = finite.gap(&head).unwrap().value.abs();
                assert!(errors.risk_gap(&sizes) >= gap, "case {case}, L = {l}");
                let moved = finite.gradient(&head).unwrap().distance(&limit);
                assert!(errors.gradient_gap(&sizes) >= moved, "case {case}, L = {l}");
                sharpest_risk = sharpest_risk.min(errors.risk_gap(&sizes) / gap);
                sharpest_gradient = sharpest_gradient.min(errors.gradient_gap(&sizes) / moved);
            }
            (sharpest_risk, sharpest_gradient)
        })
        .collect();
    let least =
        |pick: fn(&(f64, f64)) -> f64| sharpest.iter().map(pick).fold(f64::INFINITY, f64::min);
    let (sharpest_risk, sharpest_gradient) = (least(|s| s.0), least(|s| s.1));
    println!("sharpest: risk {sharpest_risk:.2}, gradient {sharpest_gradient:.2}");
    // Bounds that are far above everywhere would pass without saying anything.
    assert!(sharpest_risk < 10.0 && sharpest_gradient < 100.0);
}

#[test]
fn errors_fall_like_1_over_l_where_the_scores_are_light_and_at_any_length() {
    let class = RegressionClass::new(&[0.5, 1.0, 2.0], 0.3, 1.0, 0.3).unwrap();
    let ratio = |l: f64| {
        let (a, b) = (class.errors(l).unwrap(), class.errors(1e3 * l).unwrap());
        (a.output / b.output, a.derivative / b.derivative)
    };
    for l in [1e9, 1e30, 1e100] {
        let (output, covariance) = ratio(l);
        assert!((900.0..1100.0).contains(&output), "{output}");
        assert!((800.0..1200.0).contains(&covariance), "{covariance}");
    }
    for bad in [f64::NAN, 1.0, 2.5, 1e201] {
        assert!(class.errors(bad).is_err());
    }
    assert!(RegressionClass::new(&[], 0.1, 1.0, 0.3).is_err());
    assert!(RegressionClass::new(&[1.0, f64::NAN], 0.1, 1.0, 0.3).is_err());
    assert!(RegressionClass::new(&[1.0], -0.1, 1.0, 0.3).is_err());
    assert!(RegressionClass::new(&[1.0], 0.1, 1.0, f64::NAN).is_err());
}

#[test]
#[ignore = "long: run by ./test --all"]
fn the_guaranteed_length_is_enough_and_the_tube_asks_for_less() {
    let task = RegressionTask::new(DMatrix::identity(3, 3), 0.4, 0.3).unwrap();
    let start = infinite::start(&task, 0.5).unwrap();
    let epsilon = Positive::new("epsilon", 0.05).unwrap();
    let answer =
        transfer::transfer(&task, &start, epsilon, &FlowOptions::default(), &Silent).unwrap();
    let (global, tube) = (answer.global.length.unwrap(), answer.tube.length.unwrap());
    assert!(tube < global);
    let needed = answer.needed.unwrap();
    assert!(needed.converged && tube >= needed.length as f64);
    assert!(needed.risk <= 0.2 + 0.05 && needed.before.unwrap() > 0.2 + 0.05);
    assert!(answer.tube.ln_distance <= answer.tube.radius.ln());
    // The chain of T10 adds up to epsilon.
    assert!(answer.risk_at_horizon - answer.floor <= 0.05 / 3.0);
    assert!(answer.tube.risk_gap <= 0.05 / 3.0);
}

/// The length that the flow needs against the flows of every length around it, one after the other.
#[test]
#[ignore = "long: run by ./test --all"]
fn the_needed_length_is_the_first_that_is_enough() {
    let task = RegressionTask::new(toeplitz(2, 0.4), 0.2, 0.5).unwrap();
    let start = infinite::start(&task, 0.3).unwrap();
    let options = FlowOptions::default();
    let limits: Vec<f64> = (1..=60)
        .map(|l| {
            let risk = FinitePromptRisk::new(&task, length(l)).unwrap();
            let flow = follow(&risk, &start, &[], &options).unwrap();
            flow.end().unwrap().risk - 0.1
        })
        .collect();
    for epsilon in [0.5, 0.3, 0.2, 0.12, 0.08] {
        let wanted = 1 + limits.iter().position(|excess| *excess <= epsilon).unwrap();
        let accepted = Positive::new("epsilon", epsilon).unwrap();
        let answer = transfer::transfer(&task, &start, accepted, &options, &Silent).unwrap();
        let needed = answer.needed.unwrap();
        assert_eq!(needed.length, wanted as u64, "{epsilon}");
        assert_eq!(needed.before.is_some(), wanted > 1);
    }
}

/// Every admissible task and epsilon has an answer or reasons; what is out of range is refused by its name.
#[test]
#[ignore = "long: run by ./test --all"]
fn small_noise_and_small_epsilons_have_answers() {
    let options = FlowOptions::default();
    for (noise, weight, epsilon) in [
        (0.0, 1.0, 1e-10),
        (1e-10, 1.0, 1e-3),
        (1e-12, 1e-3, 1e-14),
        (0.2, 1.0, 1e-11),
        (0.2, 1.0, 1e3),
        (1e9, 1.0, 1.0),
    ] {
        let task = RegressionTask::new(DMatrix::identity(2, 2), noise, weight).unwrap();
        let start = infinite::start(&task, 0.3).unwrap();
        let accepted = Positive::new("epsilon", epsilon).unwrap();
        let answer = transfer::transfer(&task, &start, accepted, &options, &Silent).unwrap();
        println!("{noise:e} {weight:e} {epsilon:e}: {:?}", answer.needed);
        if let (Ok(needed), Some(tube)) = (&answer.needed, answer.tube.length) {
            assert!(tube >= needed.length as f64);
        }
        if let (Ok(needed), Ok(Ok(along))) = (&answer.needed, answer.gaussian.map(|g| g.along)) {
            assert!(along.ln_length.exp() >= needed.length as f64);
        }
        if let Err(reason) = &answer.needed {
            assert!(reason.contains("an epsilon of at least"), "{reason}");
        }
    }
    let task = RegressionTask::new(DMatrix::identity(2, 2), 0.1, 1.0).unwrap();
    let start = infinite::start(&task, 0.3).unwrap();
    let tiny = Positive::new("epsilon", 1e-13).unwrap();
    let error = transfer::transfer(&task, &start, tiny, &options, &Silent).unwrap_err();
    assert!(
        error.to_string().contains("epsilon = 0.0000000000001"),
        "{error}"
    );
}

/// Eigenvalues far apart make the flow of T10.gaussian long: a reason stands for its lengths, and the rest is there.
#[test]
fn a_path_that_is_too_long_is_a_reason_not_an_endless_computation() {
    let covariance = DMatrix::from_diagonal(&nalgebra::DVector::from_vec(vec![0.02, 1.0, 10.0]));
    let task = RegressionTask::new(covariance, 0.1, 1.0).unwrap();
    let start = infinite::start(&task, 0.05).unwrap();
    let accepted = Positive::new("epsilon", 0.001).unwrap();
    let options = FlowOptions::default();
    let answer = transfer::transfer(&task, &start, accepted, &options, &Silent).unwrap();
    let reason = answer.gaussian.unwrap_err();
    assert!(reason.contains("steps of 1/(8 beta)"), "{reason}");
    assert!(answer.needed.unwrap().length > 1);
}
