//! `reproduce` on the command line.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::cargo::cargo_bin_cmd;
use attention_bounds::record::Provenance;
use attention_bounds::regression::reproduction::{ReproduceAnswer, TrainedHead};
use attention_bounds::regression::training::{HeadKind, Settings};
use attention_bounds::render::regression::Curve;
use serde_json::Value;

/// Little training, 40 steps at two lengths; nearly all of its seconds go to the exact optimum of softmax attention.
const TINY: &str =
    "reproduce --lengths 3,20 --steps 40 --batch 8 --evaluation 500 --step-size 0.05";

fn run(arguments: &str) -> Output {
    cargo_bin_cmd!("attention-bounds")
        .env("SOURCE_DATE_EPOCH", "0")
        .args(arguments.split_whitespace())
        .output()
        .unwrap()
}

fn stdout(arguments: &str) -> String {
    let output = run(arguments);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{arguments}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn bad_input_is_refused_in_one_line_that_names_it() {
    for (arguments, named) in [
        ("--steps 0", "steps = 0"),
        ("--steps x", "'x'"),
        ("--steps -5", "-5"),
        ("--lengths 10,0", "L = 0"),
        ("--lengths 10,ten", "'ten'"),
        ("--lengths 10,-3", "'-3'"),
        ("--lengths 10,20,10", "lengths = 10 twice"),
        ("--lengths 2000000", "L = 2000000"),
        ("--batch 0", "batch = 0"),
        ("--batch 100000", "batch = 100000"),
        ("--step-size nan", "step size = NaN"),
        ("--step-size -1", "step size = -1"),
        ("--evaluation 1", "evaluation prompts = 1"),
        ("--dimension 0", "dimension = 0"),
        ("--correlation 1", "correlation = 1"),
        ("--noise-variance -1", "noise variance = -1"),
        ("--task-variance 0", "task variance = 0"),
        ("--head cubic", "'cubic'"),
        ("--route exact", "'exact'"),
        ("--threads 0", "--threads = 0"),
        ("--format latex", "'latex'"),
        ("--checkpoint no/such/folder/state.json", "no/such/folder"),
        (
            "--step-size 1e9 --steps 100 --lengths 3",
            "--step-size 1000000000",
        ),
    ] {
        let output = run(&format!("reproduce {arguments}"));
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments}: {error}");
        assert!(output.stdout.is_empty(), "{arguments} printed a result");
        assert_eq!(error.matches('\n').count(), 1, "{error:?}");
        assert!(error.contains(named), "{named:?} is not in {error:?}");
    }
}

#[test]
#[ignore = "long: run by ./test --all"]
fn the_formats_say_the_same() {
    let json: Value = serde_json::from_str(&stdout(&format!("{TINY} --format json"))).unwrap();
    assert_eq!(json["schema"], "attention-bounds/reproduce/1");
    assert_eq!(json["settings"]["steps"], 40);
    assert_eq!(json["settings"]["task_variance"], 0.2);
    let heads = json["heads"].as_array().unwrap();
    assert_eq!(heads.len(), 4);
    let csv = stdout(&format!("{TINY} --format csv"));
    let mut reader = csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .from_reader(csv.as_bytes());
    let header = reader.headers().unwrap().clone();
    let records: Vec<_> = reader.records().map(|record| record.unwrap()).collect();
    assert_eq!(records.len(), 4);
    for (record, head) in records.iter().zip(heads) {
        for (name, cell) in header.iter().zip(record) {
            match &head[name] {
                Value::Number(number) => {
                    assert_eq!(
                        cell.parse::<f64>().unwrap(),
                        number.as_f64().unwrap(),
                        "{name}"
                    );
                }
                Value::String(text) => assert_eq!(cell, text),
                Value::Null => panic!("{name}: every head here has its exact optimum"),
                other => panic!("{name}: {other}"),
            }
        }
    }
    let text = stdout(TINY);
    for (line, head) in text.lines().skip(4).zip(heads) {
        let cells: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(cells[0], head["head"].as_str().unwrap());
        assert_eq!(cells[1], head["length"].to_string());
        let risk: f64 = cells[2].parse().unwrap();
        let wanted = head["risk"].as_f64().unwrap();
        assert!((risk / wanted - 1.0).abs() < 1e-4, "{line}");
        let averaged: f64 = cells[4].parse().unwrap();
        let wanted = head["conditional_risk"].as_f64().unwrap();
        assert!((averaged / wanted - 1.0).abs() < 1e-4, "{line}");
        let exact: f64 = cells[5].parse().unwrap();
        let wanted = head["exact_risk"].as_f64().unwrap();
        assert!((exact / wanted - 1.0).abs() < 1e-4, "{line}");
    }
    // A single block of steps: nothing to compare, and the text says so.
    assert!(text.contains("too few steps to say"), "{text}");
    assert!(text.contains("FAR FROM THE SOLUTION"), "{text}");
}

