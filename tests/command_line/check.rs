//! `check`, `simulate` and `merge` as a user meets them.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::cargo::cargo_bin_cmd;
use serde_json::Value;

/// Three standard normal coordinates, score deviation 0.7.
const NORMAL: [&str; 9] = [
    "--law",
    "gaussian",
    "--dimension",
    "3",
    "--query-rows",
    "0.7,0,0",
    "--lengths",
    "2000",
    "--seed=5",
];

fn run(arguments: &[&str]) -> Output {
    cargo_bin_cmd!("attention-bounds")
        .args(arguments)
        .output()
        .unwrap()
}

fn with(command: &str, rest: &[&str]) -> Output {
    run(&[&[command], NORMAL.as_slice(), rest].concat())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

fn refused(output: Output, parts: &[&str]) {
    let error = text(&output.stderr);
    assert_eq!(code(&output), 2, "{error}");
    assert!(output.stdout.is_empty());
    assert_eq!(error.matches('\n').count(), 1, "{error}");
    for part in parts {
        assert!(error.contains(part), "{part:?} is not in {error:?}");
    }
}

#[test]
fn a_check_passes_and_says_what_it_could_have_seen() {
    let output = with(
        "check",
        &[
            "--prompts",
            "3000",
            "--negative-control",
            "--format",
            "json",
        ],
    );
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    let json = json(&output);
    assert_eq!(json["check"]["verdict"], "consistent");
    assert_eq!(json["check"]["violated"], 0);
    assert!(
        json["check"]["negative_control"]["rejected"]
            .as_u64()
            .unwrap()
            > 0
    );
    let size = json["check"]["smallest_detectable_violation"]["size"]
        .as_f64()
        .unwrap();
    assert!(size > 1.0 && size < 1.5, "{size}");
    assert_eq!(json["provenance"]["seed"], 5);
    assert_eq!(json["simulation"]["route"], "rao_blackwell");
    let row = &json["rows"][0];
    let mean = row["monte_carlo"]["mean"].as_f64().unwrap();
    let exact = row["exact"]["value"].as_f64().unwrap();
    assert!((mean / exact - 1.0).abs() < 0.1);
    assert!(row["monte_carlo"]["lower"].as_f64().unwrap() < mean);
    assert_eq!(row["monte_carlo"]["prompts"], 3000);

    let plain = text(&with("check", &["--prompts", "3000"]).stdout);
    assert!(plain.contains("CHECK PASSED"), "{plain}");
    assert!(
        plain.contains("Monte") && plain.contains("3000 prompts a cell, seed 5"),
        "{plain}"
    );
}

#[test]
fn a_false_formula_ends_with_exit_code_1() {
    let output = with(
        "check",
        &["--prompts", "3000", "--bound", "0.5 * rho * (d + s^2) / L"],
    );
    assert_eq!(code(&output), 1);
    let printed = text(&output.stdout);
    for part in [
        "CHECK FAILED",
        "the simulation exceeds 0.5 * rho",
        "the exact value exceeds 0.5 * rho",
    ] {
        let flat = printed.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(part), "{part}: {printed}");
    }
    let output = with(
        "check",
        &["--prompts", "3000", "--bound", "2*exp(s^2)*(d + s^2)/L"],
    );
    assert_eq!(code(&output), 0, "{}", text(&output.stdout));
    // A table compares a formula with the exact value, without a simulation.
    let table = |formula: &str| {
        run(&[
            "table",
            "--law",
            "gaussian",
            "--dimension",
            "3",
            "--query-rows",
            "0.7,0,0",
            "--lengths",
            "2000",
            "--bound",
            formula,
        ])
    };
    assert_eq!(code(&table("0.5*A2/L")), 1);
    assert_eq!(code(&table("1.1*A2/L")), 0);
}

