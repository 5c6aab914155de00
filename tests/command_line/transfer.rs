//! `transfer` as a user sees it.

use assert_cmd::Command;

const TASK: &str = "[task]
covariance = { kind = \"identity\", dimension = 2 }
noise_variance = 0.2
weight_variance = 0.5
[start]
scale = 0.5
[grid]
lengths = [10]
";

fn run(arguments: &[&str]) -> (bool, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("task.toml");
    std::fs::write(&file, TASK).unwrap();
    let output = Command::cargo_bin("attention-bounds")
        .unwrap()
        .arg("transfer")
        .arg(&file)
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (
        output.status.success(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[test]
#[ignore = "long: run by ./test --all"]
fn the_answer_names_the_theorem_of_every_ingredient() {
    let (success, text, error) = run(&["--epsilon", "0.1"]);
    assert!(success, "{error}");
    for wanted in [
        "T10 risk-transfer",
        "T10.tube",
        "T10.gaussian gaussian-transfer",
        "guaranteed L",
        "MSE (T3.order, T5)",
        "g1 >= |R_L - R_inf| (bias-gap)",
        "actual smallest L, by the exact flow (T11)",
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
}

#[test]
#[ignore = "long: run by ./test --all"]
fn the_record_holds_both_lengths_of_t10_gaussian() {
    let (success, text, error) = run(&["--epsilon", "0.1", "--format", "json"]);
    assert!(success, "{error}");
    let record: serde_json::Value = serde_json::from_str(&text).unwrap();
    let ln = |key: &str| record["gaussian"][key]["ln_length"].as_f64().unwrap();
    let actual = record["actual"].as_f64().unwrap();
    assert!(ln("along") < ln("global") && ln("along") >= actual.ln());
    assert!(record["gaussian"]["along"]["excess"].as_f64().unwrap() <= 0.1);
    // The tube of T10 has the constants of the sub-Gaussian class.
    let tube = record["tube"]["length"].as_f64().unwrap();
    assert!(ln("along") < tube.ln());
}

#[test]
fn bad_epsilons_are_refused_in_one_line() {
    for bad in ["0", "-1", "nan"] {
        let (success, text, error) = run(&[&format!("--epsilon={bad}")]);
        assert!(
            !success && text.is_empty() && error.trim_end().lines().count() == 1,
            "{error}"
        );
    }
}
