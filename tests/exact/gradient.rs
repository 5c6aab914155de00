//! The exact errors of the gradients against the reference of tests/data/gradient.json (tools/golden/gradient.py),
//! closed forms, symmetries and simulation.

use crate::support::simulation::{agrees, cell, estimates, first, one_query};
use attention_bounds::attention::{Head, QueryLaw};
use attention_bounds::exact::{
    Exact, ExactGradient, GaussianGradient, finite_gradient_error, gaussian_gradient_error,
    gaussian_key_query_gradient_average, gaussian_value_gradient_average, value_gradient_error,
};
use attention_bounds::law::{Empirical, Gaussian, Rademacher, Sphere, TokenLaw};
use attention_bounds::monte_carlo::{CellEstimates, Plan, QueryChoice, Route};
use attention_bounds::parameter::PromptLength;
use nalgebra::{DMatrix, DVector};
use serde_json::Value;

fn number(value: &Value) -> f64 {
    value
        .as_str()
        .expect("numbers are strings")
        .parse()
        .expect("a number")
}

fn vector(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .expect("a list")
        .iter()
        .map(number)
        .collect()
}

fn matrix(value: &Value) -> DMatrix<f64> {
    let rows: Vec<Vec<f64>> = value.as_array().expect("rows").iter().map(vector).collect();
    DMatrix::from_fn(rows.len(), rows[0].len(), |i, j| rows[i][j])
}

fn lengths(list: &[u64]) -> Vec<PromptLength> {
    list.iter()
        .map(|l| PromptLength::new(*l).unwrap())
        .collect()
}

fn gaussian(
    tokens: &Gaussian,
    value: &DMatrix<f64>,
    tilt: &DVector<f64>,
    square: f64,
    list: &[u64],
) -> Vec<ExactGradient> {
    let gradient = GaussianGradient::new(tokens, value, tilt, square).unwrap();
    gaussian_gradient_error(&gradient, &lengths(list)).unwrap()
}

/// Within `1e-8` of the reference and within its own estimate, which is itself below `1e-8`; returns the
/// relative error.
fn close(label: &str, computed: Exact, reference: f64, tolerance: f64) -> f64 {
    let error = (computed.value - reference).abs();
    assert!(
        error <= computed.error + 1e-15 * reference.abs(),
        "{label}: {} against {reference}: {error:e} exceeds the estimate {:e}",
        computed.value,
        computed.error
    );
    assert!(
        error <= tolerance * reference.abs() && computed.error <= tolerance * reference.abs(),
        "{label}: {} against {reference}, estimate {:e}",
        computed.value,
        computed.error
    );
    if reference == 0.0 {
        0.0
    } else {
        error / reference
    }
}

#[test]
fn both_gradients_agree_with_the_reference() {
    let golden: Value = serde_json::from_str(include_str!("../data/gradient.json")).unwrap();
    let rows = golden["rows"].as_array().unwrap();
    assert!(rows.len() >= 100);
    let mut worst = [0.0_f64; 2];
    for row in rows {
        let value = matrix(&row["value"]);
        let tilt = DVector::from_vec(vector(&row["tilt"]));
        let length = row["L"].as_u64().unwrap();
        let square = 1.75;
        let (found, alone) = if row["law"] == "gaussian" {
            let tokens = Gaussian::centred(matrix(&row["covariance"])).unwrap();
            let alone = value_gradient_error(&tokens, value.nrows(), &tilt, &lengths(&[length]));
            (
                gaussian(&tokens, &value, &tilt, square, &[length])[0],
                alone,
            )
        } else {
            let points = matrix(&row["points"]);
            let probability = vector(&row["probability"]);
            let law = Empirical::weighted(&points, probability.clone()).unwrap();
            let alone = value_gradient_error(&law, value.nrows(), &tilt, &lengths(&[length]));
            let support = (&points.transpose(), probability.as_slice());
            let list = lengths(&[length]);
            (
                finite_gradient_error(support, &value, &tilt, square, &list).unwrap()[0],
                alone,
            )
        };
        let label = format!("{row}");
        let mean = number(&row["mean_error"]) * value.nrows() as f64;
        let gradient = number(&row["gradient_error"]) * square;
        worst[0] = worst[0].max(close(&label, found.value, mean, 1e-8));
        close(&label, alone.unwrap()[0], mean, 1e-8);
        worst[1] = worst[1].max(close(&label, found.key_query, gradient, 1e-8));
    }
    println!("{} rows, worst relative errors {worst:?}", rows.len());
}