#[test]
fn metrics_of_a_simulation() {
    let output = with(
        "table",
        &[
            "--monte-carlo",
            "--prompts",
            "500",
            "--bias",
            "--participation",
            "--gradients",
            "--operator-norm",
            "--tail",
            "0.1",
            "--quantiles",
            "0.5,0.9",
            "--format",
            "json",
        ],
    );
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    let json = json(&output);
    let rows = json["rows"].as_array().unwrap();
    let metrics: Vec<&str> = rows
        .iter()
        .map(|row| row["metric"].as_str().unwrap())
        .collect();
    for metric in [
        "output",
        "bias",
        "participation",
        "value_gradient",
        "key_query_gradient",
        "key_query_gradient_operator",
        "tail",
        "quantile",
    ] {
        assert!(metrics.contains(&metric), "{metric} in {metrics:?}");
    }
    // One query: its rows and those of the average are the same simulation.
    assert!(rows.iter().all(|row| row["monte_carlo"]["mean"].is_f64()));
    assert_eq!(json["simulation"]["route"], "plain");
    let quantile: Vec<&Value> = rows
        .iter()
        .filter(|row| row["metric"] == "quantile")
        .collect();
    assert_eq!(quantile[0]["order"], 0.5);
    let median = |row: &Value| row["monte_carlo"]["mean"].as_f64().unwrap();
    assert!(median(quantile[0]) < median(quantile[1]));
    let bias = rows.iter().find(|row| row["metric"] == "bias").unwrap();
    assert_eq!(bias["coordinate"], 0);
    assert!(bias["exact"]["value"].as_f64().unwrap() < 0.0);
}

#[test]
fn shares_join_to_the_whole_run_and_a_table_takes_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let run_share = |share: &str, to: &str| {
        let output = with(
            "simulate",
            &["--prompts", "1000", "--shard", share, "--checkpoint", to],
        );
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    };
    for share in 1..=3 {
        run_share(&format!("{share}/3"), &file(&format!("{share}.json")));
    }
    let merge = |inputs: &[&str], to: &str| {
        let files: Vec<String> = inputs.iter().map(|name| file(name)).collect();
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        run(&[&["merge"], files.as_slice(), &["--output", to]].concat())
    };
    let whole = file("whole.json");
    assert_eq!(code(&merge(&["3.json", "1.json", "2.json"], &whole)), 0);
    let direct = file("direct.json");
    assert_eq!(
        code(&with(
            "simulate",
            &["--prompts", "1000", "--checkpoint", &direct]
        )),
        0
    );
    assert_eq!(
        std::fs::read(&whole).unwrap(),
        std::fs::read(&direct).unwrap()
    );

    // The same table, with and without the finished run.
    let stable = |rest: &[&str]| {
        let output = with(
            "table",
            &[
                &["--monte-carlo", "--prompts", "1000", "--format", "csv"],
                rest,
            ]
            .concat(),
        );
        let lines = text(&output.stdout);
        lines
            .lines()
            .filter(|line| !line.starts_with('#'))
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert_eq!(stable(&["--checkpoint", &whole]), stable(&[]));

    refused(
        merge(&["1.json", "3.json"], &file("x.json")),
        &["no part holds"],
    );
    refused(
        merge(&["1.json", "1.json", "2.json", "3.json"], &file("x.json")),
        &["both hold"],
    );
    run_share("1/2", &file("half.json"));
    refused(
        merge(&["half.json", "2.json", "3.json"], &file("x.json")),
        &["both hold"],
    );
    refused(
        merge(&["missing.json"], &file("x.json")),
        &["missing.json", "cannot be read"],
    );
    assert!(!Path::new(&file("x.json")).exists());
    // A checkpoint of another run, or of a share, is not continued.
    refused(
        with("simulate", &["--prompts", "1001", "--checkpoint", &whole]),
        &["whole.json", "cannot be continued"],
    );
    refused(
        with(
            "simulate",
            &["--prompts", "1000", "--checkpoint", &file("1.json")],
        ),
        &["another share"],
    );
}

