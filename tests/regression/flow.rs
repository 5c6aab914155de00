//! Gradient flows and minima of the in-context regression risks.

use attention_bounds::exact::gaussian_participation;
use attention_bounds::law::toeplitz;
use attention_bounds::parameter::PromptLength;
use attention_bounds::regression::flow::optimum::{hessian, minimise};
use attention_bounds::regression::flow::{FlowOptions, Trajectory, follow};
use attention_bounds::regression::risk::{
    FinitePromptRisk, InfinitePrompt, LinearAttention, Risk, expansion, infinite, linear,
};
use attention_bounds::regression::{RegressionHead, RegressionTask};
use nalgebra::DMatrix;
use proptest::prelude::*;
use rayon::prelude::*;

fn length(l: u64) -> PromptLength {
    PromptLength::new(l).unwrap()
}

fn paper() -> RegressionTask {
    RegressionTask::new(toeplitz(5, 0.5), 0.1, 1.0).unwrap()
}

/// A start `al Th Th^T` that does not commute with the covariance.
fn oblique(d: usize, scale: f64) -> RegressionHead {
    let theta = DMatrix::from_fn(d, d, |i, j| ((3 * i + 5 * j + 1) % 7) as f64 / 7.0 - 0.4);
    let square = &theta * theta.transpose();
    let norm = square.norm();
    RegressionHead::new(square * (scale / norm), scale).unwrap()
}

fn flow(risk: &dyn Risk, start: &RegressionHead) -> Trajectory {
    let found = follow(risk, start, &[], &FlowOptions::default()).unwrap();
    assert!(found.converged);
    found
}

#[test]
fn the_infinite_flow_reaches_its_limit_and_conserves_the_balance() {
    let task = paper();
    let limit = infinite::flow_limit(&task);
    for start in [
        infinite::start(&task, 0.1).unwrap(),
        infinite::start(&task, 0.3).unwrap(),
        oblique(5, 0.2),
    ] {
        let found = flow(&InfinitePrompt(&task), &start);
        let end = found.end().unwrap();
        assert!(end.head.distance(&limit) < 1e-6);
        assert!(found.balance_drift() < 1e-6);
        assert!(found.largest_increase() <= 1e-15);
        assert!((end.risk - 0.05).abs() < 1e-12);
    }
}

#[test]
fn finite_flows_descend_to_the_minimum() {
    let task = paper();
    let start = infinite::start(&task, 0.1).unwrap();
    for l in [3, 30, 300] {
        let risk = FinitePromptRisk::new(&task, length(l)).unwrap();
        let found = flow(&risk, &start);
        assert!(found.largest_increase() <= 1e-14);
        let end = found.end().unwrap();
        let best = minimise(&risk, &start, 1e-9).unwrap();
        assert!(
            hessian(&risk, &best.head)
                .unwrap()
                .symmetric_eigenvalues()
                .min()
                > 0.0
        );
        assert!(best.uncertainty < 1e-12);
        assert!(end.risk >= best.risk - 1e-12);
        assert!(end.head.distance(&best.head) < 1e-4, "L = {l}");
        // No head nearby is better: the minimum is not only one of the gradient's zeros.
        for i in 0..26 {
            for step in [-1e-3, 1e-3] {
                let mut list = best.head.to_vec();
                list[i] += step;
                let moved = RegressionHead::from_slice(5, &list);
                assert!(risk.risk(&moved).unwrap().value > best.risk);
            }
        }
    }
}

#[test]
fn a_start_that_does_not_commute_reaches_the_same_minimum() {
    let task = RegressionTask::new(toeplitz(3, 0.6), 0.2, 0.5).unwrap();
    let risk = FinitePromptRisk::new(&task, length(25)).unwrap();
    let commuting = flow(&risk, &infinite::start(&task, 0.2).unwrap());
    let other = flow(&risk, &oblique(3, 0.2));
    let (a, b) = (commuting.end().unwrap(), other.end().unwrap());
    assert!(a.head.distance(&b.head) < 1e-5);
    assert!(other.largest_increase() <= 1e-14);
}