fn covariance() -> DMatrix<f64> {
    DMatrix::from_row_slice(3, 3, &[2.0, 0.6, 0.1, 0.6, 1.0, -0.3, 0.1, -0.3, 0.5])
}

#[test]
fn one_token_and_uniform_weights_have_closed_forms() {
    let gamma = covariance();
    let tokens = Gaussian::centred(gamma.clone()).unwrap();
    let value = DMatrix::from_row_slice(2, 3, &[1.0, 0.5, -0.2, 0.0, 2.0, 1.0]);
    let tilt = DVector::from_vec(vec![1.0, -0.4, 0.7]);
    // One token: mhat = X and Chat = 0.
    let one = gaussian(&tokens, &value, &tilt, 3.0, &[1])[0];
    let response = &gamma * &tilt;
    let mean = 2.0 * (gamma.trace() + response.norm_squared());
    approx::assert_relative_eq!(one.value.value, mean, max_relative = 1e-13);
    let limit = 3.0 * (&value * &gamma).norm_squared();
    approx::assert_relative_eq!(one.key_query.value, limit, max_relative = 1e-13);
    // Uniform weights: Chat is (L - 1)/L times a sample covariance, a Wishart matrix over L.
    let seen = &value * &gamma;
    let trace = (&seen * value.transpose()).trace() * gamma.trace();
    for length in [1, 2, 3, 100, 1_000_000_000_000] {
        let zero = gaussian(&tokens, &value, &DVector::zeros(3), 3.0, &[length])[0];
        let l = length as f64;
        let wishart =
            (l - 1.0) / (l * l) * (seen.norm_squared() + trace) + seen.norm_squared() / (l * l);
        close("Wishart", zero.key_query, 3.0 * wishart, 1e-9);
        close("mean", zero.value, 2.0 * gamma.trace() / l, 1e-9);
        // Continuous at s = 0.
        let small = gaussian(&tokens, &value, &(&tilt * 1e-9), 3.0, &[length])[0];
        close("small s", small.key_query, 3.0 * wishart, 1e-8);
    }
    // Atoms with uniform weights: E|Chat - C|^2 of +-1 is that of 1 - mhat^2, which is mhat^4.
    let points = DMatrix::from_row_slice(1, 2, &[-1.0, 1.0]);
    let identity = DMatrix::identity(1, 1);
    // (A rounding error of C counts L times here, for F = 0.)
    for length in [1_u64, 2, 5, 1000, 100_000] {
        let found = finite_gradient_error(
            (&points, &[0.5, 0.5]),
            &identity,
            &DVector::zeros(1),
            2.0,
            &lengths(&[length]),
        )
        .unwrap()[0];
        let l = length as f64;
        close("mean", found.value, 1.0 / l, 1e-9);
        let fourth = (3.0 * l - 2.0) / (l * l * l);
        close("fourth", found.key_query, 2.0 * fourth, 1e-8);
    }
}

fn cloud() -> (DMatrix<f64>, Vec<f64>) {
    let points = DMatrix::from_fn(3, 7, |i, j| ((3 * i + 5 * j) as f64 * 1.7).sin() * 1.3);
    let weights: Vec<f64> = (0..7).map(|j| (1.0 + j as f64) / 28.0).collect();
    (points, weights)
}

const LONG: [u64; 6] = [1, 2, 3, 40, 100_000, 1_000_000_000_000];

#[test]
fn scales_with_the_value_matrix_and_ignores_shifts_and_doubled_atoms() {
    let (points, weights) = cloud();
    let value = DMatrix::from_row_slice(2, 3, &[1.0, 0.5, -0.2, 0.0, 2.0, 1.0]);
    let tilt = DVector::from_vec(vec![1.0, -0.4, 0.7]);
    let run = |points: &DMatrix<f64>, weights: &[f64], value: &DMatrix<f64>| {
        finite_gradient_error((points, weights), value, &tilt, 2.0, &lengths(&LONG)).unwrap()
    };
    let plain = run(&points, &weights, &value);
    let mut shifted = points.clone();
    for mut column in shifted.column_iter_mut() {
        column += DVector::from_vec(vec![3.0, -2.0, 10.0]);
    }
    let doubled = DMatrix::from_fn(3, 14, |i, j| points[(i, j / 2)]);
    let halves: Vec<f64> = (0..14).map(|j| 0.5 * weights[j / 2]).collect();
    // More outputs than coordinates with the same norms: V stacked on V, then 2 |.|^2.
    let stacked = DMatrix::from_fn(4, 3, |i, j| value[(i % 2, j)]);
    for (other, factors) in [
        (run(&points, &weights, &(&value * 3.0)), (1.0, 9.0)),
        (run(&shifted, &weights, &value), (1.0, 1.0)),
        (run(&doubled, &halves, &value), (1.0, 1.0)),
        (run(&points, &weights, &stacked), (2.0, 2.0)),
    ] {
        for (a, b) in plain.iter().zip(&other) {
            close("value", b.value, factors.0 * a.value.value, 1e-8);
            close(
                "key-query",
                b.key_query,
                factors.1 * a.key_query.value,
                1e-8,
            );
        }
    }
    let tokens = Gaussian::centred(covariance()).unwrap();
    let moved = Gaussian::new(DVector::from_vec(vec![5.0, 1.0, -3.0]), covariance()).unwrap();
    let plain = gaussian(&tokens, &value, &tilt, 2.0, &LONG);
    for (other, factor) in [
        (gaussian(&moved, &value, &tilt, 2.0, &LONG), 1.0),
        (gaussian(&tokens, &(&value * 3.0), &tilt, 2.0, &LONG), 9.0),
        (gaussian(&tokens, &value, &tilt, 18.0, &LONG), 9.0),
    ] {
        for (a, b) in plain.iter().zip(&other) {
            close("value", b.value, a.value.value, 1e-9);
            close("key-query", b.key_query, factor * a.key_query.value, 1e-9);
        }
    }
}