#[test]
#[ignore = "long: run by ./test --all"]
fn notes_say_whether_the_loss_still_falls() {
    let short = "reproduce --head linear --lengths 40 --seed 2 --evaluation 2000";
    let early = stdout(&format!("{short} --step-size 0.05 --steps 600"));
    assert!(
        early.contains("NOT CONVERGED: the mean loss of 1 of 1 runs"),
        "{early}"
    );
    assert!(early.contains("linear at L = 40, from 0."), "{early}");
    let still = stdout(&format!("{short} --step-size 1e-9 --steps 800"));
    assert!(still.contains("a plateau shows the same"), "{still}");
    assert!(still.contains("in 1 of 1 runs"), "{still}");
    let late = stdout(&format!("{short} --step-size 0.1 --steps 8000"));
    assert!(late.contains("a plateau shows the same"), "{late}");
    assert!(!late.contains("FAR FROM"), "{late}");
}

#[test]
#[ignore = "long: run by ./test --all"]
fn threads_and_single_heads_change_nothing() {
    let both = stdout(&format!("{TINY} --threads 1 --format csv"));
    assert_eq!(both, stdout(&format!("{TINY} --threads 3 --format csv")));
    let rows = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.skip(1).map(str::to_owned).collect()
    };
    let softmax = stdout(&format!("{TINY} --head softmax --format csv"));
    let linear = stdout(&format!("{TINY} --head linear --format csv"));
    assert_eq!(rows(&both), [rows(&softmax), rows(&linear)].concat());
    assert_ne!(both, stdout(&format!("{TINY} --seed 2 --format csv")));
}

/// Every element is closed in its turn, and there is one `svg`.
fn check_svg(text: &str) {
    assert!(text.starts_with("<svg ") && text.trim_end().ends_with("</svg>"));
    let mut open: Vec<&str> = Vec::new();
    for part in text.split('<').skip(1) {
        let (tag, _) = part.split_once('>').expect("a tag ends");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(tag.split_whitespace().next().unwrap());
        }
    }
    assert!(open.is_empty(), "{open:?}");
    assert!(!text.contains("NaN") && !text.contains("inf"));
}

#[test]
#[ignore = "long: run by ./test --all"]
fn pictures_are_drawn_and_results_go_to_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let prefix = folder.path().join("figure").display().to_string();
    let output = format!("{prefix}.csv");
    let said = stdout(&format!(
        "{TINY} --plot {prefix} --output {output} --format csv"
    ));
    assert!(said.is_empty());
    assert_eq!(
        std::fs::read_to_string(&output).unwrap(),
        stdout(&format!("{TINY} --format csv"))
    );
    for name in ["risk", "distance"] {
        let picture = std::fs::read_to_string(format!("{prefix}-{name}.svg")).unwrap();
        check_svg(&picture);
        assert!(picture.contains("softmax") && picture.contains("linear"));
        let shown = if name == "risk" { "Risk" } else { "Distance" };
        assert!(picture.contains(shown) && picture.contains("prompt length L"));
        // Two points of each head, and one of each in the legend.
        assert_eq!(picture.matches("<circle ").count(), 6, "{name}");
    }
}

