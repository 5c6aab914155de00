//! Settings that can be built, and what is said about those that cannot.

use std::path::Path;

use toml::Table;

use super::tests::assert_refused;
use super::*;
use crate::error::Result;

fn build(tokens: &str, query: &str, head: &str) -> Result<Setting> {
    build_in(Path::new(""), tokens, query, head)
}

fn build_in(folder: &Path, tokens: &str, query: &str, head: &str) -> Result<Setting> {
    let text =
        format!("tokens = {tokens}\nquery = {query}\nhead = {head}\ngrid = {{ lengths = [8] }}");
    let table = text.parse::<Table>().unwrap();
    let origin = Origin {
        name: "s.toml".into(),
        folder: folder.into(),
    };
    Scenario::from_table(origin, &table)?.build()
}

const PLANE: &str = "{ law = 'gaussian', covariance = { kind = 'identity', dimension = 2 } }";
const PLANE_QUERY: &str = "{ law = 'fixed', rows = [[1, 2], [3, 4], [5, 6]] }";
const IDENTITY: &str = "{ key_query = { kind = 'identity' }, value = { kind = 'identity' } }";

#[test]
fn matrices_and_queries_are_what_the_scenario_says() {
    let setting = build(
        "{ law = 'gaussian', mean = [1, 2, 3], covariance = { kind = 'toeplitz', dimension = 3, rho = -0.5, scale = 2 } }",
        PLANE_QUERY,
        "{ key_query = { kind = 'matrix', rows = [[1, 2], [3, 4], [5, 6]] }, \
           value = { kind = 'diagonal', values = [1, 2, 3] }, tilt_bias = [7, 8, 9] }",
    )
    .unwrap();
    let law = crate::law::LawKind::of(setting.tokens.as_ref())
        .gaussian()
        .unwrap();
    assert_eq!(law.mean().as_slice(), [1.0, 2.0, 3.0]);
    let covariance = [2.0, -1.0, 0.5, -1.0, 2.0, -1.0, 0.5, -1.0, 2.0];
    assert_eq!(law.covariance().as_slice(), covariance);
    // Columns: the rows of the scenario are rows of the matrix.
    let key_query = setting.head.key_query();
    assert_eq!(key_query.as_slice(), [1.0, 3.0, 5.0, 2.0, 4.0, 6.0]);
    assert_eq!(
        setting.head.value().as_slice(),
        [1.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 3.0]
    );
    assert_eq!(setting.head.tilt_bias().as_slice(), [7.0, 8.0, 9.0]);
    assert_eq!(setting.query.query(1).unwrap().as_slice(), [3.0, 4.0]);
    assert_eq!(setting.lengths.len(), 1);
}

#[test]
fn every_law_is_built_with_its_dimension() {
    for (tokens, dimension) in [
        ("{ law = 'sphere', dimension = 4, radius = 2 }", 4),
        ("{ law = 'rademacher', dimension = 3 }", 3),
        ("{ law = 'cube', dimension = 2, half_width = 0.5 }", 2),
        (
            "{ law = 'mixture', components = [{ weight = 0.25, mean = [1, 2], covariance = { kind = 'identity' } }, \
            { weight = 0.75, covariance = { kind = 'identity' } }] }",
            2,
        ),
    ] {
        let query = "{ law = 'gaussian', covariance = { kind = 'identity' } }";
        let setting = build(tokens, query, IDENTITY).unwrap();
        assert_eq!(setting.tokens.dimension(), dimension, "{tokens}");
        assert_eq!(setting.query.dimension(), dimension, "{tokens}");
        assert_eq!(setting.head.key_query().shape(), (dimension, dimension));
    }
}

