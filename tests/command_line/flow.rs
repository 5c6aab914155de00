//! The command `flow`.

use std::path::Path;

use assert_cmd::Command;

fn program() -> Command {
    let mut command = Command::cargo_bin("attention-bounds").expect("the program");
    command.env("SOURCE_DATE_EPOCH", "0");
    command
}

fn write(folder: &Path, text: &str) -> std::path::PathBuf {
    let path = folder.join("task.toml");
    std::fs::write(&path, text).unwrap();
    path
}

const SMALL: &str = "[task]\ncovariance = { kind = \"toeplitz\", dimension = 2, rho = 0.3 }\nnoise_variance = 0.2\n\
    [grid]\nlengths = [4, 400]\n";

#[test]
#[ignore = "long: run by ./test --all"]
fn every_format_agrees() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = write(folder.path(), SMALL);
    let run = |format: &str| {
        let output = program()
            .args(["flow", scenario.to_str().unwrap(), "--format", format])
            .output()
            .unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let json: serde_json::Value = serde_json::from_str(&run("json")).unwrap();
    assert_eq!(json["schema"], "attention-bounds/flow/1");
    assert_eq!(json["rows"].as_array().unwrap().len(), 2);
    let row = &json["rows"][1];
    assert_eq!(row["length"], 400);
    assert_eq!(row["flow_converged"], true);
    let (least, flow) = (
        row["minimum"]["value"].as_f64().unwrap(),
        row["flow_risk"].as_f64().unwrap(),
    );
    assert!((flow - least).abs() < 1e-9);
    let bayes = row["bayes"].as_f64().unwrap();
    assert!(0.1 < bayes && bayes < least && bayes < row["linear"].as_f64().unwrap());
    // The text shows the same numbers.
    let text = run("text");
    assert!(text.contains("in-context regression: x ~ N(0, toeplitz(0.3)), d = 2"));
    let shown: f64 = text
        .lines()
        .find(|line| line.trim_start().starts_with("400 "))
        .and_then(|line| line.split_whitespace().nth(1))
        .unwrap()
        .parse()
        .unwrap();
    assert!((shown / least - 1.0).abs() < 1e-5);
    // The list of steps: both lengths and the infinite prompt, risks that fall.
    let csv = run("csv");
    let mut lines = csv.lines();
    assert_eq!(
        lines.next().unwrap(),
        "length,time,risk,excess,value,key_query_norm,distance"
    );
    let mut last: Option<(String, f64)> = None;
    let mut seen = std::collections::BTreeSet::new();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let risk: f64 = cells[2].parse().unwrap();
        if let Some((length, before)) = &last
            && length == cells[0]
        {
            assert!(risk <= before + 1e-13);
        }
        seen.insert(cells[0].to_owned());
        last = Some((cells[0].to_owned(), risk));
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["4", "400", "inf"]);
}

#[test]
fn the_picture_is_svg() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = write(folder.path(), SMALL);
    let picture = folder.path().join("flow.svg");
    program()
        .args(["flow", scenario.to_str().unwrap(), "--plot"])
        .arg(&picture)
        .assert()
        .success();
    let text = std::fs::read_to_string(picture).unwrap();
    assert!(text.starts_with("<svg") && text.trim_end().ends_with("</svg>"));
    for word in ["L = 4", "infinite prompt", "linear attention, exact"] {
        assert!(text.contains(word), "{word}");
    }
}

#[test]
fn bad_scenarios_are_refused_in_one_line_that_names_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let replaced = |from: &str, to: &str| SMALL.replace(from, to);
    let cases = [
        (replaced("noise_variance = 0.2", ""), "task.noise_variance"),
        (
            replaced("noise_variance = 0.2", "noise_variance = -1"),
            "task.noise_variance",
        ),
        (
            replaced("noise_variance = 0.2", "noise_variance = nan"),
            "task.noise_variance",
        ),
        (
            replaced("noise_variance", "noise = 1\nnoise_variance"),
            "task.noise",
        ),
        (replaced("rho = 0.3", "rho = 1"), "task.covariance"),
        (format!("{SMALL}[start]\nscale = 9\n"), "start.scale"),
        (
            format!("{SMALL}[start]\ndirection = {{ kind = \"identity\", dimension = 3 }}\n"),
            "start.direction",
        ),
        (format!("{SMALL}[flow]\nhorizon = 0\n"), "flow.horizon"),
        (replaced("[4, 400]", "[0]"), "grid.lengths"),
        (replaced("[task]", "[tokens]"), "tokens"),
    ];
    for (text, key) in cases {
        let scenario = write(folder.path(), &text);
        let output = program()
            .args(["flow", scenario.to_str().unwrap()])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(output.stdout.is_empty());
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(message.lines().count(), 1, "{message}");
        assert!(message.contains(key), "{key}: {message}");
    }
}