fn answer(lines: Vec<TrainedHead>) -> ReproduceAnswer {
    ReproduceAnswer {
        settings: Settings {
            heads: vec![HeadKind::Softmax],
            ..Settings::paper()
        },
        zero_risk: 0.55,
        least_risk: 0.05,
        balanced_label: 2.0,
        lines,
        notes: Vec::new(),
    }
}

fn line(length: u64, risk: f64, exact_risk: Option<f64>) -> TrainedHead {
    TrainedHead {
        head: HeadKind::Softmax,
        length,
        steps: 1,
        risk,
        risk_standard_error: 0.01,
        conditional_risk: 0.2401,
        conditional_standard_error: 0.001,
        exact_risk,
        exact_distance: exact_risk.map(|_| 0.4),
        distance: 0.5,
        linear_distance: 0.5,
        label: 2.0,
        label_scores: 0.0,
        input_values: 0.0,
        product: vec![vec![1.0]],
        inputs: vec![vec![0.5]],
        history: Vec::new(),
    }
}

#[test]
fn exact_risks_are_a_column_and_a_curve() {
    let known = answer(vec![line(10, 0.25, Some(0.24)), line(20, 0.125, None)]);
    let provenance = Provenance::now("reproduce", Some(1));
    let text = known.text(&provenance);
    let row = |length: &str| {
        let lines = text
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>());
        let mut rows = lines.filter(|cells| cells.get(1) == Some(&length));
        rows.next().unwrap()[2..6].join(" ")
    };
    assert_eq!(row("10"), "2.5000e-1 1.0e-2 2.4010e-1 2.4000e-1");
    assert_eq!(row("20"), "1.2500e-1 1.0e-2 2.4010e-1 -");
    let picture = known.risk_svg(&[]).unwrap();
    check_svg(&picture);
    assert!(picture.contains("softmax, exact optimum"));
    assert!(
        known
            .distance_svg(&[])
            .unwrap()
            .contains("softmax, exact optimum")
    );
    let bare = answer(vec![line(10, 0.25, None), line(20, 0.125, None)]);
    assert!(!bare.text(&provenance).contains("exact"));
    assert!(!bare.risk_svg(&[]).unwrap().contains("exact"));
    let curve = Curve {
        label: "a limit".into(),
        points: vec![(20.0, 0.2), (5.0, 0.3), (7.0, f64::NAN), (0.0, 1.0)],
    };
    for picture in [
        bare.risk_svg(std::slice::from_ref(&curve)),
        bare.distance_svg(&[curve]),
    ] {
        let picture = picture.unwrap();
        check_svg(&picture);
        assert!(picture.contains("a limit"));
    }
    // One length is drawn, nothing is not.
    check_svg(&answer(vec![line(10, 0.25, None)]).risk_svg(&[]).unwrap());
    assert!(
        answer(vec![line(10, f64::NAN, None)])
            .risk_svg(&[])
            .is_err()
    );
    assert!(answer(Vec::new()).distance_svg(&[]).is_err());
}

/// Two estimates of the risk of the same weights, by routes that share nothing but the weights: within 4.5 standard errors (false alarm below 1e-4
/// for all 8).
#[test]
#[ignore = "long: run by ./test --all"]
fn the_risk_of_sampled_prompts_is_the_averaged_risk() {
    for route in ["plain", "rao-blackwell"] {
        let arguments = format!(
            "reproduce --lengths 4,40 --steps 2000 --step-size 0.02 --evaluation 40000 --route {route} --format json"
        );
        let json: Value = serde_json::from_str(&stdout(&arguments)).unwrap();
        assert_eq!(json["settings"]["route"], route.replace('-', "_"));
        for head in json["heads"].as_array().unwrap() {
            let number = |name: &str| head[name].as_f64().unwrap();
            let error = number("risk_standard_error").hypot(number("conditional_standard_error"));
            let difference = number("risk") - number("conditional_risk");
            assert!(difference.abs() < 4.5 * error, "{head}");
            assert!(number("conditional_standard_error") <= 1.1 * number("risk_standard_error"));
        }
        let note = json["notes"][0].as_str().unwrap();
        assert!(note.starts_with("AT THE OPTIMUM: "), "{note}");
    }
}

