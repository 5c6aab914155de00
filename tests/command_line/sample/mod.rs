//! The command `sample`, against every draw of a small context.

mod budgets;
mod refusals;
mod table;

use std::path::Path;

use attention_bounds::sampling::Design;
use nalgebra::DMatrix;
use serde_json::Value;

use crate::support::command_line::stdout;
use crate::support::sampled_draws::SampledCase;

pub const KEYS: [[f64; 2]; 6] = [
    [1.0, 0.5],
    [-1.0, 2.0],
    [0.25, -1.5],
    [2.0, 0.0],
    [0.5, 0.5],
    [-0.75, -1.0],
];
pub const VALUES: [[f64; 2]; 6] = [
    [1.0, -1.0],
    [2.0, 0.5],
    [-1.0, 3.0],
    [0.0, 1.0],
    [4.0, 2.0],
    [-2.0, 0.0],
];
pub const QUERIES: [[f64; 2]; 2] = [[1.0, 0.5], [-0.5, 2.0]];
pub const PROXIES: [f64; 6] = [1.0, 2.0, 0.5, 3.0, 1.5, 1.0];
pub const SCALE: f64 = 0.5;
pub const N: usize = 6;
pub const ALL: [usize; N] = [0, 1, 2, 3, 4, 5];

pub fn lines<const M: usize>(rows: &[[f64; M]]) -> String {
    let line = |row: &[f64; M]| row.map(|x| format!("{x:?}")).join(",") + "\n";
    rows.iter().map(line).collect()
}

/// A folder with a cache, and a scenario in it with this table `[sampling]`.
pub fn folder(sampling: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
    write("k.csv", lines(&KEYS));
    write("v.csv", lines(&VALUES));
    write("q.csv", lines(&QUERIES));
    write("proxy.csv", lines(&PROXIES.map(|proxy| [proxy])));
    let path = scenario(folder.path(), sampling);
    (folder, path)
}

pub const CACHE: &str = "[tokens]\nlaw = 'key-value'\nkeys = 'k.csv'\nvalues = 'v.csv'\n[query]\nlaw = 'fixed'\nfile = 'q.csv'\n[head]\nscale = 0.5\n";

pub fn scenario(folder: &Path, sampling: &str) -> String {
    let path = folder.join("s.toml");
    std::fs::write(&path, format!("{CACHE}[sampling]\n{sampling}\n")).unwrap();
    path.display().to_string()
}

pub fn json(arguments: &str) -> Value {
    serde_json::from_str(&stdout(&format!("{arguments} --format json"))).unwrap()
}

pub fn rows(answer: &Value) -> &Vec<Value> {
    answer["rows"].as_array().unwrap()
}

pub fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}

pub fn close(found: f64, expected: f64, what: &str) {
    let size = 1e-10 * (1.0 + expected.abs());
    assert!(
        (found - expected).abs() <= size,
        "{what}: {found} {expected}"
    );
}

/// Attention over these keys.
pub fn attention(query: usize, keys: &[usize]) -> [f64; 2] {
    let weights = scores(query).into_iter().map(f64::exp).collect::<Vec<_>>();
    let total: f64 = keys.iter().map(|i| weights[*i]).sum();
    [0, 1].map(|k| {
        keys.iter()
            .map(|i| weights[*i] * VALUES[*i][k])
            .sum::<f64>()
            / total
    })
}

/// `|T_K - T|^2` of these keys.
pub fn alone(query: usize, keys: &[usize]) -> f64 {
    let (found, limit) = (attention(query, keys), attention(query, &ALL));
    (found[0] - limit[0]).powi(2) + (found[1] - limit[1]).powi(2)
}

pub fn squared_limit(query: usize) -> f64 {
    attention(query, &ALL).iter().map(|x| x * x).sum()
}

/// The keys of the largest scores.
pub fn top(query: usize, count: usize) -> Vec<usize> {
    let (scores, mut order) = (scores(query), ALL.to_vec());
    order.sort_by(|i, j| scores[*j].total_cmp(&scores[*i]));
    order.truncate(count);
    order
}

/// The scores of all keys at a query.
pub fn scores(query: usize) -> Vec<f64> {
    let [x, y] = QUERIES[query];
    KEYS.iter()
        .map(|key| SCALE * (x * key[0] + y * key[1]))
        .collect()
}

/// The context at a query with these keys kept, for an oracle that goes through all draws.
pub fn case(query: usize, kept: &[usize], design: &str) -> SampledCase {
    SampledCase {
        scores: scores(query),
        values: DMatrix::from_fn(N, 2, |i, k| VALUES[i][k]),
        kept: kept.to_vec(),
        design: match design {
            "without-replacement" => Design::WithoutReplacement,
            "with-replacement" => Design::WithReplacement,
            "bernoulli" => Design::Bernoulli,
            _ => Design::ImportanceSampling(PROXIES.to_vec()),
        },
    }
}

/// The mean squared error over all draws.
pub fn error(query: usize, kept: &[usize], design: &str, budget: usize) -> f64 {
    let outcomes = case(query, kept, design).outcomes(budget as u64);
    outcomes
        .iter()
        .map(|(p, distance)| p * distance * distance)
        .sum()
}

pub const HYBRID: &str = "keep = { sink = 1, top = 1 }\nbudgets = [1, 2, 4]";
