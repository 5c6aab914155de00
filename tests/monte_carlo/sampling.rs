//! Simulation of sampled attention against every draw.

use attention_bounds::Error;
use attention_bounds::parameter::{ErrorProbability, Positive};
use attention_bounds::sampling::{Design, SampledAttention, simulate};
use nalgebra::DMatrix;

use crate::support::sampled_draws::{SampledCase, seeded};

/// 24 contexts of each design: means and probabilities within limits that err with probability 1e-7 each.
#[test]
fn simulation_agrees_with_enumeration() {
    let error = ErrorProbability::new("error", 1e-7).unwrap();
    let mut random = seeded(21);
    for case in 0..96 {
        let kept = case / 4 % 3;
        let sampled = SampledCase::random(&mut random, 7, kept, 1 + case % 3, case);
        let attention = sampled.attention();
        let budget = 1 + case as u64 / 12 % 4;
        let outcomes = sampled.outcomes(budget);
        let mean: f64 = outcomes.iter().map(|(p, e)| p * e * e).sum();
        let epsilon = mean.sqrt();
        let probability: f64 = outcomes
            .iter()
            .filter(|(_, e)| *e >= epsilon)
            .map(|(p, _)| p)
            .sum();
        let thresholds = [Positive::new("eps", epsilon).unwrap()];
        let found = simulate(&attention, budget, &thresholds, (20_000, 3, case as u64)).unwrap();
        let interval = found.error.interval(error);
        assert!(
            interval.lower <= mean && mean <= interval.upper,
            "{case}: {found:?} {mean}"
        );
        let interval = found.deviations[0].interval(error);
        assert!(
            interval.lower <= probability && probability <= interval.upper,
            "{case}: {found:?} {probability}"
        );
        assert_eq!((found.budget, found.error.prompts), (budget, 20_000));
    }
}

#[test]
fn the_result_does_not_depend_on_threads_and_streams_are_apart() {
    let mut random = seeded(22);
    let sampled = SampledCase::random(&mut random, 500, 3, 2, 0);
    let attention = sampled.attention();
    let run = |attention: &SampledAttention, seed, query| {
        simulate(attention, 100, &[], (5000, seed, query))
            .unwrap()
            .error
    };
    let pool = |threads| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap()
    };
    let one = pool(1).install(|| run(&attention, 1, 0));
    assert_eq!(one, pool(5).install(|| run(&attention, 1, 0)));
    assert_ne!(one.mean, run(&attention, 2, 0).mean);
    assert_ne!(one.mean, run(&attention, 1, 1).mean);
    let repeated = attention.clone().design(Design::WithReplacement).unwrap();
    assert_ne!(one.mean, run(&repeated, 1, 0).mean);
}

#[test]
fn whole_tails_and_bad_input() {
    let values = DMatrix::from_row_slice(3, 1, &[0.0, 1.0, 3.0]);
    let attention = SampledAttention::new(&[0.0, 1.0, 3.0], &values).unwrap();
    for design in [Design::WithoutReplacement, Design::Bernoulli] {
        let attention = attention.clone().design(design).unwrap();
        let found = simulate(&attention, 3, &[], (100, 1, 0)).unwrap();
        assert!(found.error.mean < 1e-30, "{found:?}");
    }
    for trials in [0, 1, (1 << 48) + 1] {
        assert!(matches!(
            simulate(&attention, 1, &[], (trials, 1, 0)),
            Err(Error::Parameter { .. })
        ));
    }
    // A draw of keys whose weights all underflow has no mean.
    let hidden = SampledAttention::new(&[-1e4, -1e4, 0.0], &values).unwrap();
    assert!(matches!(
        simulate(&hidden, 1, &[], (100, 1, 0)),
        Err(Error::Unavailable { .. })
    ));
}

/// 500 cells, 20 to 100,000 keys, every design: the standardised differences of simulation and exact value are normal, by a test of Kolmogorov and
/// Smirnov whose false-alarm probability is 1e-3. Budgets of 30 keys and more, so that means of 4,000 trials are nearly normal.
#[test]
#[ignore = "long: run by ./test --all"]
fn standardised_differences_are_normal() {
    let mut random = seeded(23);
    let mut differences: Vec<f64> = Vec::new();
    for cell in 0..500_u64 {
        let keys = [50, 400, 3_000, 100_000][cell as usize / 4 % 4];
        let mut sampled = SampledCase::random(&mut random, keys, 3, 2, cell as usize);
        sampled.scores.iter_mut().for_each(|score| *score *= 0.5);
        let attention = sampled.attention();
        let budget = 30 + cell % 15;
        let exact = attention.budgets(&[budget]).unwrap()[0].error;
        let found = simulate(&attention, budget, &[], (4_000, 5, cell)).unwrap();
        let apart = found.error.mean - exact.value;
        differences.push(apart / found.error.standard_error);
    }
    differences.sort_by(f64::total_cmp);
    let count = differences.len() as f64;
    let distance = differences
        .iter()
        .enumerate()
        .map(|(place, z)| {
            let below = 0.5 * libm::erfc(-z * std::f64::consts::FRAC_1_SQRT_2);
            let (before, after) = (place as f64 / count, (place + 1) as f64 / count);
            (below - before).abs().max((after - below).abs())
        })
        .fold(0.0, f64::max);
    println!("distance {distance}");
    // 2 e^{-2 n d^2} = 1e-3.
    assert!(
        distance < (2000_f64.ln() / (2.0 * count)).sqrt(),
        "{distance}"
    );
}