/// No token is drawn, so no length is too long; and a checkpoint belongs to its route.
#[test]
fn the_rao_blackwellised_route_serves_any_length_and_has_its_own_checkpoints() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json").display().to_string();
    let arguments = format!(
        "reproduce --head linear --lengths 7,1000000000000 --steps 150 --batch 8 --evaluation 500 --checkpoint {state}"
    );
    let first = stdout(&format!("{arguments} --route rao-blackwell"));
    assert!(first.contains("8 prompts each, tokens averaged exactly;"));
    assert_eq!(
        stdout(&format!("{arguments} --route rao-blackwell --threads 1")),
        first
    );
    let other = run(&arguments.replace("1000000000000", "70"));
    assert!(
        String::from_utf8(other.stderr)
            .unwrap()
            .contains("other settings")
    );
}

/// Checkpoints from before there were routes are of the plain one.
#[test]
fn a_checkpoint_without_a_route_is_continued() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    let arguments = format!("{TINY} --head linear --checkpoint {}", path.display());
    let first = stdout(&arguments);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(r#","route":"plain""#), "{text}");
    std::fs::write(&path, text.replace(r#","route":"plain""#, "")).unwrap();
    assert_eq!(stdout(&arguments), first);
}

#[test]
fn the_note_counts_the_heads_at_the_optimum() {
    // From seed 1 the head at L = 80 comes to the optimum, the one at L = 40 to a flat loss with values on the inputs.
    let text = stdout(
        "reproduce --lengths 40,80 --steps 15000 --batch 16 --step-size 0.02 --dimension 2 --evaluation 20000 --route rao-blackwell --head linear",
    );
    assert!(text.contains("risk of 1 of 2 runs is within 1%"), "{text}");
    let text = stdout(&format!("{TINY} --head linear"));
    assert!(text.contains("risk of 0 of 2 runs is within 1%"), "{text}");
}

/// Interrupted again and again, the experiment ends with the bytes of an undisturbed one.
#[cfg(unix)]
#[test]
#[ignore = "long: run by ./test --all"]
fn ctrl_c_keeps_the_state_and_the_same_command_continues() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (state, result) = (file("state.json"), file("result.json"));
    // About a second of work.
    let arguments =
        "reproduce --head linear --lengths 30,50 --steps 8000 --evaluation 2000 --format json";
    let start = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_attention-bounds"));
        command
            .args(arguments.split(' '))
            .args(["--checkpoint", &state, "--output", &result])
            .env("SOURCE_DATE_EPOCH", "0")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let mut interruptions = 0;
    let begun = Instant::now();
    loop {
        let child = start();
        std::thread::sleep(Duration::from_millis(150));
        let sent = Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .unwrap();
        let output = child.wait_with_output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        match output.status.code() {
            Some(0) => break,
            Some(130) => {
                assert!(sent.success());
                assert!(error.starts_with("attention-bounds: stopped: "), "{error}");
                assert_eq!(error.matches('\n').count(), 1);
                assert!(Path::new(&state).exists() && !Path::new(&result).exists());
                interruptions += 1;
            }
            // The signal came before the handler was there.
            None => {}
            other => panic!("{other:?}: {error}"),
        }
        assert!(begun.elapsed() < Duration::from_secs(300));
    }
    assert!(interruptions > 0);
    assert_eq!(std::fs::read_to_string(&result).unwrap(), stdout(arguments));
    // A finished state answers at once, but not to other settings.
    let again = format!("{arguments} --checkpoint {state}");
    assert_eq!(stdout(&again), stdout(arguments));
    let other = run(&format!("{again} --seed 2"));
    assert_eq!(other.status.code(), Some(2));
    assert!(
        String::from_utf8(other.stderr)
            .unwrap()
            .contains("other settings")
    );
}