#[test]
fn a_table_file_is_computed_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let table = file("table.json");
    let output = with(
        "check",
        &[
            "--prompts",
            "1000",
            "--participation",
            "--bound",
            "2*A2/L",
            "--format",
            "json",
            "--output",
            &table,
        ],
    );
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    let again = run(&["check", &table]);
    assert_eq!(code(&again), 0, "{}", text(&again.stdout));
    assert!(text(&again.stdout).contains(", 0 differ"));
    // A change in the fourth digit of anything is found.
    let original: Value = serde_json::from_slice(&std::fs::read(&table).unwrap()).unwrap();
    let changes: [fn(&mut Value); 4] = [
        |v| {
            v["rows"][0]["exact"]["value"] =
                (v["rows"][0]["exact"]["value"].as_f64().unwrap() * 1.0001).into()
        },
        |v| {
            let bound = &mut v["rows"][0]["bounds"][2]["value"];
            *bound = (bound.as_f64().unwrap() * 1.0001).into();
        },
        |v| {
            let mean = &mut v["rows"][0]["monte_carlo"]["mean"];
            *mean = (mean.as_f64().unwrap() * 1.0001).into();
        },
        |v| {
            let claim = &mut v["rows"][0]["claims"][0]["value"];
            *claim = (claim.as_f64().unwrap() * 1.0001).into();
        },
    ];
    for change in changes {
        let mut changed = original.clone();
        change(&mut changed);
        assert_ne!(changed, original);
        let path = file("changed.json");
        std::fs::write(&path, changed.to_string()).unwrap();
        let output = run(&["check", &path]);
        assert_eq!(code(&output), 1);
        assert!(
            text(&output.stdout).contains("1 differ\nDIFFERS: output of query 0, L = 2000"),
            "{}",
            text(&output.stdout)
        );
        let output = run(&["check", &path, "--format", "json"]);
        assert_eq!(json(&output)["differences"].as_array().unwrap().len(), 1);
    }
    // A table that is no table.
    for (content, part) in [
        ("{}", "not a table"),
        ("{\"schema\": \"x/1\"}", "\"x/1\""),
        ("[", "not a table"),
    ] {
        let path = file("bad.json");
        std::fs::write(&path, content).unwrap();
        refused(run(&["check", &path]), &["bad.json", part]);
    }
    refused(
        run(&["check", &file("none.json")]),
        &["none.json", "cannot be read"],
    );
}

#[test]
fn bad_input_is_refused() {
    for (flags, parts) in [
        (vec!["--prompts", "1"], vec!["prompts = 1", "from 2"]),
        (vec!["--route", "fast"], vec!["fast", "rao-blackwell"]),
        (vec!["--longest", "0"], vec!["L = 0"]),
        (
            vec!["--longest", "10"],
            vec!["at least one query and length"],
        ),
        (vec!["--confidence", "1"], vec!["1 - confidence = 0"]),
        (vec!["--confidence", "NaN"], vec!["NaN"]),
        (
            vec!["--error-probability", "0"],
            vec!["--error-probability = 0"],
        ),
        (vec!["--quantiles", "0.5,1"], vec!["--quantiles = 1"]),
        (vec!["--tail", "-1"], vec!["--tail = -1"]),
        (vec!["--operator-norm"], vec!["--gradients"]),
        (
            vec!["--gradients", "--operator-norm", "--route", "rao-blackwell"],
            vec!["operator_norm"],
        ),
        (vec!["--bound", "2 L"], vec!["`2 L`", "character 3"]),
        (vec!["--bound", "x"], vec!["no variable x", "norm_U"]),
        (
            vec!["--checkpoint", "no/such/folder/x.json"],
            vec!["no/such/folder/x.json"],
        ),
    ] {
        refused(with("check", &flags), &parts);
    }
    refused(
        with("simulate", &["--shard", "3/2", "--checkpoint", "x"]),
        &["shard = 3/2"],
    );
    refused(
        with("simulate", &["--shard", "half", "--checkpoint", "x"]),
        &["--shard = half"],
    );
    refused(with("simulate", &["--shard", "1/2"]), &["--checkpoint"]);
    let table = run(&["table", "examples/paper.toml", "--prompts", "10"]);
    refused(table, &["--monte-carlo"]);
    let sphere = [
        "check",
        "--law",
        "sphere",
        "--dimension",
        "2",
        "--radius",
        "1",
        "--query-rows",
        "1,0",
        "--lengths",
        "4",
    ];
    refused(
        run(&[sphere.as_slice(), &["--route", "rao-blackwell"]].concat()),
        &["sphere", "not Gaussian"],
    );
    let averaged = ["check", "examples/paper.toml", "--bound", "s*norm_a/L"];
    refused(
        run(&averaged),
        &["contains s beside norm_a", "fixed queries"],
    );
}

