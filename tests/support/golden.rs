//! Reading the reference values of tests/data; tools/golden/ makes them. Numbers are strings there, with all their digits.

use nalgebra::{DMatrix, DVector};
use serde_json::Value;

/// The file `tests/data/NAME.json`.
pub fn file(name: &str) -> Value {
    let path = format!("{}/tests/data/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The rows of a golden file; there must be at least `least` of them.
pub fn rows(name: &str, least: usize) -> Vec<Value> {
    let Value::Array(rows) = file(name)["rows"].take() else {
        panic!("{name}.json has no rows");
    };
    assert!(rows.len() >= least, "{name}.json: {} rows", rows.len());
    rows
}

pub fn number(value: &Value) -> f64 {
    let text = value.as_str().expect("numbers are strings");
    text.parse().expect("a number")
}

pub fn list(value: &Value) -> Vec<f64> {
    let entries = value.as_array().expect("a list").iter();
    entries.map(number).collect()
}

pub fn vector(value: &Value) -> DVector<f64> {
    DVector::from_vec(list(value))
}

/// A list of rows.
pub fn matrix(value: &Value) -> DMatrix<f64> {
    let rows: Vec<Vec<f64>> = value.as_array().expect("rows").iter().map(list).collect();
    DMatrix::from_fn(rows.len(), rows[0].len(), |i, j| rows[i][j])
}
