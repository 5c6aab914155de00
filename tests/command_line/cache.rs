//! Scenarios of a head that is given by its cached keys and values.

use std::path::Path;

use serde_json::Value;

use crate::support::command_line::{refused, run, stdout};

const KEYS: [[f64; 2]; 4] = [[1.0, 0.5], [-1.0, 2.0], [0.25, -1.5], [2.0, 0.0]];
const VALUES: [[f64; 3]; 4] = [
    [1.0, 0.0, -1.0],
    [2.0, 1.0, 0.5],
    [-1.0, 0.0, 3.0],
    [0.0, 2.0, 1.0],
];
const TOKENS: &str = "law = 'key-value'\nkeys = 'k.csv'\nvalues = 'v.csv'";
const QUERY: &str = "law = 'fixed'\nrows = [[1, 0.5], [-0.5, 2]]";

fn write<const N: usize>(folder: &Path, name: &str, rows: &[[f64; N]]) {
    let lines = rows
        .iter()
        .map(|row| row.map(|x| format!("{x:?}")).join(",") + "\n");
    std::fs::write(folder.join(name), lines.collect::<String>()).unwrap();
}

/// A folder with a cache.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "k.csv", &KEYS);
    write(folder.path(), "v.csv", &VALUES);
    folder
}

/// A scenario in the folder, and its name.
fn scenario(folder: &Path, tokens: &str, query: &str, head: &str) -> String {
    let text = format!(
        "[tokens]\n{tokens}\n[query]\n{query}\n[head]\n{head}\n[grid]\nlengths = [2, 300]\n"
    );
    let path = folder.join("s.toml");
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// The rows of a table, and its description and notes.
fn table(arguments: &str) -> (Value, String) {
    let table: Value =
        serde_json::from_str(&stdout(&format!("table {arguments} --format json"))).unwrap();
    let said = format!("{} {}", table["description"], table["notes"]);
    (table["rows"].clone(), said)
}

#[test]
fn a_cache_is_read_from_tables_and_flags() {
    let folder = folder();
    let folder = folder.path();
    let path = scenario(folder, TOKENS, QUERY, "scale = 0.5");
    let (rows, said) = table(&path);
    assert_eq!(rows[0]["exact"]["proved"], true);
    for part in [
        "key-value pairs of k.csv and v.csv",
        "k = 2, m = 3",
        "4 pairs",
        "scores 0.5 <query, key>",
        "d = k + m",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    // The same pairs as tokens, the same scores and values by matrices.
    let pairs: Vec<[f64; 5]> = KEYS
        .iter()
        .zip(VALUES)
        .map(|(k, v)| [k[0], k[1], v[0], v[1], v[2]])
        .collect();
    write(folder, "pairs.csv", &pairs);
    let matrices = "key_query = { kind = 'matrix', rows = [[0.5, 0], [0, 0.5], [0, 0], [0, 0], [0, 0]] }\n\
                    value = { kind = 'matrix', rows = [[0, 0, 1, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1]] }";
    let by_matrices = scenario(
        folder,
        "law = 'empirical'\nfile = 'pairs.csv'",
        QUERY,
        matrices,
    );
    assert_eq!(table(&by_matrices).0, rows);
    std::fs::write(
        folder.join("named.csv"),
        "a,b\n1,0.5\n-1,2\n0.25,-1.5\n2,0\n",
    )
    .unwrap();
    let named = "law = 'key-value'\nkeys = { file = 'named.csv', header = true }\nvalues = 'v.csv'";
    assert_eq!(
        table(&scenario(folder, named, QUERY, "scale = 0.5")).0,
        rows
    );
    let flags = format!(
        "--law key-value --keys {0}/k.csv --values {0}/v.csv --query-rows 1,0.5;-0.5,2 --scale 0.5 --lengths 2,300",
        folder.display()
    );
    assert_eq!(table(&flags).0, rows);
    let root = scenario(folder, TOKENS, QUERY, "scale = '1/sqrt(k)'");
    let number = format!("scale = {:?}", 1.0 / 2f64.sqrt());
    let (of_root, said) = table(&root);
    assert!(said.contains("scores 1/sqrt(k) <query, key>"), "{said}");
    assert_eq!(table(&scenario(folder, TOKENS, QUERY, &number)).0, of_root);
    assert_ne!(of_root, rows);
}

#[test]
fn everything_but_gradients_is_answered() {
    let folder = folder();
    let folder = folder.path();
    let path = scenario(folder, TOKENS, QUERY, "scale = 0.5");
    let checked = stdout(&format!(
        "check {path} --prompts 4000 --participation --entropy --bias --tail 0.5 --bound 40/L"
    ));
    assert!(checked.contains("CHECK PASSED"), "{checked}");
    let file = folder.join("t.json").display().to_string();
    stdout(&format!("table {path} --format json --output {file}"));
    let again = stdout(&format!("check {file}"));
    assert!(again.contains("0 differ"), "{again}");
    assert!(stdout(&format!("length {path} --epsilon 0.01")).contains("exact error: L = "));
    assert!(stdout(&format!("rate {path} --temperatures 0.5,2")).contains("A2"));
    let output = folder.join("c.v").display().to_string();
    assert!(stdout(&format!("certify {path} --output {output}")).contains("lemmas"));
    // A sink is a key and behind it its value.
    let fixed = "scale = 0.5\nfixed_tokens = [[3, 1, 0, 0, 0]]";
    let (rows, said) = table(&scenario(folder, TOKENS, QUERY, fixed));
    assert!(said.contains("every prompt holds 1 fixed token"), "{said}");
    assert_eq!(rows[0]["exact"]["proved"], true);
    // In the space of keys a query can be Gaussian.
    let gaussian = "law = 'gaussian'\ncovariance = { kind = 'identity' }";
    let path = scenario(folder, TOKENS, gaussian, "scale = 0.5");
    let checked = stdout(&format!("check {path} --prompts 2000"));
    assert!(checked.contains("CHECK PASSED"), "{checked}");

    let path = scenario(folder, TOKENS, QUERY, "scale = 0.5");
    for command in [
        "table PATH --gradients",
        "table PATH --monte-carlo --gradients --operator-norm",
        "check PATH --gradients",
        "simulate PATH --gradients",
        "certify PATH --gradients --output /dev/null",
        "fit PATH --c2 1 --metric key_query_gradient",
    ] {
        refused(
            &command.replace("PATH", &path),
            &["keys and values", "no matrices V and U"],
        );
    }
}

#[test]
fn what_does_not_serve_is_refused_with_its_key() {
    let folder = folder();
    let folder = folder.path();
    write(folder, "short.csv", &VALUES[..3]);
    std::fs::write(folder.join("hole.csv"), "1,0.5,1\n2,nan,1\n3,1,1\n4,1,1\n").unwrap();
    let tokens = |tokens: &str, parts: &[&str]| {
        let path = scenario(folder, tokens, QUERY, "scale = 1");
        refused(&format!("table {path}"), parts);
    };
    let values = |name| format!("law = 'key-value'\nkeys = 'k.csv'\nvalues = '{name}'");
    tokens(&values("short.csv"), &["tokens.values", "3 rows", "4 rows"]);
    tokens(
        &values("hole.csv"),
        &["tokens.values", "hole.csv", "line 2, column 2", "finite"],
    );
    tokens(&values("none.npy"), &["tokens.values", "none.npy"]);
    tokens(
        "law = 'key-value'\nkeys = 'k.csv'",
        &["tokens.values", "required"],
    );
    tokens(
        "law = 'key-value'\nvalues = 'v.csv'",
        &["tokens.keys", "required"],
    );
    tokens(
        "law = 'key-value'\nkeys = 3\nvalues = 'v.csv'",
        &["tokens.keys = 3"],
    );
    tokens(
        "law = 'key-value'\nkeys = { tensor = 'k' }\nvalues = 'v.csv'",
        &["tokens.keys.file", "required"],
    );
    tokens(
        &format!("{TOKENS}\nfile = 'k.csv'"),
        &["tokens.file", "unknown"],
    );
    tokens(
        "law = 'empirical'\nfile = 'k.csv'",
        &["head.weights", "required"],
    );

    let head = |head: &str, parts: &[&str]| {
        let path = scenario(folder, TOKENS, QUERY, head);
        refused(&format!("table {path}"), parts);
    };
    // A scale is not guessed.
    head("", &["head.scale", "required", "1/sqrt(k)"]);
    head("scale = nan", &["head.scale", "finite"]);
    head("scale = 'k'", &["head.scale", "1/sqrt(k)"]);
    head(
        "key_query = { kind = 'identity' }",
        &["head.key_query", "unknown"],
    );
    head(
        "scale = 1\nquery_in_prompt = true",
        &["head.query_in_prompt", "no token"],
    );
    head(
        "scale = 1\nfixed_tokens = [[1, 2]]",
        &["head.fixed_tokens", "n x 5"],
    );

    let query = |query: &str, parts: &[&str]| {
        let path = scenario(folder, TOKENS, query, "scale = 1");
        refused(&format!("table {path}"), parts);
    };
    query("law = 'tokens'", &["query.law", "no query"]);
    query(
        "law = 'fixed'\nrows = [[1, 2, 3]]",
        &["dimension 3", "dimension 2"],
    );

    let flags = format!(
        "table --law key-value --keys {0}/k.csv --values {0}/v.csv --lengths 2",
        folder.display()
    );
    refused(&flags, &["head.scale", "required"]);
    refused(
        &format!("{flags} --scale 1 --value-file v.csv"),
        &["head.value", "unknown"],
    );
    refused(
        &format!("{flags} --scale 1 --dimension 2"),
        &["tokens.dimension", "unknown"],
    );
    let said = run(&format!("{flags} --scale 1")).status.code();
    assert_eq!(said, Some(0), "a Gaussian query is the default");
}
