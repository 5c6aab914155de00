//! `table --layer`: all heads of a checkpoint on the same prompt.

use std::path::Path;

use nalgebra::DMatrix;
use safetensors::tensor::{Dtype, TensorView};
use serde_json::Value;

use crate::support::command_line::{refused, run, stdout};

/// Two heads of dimension 2 in four coordinates, with an output projection if `projected`, eight tokens and two queries.
fn scenario(folder: &Path, projected: bool, head: &str) -> String {
    let number = |i: usize, seed: usize| ((i * i * 7 + i * 5 + seed) % 23) as f32 / 12.0 - 0.9;
    let bytes = |seed| {
        (0..16)
            .flat_map(|i| number(i, seed).to_le_bytes())
            .collect::<Vec<u8>>()
    };
    let prefix = "layer.0.attention";
    let names = ["self.query", "self.key", "self.value", "output.dense"];
    let tensors: Vec<(String, Vec<u8>)> = names
        .iter()
        .enumerate()
        .take(if projected { 4 } else { 3 })
        .map(|(seed, name)| (format!("{prefix}.{name}.weight"), bytes(3 * seed + 1)))
        .collect();
    let views = tensors.iter().map(|(name, bytes)| {
        (
            name.as_str(),
            TensorView::new(Dtype::F32, vec![4, 4], bytes).unwrap(),
        )
    });
    std::fs::write(
        folder.join("w.safetensors"),
        safetensors::serialize(views, None).unwrap(),
    )
    .unwrap();
    let table = |rows: usize, seed: usize| -> String {
        let numbers = DMatrix::from_fn(rows, 4, |i, j| number(4 * i + j, seed));
        let line = |row: nalgebra::RowDVector<f32>| {
            row.iter().map(f32::to_string).collect::<Vec<_>>().join(",")
        };
        numbers
            .row_iter()
            .map(|row| line(row.into_owned()) + "\n")
            .collect()
    };
    std::fs::write(folder.join("tokens.csv"), table(8, 5)).unwrap();
    std::fs::write(folder.join("queries.csv"), table(2, 9)).unwrap();
    let path = folder.join("layer.toml");
    let text = format!(
        "[tokens]\nlaw = \"empirical\"\nfile = \"tokens.csv\"\n[query]\nlaw = \"fixed\"\nfile = \"queries.csv\"\n\
         [head]\nweights = \"w.safetensors\"\nprefix = \"{prefix}.self\"\nheads = 2\n{head}\n[grid]\nlengths = [1, 2, 40]\n"
    );
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_layer_is_printed_in_every_format_and_agrees_with_a_simulation() {
    let folder = tempfile::tempdir().unwrap();
    let path = scenario(folder.path(), true, "");
    let simulated = format!("table {path} --layer --monte-carlo --prompts 4000 --seed 3");
    let table = json(&stdout(&format!("{simulated} --format json")));
    assert_eq!(table["schema"], "attention-bounds/layer/1");
    let rows = table["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 9);
    for row in rows {
        assert_eq!(row["verdict"], "consistent", "{row}");
        let value = |part: &str| row["exact"][part]["value"].as_f64().unwrap();
        let sum = value("single_heads") + value("cross");
        assert!((value("layer") - sum).abs() < 1e-12 * sum && value("cross") != 0.0);
        assert_eq!(row["exact"]["layer"]["proved"], false);
    }
    let text = stdout(&simulated);
    for part in [
        "all 2 heads of layer.0.attention.self in w.safetensors",
        "layer over",
        "consistent",
        "query 1",
        "average over queries",
        "seed 3",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let csv = stdout(&format!("{simulated} --format csv"));
    let lines: Vec<&str> = csv.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(lines.len(), 10);
    let columns = lines[0].split(',').count();
    assert!(
        lines
            .iter()
            .all(|line| line.contains(",\"") || line.split(',').count() == columns),
        "{csv}"
    );
    // Which head a scenario says does not matter to the layer, and the same seed gives the same bits.
    let one = scenario(folder.path(), true, "head = 1");
    let other = json(&stdout(&format!(
        "table {one} --layer --monte-carlo --prompts 4000 --seed 3 --format json"
    )));
    assert_eq!(other["rows"], table["rows"]);
}

#[test]
fn heads_without_an_output_projection_add_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut sum = [0.0; 9];
    for head in 0..2 {
        let path = scenario(folder.path(), false, &format!("head = {head}"));
        let table = json(&stdout(&format!("table {path} --format json")));
        for (sum, row) in sum.iter_mut().zip(table["rows"].as_array().unwrap()) {
            *sum += row["exact"]["value"].as_f64().unwrap();
        }
    }
    let path = scenario(folder.path(), false, "");
    let table = json(&stdout(&format!("table {path} --layer --format json")));
    for (sum, row) in sum.iter().zip(table["rows"].as_array().unwrap()) {
        let layer = &row["exact"]["layer"];
        assert!(
            (layer["value"].as_f64().unwrap() / sum - 1.0).abs() < 1e-13,
            "{row}"
        );
        assert_eq!(layer["proved"], true);
        assert_eq!(row["verdict"], "inconclusive");
    }
    assert!(
        table["description"]
            .as_str()
            .unwrap()
            .contains("no output projection")
    );
}

#[test]
fn what_a_layer_does_not_have_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = scenario(folder.path(), true, "");
    // Without a head only the layer can be asked for.
    refused(
        &format!("table {path}"),
        &["head.head = nothing", "0 to 1", "--layer"],
    );
    refused(&format!("rate {path}"), &["head.head = nothing"]);
    refused(
        "table examples/paper.toml --layer",
        &["head.weights = nothing"],
    );
    for flag in ["--gradients", "--entropy", "--bound d/L", "--certify x.v"] {
        refused(
            &format!("table {path} --layer {flag}"),
            &["--layer with other metrics"],
        );
    }
    for flag in [
        "--format latex",
        "--format markdown",
        "--vacuous",
        "--lower",
    ] {
        refused(
            &format!("table {path} --layer {flag}"),
            &["text, csv or json"],
        );
    }
    for flag in ["--average-only", "--route rao-blackwell"] {
        refused(
            &format!("table {path} --layer --monte-carlo {flag}"),
            &["whole tokens"],
        );
    }
    refused(
        &format!("table {path} --layer --monte-carlo --prompts 1"),
        &["prompts = 1"],
    );
    refused(
        &format!("table {path} --layer --prompts 10"),
        &["need --monte-carlo"],
    );
    let sink = scenario(folder.path(), true, "fixed_tokens = [[1, 0, 0, 0]]");
    refused(&format!("table {sink} --layer"), &["head.fixed_tokens"]);
    assert_eq!(
        run(&format!("table {path} --layer --longest 3"))
            .status
            .code(),
        Some(2)
    );
}
