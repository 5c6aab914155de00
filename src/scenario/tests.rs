//! Scenarios that are accepted, grids, and texts that are none.

use proptest::prelude::*;
use toml::Table;

use super::read::parse;
use super::*;
use crate::error::Result;

const GOOD: &str = r#"
[tokens]
law = "gaussian"
covariance = { kind = "toeplitz", dimension = 5, rho = 0.5 }
[query]
law = "gaussian"
covariance = { kind = "toeplitz", dimension = 5, rho = 0.5 }
[head]
key_query = { kind = "identity", scale = 0.3 }
value = { kind = "identity" }
[grid]
lengths = [64, 256, 1024]
[monte_carlo]
prompts = 20000
seed = 1
"#;

pub(super) fn read(text: &str) -> Result<Scenario> {
    let table = text.parse::<Table>().unwrap();
    let origin = Origin {
        name: "s.toml".into(),
        folder: "folder".into(),
    };
    Scenario::from_table(origin, &table)
}

/// The good scenario with one table replaced.
pub(super) fn with(table: &str, body: &str) -> String {
    let mut whole = GOOD.parse::<Table>().unwrap();
    whole.insert(table.into(), body.parse::<Table>().unwrap().into());
    whole.to_string()
}

/// The refusal is one line that names the file and contains the parts.
pub(super) fn assert_refused<T>(found: Result<T>, case: &str, parts: &[&str]) {
    let Err(error) = found else {
        panic!("{case} was accepted");
    };
    let message = error.to_string();
    assert!(!message.contains('\n'), "{message:?} is more than one line");
    for part in ["s.toml: "].iter().chain(parts) {
        assert!(message.contains(part), "{part:?} is not in {message:?}");
    }
}

#[test]
fn a_good_scenario_is_read() {
    let scenario = read(GOOD).unwrap();
    let lengths: Vec<u64> = scenario.lengths.iter().map(|l| l.get()).collect();
    assert_eq!(lengths, [64, 256, 1024]);
    let expected = MonteCarloSpec {
        prompts: 20_000,
        seed: 1,
    };
    assert_eq!(scenario.monte_carlo, Some(expected));
    assert!(matches!(
        &scenario.head,
        HeadSpec::Matrices { key_query: MatrixSpec::Identity { dimension: None, scale }, .. }
            if *scale == 0.3
    ));
    assert_eq!(
        scenario.describe(),
        "tokens: gaussian, covariance toeplitz(0.5); query: gaussian, covariance toeplitz(0.5); \
         head: key-query 0.3 x identity, value identity"
    );
}

#[test]
fn paths_start_from_the_folder_of_the_scenario() {
    let scenario = read(&with("tokens", "law = \"empirical\"\nfile = \"x/t.npy\"")).unwrap();
    let TokenSpec::Empirical(table) = scenario.tokens else {
        panic!("{:?}", scenario.tokens);
    };
    assert_eq!(table.path, std::path::Path::new("folder").join("x/t.npy"));
    let scenario = read(&with("tokens", "law = \"empirical\"\nfile = \"/t.npy\"")).unwrap();
    let TokenSpec::Empirical(table) = scenario.tokens else {
        panic!("{:?}", scenario.tokens);
    };
    assert_eq!(table.path, std::path::Path::new("/t.npy"));
}

#[test]
fn a_table_must_be_a_table_and_be_there() {
    let message = read("tokens = 3").unwrap_err().to_string();
    assert!(message.contains("tokens = 3"), "{message}");
    let message = read("").unwrap_err().to_string();
    assert!(message.contains("tokens = nothing"), "{message}");
}

fn lengths(body: &str) -> Vec<u64> {
    let scenario = read(&with("grid", body)).unwrap();
    scenario.lengths.iter().map(|l| l.get()).collect()
}

#[test]
fn geometric_grids_include_their_ends() {
    assert_eq!(
        lengths("from = 16\nto = 1024\nfactor = 4"),
        [16, 64, 256, 1024]
    );
    assert_eq!(
        lengths("lengths = { from = 16, to = 1000, factor = 4 }"),
        [16, 64, 256]
    );
    assert_eq!(lengths("from = 7\nto = 7\nfactor = 2"), [7]);
    // Rounded lengths that coincide are kept once.
    assert_eq!(lengths("from = 1\nto = 4\nfactor = 1.25"), [1, 2, 3, 4]);
    // sqrt(2) is not a float, yet the end is met.
    let grid = lengths("from = 1\nto = 1048576\nfactor = 1.4142135623730951");
    assert_eq!((grid.first(), grid.last()), (Some(&1), Some(&1_048_576)));
    let whole = lengths("from = 1\nto = 9007199254740992\nfactor = 2");
    assert_eq!(whole.len(), 54);
}

#[test]
fn lists_are_sorted_and_each_length_is_kept_once() {
    assert_eq!(lengths("lengths = [9, 3, 9, 1e6]"), [3, 9, 1_000_000]);
}

#[test]
fn a_file_that_is_not_a_scenario_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.toml");
    for (bytes, part) in [
        (&b"[tokens\nlaw = 1"[..], "line 1, column"),
        (b"a = 1\na = 2", "line 2, column 1"),
        (b"\xff\xfe", "not text in UTF-8"),
    ] {
        std::fs::write(&path, bytes).unwrap();
        let message = Scenario::load(&path).unwrap_err().to_string();
        assert!(
            message.contains("bad.toml") && message.contains(part),
            "{message}"
        );
        assert!(!message.contains('\n'), "{message:?}");
    }
    let message = Scenario::load(&folder.path().join("none.toml")).unwrap_err();
    assert!(message.to_string().contains("none.toml: cannot be read"));
    let message = Scenario::load(folder.path()).unwrap_err();
    assert!(message.to_string().contains("cannot be read"));
}

/// Reads bytes as a file of a scenario would be read.
fn survives(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(table) = parse(text)
    {
        let origin = Origin {
            name: "s.toml".into(),
            folder: "".into(),
        };
        if let Err(error) = Scenario::from_table(origin, &table) {
            let message = error.to_string();
            assert!(
                message.starts_with("s.toml: ") && !message.contains('\n'),
                "{message:?}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn mangled_scenarios_never_panic(
        edits in prop::collection::vec((0..GOOD.len(), any::<u8>(), 0..4_u8), 1..6),
    ) {
        let mut bytes = GOOD.as_bytes().to_vec();
        for (place, byte, how) in edits {
            let place = place.min(bytes.len().saturating_sub(1));
            match how {
                _ if bytes.is_empty() => {}
                0 => bytes[place] = byte,
                1 => bytes.insert(place, b"[]{}=\"'.,-0189einfa\n#"[usize::from(byte) % 21]),
                2 => drop(bytes.remove(place)),
                _ => bytes.truncate(place),
            }
        }
        survives(&bytes);
    }

    #[test]
    fn arbitrary_values_never_panic(
        key in "(tokens|query|head|grid|monte_carlo)",
        inner in "(law|covariance|lengths|from|to|factor|rows|prompts|head)",
        value in "(-?[0-9]{1,19}(\\.[0-9]{1,3})?(e[0-9]{1,3})?|nan|inf|true|\\[\\]|\\[\\[1\\]\\]|\\{\\}|'[a-z]{0,9}')",
    ) {
        let mut table = GOOD.parse::<Table>().unwrap();
        if let Ok(value) = format!("v = {value}").parse::<Table>() {
            table.get_mut(&key).unwrap().as_table_mut().unwrap().insert(inner, value["v"].clone());
        }
        survives(table.to_string().as_bytes());
    }
}