/// Ctrl-C keeps what is done; the same command goes on to the result of an undisturbed run.
#[cfg(unix)]
#[test]
fn an_interrupted_run_is_continued() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let state = file("state.json");
    let arguments = |state: &str| -> Vec<String> {
        ["simulate"]
            .iter()
            .chain(&NORMAL)
            .chain(&[
                "--prompts",
                "60000",
                "--route",
                "plain",
                "--checkpoint",
                state,
            ])
            .map(|word| (*word).to_owned())
            .collect()
    };
    let start = || {
        Command::new(env!("CARGO_BIN_EXE_attention-bounds"))
            .args(arguments(&state))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let mut interruptions = 0;
    let begun = Instant::now();
    let done = loop {
        let child = start();
        std::thread::sleep(Duration::from_millis(150));
        let sent = Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .unwrap();
        let output = child.wait_with_output().unwrap();
        match output.status.code() {
            Some(0) => break output,
            Some(130) => {
                assert!(sent.success());
                let error = text(&output.stderr);
                assert!(error.starts_with("attention-bounds: stopped: "), "{error}");
                assert_eq!(error.matches('\n').count(), 1);
                assert!(output.stdout.is_empty());
                assert!(Path::new(&state).exists());
                interruptions += 1;
            }
            // The signal came before the handler was there, or after the end.
            None => {}
            other => panic!("{other:?}: {}", text(&output.stderr)),
        }
        assert!(begun.elapsed() < Duration::from_secs(300));
    };
    assert!(interruptions > 0);
    let whole = file("whole.json");
    let arguments = arguments(&whole);
    let undisturbed = run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(
        std::fs::read(&state).unwrap(),
        std::fs::read(&whole).unwrap()
    );
    let figures = |output: &Output| {
        text(&output.stdout)
            .lines()
            .take(8)
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert_eq!(figures(&done), figures(&undisturbed));
}

/// An atom that no prompt held: all prompts give nearly the same number, which contradicts nothing.
#[test]
fn an_atom_that_no_prompt_held_is_no_violation() {
    let rare = [
        "--law",
        "rare-atom",
        "--half-width",
        "1",
        "--probability",
        "1e-5",
        "--query-rows",
        "3",
        "--lengths",
        "100",
        "--prompts",
        "200",
    ];
    let output = run(&[&["check"], rare.as_slice()].concat());
    let shown = text(&output.stdout);
    assert_eq!(code(&output), 0, "{shown}");
    assert!(shown.contains("unseen: rare tokens or queries"), "{shown}");
    let output = run(&[&["check", "--format", "json"], rare.as_slice()].concat());
    let row = &json(&output)["rows"][0];
    assert_eq!(row["monte_carlo"]["reliability"], "unseen");
    // The exact value is neither contradicted nor confirmed.
    assert_eq!(row["comparisons"][0]["against"], "exact");
    assert_eq!(row["comparisons"][0]["verdict"], "inconclusive");
    let output = run(&[&["simulate"], rare.as_slice()].concat());
    let shown = text(&output.stdout);
    assert!(
        shown.contains("%?") && shown.contains("? unseen"),
        "{shown}"
    );
    let output = run(&[
        &["table", "--monte-carlo", "--format", "csv"],
        rare.as_slice(),
    ]
    .concat());
    assert!(text(&output.stdout).contains(",unseen,"));
}

/// Down to the smallest float there are limits and verdicts; below it, the range is named.
#[test]
fn error_probabilities_of_any_size() {
    for probability in ["1e-300", "5e-324", "0.5"] {
        let level = ["--prompts", "100", "--error-probability", probability];
        let output = with(
            "check",
            &[&level[..], &["--tail", "0.1", "--quantiles", "0.5"]].concat(),
        );
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    }
    for probability in ["0", "0.6", "nan", "-1"] {
        let level = format!("--error-probability={probability}");
        let output = with("check", &["--prompts", "100", &level]);
        refused(
            output,
            &["--error-probability", "greater than 0 and at most 0.5"],
        );
    }
}
