//! T18: the expected entropy against enumeration of all prompts and its general properties.

use attention_bounds::PromptLength;
use attention_bounds::exact::expected_entropy;
use attention_bounds::law::{Empirical, Gaussian, Rademacher, TokenLaw};
use nalgebra::{DMatrix, DVector, dmatrix};
use proptest::prelude::*;

fn lengths(list: &[u64]) -> Vec<PromptLength> {
    list.iter()
        .map(|&l| PromptLength::new(l).unwrap())
        .collect()
}

/// `E H` of scores with these probabilities, over all prompts of `length` tokens.
fn enumerated(probability: &[f64], scores: &[f64], length: u32) -> f64 {
    let atoms = scores.len();
    let mut total = 0.0;
    for mut code in 0..atoms.pow(length) {
        let (mut chance, mut drawn) = (1.0, Vec::new());
        for _ in 0..length {
            chance *= probability[code % atoms];
            drawn.push(scores[code % atoms]);
            code /= atoms;
        }
        let largest = drawn.iter().fold(f64::NEG_INFINITY, |m, s| m.max(*s));
        let sum: f64 = drawn.iter().map(|s| (s - largest).exp()).sum();
        let entropy: f64 = drawn
            .iter()
            .map(|s| {
                let p = (s - largest).exp() / sum;
                if p > 0.0 { -p * p.ln() } else { 0.0 }
            })
            .sum();
        total += chance * entropy;
    }
    total
}

#[test]
fn the_entropy_agrees_with_enumeration() {
    let points = dmatrix![0.0; 1.0; -2.5; 0.25];
    let weights = [0.1, 0.4, 0.3, 0.2];
    let law = Empirical::weighted(&points, weights.to_vec()).unwrap();
    let seen = law.through(&dmatrix![1.0]);
    for tilt in [-30.0, -3.0, 0.0, 0.5, 2.0, 10.0] {
        let scores: Vec<f64> = points.iter().map(|x| tilt * x).collect();
        let all = lengths(&[1, 2, 3, 6]);
        let tilt = DVector::from_element(1, tilt);
        let found = expected_entropy(seen.as_ref(), &tilt, &all).unwrap();
        for (found, length) in found.iter().zip([1, 2, 3, 6]) {
            let truth = enumerated(&weights, &scores, length);
            assert!(found.unproved.is_none() && found.error <= 1e-11);
            // The enumeration adds up to 4096 terms in plain floats.
            let off = (found.value - truth).abs();
            assert!(
                off <= found.error + 1e-13,
                "{tilt} {length}: {found:?} {truth}"
            );
        }
    }
}

#[test]
fn long_prompts_lack_the_relative_entropy() {
    // KL(mu_a | mu) of fair signs is a tanh a - ln cosh a; of Gaussian tokens s^2 / 2.
    let long = lengths(&[1 << 40]);
    let a = DVector::from_element(1, 1.3);
    let signs = Rademacher::new(1, 1.0).unwrap();
    let normal = Gaussian::centred(dmatrix![1.5]).unwrap();
    let expected = [
        1.3 * 1.3f64.tanh() - 1.3f64.cosh().ln(),
        0.5 * 1.5 * 1.3 * 1.3,
    ];
    let laws: [&dyn TokenLaw; 2] = [&signs, &normal];
    for (law, deficit) in laws.into_iter().zip(expected) {
        let seen = law.through(&dmatrix![1.0]);
        let found = expected_entropy(seen.as_ref(), &a, &long).unwrap()[0];
        let reached = 40.0 * 2f64.ln() - found.value;
        assert!((reached - deficit).abs() < 1e-9, "{reached} {deficit}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn the_entropy_is_between_its_bounds_and_falls_with_the_scores(
        points in prop::collection::vec(-3.0..3.0f64, 2..7),
        tilt in -5.0..5.0f64,
        length in 2u64..100_000,
    ) {
        let law = Empirical::new(&DMatrix::from_column_slice(points.len(), 1, &points)).unwrap();
        let seen = law.through(&dmatrix![1.0]);
        let at = |factor: f64| {
            let tilt = DVector::from_element(1, factor * tilt);
            expected_entropy(seen.as_ref(), &tilt, &lengths(&[length])).unwrap()[0]
        };
        let most = (length as f64).ln();
        let mut above = most;
        // Softmax of larger scores majorises that of smaller ones.
        for factor in [0.0, 0.5, 1.0, 2.0, 8.0] {
            let found = at(factor);
            prop_assert!(found.lower() <= above && found.upper() >= 0.0);
            above = found.upper();
        }
        prop_assert!((at(0.0).value - most).abs() <= 1e-11);
    }
}