#[test]
fn linear_attention_reaches_its_closed_form_and_beats_nothing_else() {
    let task = paper();
    let start = infinite::start(&task, 0.1).unwrap();
    for l in [1, 10, 1000] {
        let risk = LinearAttention {
            task: &task,
            length: length(l),
        };
        let (head, least) = linear::minimum(&task, length(l));
        let found = flow(&risk, &start);
        let end = found.end().unwrap();
        assert!((end.risk - least).abs() < 1e-12 * least);
        assert!(end.head.distance(&head) < 1e-6);
        assert!(found.balance_drift() < 1e-6);
        let there = risk.risk_and_gradient(&head).unwrap();
        assert!((there.0 - least).abs() < 1e-13 && there.1.norm() < 1e-13);
    }
}

#[test]
fn the_excess_risk_of_the_minimum_tends_to_its_constant() {
    let task = paper();
    let (scale, constant) = expansion::best_scale(&task).unwrap();
    // The constant is a minimum over the scale.
    for k in [scale - 0.01, scale + 0.01, 0.9 * scale] {
        assert!(expansion::constant(&task, k).unwrap() > constant);
    }
    let start = expansion::on_the_valley(&task, scale);
    let off = |l: u64| {
        let risk = FinitePromptRisk::new(&task, length(l)).unwrap();
        let best = minimise(&risk, &start, 1e-10).unwrap();
        let constant_now = l as f64 * (best.risk - 0.05);
        ((constant_now - constant).abs(), best.head.distance(&start))
    };
    let (first, second) = (off(10_000), off(100_000));
    // The next term of the risk is larger than 1/L^2 times a constant (E e^{cq} is infinite for c >= 1/(2k^2) = 4.06), and the scale, along which
    // the risk is flat, feels it: both errors fall a little more slowly than 1/L.
    for (a, b) in [(first.0, second.0), (first.1, second.1)] {
        assert!((5.0..11.0).contains(&(a / b)), "{a} {b}");
    }
    assert!(second.0 < 1e-3 * constant);
}

#[test]
fn the_constant_on_the_valley_is_the_limit_of_the_gap() {
    let task = paper();
    for scale in [0.2, 0.35, 0.45] {
        let head = expansion::on_the_valley(&task, scale);
        let risk = FinitePromptRisk::new(&task, length(100_000_000)).unwrap();
        let gap = 1e8 * risk.gap(&head).unwrap().value;
        let constant = expansion::constant(&task, scale).unwrap();
        assert!((gap / constant - 1.0).abs() < 2e-3, "{gap} {constant}");
    }
    assert!(expansion::constant(&task, 0.71).is_err());
    assert!(expansion::constant(&task, f64::NAN).is_err());
}

#[test]
fn samples_are_taken_at_their_times_and_agree_with_a_finer_flow() {
    let task = paper();
    let risk = FinitePromptRisk::new(&task, length(50)).unwrap();
    let start = infinite::start(&task, 0.1).unwrap();
    let times = [0.5, 1.0, 4.0, 20.0];
    let at = |step_tolerance| {
        let options = FlowOptions {
            step_tolerance,
            ..FlowOptions::default()
        };
        follow(&risk, &start, &times, &options).unwrap().samples
    };
    let (coarse, fine) = (at(1e-7), at(1e-9));
    assert_eq!(coarse.len(), 4);
    for ((a, b), t) in coarse.iter().zip(&fine).zip(times) {
        assert_eq!(a.time, t);
        assert!(a.head.distance(&b.head) < 1e-5);
    }
}

#[test]
fn bad_options_are_refused() {
    let task = paper();
    let start = infinite::start(&task, 0.1).unwrap();
    let risk = InfinitePrompt(&task);
    for options in [
        FlowOptions {
            horizon: f64::NAN,
            ..FlowOptions::default()
        },
        FlowOptions {
            step_tolerance: 0.0,
            ..FlowOptions::default()
        },
        FlowOptions {
            gradient_tolerance: -1.0,
            ..FlowOptions::default()
        },
    ] {
        assert!(follow(&risk, &start, &[], &options).is_err());
    }
    assert!(follow(&risk, &start, &[2.0, 1.0], &FlowOptions::default()).is_err());
    assert!(infinite::start(&task, 1.0).is_err());
    assert!(infinite::start(&task, f64::NAN).is_err());
    let small = RegressionHead::new(DMatrix::identity(2, 2), 1.0).unwrap();
    assert!(follow(&risk, &small, &[], &FlowOptions::default()).is_err());
}

