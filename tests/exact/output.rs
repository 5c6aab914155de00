//! The general engine (T2) against enumeration, and against the Gaussian closed form (T3).

use attention_bounds::exact::{
    Exact, ExactOutput, GaussianOutput, gaussian_output_error, output_error,
};
use attention_bounds::law::{Empirical, Gaussian, Rademacher, TokenLaw};
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

/// The value is within `tolerance` of the reference, relative to `scale`, and within its own estimate.
fn check(label: &str, computed: Exact, reference: f64, scale: f64, tolerance: f64) {
    let error = (computed.value - reference).abs();
    let rounding = 2.0 * f64::EPSILON * scale;
    assert!(
        error <= computed.error + rounding,
        "{label}: {} against {reference}: {error:e} exceeds the estimate {:e}",
        computed.value,
        computed.error
    );
    assert!(
        error <= tolerance * scale,
        "{label}: {} against {reference}",
        computed.value
    );
}

#[test]
fn rademacher_tokens_agree_with_the_binomial_sum() {
    let golden: Value = serde_json::from_str(include_str!("../data/rademacher.json")).unwrap();
    let rows = golden["rows"].as_array().unwrap();
    assert!(rows.len() >= 20);
    for row in rows {
        let (scale, tilt, length) = (
            number(&row["c"]),
            number(&row["a"]),
            row["L"].as_u64().unwrap(),
        );
        let law = Rademacher::new(1, scale).unwrap();
        let seen = law.through(&DMatrix::identity(1, 1));
        let lengths = [PromptLength::new(length).unwrap()];
        let output =
            &output_error(seen.as_ref(), &DVector::from_element(1, tilt), &lengths).unwrap()[0];
        let label = format!("c={scale} a={tilt} L={length}");
        let error = number(&row["error"]);
        check(
            &format!("error {label}"),
            output.squared_error,
            error,
            error,
            1e-9,
        );
        let bias = number(&row["bias"]);
        check(
            &format!("bias {label}"),
            output.bias[0],
            bias,
            bias.abs().max(1e-3 * scale / length as f64),
            1e-9,
        );
        let second = number(&row["P_2"]);
        check(
            &format!("P_2 {label}"),
            output.participation,
            second,
            second,
            1e-9,
        );
    }
}

#[test]
fn empirical_laws_agree_with_enumeration_of_all_prompts() {
    let golden: Value = serde_json::from_str(include_str!("../data/empirical.json")).unwrap();
    let rows = golden["rows"].as_array().unwrap();
    assert!(rows.len() >= 10);
    for row in rows {
        let law = Empirical::new(&matrix(&row["points"])).unwrap();
        let value = matrix(&row["value"]);
        let seen = law.through(&value);
        let lengths = [PromptLength::new(row["L"].as_u64().unwrap()).unwrap()];
        let tilt = DVector::from_vec(vector(&row["tilt"]));
        let output = &output_error(seen.as_ref(), &tilt, &lengths).unwrap()[0];
        let label = format!("{} tilt {} L={}", row["name"], row["tilt"], row["L"]);
        let error = number(&row["error"]);
        check(
            &format!("error {label}"),
            output.squared_error,
            error,
            error,
            1e-9,
        );
        for (computed, reference) in output.bias.iter().zip(vector(&row["bias"])) {
            check(
                &format!("bias {label}"),
                *computed,
                reference,
                reference.abs().max(error.sqrt() * 1e-2),
                1e-9,
            );
        }
        let second = number(&row["P_2"]);
        check(
            &format!("P_2 {label}"),
            output.participation,
            second,
            second,
            1e-9,
        );
    }
}

fn compare(label: &str, general: &ExactOutput, closed: &ExactOutput, tolerance: f64) {
    for (x, y) in [
        (general.squared_error, closed.squared_error),
        (general.participation, closed.participation),
    ] {
        approx::assert_relative_eq!(x.value, y.value, max_relative = tolerance);
        assert!((x.value - y.value).abs() <= x.error + y.error, "{label}");
    }
    for (x, y) in general.bias.iter().zip(&closed.bias) {
        assert!(
            (x.value - y.value).abs()
                <= tolerance * y.value.abs() + 1e-13 * x.value.abs().max(y.value.abs()),
            "{label}: bias {} against {}",
            x.value,
            y.value
        );
    }
}

#[test]
fn the_general_engine_reproduces_the_gaussian_closed_form() {
    let covariance =
        DMatrix::from_row_slice(3, 3, &[2.0, 0.6, 0.1, 0.6, 1.0, -0.3, 0.1, -0.3, 0.5]);
    let tokens = Gaussian::new(DVector::from_vec(vec![0.3, -1.0, 2.0]), covariance).unwrap();
    let value = DMatrix::from_row_slice(2, 3, &[1.0, 0.5, -0.2, 0.0, 2.0, 1.0]);
    let seen = tokens.through(&value);
    let lengths: Vec<PromptLength> = [1, 2, 3, 7, 64, 4096, 1_000_000, 1_000_000_000_000]
        .map(|l| PromptLength::new(l).unwrap())
        .to_vec();
    for scale in [1e-5, 0.1, 0.5, 1.0, 2.0, 4.0] {
        let tilt = DVector::from_vec(vec![1.0, -0.4, 0.7]) * scale;
        let general = output_error(seen.as_ref(), &tilt, &lengths).unwrap();
        let closed =
            gaussian_output_error(&GaussianOutput::new(&tokens, &value, &tilt), &lengths).unwrap();
        for ((x, y), length) in general.iter().zip(&closed).zip(&lengths) {
            compare(&format!("scale {scale} L={}", length.get()), x, y, 1e-10);
        }
    }
}
