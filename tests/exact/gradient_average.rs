//! The error of the key-query gradient averaged over a Gaussian query, against the reference of
//! tests/data/gradient_average.json, an integral over `|z|` and simulation.
//!
//! The reference sums over the query in Cartesian coordinates (tools/golden/gradient_average.py); the product integrates
//! against weighted densities of the score variance.

use crate::support::golden::{self, matrix, number, vector};
use crate::support::simulation::{cell, estimates};
use attention_bounds::attention::{Head, QueryLaw};
use attention_bounds::exact::{
    Exact, GaussianGradient, gaussian_gradient_error, gaussian_key_query_gradient_average,
};
use attention_bounds::law::Gaussian;
use attention_bounds::monte_carlo::{Plan, QueryChoice, Route};
use attention_bounds::parameter::PromptLength;
use nalgebra::{DMatrix, DVector};
use serde_json::Value;

fn lengths(list: &[u64]) -> Vec<PromptLength> {
    list.iter()
        .map(|l| PromptLength::new(*l).unwrap())
        .collect()
}

struct Setting {
    tokens: Gaussian,
    head: Head,
    query: Gaussian,
}

impl Setting {
    fn of(row: &Value) -> Self {
        Self {
            tokens: Gaussian::centred(matrix(&row["token_covariance"])).unwrap(),
            head: Head::with_tilt_bias(
                matrix(&row["key_query"]),
                matrix(&row["value"]),
                vector(&row["tilt_bias"]),
            )
            .unwrap(),
            query: Gaussian::new(vector(&row["query_mean"]), matrix(&row["query_covariance"]))
                .unwrap(),
        }
    }

    fn average(&self, list: &[u64]) -> Vec<Exact> {
        gaussian_key_query_gradient_average(&self.tokens, &self.head, &self.query, &lengths(list))
            .unwrap()
    }
}

/// Within `1e-8` of the reference and within its own estimate, which is itself below `1e-8`; returns the relative error.
fn close(label: &str, computed: Exact, reference: f64) -> f64 {
    let error = (computed.value - reference).abs();
    // The reference has 11 digits.
    assert!(
        error <= computed.error + 1e-11 * reference,
        "{label}: {} against {reference}: {error:e} exceeds the estimate {:e}",
        computed.value,
        computed.error
    );
    assert!(
        error <= 1e-8 * reference && computed.error <= 1e-8 * reference,
        "{label}: {} against {reference}, estimate {:e}",
        computed.value,
        computed.error
    );
    error / reference
}

#[test]
#[ignore = "long: run by ./test --all"]
fn averages_agree_with_the_reference() {
    let rows = golden::rows("gradient_average", 40);
    let (mut worst, mut estimate): (f64, f64) = (0.0, 0.0);
    for row in &rows {
        let length = row["L"].as_u64().unwrap();
        let found = Setting::of(row).average(&[length])[0];
        let reference = number(&row["key_query_error"]);
        worst = worst.max(close(&format!("{row}"), found, reference));
        estimate = estimate.max(found.error / reference);
    }
    println!(
        "{} rows, worst relative error {worst:.1e}, largest estimate {estimate:.1e}",
        rows.len()
    );
}

/// All directions of the query alike: the average is an integral over `|z|`, whose law is a chi law.
#[test]
#[ignore = "long: run by ./test --all"]
fn an_isotropic_average_is_an_integral_over_the_norm() {
    let list = [1, 2, 3, 40, 100_000, 1_000_000_000_000];
    for (scale, deviation) in [(0.3, 1.0), (0.6, 1.5), (1.2, 0.8)] {
        let setting = Setting {
            tokens: Gaussian::centred(DMatrix::identity(3, 3) * 0.7).unwrap(),
            head: Head::new(DMatrix::identity(3, 3) * scale, DMatrix::identity(3, 3)).unwrap(),
            query: Gaussian::centred(DMatrix::identity(3, 3) * (deviation * deviation)).unwrap(),
        };
        // r^2 e^{-r^2/2} times an even function of r: the trapezoidal sum over half the line.
        let mut sums = vec![0.0; list.len()];
        let step = 0.08;
        for node in 1..=160 {
            let r = step * f64::from(node);
            let weight = step * (2.0 / std::f64::consts::PI).sqrt() * r * r * (-0.5 * r * r).exp();
            let z = DVector::from_vec(vec![0.0, deviation * r, 0.0]);
            let gradient = GaussianGradient::new(
                &setting.tokens,
                setting.head.value(),
                &setting.head.tilt(&z),
                z.norm_squared(),
            )
            .unwrap();
            let errors = gaussian_gradient_error(&gradient, &lengths(&list)).unwrap();
            for (sum, error) in sums.iter_mut().zip(errors) {
                *sum += weight * error.key_query.value;
            }
        }
        for ((found, sum), length) in setting.average(&list).iter().zip(sums).zip(list) {
            close(&format!("scale {scale}, L = {length}"), *found, sum);
        }
    }
}