/// `L E|V (Chat - C)|^2 -> E[w^2 |F|^2]` (docs/theory.md, `finite-gradient` and `gaussian-gradient`).
#[test]
fn long_prompts_reach_the_limiting_constant() {
    let (points, weights) = cloud();
    let value = DMatrix::from_row_slice(2, 3, &[1.0, 0.5, -0.2, 0.0, 2.0, 1.0]);
    let tilt = DVector::from_vec(vec![1.0, -0.4, 0.7]);
    let raw: Vec<f64> = (0..7).map(|j| points.column(j).dot(&tilt).exp()).collect();
    let total: f64 = raw.iter().zip(&weights).map(|(w, p)| w * p).sum();
    let tilted: Vec<f64> = raw
        .iter()
        .zip(&weights)
        .map(|(w, p)| w * p / total)
        .collect();
    let mean = &points * DVector::from_column_slice(&tilted);
    let mut limit = DMatrix::zeros(3, 3);
    for (j, p) in tilted.iter().enumerate() {
        let y = points.column(j) - &mean;
        limit += &y * y.transpose() * *p;
    }
    let mut constant = 0.0;
    for (j, p) in tilted.iter().enumerate() {
        let y = points.column(j) - &mean;
        constant += p * raw[j] / total * (&value * (&y * y.transpose() - &limit)).norm_squared();
    }
    let list = lengths(&[10_000_000_000, 1_000_000_000_000]);
    let found = finite_gradient_error((&points, &weights), &value, &tilt, 1.0, &list).unwrap();
    // The next term is of order 1/L.
    for (error, length) in found.iter().zip([1e10, 1e12]) {
        let limit = length * error.key_query.value;
        approx::assert_relative_eq!(limit, constant, max_relative = 1e-8);
    }
    // Gaussian tokens, d = 1: E[w^2 (y^2 - 1)^2] with y ~ N(s, 1) under w^2 / rho, rho = e^{s^2}.
    let tokens = Gaussian::centred(DMatrix::identity(1, 1)).unwrap();
    for s in [0.3_f64, 1.0] {
        let tilt = DVector::from_element(1, s);
        let found = gaussian(
            &tokens,
            &DMatrix::identity(1, 1),
            &tilt,
            1.0,
            &[1_000_000_000_000],
        );
        let constant = (s * s).exp() * (s.powi(4) + 4.0 * s * s + 2.0);
        let limit = found[0].key_query.value * 1e12;
        approx::assert_relative_eq!(limit, constant, max_relative = 1e-8);
    }
}

fn simulated(
    tokens: &dyn TokenLaw,
    head: &Head,
    query: &QueryLaw,
    choice: QueryChoice,
    list: &[u64],
) -> Vec<CellEstimates> {
    let plan = Plan {
        value_gradient: true,
        key_query_gradient: true,
        ..Plan::new(20_000, 7, Route::Plain)
    };
    let cells = list.iter().map(|l| cell(choice, *l)).collect();
    estimates(tokens, head, query, cells, plan)
}

