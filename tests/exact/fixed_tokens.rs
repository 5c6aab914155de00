//! T2.fixed: prompts with fixed tokens against all prompts one by one, quadrature, and the limits of small and large weights.

use attention_bounds::PromptLength;
use attention_bounds::exact::{Exact, FixedOutput, fixed_output_error, output_error};
use attention_bounds::law::{Empirical, Gaussian, Rademacher, TokenLaw};
use nalgebra::{DMatrix, DVector, dmatrix, dvector};

use crate::support::random_laws::{matrix, run};

fn lengths(list: &[u64]) -> Vec<PromptLength> {
    list.iter()
        .map(|&l| PromptLength::new(l).unwrap())
        .collect()
}

/// Error, bias, share and `P_2` of a prompt, softmax weights by subtraction of the largest score.
fn measured(
    prompt: &[DVector<f64>],
    fixed: &[DVector<f64>],
    tilt: &DVector<f64>,
    value: &DMatrix<f64>,
    limit: &DVector<f64>,
) -> (f64, DVector<f64>, f64, f64) {
    let scores: Vec<f64> = prompt.iter().chain(fixed).map(|x| x.dot(tilt)).collect();
    let largest = scores.iter().fold(f64::NEG_INFINITY, |m, s| m.max(*s));
    let weights: Vec<f64> = scores.iter().map(|s| (s - largest).exp()).collect();
    let total: f64 = weights.iter().sum();
    let mut error = DVector::zeros(limit.len());
    for (x, w) in prompt.iter().chain(fixed).zip(&weights) {
        error += (value * x - limit) * (w / total);
    }
    let share = weights[prompt.len()..].iter().sum::<f64>() / total;
    let two = weights.iter().map(|w| (w / total).powi(2)).sum();
    (error.norm_squared(), error, share, two)
}

/// The expectations over all prompts of `length` points.
fn enumerated(
    points: &DMatrix<f64>,
    probability: &[f64],
    fixed: &DMatrix<f64>,
    tilt: &DVector<f64>,
    value: &DMatrix<f64>,
    length: u32,
) -> (f64, DVector<f64>, f64, f64) {
    let points: Vec<DVector<f64>> = points.row_iter().map(|x| x.transpose()).collect();
    let fixed: Vec<DVector<f64>> = fixed.column_iter().map(|x| x.into_owned()).collect();
    let tops = points
        .iter()
        .map(|x| x.dot(tilt))
        .fold(f64::NEG_INFINITY, f64::max);
    let tilted: Vec<f64> = points
        .iter()
        .zip(probability)
        .map(|(x, p)| p * (x.dot(tilt) - tops).exp())
        .collect();
    let total: f64 = tilted.iter().sum();
    let mut limit = DVector::zeros(value.nrows());
    for (x, q) in points.iter().zip(&tilted) {
        limit += value * x * (q / total);
    }
    let mut sums = (0.0, DVector::zeros(value.nrows()), 0.0, 0.0);
    for mut code in 0..points.len().pow(length) {
        let (mut chance, mut prompt) = (1.0, Vec::new());
        for _ in 0..length {
            chance *= probability[code % points.len()];
            prompt.push(points[code % points.len()].clone());
            code /= points.len();
        }
        let found = measured(&prompt, &fixed, tilt, value, &limit);
        sums.0 += chance * found.0;
        sums.1 += chance * found.1;
        sums.2 += chance * found.2;
        sums.3 += chance * found.3;
    }
    sums
}

fn is_near(found: Exact, truth: f64, what: &str) {
    assert!(found.unproved.is_none(), "{what}: {found:?}");
    let off = (found.value - truth).abs();
    // The sums above are plain.
    assert!(
        off <= found.error + 1e-13 * (1.0 + truth.abs()),
        "{what}: {found:?} {truth}"
    );
    assert!(
        found.error <= 1e-11 * (1.0 + truth.abs()),
        "{what}: {found:?}"
    );
}

