//! Scenarios that are accepted, and what is said about those that are not.

use proptest::prelude::*;
use toml::Table;

use super::*;

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

fn read(text: &str) -> Result<Scenario> {
    let table = text.parse::<Table>().unwrap();
    let origin = Origin {
        name: "s.toml".into(),
        folder: "folder".into(),
    };
    Scenario::from_table(origin, &table)
}

/// The good scenario with one table replaced.
fn with(table: &str, body: &str) -> String {
    let mut whole = GOOD.parse::<Table>().unwrap();
    whole.insert(table.into(), body.parse::<Table>().unwrap().into());
    whole.to_string()
}

#[test]
fn a_good_scenario_is_read() {
    let scenario = read(GOOD).unwrap();
    let lengths: Vec<u64> = scenario.grid.lengths().iter().map(|l| l.get()).collect();
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

/// (table, its body, parts that the message must contain: key, value, what is accepted).
const REFUSED: &[(&str, &str, [&str; 3])] = &[
    (
        "grid",
        "lengths = [64, 0]",
        ["grid.lengths[1]", "= 0 ", "from 1 to 2^53"],
    ),
    (
        "grid",
        "lengths = [-3]",
        ["grid.lengths[0]", "= -3 ", "from 1 to 2^53"],
    ),
    (
        "grid",
        "lengths = [1.5]",
        ["grid.lengths[0]", "= 1.5 ", "from 1 to 2^53"],
    ),
    (
        "grid",
        "lengths = [nan]",
        ["grid.lengths[0]", "= NaN ", "from 1 to 2^53"],
    ),
    (
        "grid",
        "lengths = [inf]",
        ["grid.lengths[0]", "= inf ", "from 1 to 2^53"],
    ),
    (
        "grid",
        "lengths = [9007199254740993]",
        ["grid.lengths[0]", "9007199254740993", "2^53"],
    ),
    (
        "grid",
        "lengths = [1e20]",
        ["grid.lengths[0]", "1e20", "2^53"],
    ),
    (
        "grid",
        "lengths = []",
        ["grid.lengths", "= []", "a list of prompt lengths"],
    ),
    (
        "grid",
        "lengths = 5",
        ["grid.lengths", "= 5", "{ from, to, factor }"],
    ),
    (
        "grid",
        "lengths = ['a']",
        ["grid.lengths[0]", "a", "an integer"],
    ),
    (
        "grid",
        "",
        ["grid.lengths", "nothing", "a list of prompt lengths"],
    ),
    (
        "grid",
        "lengths = [1]\nfrom = 1",
        ["grid.from", "= 1 ", "not both"],
    ),
    (
        "grid",
        "from = 8\nto = 4\nfactor = 2",
        ["grid.to", "= 4 ", "from 8"],
    ),
    (
        "grid",
        "from = 1\nto = 4\nfactor = 1.0",
        ["grid.factor", "= 1 ", "greater than 1"],
    ),
    (
        "grid",
        "from = 1\nto = 4\nfactor = nan",
        ["grid.factor", "= NaN ", "greater than 1"],
    ),
    (
        "grid",
        "from = 1\nto = 9e15\nfactor = 1.000001",
        ["grid.factor", "1.000001", "10000"],
    ),
    (
        "grid",
        "lengths = { from = 1, to = 4 }",
        ["grid.lengths.factor", "nothing", "greater than 1"],
    ),
    (
        "grid",
        "lengths = { from = 1, step = 4 }",
        ["grid.lengths.step", "= 4", "from, to, factor"],
    ),
    (
        "grid",
        "length = [3]",
        ["grid.length", "[3]", "lengths, from, to, factor"],
    ),
    (
        "tokens",
        "",
        [
            "tokens.law",
            "nothing",
            "gaussian, mixture, sphere, rademacher, cube, rare-atom or empirical",
        ],
    ),
    (
        "tokens",
        "law = 'normal'",
        ["tokens.law", "normal", "gaussian, mixture"],
    ),
    (
        "tokens",
        "law = 3",
        ["tokens.law", "= 3", "gaussian, mixture"],
    ),
    (
        "tokens",
        "law = 'gaussian'",
        ["tokens.covariance", "nothing", "identity, diagonal"],
    ),
    (
        "tokens",
        "law = 'gaussian'\ncovariance = 1",
        ["tokens.covariance", "= 1", "identity, diagonal"],
    ),
    (
        "tokens",
        "law = 'gaussian'\ncovariance = { kind = 'eye' }",
        [
            "tokens.covariance.kind",
            "eye",
            "identity, diagonal, toeplitz, matrix or file",
        ],
    ),
    (
        "tokens",
        "law = 'gaussian'\ncovariance = { kind = 'identity', size = 3 }",
        ["tokens.covariance.size", "= 3", "kind, dimension, scale"],
    ),
    (
        "tokens",
        "law = 'gaussian'\ncovariance = { kind = 'identity', dimension = 0 }",
        ["tokens.covariance.dimension", "= 0", "from 1 to 65536"],
    ),
    (
        "tokens",
        "law = 'gaussian'\ncovariance = { kind = 'identity', dimension = 65537 }",
        ["tokens.covariance.dimension", "= 65537", "from 1 to 65536"],
    ),
    (
        "tokens",
        "law = 'gaussian'\ncovariance = { kind = 'identity', scale = nan }",
        ["tokens.covariance.scale", "= NaN", "a finite number"],
    ),
    (
        "tokens",
        "law = 'gaussian'\ncovariance = { kind = 'toeplitz', dimension = 2, rho = 1.5 }",
        ["tokens.covariance.rho", "= 1.5", "-1 to 1"],
    ),
    (
        "tokens",
        "law = 'gaussian'\ncovariance = { kind = 'toeplitz', dimension = 2, rho = nan }",
        ["tokens.covariance.rho", "= NaN", "-1 to 1"],
    ),
    (
        "tokens",
        "law = 'gaussian'\ncovariance = { kind = 'toeplitz', rho = 0.5 }",
        ["tokens.covariance.dimension", "nothing", "from 1 to 65536"],
    ),
    (
        "tokens",
        "law = 'gaussian'\ncovariance = { kind = 'diagonal', values = [1, inf] }",
        ["tokens.covariance.values[1]", "= inf", "a finite number"],
    ),
    (
        "tokens",
        "law = 'gaussian'\ncovariance = { kind = 'matrix', rows = [[1, 2], [3]] }",
        ["tokens.covariance.rows[1]", "[3]", "a row of 2 numbers"],
    ),
    (
        "tokens",
        "law = 'gaussian'\ncovariance = { kind = 'matrix', rows = [[]] }",
        ["tokens.covariance.rows[0]", "[]", "rows of finite numbers"],
    ),
    (
        "tokens",
        "law = 'gaussian'\ncovariance = { kind = 'file', path = 3 }",
        ["tokens.covariance.path", "= 3", ".npy, .npz, .csv"],
    ),
    (
        "tokens",
        "law = 'gaussian'\nmean = 'a'\ncovariance = { kind = 'identity' }",
        ["tokens.mean", "a", "a list of finite numbers"],
    ),
    (
        "tokens",
        "law = 'mixture'\ncomponents = []",
        ["tokens.components", "[]", "weight, mean, covariance"],
    ),
    (
        "tokens",
        "law = 'mixture'\ncomponents = [{ weight = -1 }]",
        ["tokens.components[0].weight", "= -1", "greater than 0"],
    ),
    (
        "tokens",
        "law = 'mixture'\ncomponents = [{ weight = 1, wait = 2 }]",
        [
            "tokens.components[0].wait",
            "= 2",
            "weight, mean, covariance",
        ],
    ),
    (
        "tokens",
        "law = 'sphere'\ndimension = 3\nradius = 0",
        ["tokens.radius", "= 0", "greater than 0"],
    ),
    (
        "tokens",
        "law = 'sphere'\ndimension = 2.5\nradius = 1",
        ["tokens.dimension", "= 2.5", "an integer"],
    ),
    (
        "tokens",
        "law = 'cube'\ndimension = 3",
        ["tokens.half_width", "nothing", "greater than 0"],
    ),
    (
        "tokens",
        "law = 'rademacher'\ndimension = 3\nscale = nan",
        ["tokens.scale", "= NaN", "greater than 0"],
    ),
    (
        "tokens",
        "law = 'rademacher'\ndimension = 3\nradius = 1",
        ["tokens.radius", "= 1", "law, dimension, scale"],
    ),
    (
        "tokens",
        "law = 'empirical'",
        ["tokens.file", "nothing", ".npy, .npz, .csv"],
    ),
    (
        "tokens",
        "law = 'empirical'\nfile = 't.csv'\nheader = 'yes'",
        ["tokens.header", "yes", "true or false"],
    ),
    (
        "query",
        "law = 'fixed'\nrows = [[1]]\nindex = true",
        ["query.index", "true", "of a file only"],
    ),
    (
        "query",
        "law = 'fixed'",
        ["query.rows", "nothing", "queries.npy"],
    ),
    (
        "query",
        "law = 'fixed'\nrows = [[1]]\nfile = 'q.npy'",
        ["query.file", "q.npy", "not both"],
    ),
    (
        "query",
        "law = 'fixed'\nrows = [[nan]]",
        ["query.rows[0][0]", "= NaN", "a finite number"],
    ),
    (
        "query",
        "law = 'tokens'\nmean = [1]",
        ["query.mean", "[1]", "the keys here are law"],
    ),
    (
        "query",
        "law = 'token'",
        ["query.law", "token", "gaussian, fixed or tokens"],
    ),
    (
        "head",
        "value = { kind = 'identity' }",
        ["head.key_query", "nothing", "identity, diagonal"],
    ),
    (
        "head",
        "prefix = 'a'\nhead = 1",
        ["head.weights", "nothing", ".safetensors"],
    ),
    (
        "head",
        "weights = 'w'\nprefix = 'a'\nhead = 12\nheads = 12",
        ["head.head", "= 12", "from 0 to 11"],
    ),
    (
        "head",
        "weights = 'w'\nprefix = 'a'\nhead = 0\nheads = 0",
        ["head.heads", "= 0", "from 1 to 65536"],
    ),
    (
        "head",
        "weights = 'w'\nkey_query = 1",
        ["head.key_query", "= 1", "weights, prefix, head, heads"],
    ),
    (
        "head",
        "weights = 'w'\nprefix = 'a'\nhead = 0\nheads = 1\nlayout = 'fused'",
        [
            "head.layout",
            "fused",
            "query|key|value, q_proj|k_proj|v_proj",
        ],
    ),
    (
        "head",
        "weights = 'w'\nprefix = 'a'\nhead = 0\nheads = 1\nrope = { base = 0, offset = 1 }",
        ["head.rope.base", "= 0", "greater than 0"],
    ),
    (
        "head",
        "weights = 'w'\nprefix = 'a'\nhead = 0\nheads = 1\nrope = { base = 1e4 }",
        [
            "head.rope.offset",
            "nothing",
            "negative for tokens before it",
        ],
    ),
    (
        "head",
        "weights = 'w'\nprefix = 'a'\nhead = 0\nheads = 1\nrope = { base = 1e4, offset = 0, pairing = 'both' }",
        ["head.rope.pairing", "both", "halves or neighbours"],
    ),
    (
        "head",
        "scale = 1",
        ["head.weights", "nothing", ".safetensors"],
    ),
    (
        "head",
        "query_bias = [1]",
        ["head.query_bias", "[1]", "key_query, value, tilt_bias"],
    ),
    (
        "monte_carlo",
        "prompts = 1\nseed = 1",
        ["monte_carlo.prompts", "= 1", "from 2"],
    ),
    (
        "monte_carlo",
        "prompts = 10\nseed = -1",
        ["monte_carlo.seed", "= -1", "from 0"],
    ),
    (
        "monte_carlo",
        "prompts = 10",
        ["monte_carlo.seed", "nothing", "from 0"],
    ),
    (
        "plots",
        "x = 1",
        ["plots", "x = 1", "tokens, query, head, grid, monte_carlo"],
    ),
];

#[test]
fn every_refusal_names_file_key_value_and_what_is_accepted() {
    for (table, body, parts) in REFUSED {
        let message = match read(&with(table, body)) {
            Ok(_) => panic!("[{table}] {body} was accepted"),
            Err(error) => error.to_string(),
        };
        assert!(!message.contains('\n'), "{message:?} is more than one line");
        for part in ["s.toml: "].iter().chain(parts) {
            assert!(message.contains(part), "{part:?} is not in {message:?}");
        }
    }
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
    scenario.grid.lengths().iter().map(|l| l.get()).collect()
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