#[test]
fn simulation_agrees() {
    let value = DMatrix::from_row_slice(2, 3, &[1.0, 0.5, -0.2, 0.0, 2.0, 1.0]);
    let head = Head::with_tilt_bias(
        DMatrix::identity(3, 3) * 0.8,
        value.clone(),
        DVector::from_vec(vec![0.1, -0.3, 0.2]),
    )
    .unwrap();
    let z = [0.9, -0.5, 0.6];
    let tilt = head.tilt(&DVector::from_column_slice(&z));
    let square: f64 = z.iter().map(|x| x * x).sum();
    let list = [2, 3, 5, 8, 30, 200];
    let (points, weights) = cloud();
    let cloud = Empirical::weighted(&points.transpose(), weights).unwrap();
    let signs = Rademacher::new(3, 1.2).unwrap();
    for law in [&cloud as &dyn TokenLaw, &signs] {
        let (points, weights) = law.support().unwrap();
        let support = (&points, weights.as_slice());
        let exact = finite_gradient_error(support, &value, &tilt, square, &lengths(&list)).unwrap();
        let query = one_query(&z);
        let found = simulated(law, &head, &query, first(2).query, &list);
        for (exact, found) in exact.iter().zip(&found) {
            agrees(
                "value",
                found.value_gradient.unwrap().frobenius,
                exact.value.value,
            );
            let gradient = found.key_query_gradient.unwrap().frobenius;
            agrees("key-query", gradient, exact.key_query.value);
        }
    }
    let tokens = Gaussian::centred(covariance()).unwrap();
    let exact = gaussian(&tokens, &value, &tilt, square, &list);
    let found = simulated(&tokens, &head, &one_query(&z), first(2).query, &list);
    for (exact, found) in exact.iter().zip(&found) {
        agrees(
            "value",
            found.value_gradient.unwrap().frobenius,
            exact.value.value,
        );
        let gradient = found.key_query_gradient.unwrap().frobenius;
        agrees("key-query", gradient, exact.key_query.value);
    }
    // A law of which only the value gradient is known exactly.
    let sphere = Sphere::new(3, 1.5).unwrap();
    let exact = value_gradient_error(&sphere, 2, &tilt, &lengths(&list)).unwrap();
    let found = simulated(&sphere, &head, &one_query(&z), first(2).query, &list);
    for (exact, found) in exact.iter().zip(&found) {
        agrees(
            "value",
            found.value_gradient.unwrap().frobenius,
            exact.value,
        );
    }
}

#[test]
fn averages_over_a_gaussian_query_agree_with_a_list_and_with_simulation() {
    // Tokens in dimension 1, queries in the plane: the tilt is on a line, |z|^2 is not a function of it.
    let tokens = Gaussian::centred(DMatrix::from_element(1, 1, 0.8)).unwrap();
    let head = Head::with_tilt_bias(
        DMatrix::from_row_slice(1, 2, &[0.6, -0.9]),
        DMatrix::from_row_slice(2, 1, &[1.0, -0.5]),
        DVector::from_element(1, 0.2),
    )
    .unwrap();
    let mean = DVector::from_vec(vec![0.3, 0.7]);
    let root = DMatrix::from_row_slice(2, 2, &[0.7, 0.0, 0.2, 0.5]);
    let query = Gaussian::new(mean.clone(), &root * root.transpose()).unwrap();
    let list = [1, 2, 5, 40];
    let average =
        gaussian_key_query_gradient_average(&tokens, &head, &query, &lengths(&list)).unwrap();
    let value = gaussian_value_gradient_average(&tokens, &head, &query, &lengths(&list)).unwrap();
    // A lattice in both coordinates of the query.
    let mut sums = [[0.0; 4]; 2];
    for i in -20..=20 {
        for j in -20..=20 {
            let xi = DVector::from_vec(vec![0.4 * f64::from(i), 0.4 * f64::from(j)]);
            let weight = 0.16 * (-0.5 * xi.norm_squared()).exp() / (2.0 * std::f64::consts::PI);
            let z = &mean + &root * xi;
            let found = gaussian(
                &tokens,
                head.value(),
                &head.tilt(&z),
                z.norm_squared(),
                &list,
            );
            for (k, error) in found.iter().enumerate() {
                sums[0][k] += weight * error.value.value;
                sums[1][k] += weight * error.key_query.value;
            }
        }
    }
    for k in 0..4 {
        close("value", value[k], sums[0][k], 1e-8);
        close("key-query", average[k], sums[1][k], 1e-8);
    }
    let law = QueryLaw::gaussian(query);
    let found = simulated(&tokens, &head, &law, QueryChoice::Average, &list[1..]);
    for (k, found) in found.iter().enumerate() {
        agrees(
            "value",
            found.value_gradient.unwrap().frobenius,
            value[k + 1].value,
        );
        let gradient = found.key_query_gradient.unwrap().frobenius;
        agrees("key-query", gradient, average[k + 1].value);
    }
}