/// A line each: tokens | query | head | key | value | what is accepted; an empty part is the usual one.
const REFUSED: &str = r"
{ law = 'gaussian', covariance = { kind = 'diagonal', values = [1, -2] } } |  |  | tokens.covariance | -2 | covariance must be
{ law = 'gaussian', covariance = { kind = 'matrix', rows = [[1, 0.5], [0.2, 1]] } } |  |  | tokens.covariance | 0.5 | covariance must be
{ law = 'gaussian', covariance = { kind = 'matrix', rows = [[1, 0.5]] } } |  |  | tokens.covariance | 1 x 2 | must be
{ law = 'gaussian', covariance = { kind = 'identity' } } |  |  | tokens.covariance.dimension | nothing | required
{ law = 'gaussian', mean = [1], covariance = { kind = 'identity', dimension = 2 } } |  |  | tokens.mean | 1 numbers | 2 numbers
 | { law = 'fixed', rows = [[1, 2, 3]] } |  | head.key_query | 2 x 2 | 2 x 3
 |  | { key_query = { kind = 'identity' }, value = { kind = 'identity', dimension = 3 } } | head.value | 3 x 3 | m x 2
 |  | { key_query = { kind = 'identity' }, value = { kind = 'identity' }, tilt_bias = [1] } | head.tilt_bias | 1 numbers | 2 numbers
{ law = 'sphere', dimension = 2, radius = 1 } | { law = 'tokens' } |  | query.law | tokens | not available
{ law = 'mixture', components = [{ weight = 1, covariance = { kind = 'identity', dimension = 2 } }, { weight = 1, covariance = { kind = 'identity', dimension = 3 } }] } |  |  | tokens.components[1] | dimension 3 | dimension 2
{ law = 'gaussian', covariance = { kind = 'identity', dimension = 65536 } } |  |  | tokens.covariance | 65536 x 65536 | too large for memory
{ law = 'sphere', dimension = 20000, radius = 1 } |  |  | tokens.dimension | 20000 x 20000 | too large for memory
 |  | { key_query = { kind = 'identity' }, value = { kind = 'identity', dimension = 60000 } } | head.value | 60000 x 60000 | too large for memory
{ law = 'empirical', file = 'none.npy' } |  |  | tokens.file | none.npy | No such file
{ law = 'empirical', file = 'tokens.txt' } |  |  | tokens.file | tokens.txt | .npy, .npz, .csv
 |  | { weights = 'none.safetensors', prefix = 'a', head = 0, heads = 1 } | head.weights | none.safetensors | No such file
";

#[test]
fn every_refusal_names_file_key_value_and_what_is_accepted() {
    for case in REFUSED.lines().skip(1) {
        let fields: Vec<&str> = case.split(" | ").collect();
        let [tokens, query, head, parts @ ..] = fields.as_slice() else {
            panic!("{case}");
        };
        let given = |text: &&'static str, usual| if text.is_empty() { usual } else { *text };
        let found = build(
            given(tokens, PLANE),
            given(query, PLANE_QUERY),
            given(head, IDENTITY),
        );
        assert_refused(found, case, parts);
    }
}

#[test]
fn files_are_found_beside_the_scenario_and_bad_ones_are_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t.csv"), "1,2\n3,4\n5,6\n").unwrap();
    std::fs::write(folder.path().join("bad.csv"), "1,2\n3,nan\n").unwrap();
    std::fs::write(folder.path().join("alien.npy"), b"not numpy").unwrap();
    let tokens = "{ law = 'empirical', file = 't.csv' }";
    let setting = build_in(folder.path(), tokens, "{ law = 'tokens' }", IDENTITY).unwrap();
    let (points, weights) = setting.tokens.support().unwrap();
    assert_eq!((points.shape(), weights.len()), ((2, 3), 3));
    assert_eq!(setting.query.query(2).unwrap().as_slice(), [5.0, 6.0]);
    for file in ["bad.csv", "alien.npy"] {
        let tokens = format!("{{ law = 'empirical', file = '{file}' }}");
        let message = build_in(folder.path(), &tokens, PLANE_QUERY, IDENTITY)
            .unwrap_err()
            .to_string();
        assert!(message.contains("s.toml: tokens.file = "), "{message}");
        assert!(
            message.contains(file) && !message.contains('\n'),
            "{message}"
        );
    }
}

#[test]
fn every_example_is_built() {
    for (name, dimension, lengths) in [
        ("paper", 5, 8),
        ("gaussian-sweep", 1, 8),
        ("minilm", 384, 8),
        ("mixture", 2, 6),
        // About a context: no prompt lengths.
        ("sampling", 384, 0),
        ("sphere", 8, 9),
    ] {
        let path = format!("examples/{name}.toml");
        let setting = Scenario::load(Path::new(&path)).unwrap().build().unwrap();
        assert_eq!(setting.name, path);
        assert_eq!(setting.tokens.dimension(), dimension, "{name}");
        assert_eq!(setting.lengths.len(), lengths, "{name}");
    }
}