#[test]
fn all_prompts_are_enumerated() {
    let points = dmatrix![0.0, 1.0; 1.0, -1.0; -2.0, 0.5; 0.25, 2.0];
    let weights = [0.1, 0.4, 0.3, 0.2];
    let law = Empirical::weighted(&points, weights.to_vec()).unwrap();
    let all = [1, 2, 3, 5];
    run(
        1,
        30,
        &(
            matrix(2, 2, 2.0),
            matrix(2, 3, 3.0),
            matrix(2, 1, 4.0),
            1..4usize,
        ),
        |case| {
            let (value, tokens, tilt, count) = case;
            let tilt = tilt.column(0).into_owned();
            let tokens = tokens.columns(0, count).into_owned();
            let seen = law.through(&value);
            let found =
                fixed_output_error(seen.as_ref(), &value, &tilt, &tokens, &lengths(&all)).unwrap();
            for (found, length) in found.iter().zip(all) {
                let (error, bias, share, two) =
                    enumerated(&points, &weights, &tokens, &tilt, &value, length as u32);
                is_near(found.output.squared_error, error, "error");
                is_near(found.share, share, "share");
                is_near(found.output.participation, two, "participation");
                for (found, truth) in found.output.bias.iter().zip(bias.iter()) {
                    is_near(*found, *truth, "bias");
                }
            }
            Ok(())
        },
    );
}

/// One token at the distance of 3 from `T`, with the score `score`.
fn with_score(score: f64, all: &[u64]) -> Vec<FixedOutput> {
    // The second coordinate carries the score of the fixed token alone.
    let points = dmatrix![1.0, 0.0; -1.0, 0.0; 0.5, 0.0];
    let law = Empirical::new(&points).unwrap();
    let (value, tilt) = (dmatrix![1.0, 0.0], dvector![1.5, 1.0]);
    let seen = law.through(&value);
    let limit = seen.tilted(&tilt).mean[0];
    let at = limit + 3.0;
    let tokens = dmatrix![at; score - 1.5 * at + seen.tilted(&tilt).cumulant];
    fixed_output_error(seen.as_ref(), &value, &tilt, &tokens, &lengths(all)).unwrap()
}

#[test]
fn small_large_and_many_weights_have_their_limits() {
    let all = [1, 2, 50, 100_000];
    let points = dmatrix![1.0; -1.0; 0.5];
    let law = Empirical::new(&points).unwrap();
    let seen = law.through(&dmatrix![1.0]);
    let tilt = dvector![1.5];
    let without = output_error(seen.as_ref(), &tilt, &lengths(&all)).unwrap();
    for score in [-40.0, -300.0, -900.0, -50_000.0] {
        for (found, alone) in with_score(score, &all).iter().zip(&without) {
            let (one, other) = (found.output.squared_error, alone.squared_error);
            assert!(
                one.unproved.is_none() && one.error <= 1e-9 * one.value,
                "{score} {one:?}"
            );
            assert!(
                (one.value - other.value).abs() <= 1e-13 * other.value + one.error + other.error
            );
        }
    }
    // The share is W0 E[1/W], relatively.
    for (found, score) in [
        (with_score(-200.0, &all), -200.0),
        (with_score(-30.0, &all), -30.0),
    ] {
        let near = with_score(score + 1.0, &all);
        for (found, near) in found.iter().zip(near) {
            assert!(found.share.error <= 1e-9 * found.share.value, "{found:?}");
            assert!((near.share.value / found.share.value - 1f64.exp()).abs() < 1e-8);
        }
    }
    for score in [60.0, 300.0, 650.0, 5_000.0, 50_000.0] {
        for found in with_score(score, &all) {
            let error = found.output.squared_error;
            assert!(
                (error.value - 9.0).abs() <= error.error + 1e-10,
                "{score} {error:?}"
            );
            assert!(
                error.error < 1e-8 && (found.share.value - 1.0).abs() < 1e-10 + found.share.error
            );
            assert!((found.output.bias[0].value - 3.0).abs() < 1e-8);
        }
    }
    // L times the error tends to A2 = E[w^2 f^2], whatever W0.
    let z: f64 = points.iter().map(|x| (1.5 * x).exp() / 3.0).sum();
    let mean: f64 = points.iter().map(|x| x * (1.5 * x).exp() / 3.0 / z).sum();
    let a2: f64 = points
        .iter()
        .map(|x| ((1.5 * x).exp() / z * (x - mean)).powi(2) / 3.0)
        .sum();
    for score in [-3.0, 0.0, 4.0] {
        let long = 1u64 << 42;
        let found = with_score(score, &[long])[0].output.squared_error;
        assert!(
            (found.value * long as f64 / a2 - 1.0).abs() < 1e-6,
            "{found:?} {a2}"
        );
    }
}

