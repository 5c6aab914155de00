//! The program as a user meets it: exit codes, what is printed where, one line for an error.

use std::path::Path;
use std::process::{Output, Stdio};

use assert_cmd::cargo::cargo_bin_cmd;

fn run(arguments: &[&str]) -> Output {
    cargo_bin_cmd!("attention-bounds")
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Exit code 2, nothing on standard output, one line on standard error that holds these parts.
fn refused(arguments: &[&str], parts: &[&str]) {
    let output = run(arguments);
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
    assert!(output.stdout.is_empty(), "{arguments:?} printed a result");
    assert!(error.starts_with("attention-bounds: error: "), "{error:?}");
    assert_eq!(error.matches('\n').count(), 1, "{error:?}");
    assert!(error.ends_with('\n'), "{error:?}");
    for part in parts {
        assert!(error.contains(part), "{part:?} is not in {error:?}");
    }
}

#[test]
fn arguments_that_clap_refuses() {
    refused(&[], &["table", "length", "rate", "theorems", "explain"]);
    refused(&["tabel"], &["tabel"]);
    refused(&["table"], &["SCENARIO", "--law"]);
    refused(&["table", "--colour"], &["--colour"]);
    refused(
        &["table", "--law", "normal"],
        &["normal", "gaussian, sphere"],
    );
    refused(&["table", "x.toml", "--format", "pdf"], &["pdf", "latex"]);
    refused(
        &["table", "x.toml", "--lengths", "4"],
        &["scenario file", "flags"],
    );
    refused(&["length", "x.toml"], &["--epsilon"]);
    refused(&["explain"], &["<THEOREM>"]);
}

#[test]
fn flags_that_describe_no_scenario() {
    let gaussian = ["table", "--law", "gaussian", "--dimension"];
    let with = |rest: &[&'static str]| [&gaussian[..], rest].concat();
    refused(
        &with(&["2", "--lengths", "0"]),
        &["grid.lengths[0] = 0", "1 to 2^53"],
    );
    refused(&with(&["2", "--lengths", "-5"]), &["grid.lengths[0] = -5"]);
    refused(
        &with(&["2", "--lengths", "2.5"]),
        &["grid.lengths[0] = 2.5"],
    );
    refused(
        &with(&["2", "--lengths", "x"]),
        &["grid.lengths[0] = \"x\""],
    );
    refused(
        &with(&["2", "--from", "8", "--to", "4", "--factor", "2"]),
        &["grid.to = 4"],
    );
    refused(
        &with(&["0", "--lengths", "4"]),
        &["tokens.covariance.dimension = 0"],
    );
    refused(
        &with(&["60000", "--lengths", "4"]),
        &["60000 x 60000", "too large for memory"],
    );
    refused(
        &with(&["2", "--lengths", "4", "--toeplitz", "2"]),
        &["rho = 2", "-1 to 1"],
    );
    refused(
        &with(&["2", "--lengths", "4", "--scale", "nan"]),
        &["head.key_query.scale = NaN"],
    );
    refused(
        &with(&["2", "--lengths", "4", "--radius", "1"]),
        &["tokens.radius = 1", "unknown"],
    );
    refused(
        &with(&["2", "--lengths", "4", "--query-rows", "1,2;3"]),
        &["query.rows[1]"],
    );
    refused(
        &with(&["2", "--lengths", "4", "--query-rows", "1"]),
        &["head.key_query", "2 x 1"],
    );
    refused(&with(&["2"]), &["grid.lengths = nothing"]);
}

/// A file of the examples whose scenario is changed in one place.
struct Folder(tempfile::TempDir);

impl Folder {
    fn write(&self, name: &str, content: &[u8]) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_string()
    }

    fn changed(&self, name: &str, text: &str, old: &str, new: &str) -> String {
        assert!(text.contains(old), "{old} is not in the example");
        self.write(name, text.replace(old, new).as_bytes())
    }
}

#[test]
fn scenario_files_that_cannot_be_read() {
    let folder = Folder(tempfile::tempdir().unwrap());
    let missing = folder.0.path().join("none.toml");
    refused(
        &["table", missing.to_str().unwrap()],
        &["none.toml", "cannot be read"],
    );
    let bytes = folder.write("bytes.toml", b"\xff\xfe\0");
    refused(&["table", &bytes], &["bytes.toml", "UTF-8"]);
    let broken = folder.write("broken.toml", b"[tokens\n");
    refused(&["table", &broken], &["broken.toml", "line 1"]);
    let good = std::fs::read_to_string("examples/paper.toml").unwrap();
    let key = folder.changed("key.toml", &good, "rho", "correlation");
    refused(
        &["rate", &key],
        &[
            "tokens.covariance.correlation",
            "kind, dimension, rho, scale",
        ],
    );
    let nan = folder.changed("nan.toml", &good, "scale = 0.3", "scale = nan");
    refused(&["table", &nan], &["head.key_query.scale = NaN", "finite"]);
    let indefinite = "kind = \"matrix\", rows = [[1, 2], [2, 1]]";
    let toeplitz = "kind = \"toeplitz\", dimension = 5, rho = 0.5";
    let path = folder.changed("psd.toml", &good, toeplitz, indefinite);
    refused(
        &["table", &path],
        &["psd.toml: tokens.covariance", "semi-definite"],
    );
    for epsilon in ["0", "nan", "-1", "inf"] {
        refused(
            &["length", "examples/paper.toml", "--epsilon", epsilon],
            &["--epsilon = "],
        );
    }
}

#[test]
fn data_files_that_cannot_be_used() {
    let folder = Folder(tempfile::tempdir().unwrap());
    let queries = std::fs::read("examples/minilm/queries.npy").unwrap();
    folder.write("truncated.npy", &queries[..5000]);
    folder.write("truncated.safetensors", b"\x10\x27\0\0\0\0\0\0{\"a\":");
    let data = Path::new("examples/minilm").canonicalize().unwrap();
    let tokens = format!("{}/tokens.npy", data.display());
    let weights = format!("{}/attention.safetensors", data.display());
    let scenario = std::fs::read_to_string("examples/minilm.toml").unwrap();
    let scenario = scenario.replace("\"minilm/", &format!("\"{}/", data.display()));
    for (old, new, key, part) in [
        (
            tokens.as_str(),
            "truncated.npy",
            "tokens.file",
            "truncated.npy",
        ),
        (&tokens, &weights, "tokens.file", "say tensor = one of"),
        (
            &weights,
            "truncated.safetensors",
            "head.weights",
            "truncated",
        ),
        (&weights, &tokens, "head.weights", "tokens.npy"),
        ("layer.3", "layer.4", "head.weights", "layer.4"),
        ("heads = 12", "heads = 11", "head.weights", "11"),
        ("head = 5", "head = 12", "head.head = 12", "0 to 11"),
    ] {
        let path = folder.changed("s.toml", &scenario, old, new);
        refused(&["table", &path], &["s.toml: ", key, part]);
    }
}

#[test]
fn help_version_and_theorems_are_results() {
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["table", "--help"],
        &["theorems"],
        &["explain", "T5"],
        &["explain", "laplace-bound"],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(
            !output.stdout.is_empty() && output.stderr.is_empty(),
            "{arguments:?}"
        );
    }
    let theorems = text(&run(&["theorems"]).stdout);
    assert!(theorems.lines().any(|l| l.contains("laplace-bound")));
    assert!(theorems.lines().any(|l| l.contains("sharp-rate")));
    let explained = text(&run(&["explain", "T5"]).stdout);
    for part in [
        "laplace-bound",
        "Hypotheses",
        "Idea of the proof",
        "Source",
        "src/",
    ] {
        assert!(explained.contains(part), "{part}");
    }
    assert!(explained.lines().all(|line| line.chars().count() <= 100));
}

#[test]
fn an_unknown_theorem_is_answered_with_those_that_exist() {
    refused(
        &["explain", "T99"],
        &["T99", "T9.value", "theorems lists all"],
    );
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("attention-bounds"))
        .arg("theorems")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(!text(&output.stderr).contains("panicked"));
    assert_eq!(output.status.code(), Some(0));
}