/// Where noise is small and prompts are short the best scores are heavy: their variance at the optimum is about 266.
#[test]
#[ignore = "long: run by ./test --all"]
fn short_prompts_with_little_noise_have_an_optimum() {
    let task = RegressionTask::new(DMatrix::identity(1, 1), 1e-3, 1.0).unwrap();
    let start = infinite::start(&task, 0.1).unwrap();
    let risk = FinitePromptRisk::new(&task, length(2)).unwrap();
    let found = flow(&risk, &start);
    let best = minimise(&risk, &found.end().unwrap().head, 1e-10).unwrap();
    assert!((best.head.key_query[(0, 0)] - 16.3).abs() < 0.1, "{best:?}");
    assert!((best.head.value - 0.4585).abs() < 1e-3, "{best:?}");
    // Against T3 at every query, and the trapezoidal rule over queries.
    let by_sum = |a: f64, b: f64| {
        // Even in the query, and analytic in a strip of width 1 / a.
        let step = 0.02;
        let sum: f64 = (0..=350)
            .into_par_iter()
            .map(|i| {
                let x = f64::from(i) * step;
                // Two labels w x_i + noise, weights p and 1 - p by the difference of the scores, of variance 2 (a x)^2.
                let r = gaussian_participation((a * x).abs().min(200.0), &[length(2)]).unwrap()[0];
                let (p, q) = (
                    r.second.value,
                    r.second.value + 6.0 * (r.third.value - r.squared_second.value),
                );
                let seen = a * x;
                let gap =
                    0.5 * (b * b * 1.001 * p - b * b * seen * seen * q + 2.0 * b * x * seen * p);
                let times = if i == 0 { 1.0 } else { 2.0 };
                times * gap * (-0.5 * x * x).exp()
            })
            .sum();
        let miss = b * a - 1.0;
        0.5 * miss * miss + 0.5e-3 + step * sum / std::f64::consts::TAU.sqrt()
    };
    let (a, b) = (best.head.key_query[(0, 0)], best.head.value);
    let wanted = by_sum(a, b);
    // The path of a flow is integrated to 2e-9 of the terms, of which there are three.
    assert!((best.risk - wanted).abs() < 1e-8, "{} {wanted}", best.risk);
}

/// From a start that is next to nothing: the flow leaves it at the time of the linear equation, not before.
#[test]
fn tiny_starts_are_followed() {
    let task = RegressionTask::new(DMatrix::identity(2, 2), 0.1, 1.0).unwrap();
    let limit = infinite::flow_limit(&task);
    let time_at = |scale: f64| {
        let found = flow(
            &InfinitePrompt(&task),
            &infinite::start(&task, scale).unwrap(),
        );
        assert!(found.end().unwrap().head.distance(&limit) < 1e-6, "{scale}");
        let half = found
            .steps
            .iter()
            .find(|p| p.head.value > 0.5 * limit.value);
        half.unwrap().time
    };
    // A = a I, b' = 2 a, a' = b: growth like e^{sqrt 2 t}.
    let (first, second) = (time_at(1e-20), time_at(1e-200));
    let wanted = (180.0 * std::f64::consts::LN_10) / std::f64::consts::SQRT_2;
    assert!(
        ((second - first) / wanted - 1.0).abs() < 0.01,
        "{first} {second}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    #[ignore = "long: run by ./test --all"]
    fn flows_descend_and_conserve_for_random_tasks(
        entries in proptest::collection::vec(-1.0_f64..1.0, 9),
        scale in 0.02_f64..0.15,
        noise in 0.0_f64..1.0,
        l in 2_u64..200,
    ) {
        let factor = DMatrix::from_vec(3, 3, entries);
        let covariance: DMatrix<f64> = &factor * factor.transpose() + DMatrix::identity(3, 3) * 0.5;
        let covariance = (&covariance + covariance.transpose()) * 0.5;
        let task = RegressionTask::new(covariance, noise, 1.0).unwrap();
        let start = oblique(3, scale);
        let infinite_flow = flow(&InfinitePrompt(&task), &start);
        prop_assert!(infinite_flow.balance_drift() < 1e-5);
        prop_assert!(infinite_flow.largest_increase() < 1e-14);
        let limit = infinite::flow_limit(&task);
        prop_assert!(infinite_flow.end().unwrap().head.distance(&limit) < 1e-4);
        let risk = FinitePromptRisk::new(&task, length(l)).unwrap();
        let finite_flow = flow(&risk, &start);
        prop_assert!(finite_flow.largest_increase() < 1e-13);
        prop_assert!(finite_flow.end().unwrap().risk > 0.5 * noise);
    }
}
