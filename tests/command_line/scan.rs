//! The command `scan`: every head of a small model, against `table` and `length` of the same head, and against all prompts.

use std::fmt::Write as _;
use std::path::PathBuf;

use nalgebra::{DMatrix, DVector};
use safetensors::tensor::{Dtype, TensorView};
use serde_json::Value;

use crate::support::command_line::{refused, run, stdout};

/// Layers, heads, width of a hidden state, dimension of a key.
const LAYERS: usize = 2;
const HEADS: usize = 4;
const WIDTH: usize = 8;
const KEY: usize = WIDTH / HEADS;
const NAMES: [&str; 3] = ["query", "key", "value"];

/// A model in a folder, its hidden states and its queries.
struct Model {
    folder: tempfile::TempDir,
    /// Of each layer: query, key and value weights.
    weights: Vec<[DMatrix<f64>; 3]>,
    tokens: Vec<DMatrix<f64>>,
    queries: Vec<DMatrix<f64>>,
}

/// Numbers between -1 and 1 from a linear congruential generator.
fn matrix(rows: usize, columns: usize, seed: u64) -> DMatrix<f64> {
    let mut state = seed;
    DMatrix::from_fn(rows, columns, |_, _| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    })
}

fn table(rows: &DMatrix<f64>) -> String {
    let mut text = String::new();
    for row in rows.row_iter() {
        let cells: Vec<String> = row.iter().map(f64::to_string).collect();
        writeln!(text, "{}", cells.join(",")).unwrap();
    }
    text
}

impl Model {
    /// With this many tokens and queries a layer; `norm` is a layer whose queries are normalised.
    fn new(tokens: usize, queries: usize, norm: Option<usize>) -> Self {
        let made = |rows, layer: usize, seed| matrix(rows, WIDTH, (10 * layer) as u64 + seed);
        let model = Self {
            folder: tempfile::tempdir().unwrap(),
            weights: (0..LAYERS)
                .map(|layer| [1, 2, 3].map(|seed| made(WIDTH, layer, seed) * 2.0))
                .collect(),
            tokens: (0..LAYERS).map(|layer| made(tokens, layer, 4)).collect(),
            queries: (0..LAYERS).map(|layer| made(queries, layer, 5)).collect(),
        };
        let mut tensors = Vec::new();
        for (layer, weights) in model.weights.iter().enumerate() {
            for (name, weight) in NAMES.iter().zip(weights) {
                // By rows.
                let by_rows = weight.transpose();
                let bytes: Vec<u8> = by_rows.iter().flat_map(|x| x.to_le_bytes()).collect();
                tensors.push((
                    format!("layer.{layer}.self.{name}.weight"),
                    vec![WIDTH; 2],
                    bytes,
                ));
            }
            if norm == Some(layer) {
                let bytes = vec![0; 8 * KEY];
                tensors.push((
                    format!("layer.{layer}.self.q_norm.weight"),
                    vec![KEY],
                    bytes,
                ));
            }
            model.write(&format!("hidden-{layer}.csv"), &table(&model.tokens[layer]));
            model.write(
                &format!("queries-{layer}.csv"),
                &table(&model.queries[layer]),
            );
        }
        let views = tensors.iter().map(|(name, shape, bytes)| {
            (
                name,
                TensorView::new(Dtype::F64, shape.clone(), bytes).unwrap(),
            )
        });
        let bytes = safetensors::serialize(views, None).unwrap();
        std::fs::create_dir(model.path("model")).unwrap();
        std::fs::write(model.path("model/model.safetensors"), bytes).unwrap();
        model
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name).display().to_string()
    }

    /// A scan of both layers, with these other lines.
    fn scan(&self, lines: &str) -> String {
        let text = format!(
            "[scan]\nweights = \"model/\"\nprefix = \"layer.{{layer}}.self\"\nlayers = [0, 1]\nheads = {HEADS}\n\
             tokens = \"hidden-{{layer}}.csv\"\n{lines}\n"
        );
        self.write("scan.toml", &text)
    }

    /// The scenario of one head, for `table` and `length`.
    fn one(&self, layer: u64, head: u64, lengths: &str) -> String {
        let text = format!(
            "[tokens]\nlaw = \"empirical\"\nfile = \"hidden-{layer}.csv\"\n\
             [query]\nlaw = \"fixed\"\nfile = \"queries-{layer}.csv\"\n\
             [head]\nweights = \"model/\"\nprefix = \"layer.{layer}.self\"\nhead = {head}\nheads = {HEADS}\n\
             [grid]\nlengths = {lengths}\n"
        );
        self.write("one.toml", &text)
    }
}