fn three_dimensions() -> Setting {
    let root = DMatrix::from_row_slice(3, 3, &[0.9, 0.0, 0.0, 0.3, 0.7, 0.0, -0.4, 0.2, 0.8]);
    let query = DMatrix::from_row_slice(2, 2, &[0.8, 0.3, 0.3, 0.6]);
    Setting {
        tokens: Gaussian::new(
            DVector::from_vec(vec![5.0, -1.0, 0.5]),
            &root * root.transpose(),
        )
        .unwrap(),
        head: Head::with_tilt_bias(
            DMatrix::from_row_slice(3, 2, &[0.7, 0.2, -0.3, 0.8, 0.4, 0.1]),
            DMatrix::from_row_slice(2, 3, &[1.0, -0.5, 0.2, 0.3, 0.7, -1.0]),
            DVector::from_vec(vec![0.2, 0.0, -0.3]),
        )
        .unwrap(),
        query: Gaussian::new(DVector::from_vec(vec![0.6, -0.4]), query).unwrap(),
    }
}

#[test]
fn simulation_agrees() {
    let setting = three_dimensions();
    let list = [2, 3, 8, 30, 200];
    let exact = setting.average(&list);
    let plan = Plan {
        key_query_gradient: true,
        ..Plan::new(40_000, 23, Route::Plain)
    };
    let cells = list
        .iter()
        .map(|l| cell(QueryChoice::Average, *l))
        .collect();
    let law = QueryLaw::gaussian(setting.query.clone());
    let found = estimates(&setting.tokens, &setting.head, &law, cells, plan);
    for (exact, found) in exact.iter().zip(&found) {
        let gradient = found.key_query_gradient.unwrap().frobenius;
        let distance = (gradient.mean - exact.value).abs() / gradient.standard_error;
        assert!(distance <= 4.0, "{gradient:?} against {exact:?}");
    }
}

/// A second direction in which the query moves little changes the average of a tilt on a line by a function of the square
/// of that width, though the line is integrated by another route.
#[test]
#[ignore = "long: run by ./test --all"]
fn a_narrow_direction_joins_the_line() {
    let list = [1, 2, 50, 1_000_000];
    let mut setting = three_dimensions();
    let mean = setting.query.mean().clone();
    let (wide, other) = (
        DVector::from_vec(vec![0.9, -0.2]),
        DVector::from_vec(vec![0.2, 0.9]),
    );
    let [line, half, full] = [0.0, 0.01, 0.02].map(|narrow: f64| {
        let spread = &wide * wide.transpose() + &other * other.transpose() * narrow.powi(2);
        setting.query = Gaussian::new(mean.clone(), spread).unwrap();
        setting.average(&list)
    });
    for ((line, half), full) in line.iter().zip(&half).zip(&full) {
        let extrapolated = (4.0 * half.value - full.value) / 3.0;
        let difference = (extrapolated - line.value).abs();
        assert!((full.value - line.value).abs() > 1e-5 * line.value);
        assert!(
            difference <= 2e-7 * line.value,
            "{line:?} {half:?} {full:?}"
        );
    }
}

/// One token: `Chat = 0` and the error is `|V Gamma|_F^2 E|z|^2`. Tokens that do not vary, a value matrix of zeros.
#[test]
fn closed_forms() {
    let setting = three_dimensions();
    let limit = (setting.head.value() * setting.tokens.covariance()).norm_squared()
        * (setting.query.mean().norm_squared() + setting.query.covariance().trace());
    approx::assert_relative_eq!(setting.average(&[1])[0].value, limit, max_relative = 1e-12);
    let mut still = three_dimensions();
    still.tokens = Gaussian::centred(DMatrix::zeros(3, 3)).unwrap();
    let mut blind = three_dimensions();
    blind.head = Head::new(blind.head.key_query().clone(), DMatrix::zeros(2, 3)).unwrap();
    for setting in [still, blind] {
        for error in setting.average(&[1, 2, 1000]) {
            assert_eq!(error.value, 0.0);
        }
    }
    // No tilt at all: uniform weights, a Wishart matrix over L for every query.
    let mut uniform = three_dimensions();
    let value = uniform.head.value().clone();
    uniform.tokens = Gaussian::centred(uniform.tokens.covariance().clone()).unwrap();
    uniform.head = Head::new(DMatrix::zeros(3, 2), value.clone()).unwrap();
    let gamma = uniform.tokens.covariance();
    let seen = &value * gamma;
    let square = seen.norm_squared();
    let trace = (&seen * value.transpose()).trace() * gamma.trace();
    let query_square = uniform.query.mean().norm_squared() + uniform.query.covariance().trace();
    let list = [2, 7, 1_000_000];
    for (found, l) in uniform.average(&list).iter().zip([2.0, 7.0, 1e6]) {
        let wishart = (l - 1.0) / (l * l) * (square + trace) + square / (l * l);
        close("Wishart", *found, wishart * query_square);
    }
    // The same where the tilt moves, but in two directions in which tokens do not vary: s^2 = 0 for every query.
    let mut unseen = three_dimensions();
    let gamma = DMatrix::from_diagonal(&DVector::from_vec(vec![1.5, 0.0, 0.0]));
    let seen = &value * &gamma;
    let trace = (&seen * value.transpose()).trace() * gamma.trace();
    unseen.tokens = Gaussian::centred(gamma).unwrap();
    let key_query = DMatrix::from_row_slice(3, 2, &[0.0, 0.0, 0.3, -0.2, 0.4, 0.1]);
    unseen.head = Head::new(key_query, value).unwrap();
    for (found, l) in unseen.average(&list).iter().zip([2.0, 7.0, 1e6]) {
        let square = seen.norm_squared();
        let wishart = (l - 1.0) / (l * l) * (square + trace) + square / (l * l);
        close("Wishart", *found, wishart * query_square);
    }
}
