//! Extreme scales on the command line: a value, or one line that names the quantity and the range.

use crate::support::command_line::{refused, stdout};
use tempfile::TempDir;

/// A scenario of Gaussian tokens in the plane, in a file of its own.
struct Scenario(TempDir);

impl Scenario {
    fn new(tokens: &str, query: &str, key_query: &str, value: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let text = format!(
            "[tokens]\nlaw = \"gaussian\"\ncovariance = {tokens}\n[query]\n{query}\n[head]\nkey_query = {key_query}\nvalue = {value}\n\
             [grid]\nlengths = [2, 1000]\n"
        );
        std::fs::write(folder.path().join("scenario.toml"), text).unwrap();
        Self(folder)
    }

    fn table(&self) -> String {
        let path = self.0.path().join("scenario.toml");
        format!("table {} --format csv --gradients", path.display())
    }
}

const IDENTITY: &str = "{ kind = \"identity\", dimension = 2 }";

fn gaussian(covariance: &str) -> String {
    format!("law = \"gaussian\"\ncovariance = {covariance}")
}

fn diagonal(first: &str, second: &str) -> String {
    format!("{{ kind = \"diagonal\", values = [{first}, {second}] }}")
}

fn scaled(scale: &str) -> String {
    format!("{{ kind = \"identity\", dimension = 2, scale = {scale} }}")
}

#[test]
fn score_covariances_out_of_range_are_refused() {
    let score = ["eigenvalue", "1e-100 to 1e100"];
    // What no Gaussian law may have comes before what the scores may have.
    let law = ["query.covariance", "eigenvalues up to 1e150"];
    for (scale, expected) in [
        ("1e101", &score),
        ("1e150", &score),
        ("1e151", &law),
        ("1e300", &law),
        ("1e-101", &score),
        ("1e-150", &score),
        ("1e-300", &score),
    ] {
        let query = gaussian(&scaled(scale));
        let scenario = Scenario::new(IDENTITY, &query, IDENTITY, IDENTITY);
        refused(&scenario.table(), expected);
    }
    let (wide, standard) = (diagonal("1e154", "1e-154"), gaussian(IDENTITY));
    for (tokens, query, key_query) in [
        (wide.as_str(), standard.as_str(), IDENTITY),
        (IDENTITY, &gaussian(&wide), IDENTITY),
        (IDENTITY, &standard, &wide),
    ] {
        let scenario = Scenario::new(tokens, query, key_query, IDENTITY);
        refused(&scenario.table(), &["eigenvalue"]);
    }
}

#[test]
fn a_response_that_overflows_is_refused() {
    let value = diagonal("1e300", "1e-300");
    let scenario = Scenario::new(IDENTITY, &gaussian(IDENTITY), IDENTITY, &value);
    refused(&scenario.table(), &["eigenvalue of V V^T"]);
}

#[test]
fn queries_beyond_the_largest_deviation_keep_their_bounds() {
    let scenario = Scenario::new(IDENTITY, &gaussian(&scaled("1e77")), IDENTITY, IDENTITY);
    let table = stdout(&scenario.table());
    assert!(table.contains("from 0 to 200"), "{table}");
    let scenario = Scenario::new(
        IDENTITY,
        "law = \"fixed\"\nrows = [[3000.0, 0.0]]",
        IDENTITY,
        IDENTITY,
    );
    let table = stdout(&scenario.table());
    assert!(table.contains("s = 3000 is not accepted"), "{table}");
}

#[test]
fn a_hard_maximum_is_named_and_the_table_is_made() {
    let folder = TempDir::new().unwrap();
    let tokens = folder.path().join("tokens.csv");
    std::fs::write(&tokens, "1e74\n0\n-1e74\n").unwrap();
    let table = stdout(&format!(
        "table --law empirical --tokens {} --query-rows 1 --lengths 2,10 --format csv --gradients --participation --tail 1",
        tokens.display()
    ));
    assert!(
        table.contains("differ by 2.000e74, and at most 2000 is served"),
        "{table}"
    );
    assert!(table.contains("output,average,10,"), "{table}");
    // One token needs no scores.
    let alone = stdout(&format!(
        "table --law empirical --tokens {} --query-rows 1e-160 --lengths 1,10 --format csv",
        tokens.display()
    ));
    assert!(alone.contains("output,0,1,6.66666666666666"), "{alone}");
}

#[test]
fn many_signs_and_one_token_meet_their_bound() {
    let query = ["0.1"; 18].join(",");
    let table = stdout(&format!(
        "table --law rademacher --dimension 18 --query-rows {query} --lengths 1 --format csv"
    ));
    let row = table
        .lines()
        .find(|line| line.starts_with("output,0,1,"))
        .unwrap();
    let cells: Vec<f64> = row
        .split(',')
        .skip(3)
        .take(2)
        .map(|x| x.parse().unwrap())
        .collect();
    let (value, error) = (cells[0], cells[1]);
    // d c^2 + |T|^2 with T = tanh(0.1) in every coordinate.
    let truth = 18.178_806_764_746_084;
    assert!(
        (value - truth).abs() <= error && error < 1e-10,
        "{value} {error}"
    );
}
