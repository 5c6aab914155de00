//! Moments of laws and constants of matrices are not below their true values, and hardly above them.
//!
//! The true moments are those of tests/data/moments.json (closed forms in 80-digit arithmetic,
//! tools/golden/moments.py), rounded up to floats, so `>=` is decided exactly. For finite laws the margin is
//! derived, for the others it is assumed (docs/rounding.md); this test is the evidence for the assumption.

use attention_bounds::bound::{GaussianOutput, KnownMoments, ValueSpectrum, output_variance};
use attention_bounds::law::{Cube, Empirical, Gaussian, Mixture, Rademacher, Sphere, TokenLaw};
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;

fn number(value: &Value) -> f64 {
    let text = value.as_str().expect("numbers are strings");
    text.parse().expect("a number")
}

fn list(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

fn matrix(value: &Value) -> DMatrix<f64> {
    let rows: Vec<Vec<f64>> = value.as_array().unwrap().iter().map(list).collect();
    DMatrix::from_fn(rows.len(), rows[0].len(), |i, j| rows[i][j])
}

/// Weights divided by their sum, as the golden file means them.
fn probabilities(value: &Value) -> Vec<f64> {
    let weights = list(value);
    let total: f64 = weights.iter().sum();
    weights.iter().map(|w| w / total).collect()
}

fn law(row: &Value, dimension: usize) -> Box<dyn TokenLaw> {
    let scale = || number(&row["scale"]);
    match row["law"].as_str().unwrap() {
        "empirical" => {
            let weights = probabilities(&row["weights"]);
            Box::new(Empirical::weighted(&matrix(&row["points"]), weights).unwrap())
        }
        "rademacher" => Box::new(Rademacher::new(dimension, scale()).unwrap()),
        "cube" => Box::new(Cube::new(dimension, scale()).unwrap()),
        "sphere" => Box::new(Sphere::new(dimension, scale()).unwrap()),
        "mixture" => {
            let means = matrix(&row["means"]);
            let covariances = row["covariances"].as_array().unwrap();
            let parts = probabilities(&row["weights"]).into_iter().enumerate();
            let parts = parts.map(|(k, weight)| {
                let mean = means.row(k).transpose();
                (
                    weight,
                    Gaussian::new(mean, matrix(&covariances[k])).unwrap(),
                )
            });
            Box::new(Mixture::new(parts.collect()).unwrap())
        }
        other => panic!("{other}"),
    }
}

#[test]
fn moments_are_not_below_the_true_ones() {
    let golden: Value = serde_json::from_str(include_str!("../data/moments.json")).unwrap();
    let rows = golden["rows"].as_array().unwrap();
    let mut excess: BTreeMap<(String, &str), f64> = BTreeMap::new();
    for row in rows {
        let tilt = DVector::from_vec(list(&row["tilt"]));
        let tokens = law(row, tilt.len());
        let known =
            KnownMoments::new(tokens.through(&matrix(&row["value"])).as_ref(), &tilt).unwrap();
        let name = row["law"].as_str().unwrap();
        for (moment, found) in [
            ("ln_rho", known.ln_rho()),
            ("ln_kappa", known.ln_kappa()),
            ("ln_a2", known.ln_a2()),
            ("f0", known.f0()),
        ] {
            let truth = number(&row[moment]);
            assert!(
                found >= truth,
                "{moment} {found:e} is below {truth:e}: {row}"
            );
            // The excess of the moment itself, relative.
            let above = match moment {
                // Where the tilted law has lost its variance, relative to the deviation without a tilt.
                "ln_a2" => {
                    let deviation = |ln_a2: f64| (0.5 * (ln_a2 - number(&row["ln_rho"]))).exp();
                    let size = deviation(truth).max(1e-3 * number(&row["f0"]).sqrt());
                    (deviation(found) - deviation(truth)) / size
                }
                "f0" => found / truth - 1.0,
                _ => found - truth,
            };
            let worst = excess.entry((name.to_owned(), moment)).or_default();
            *worst = worst.max(above);
        }
    }
    println!("{} rows; largest relative excess: {excess:#?}", rows.len());
    assert!(rows.len() >= 300);
    for ((name, moment), worst) in excess {
        // Points 1e4 from the origin cost digits.
        assert!(worst < 1e-7, "{name} {moment}: {worst:e}");
    }
}

/// A matrix of integers, whose forms are integers and can be computed exactly.
fn integers(rows: usize, columns: usize) -> impl Strategy<Value = DMatrix<f64>> {
    prop::collection::vec(-(1i64 << 20)..(1i64 << 20), rows * columns)
        .prop_map(move |x| DMatrix::from_fn(rows, columns, |i, j| x[i * columns + j] as f64))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn constants_of_matrices_are_not_below_the_exact_integers(
        (root, value, tilt) in (1usize..6, 1usize..5).prop_flat_map(|(d, m)| (integers(d, 2), integers(m, d), integers(d, 1))),
    ) {
        let covariance = (&root * root.transpose()) / 4096.0;
        let g = GaussianOutput::of(&covariance, &value, &tilt.column(0).into_owned());
        let Ok(g) = g else { return Ok(()) };
        // Entries of 4096 Gamma are integers below 2^42, exact as floats; the forms fit in 128 bits.
        let whole = |m: &DMatrix<f64>, i: usize, j: usize, scale: f64| (m[(i, j)] * scale) as i128;
        let (m, d) = value.shape();
        let image: Vec<i128> = (0..d).map(|i| (0..d).map(|j| whole(&covariance, i, j, 4096.0) * whole(&tilt, j, 0, 1.0)).sum()).collect();
        let score: i128 = (0..d).map(|i| whole(&tilt, i, 0, 1.0) * image[i]).sum();
        let tau: i128 = (0..m).flat_map(|k| (0..d).flat_map(move |i| (0..d).map(move |j| (k, i, j))))
            .map(|(k, i, j)| whole(&value, k, i, 1.0) * whole(&covariance, i, j, 4096.0) * whole(&value, k, j, 1.0)).sum();
        let below = |found: f64, exact: i128| (found * 4096.0).ceil() as i128 >= exact;
        prop_assert!(below(g.score_variance(), score) && below(g.tau_v(), tau));
        prop_assert!(g.tau_v() == output_variance(&covariance, &value));
        let tight = |found: f64, exact: i128| found * 4096.0 <= exact as f64 * (1.0 + 1e-9) + 1e-3 * covariance.amax() * value.amax().max(1.0).powi(2);
        prop_assert!(tight(g.tau_v(), tau));
        let eta: f64 = (0..m).map(|k| (0..d).map(|i| value[(k, i)] * image[i] as f64 / 4096.0).sum::<f64>().powi(2)).sum();
        prop_assert!(g.eta() >= eta * (1.0 - 1e-9));
    }

    /// Diagonal and rotated matrices, whose squared singular values are known.
    #[test]
    fn eigenvalues_are_not_below_the_known_ones(
        entries in prop::collection::vec(-(1i64 << 24)..(1i64 << 24), 1..6), size in -300i32..300,
    ) {
        // V = D (3 4; -4 3): singular values 5 |d_j|, every entry exact.
        let n = 2 * entries.len();
        let scale = 2f64.powi(size / 2);
        let mut value = DMatrix::zeros(n, n);
        for (j, d) in entries.iter().enumerate() {
            let d = *d as f64 * scale;
            let (i, k) = (2 * j, 2 * j + 1);
            (value[(i, i)], value[(i, k)], value[(k, i)], value[(k, k)]) = (3.0 * d, 4.0 * d, -4.0 * d, 3.0 * d);
        }
        let values = ValueSpectrum::new(&value).unwrap();
        // 25 d^2 is an integer below 2^53 times scale^2 if |d| < 2^24.
        let squares: Vec<f64> = entries.iter().map(|d| 25.0 * (*d as f64).powi(2) * scale * scale).collect();
        let largest = squares.iter().copied().fold(0.0, f64::max);
        let sum: f64 = 2.0 * squares.iter().sum::<f64>();
        prop_assert!(values.largest() >= largest && values.largest() <= largest * (1.0 + 1e-12));
        prop_assert!(values.sum() >= sum * (1.0 - 1e-15) && values.sum() <= sum * (1.0 + 1e-13));
    }
}