#[test]
fn signs_without_a_tilt_have_closed_forms() {
    // All weights are 1: That = (S + n y) / (L + n).
    let law = Rademacher::new(3, 2.0).unwrap();
    let value = DMatrix::identity(3, 3);
    let seen = law.through(&value);
    let tokens = DMatrix::from_element(3, 4, 0.5);
    let found = fixed_output_error(
        seen.as_ref(),
        &value,
        &DVector::zeros(3),
        &tokens,
        &lengths(&[1, 7, 1_000_000]),
    )
    .unwrap();
    for (found, length) in found.iter().zip([1.0, 7.0, 1e6]) {
        let whole = length + 4.0;
        let expected = (12.0 * length + 12.0) / (whole * whole);
        is_near(found.output.squared_error, expected, "error");
        is_near(found.share, 4.0 / whole, "share");
        is_near(found.output.participation, 1.0 / whole, "participation");
        is_near(found.output.bias[1], 2.0 / whole, "bias");
    }
}

/// `E` over one or two standard normal numbers, by the trapezoidal rule.
fn over_normals(count: usize, f: impl Fn(&[f64]) -> f64) -> f64 {
    let step = 0.1;
    let nodes: Vec<(f64, f64)> = (-100..=100)
        .map(|k| step * f64::from(k))
        .map(|z| {
            (
                z,
                step * (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt(),
            )
        })
        .collect();
    if count == 1 {
        return nodes.iter().map(|(z, p)| p * f(&[*z])).sum();
    }
    let inner = |(z, p): &(f64, f64)| -> f64 {
        p * nodes.iter().map(|(y, q)| q * f(&[*z, *y])).sum::<f64>()
    };
    nodes.iter().map(inner).sum()
}

#[test]
fn gaussian_tokens_agree_with_quadrature() {
    let law = Gaussian::new(dvector![0.3], dmatrix![1.0]).unwrap();
    let value = dmatrix![2.0];
    let seen = law.through(&value);
    for (tilt, tokens) in [
        (0.8, dmatrix![2.5]),
        (-1.2, dmatrix![0.0, 3.0]),
        (1.0, dmatrix![12.0]),
    ] {
        let found = fixed_output_error(
            seen.as_ref(),
            &value,
            &dvector![tilt],
            &tokens,
            &lengths(&[1, 2]),
        )
        .unwrap();
        let limit = dvector![2.0 * (0.3 + tilt)];
        let fixed: Vec<DVector<f64>> = tokens.column_iter().map(|x| x.into_owned()).collect();
        for (found, count) in found.iter().zip([1, 2]) {
            let prompt = |z: &[f64]| -> (f64, DVector<f64>, f64, f64) {
                let prompt: Vec<DVector<f64>> = z.iter().map(|z| dvector![0.3 + z]).collect();
                measured(&prompt, &fixed, &dvector![tilt], &value, &limit)
            };
            let pairs = [
                (
                    found.output.squared_error,
                    over_normals(count, |z| prompt(z).0),
                ),
                (
                    found.output.bias[0],
                    over_normals(count, |z| prompt(z).1[0]),
                ),
                (found.share, over_normals(count, |z| prompt(z).2)),
                (
                    found.output.participation,
                    over_normals(count, |z| prompt(z).3),
                ),
            ];
            for (found, truth) in pairs {
                assert!(found.unproved.is_some());
                assert!(
                    (found.value - truth).abs() < 1e-9,
                    "{tilt} {found:?} {truth}"
                );
                assert!(
                    found.error < 1e-9 * truth.abs().max(1.0),
                    "{tilt} {found:?} {truth}"
                );
            }
        }
    }
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let law = Rademacher::new(2, 1.0).unwrap();
    let value = DMatrix::identity(2, 2);
    let seen = law.through(&value);
    let ask = |value: &DMatrix<f64>, tilt: &DVector<f64>, tokens: &DMatrix<f64>| {
        fixed_output_error(seen.as_ref(), value, tilt, tokens, &lengths(&[3])).is_err()
    };
    let (tilt, tokens) = (DVector::zeros(2), DMatrix::zeros(2, 1));
    assert!(!ask(&value, &tilt, &tokens));
    assert!(ask(&DMatrix::identity(3, 3), &tilt, &tokens));
    assert!(ask(&value, &DVector::zeros(3), &tokens));
    assert!(ask(&value, &tilt, &DMatrix::zeros(3, 1)));
    assert!(ask(&value, &tilt, &DMatrix::zeros(2, 0)));
    // Scores and squares that overflow are a reason, not a number.
    assert!(ask(&value, &dvector![1e200, 0.0], &dmatrix![1e200; 0.0]));
    assert!(ask(&value, &tilt, &dmatrix![1e200; 0.0]));
}