const QUERIES: &str = "queries = \"queries-{layer}.csv\"";

fn json(arguments: &str) -> Value {
    serde_json::from_str(&stdout(arguments)).unwrap()
}

fn rows(answer: &Value) -> &Vec<Value> {
    answer["rows"].as_array().unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn close(found: &Value, expected: f64, what: &str) {
    let found = number(found);
    assert!(
        (found - expected).abs() <= 1e-12 * expected.abs(),
        "{what}: {found} {expected}"
    );
}

#[test]
fn rows_are_those_of_table_and_length() {
    let model = Model::new(12, 3, None);
    let lengths = "[2, 16, 300]";
    let scenario = model.scan(&format!("{QUERIES}\nlengths = {lengths}\nepsilon = 0.02"));
    let answer = json(&format!("scan {scenario} --format json"));
    assert_eq!(answer["schema"], "attention-bounds/scan/1");
    assert_eq!(
        (&answer["heads"], &answer["stopped"]),
        (&8.into(), &false.into())
    );
    let mut compared = 0;
    for (place, row) in rows(&answer).iter().enumerate() {
        let (layer, head) = (place / HEADS, place % HEADS);
        assert_eq!((&row["layer"], &row["head"]), (&layer.into(), &head.into()));
        let one = model.one(layer as u64, head as u64, lengths);
        let flags = "--participation --entropy --bound s --bound rho --format json";
        // Neither is a bound of the error: the table is violated.
        let table = run(&format!("table {one} {flags}")).stdout;
        let table: Value = serde_json::from_slice(&table).unwrap();
        let averages = |metric: &str| -> Vec<Value> {
            let rows = rows(&table).iter();
            let own = rows.filter(|row| row["query"] == "average" && row["metric"] == metric);
            own.cloned().collect()
        };
        let output = averages("output");
        for (error, expected) in row["exact"].as_array().unwrap().iter().zip(&output) {
            assert_eq!(error["length"], expected["length"]);
            for part in ["value", "error", "lower", "upper", "proved"] {
                assert_eq!(error[part], expected["exact"][part], "{part}");
                compared += 1;
            }
            let relative = number(&error["value"]) / number(&row["relative_to"]);
            close(&error["relative"], relative, "relative error");
        }
        let participation = &averages("participation")[2]["exact"];
        assert_eq!(&row["participation"], participation);
        close(
            &row["effective_length"],
            1.0 / number(&participation["value"]),
            "1/E P_2",
        );
        assert_eq!(row["entropy"], averages("entropy")[2]["exact"]);
        close(&row["s"], number(&output[0]["claims"][0]["value"]), "s");
        // The claim is rounded up.
        let rho = number(&output[0]["claims"][1]["value"]);
        assert!(
            (number(&row["rho"]) / rho - 1.0).abs() < 1e-10,
            "{row} {rho}"
        );
        let length = json(&format!(
            "length {one} --epsilon 0.02 --relative --format json"
        ));
        assert_eq!(row["length"], length["exact"]);
        assert_eq!(row["relative_to"], length["relative_to"]);
    }
    assert_eq!(compared, LAYERS * HEADS * 3 * 5);
}

/// Three tokens and three in a prompt: every number is a sum over the 27 prompts.
#[test]
fn rows_are_sums_over_all_prompts() {
    const N: usize = 3;
    let model = Model::new(N, 2, None);
    let scenario = model.scan(&format!("{QUERIES}\nlengths = [{N}]"));
    let answer = json(&format!("scan {scenario} --format json"));
    for row in rows(&answer) {
        let layer = row["layer"].as_u64().unwrap() as usize;
        let first = KEY * row["head"].as_u64().unwrap() as usize;
        let [query, key, value] = model.weights[layer]
            .each_ref()
            .map(|weight| weight.rows(first, KEY));
        let (tokens, queries) = (&model.tokens[layer], &model.queries[layer]);
        let outputs: Vec<DVector<f64>> = tokens.row_iter().map(|x| value * x.transpose()).collect();
        let mut sums = [0.0; 6];
        for z in queries.row_iter() {
            let asked = query * z.transpose();
            let score =
                |x: usize| (key * tokens.row(x).transpose()).dot(&asked) / (KEY as f64).sqrt();
            let scores: Vec<f64> = (0..N).map(score).collect();
            let mean = scores.iter().sum::<f64>() / N as f64;
            let variance = scores.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / N as f64;
            let moment = |k: f64| scores.iter().map(|s| (k * s).exp()).sum::<f64>() / N as f64;
            let softmax = |chosen: &[usize]| -> Vec<f64> {
                let total: f64 = chosen.iter().map(|i| scores[*i].exp()).sum();
                chosen.iter().map(|i| scores[*i].exp() / total).collect()
            };
            let attend = |chosen: &[usize]| -> DVector<f64> {
                let weighted = chosen.iter().zip(softmax(chosen));
                weighted.map(|(i, p)| &outputs[*i] * p).sum()
            };
            // Each token once in the limit.
            let limit = attend(&[0, 1, 2]);
            let mut prompts = [0.0; 3];
            for number in 0..N.pow(3) {
                let chosen = [number % N, number / N % N, number / N / N];
                let p = softmax(&chosen);
                prompts[0] += (attend(&chosen) - &limit).norm_squared() / 27.0;
                prompts[1] += p.iter().map(|p| p * p).sum::<f64>() / 27.0;
                prompts[2] -= p.iter().map(|p| p * p.ln()).sum::<f64>() / 27.0;
            }
            let found = [
                variance.sqrt(),
                moment(2.0) / moment(1.0).powi(2),
                limit.norm_squared(),
            ];
            for (sum, found) in sums.iter_mut().zip(found.into_iter().chain(prompts)) {
                *sum += found / queries.nrows() as f64;
            }
        }
        close(&row["s"], sums[0], "s");
        close(&row["rho"], sums[1], "rho");
        close(&row["relative_to"], sums[2], "E|T|^2");
        close(&row["exact"][0]["value"], sums[3], "error");
        close(&row["effective_length"], 1.0 / sums[4], "1/E P_2");
        close(&row["entropy"]["value"], sums[5], "entropy");
        assert_eq!(row["exact"][0]["proved"], true);
        assert!(row.get("length").is_none(), "no threshold was given");
    }
}

#[test]
fn evenly_spaced_queries_are_rows_of_the_tokens() {
    let model = Model::new(10, 2, None);
    // (2 i + 1) 10 / 6: rows 1, 5 and 8.
    for (layer, tokens) in model.tokens.iter().enumerate() {
        let chosen = [1, 5, 8].map(|place| tokens.row(place));
        model.write(
            &format!("queries-{layer}.csv"),
            &table(&DMatrix::from_rows(&chosen)),
        );
    }
    let scenario = model.scan("queries = 3\nlengths = [5]");
    let spaced = json(&format!("scan {scenario} --format json"));
    let description = spaced["description"].as_str().unwrap();
    assert!(
        description.contains("3 rows of the tokens, evenly spaced"),
        "{description}"
    );
    let scenario = model.scan(&format!("{QUERIES}\nlengths = [5]"));
    assert_eq!(
        spaced["rows"],
        json(&format!("scan {scenario} --format json"))["rows"]
    );
}

#[test]
fn a_head_that_is_refused_is_a_row_with_its_reason() {
    let model = Model::new(6, 2, Some(1));
    let lines = format!("{QUERIES}\nlengths = [4]");
    let scenario = model.scan(&lines);
    let answer = json(&format!("scan {scenario} --format json"));
    assert_eq!(rows(&answer).len(), 8);
    for row in rows(&answer) {
        let refused = row["layer"] == 1;
        assert_eq!(row.get("s").is_none(), refused);
        assert_eq!(row.get("reason").is_some(), refused);
    }
    let reason = rows(&answer)[4]["reason"].as_str().unwrap();
    assert!(
        reason.contains("layer.1.self.q_norm.weight: queries or keys are normalised"),
        "{reason}"
    );
    let text = stdout(&format!("scan {scenario}"));
    assert!(text.contains("(head 1.0, 1.1, 1.2, 1.3): "), "{text}");
    // Hidden states that turn out to be none are refused as late, and so are rows that do not fit.
    model.write("hidden-1.csv", "1,2\n3,nan\n");
    let answer = json(&format!("scan {scenario} --format json"));
    let reason = rows(&answer)[7]["reason"].as_str().unwrap();
    assert!(
        reason.contains("scan.tokens") && reason.contains("nan"),
        "{reason}"
    );
    // If no head is left there is nothing to show.
    let scenario = model.write(
        "scan.toml",
        &std::fs::read_to_string(&scenario)
            .unwrap()
            .replace("[0, 1]", "[1]"),
    );
    model.write("hidden-1.csv", &table(&model.tokens[1]));
    refused(&format!("scan {scenario}"), &["layer 1, head 0", "q_norm"]);
}

#[test]
fn every_format_says_the_same() {
    let model = Model::new(7, 2, Some(1));
    let scenario = model.scan(&format!(
        "{QUERIES}\nlengths = {{ from = 2, to = 64, factor = 2 }}\nepsilon = 0.5"
    ));
    let answer = json(&format!("scan {scenario} --format json"));
    let text = stdout(&format!("scan {scenario} --format csv"));
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(lines.len(), 9);
    let mut reader = csv::Reader::from_reader(std::io::Cursor::new(lines.join("\n")));
    let header = reader.headers().unwrap().clone();
    let at = |record: &csv::StringRecord, name: &str| -> String {
        let place = header.iter().position(|column| column == name).unwrap();
        record[place].to_owned()
    };
    let mut compared = 0;
    for (record, row) in reader.records().zip(rows(&answer)) {
        let record = record.unwrap();
        assert_eq!(at(&record, "head"), row["head"].to_string());
        if row["layer"] == 1 {
            assert!(at(&record, "reason").contains("q_norm") && at(&record, "s").is_empty());
            continue;
        }
        let parsed = |name: &str| at(&record, name).parse::<f64>().unwrap();
        assert_eq!(parsed("s"), number(&row["s"]));
        assert_eq!(parsed("rho"), number(&row["rho"]));
        assert_eq!(parsed("entropy"), number(&row["entropy"]["value"]));
        assert_eq!(parsed("error_64"), number(&row["exact"][5]["value"]));
        assert_eq!(parsed("error_64_error"), number(&row["exact"][5]["error"]));
        assert_eq!(at(&record, "length"), row["length"]["length"].to_string());
        compared += 1;
    }
    assert_eq!(compared, HEADS);
    let text = stdout(&format!("scan {scenario}"));
    assert!(
        text.contains("4 of 6 lengths are shown") && text.contains("least L for"),
        "{text}"
    );
    let markdown = stdout(&format!("scan {scenario} --format markdown"));
    let cells = |line: &str| {
        line.split_whitespace()
            .filter(|c| *c != "|")
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    for head in 0..HEADS {
        let begins = |line: &&str| cells(line).starts_with(&["0".to_owned(), head.to_string()]);
        let of_text = text.lines().find(begins).unwrap();
        assert_eq!(
            cells(of_text),
            cells(markdown.lines().find(begins).unwrap())
        );
    }
    // The picture: 4 maps of 8 cells, the cells of layer 1 crossed out.
    let (file, picture) = (model.path("out.csv"), model.path("map.svg"));
    let done = stdout(&format!(
        "scan {scenario} --format csv --output {} --plot {}",
        file.display(),
        picture.display()
    ));
    assert!(done.is_empty() && file.exists());
    let svg = std::fs::read_to_string(picture).unwrap();
    assert_eq!(svg.matches("fill=\"#EBEBEB\"").count(), 4 * HEADS);
    for words in [
        "standard deviation s of a score",
        "L = 64",
        "relative error of 0.5",
        "layer",
        "head",
    ] {
        assert!(svg.contains(words), "{words}");
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let model = Model::new(9, 3, None);
    let scenario = model.scan("queries = 4\nlengths = [3, 30]\nepsilon = 0.1");
    let with = |threads: &str| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_attention-bounds"))
            .args(["scan", &scenario, "--format", "json"])
            .env("RAYON_NUM_THREADS", threads)
            .env("SOURCE_DATE_EPOCH", "0")
            .output()
            .unwrap();
        assert!(output.status.success());
        output.stdout
    };
    assert_eq!(with("1"), with("3"));
}

#[test]
fn bad_scans_are_refused_at_once() {
    let model = Model::new(5, 2, None);
    let good = format!("{QUERIES}\nlengths = [4]\nepsilon = 0.1");
    let whole = std::fs::read_to_string(model.scan(&good)).unwrap();
    for (old, new, parts) in [
        ("[scan]", "[scam]", ["scam", "scan"]),
        (
            "heads = 4",
            "heads = 4\nhead = 1",
            ["scan.head", "all heads"],
        ),
        ("heads = 4", "heads = 0", ["scan.heads", "1 to 65536"]),
        ("heads = 4", "heads = 4\nseed = 1", ["scan.seed", "unknown"]),
        (
            "layers = [0, 1]",
            "layers = []",
            ["scan.layers", "layer numbers"],
        ),
        (
            "layers = [0, 1]",
            "layers = [-1]",
            ["scan.layers[0]", "from 0"],
        ),
        (
            "layers = [0, 1]",
            "layers = [0, 7]",
            ["scan.tokens", "hidden-7.csv"],
        ),
        (
            "layer.{layer}.self",
            "layer.0.self",
            ["scan.prefix", "{layer}"],
        ),
        (
            "hidden-{layer}.csv",
            "hidden-0.csv",
            ["scan.tokens", "{layer}"],
        ),
        (
            "queries-{layer}.csv",
            "queries-0.csv",
            ["scan.queries", "{layer}"],
        ),
        (
            "lengths = [4]",
            "lengths = [0]",
            ["scan.lengths[0]", "1 to 2^53"],
        ),
        ("lengths = [4]", "", ["scan.lengths", "required"]),
        (
            "epsilon = 0.1",
            "epsilon = 0",
            ["scan.epsilon", "greater than 0"],
        ),
        (
            "epsilon = 0.1",
            "epsilon = nan",
            ["scan.epsilon", "greater than 0"],
        ),
        ("model/", "nowhere/", ["scan.weights", "cannot be read"]),
        (QUERIES, "queries = 0", ["scan.queries", "1 to 65536"]),
        (QUERIES, "queries = 6", ["from 1 to 5", "scan.queries"]),
        (
            QUERIES,
            "queries = { file = 'q', tensors = 1 }",
            ["scan.queries.tensors", "tensor"],
        ),
    ] {
        assert!(whole.contains(old), "{old}");
        let scenario = model.write("bad.toml", &whole.replace(old, new));
        refused(&format!("scan {scenario}"), &parts);
    }
    let scenario = model.scan(&good);
    refused(
        &format!("scan {scenario} --plot map.png"),
        &["map.png", ".svg"],
    );
    let output = run(&format!("scan {scenario} --format latex"));
    assert_eq!(output.status.code(), Some(2));
}

/// Interrupted, a scan prints the heads that are done, with the numbers of an undisturbed one.
#[cfg(unix)]
#[test]
fn ctrl_c_keeps_the_heads_that_are_done() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    let model = Model::new(300, 2, None);
    let scenario = model.scan("queries = 30\nlengths = [3, 30]\nepsilon = 0.1");
    let whole = json(&format!("scan {scenario} --format json"));
    let begun = Instant::now();
    let (mut wait, mut kept) = (100, 0);
    while kept == 0 {
        assert!(begun.elapsed() < Duration::from_secs(300));
        let child = Command::new(env!("CARGO_BIN_EXE_attention-bounds"))
            .args(["scan", &scenario, "--format", "json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(wait));
        let id = child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-INT", &id])
                .status()
                .unwrap()
                .success()
        );
        let output = child.wait_with_output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        match output.status.code() {
            // The signal came after the end: the next one comes earlier.
            Some(0) => wait = wait * 2 / 3,
            Some(130) => {
                assert!(error.starts_with("attention-bounds: stopped: "), "{error}");
                assert_eq!(error.matches('\n').count(), 1);
                let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
                assert_eq!(
                    (&answer["heads"], &answer["stopped"]),
                    (&8.into(), &true.into())
                );
                for row in rows(&answer) {
                    assert!(rows(&whole).contains(row));
                    kept += 1;
                }
                assert!(kept < 8);
                wait = wait * 3 / 2;
            }
            // The signal came before the handler was there.
            None => wait = wait * 3 / 2,
            other => panic!("{other:?}: {error}"),
        }
    }
}
