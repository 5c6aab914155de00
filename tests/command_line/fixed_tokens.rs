//! Scenarios with tokens that are in every prompt.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::command_line::{refused, run, stdout};

/// A scenario of signs in the plane with these lines in `[head]`.
fn scenario(folder: &Path, name: &str, head: &str) -> PathBuf {
    let text = format!(
        "[tokens]\nlaw = \"rademacher\"\ndimension = 2\n[query]\nlaw = \"fixed\"\nrows = [[0.5, 0.0], [1.0, -1.0]]\n\
         [head]\nkey_query = {{ kind = \"identity\" }}\nvalue = {{ kind = \"identity\" }}\n{head}\n[grid]\nlengths = [2, 500]\n"
    );
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn rows(table: &str, metric: &str) -> Vec<Value> {
    let table: Value = serde_json::from_str(table).unwrap();
    let all = table["rows"].as_array().unwrap().iter();
    all.filter(|row| row["metric"] == metric).cloned().collect()
}

#[test]
fn tokens_come_written_out_and_from_every_kind_of_table() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("sink.csv"), "x,y\n2,-1\n0.5,3\n").unwrap();
    std::fs::write(folder.path().join("plain.csv"), "2,-1\n0.5,3\n").unwrap();
    let written = [
        "fixed_tokens = [[2, -1], [0.5, 3]]",
        "fixed_tokens = \"sink.csv\"",
        "fixed_tokens = { file = \"plain.csv\", header = false }",
    ];
    let tables: Vec<String> = written
        .iter()
        .enumerate()
        .map(|(k, head)| {
            let path = scenario(folder.path(), &format!("{k}.toml"), head);
            stdout(&format!(
                "table {} --format json --bias --participation --tail 0.5 --entropy --gradients",
                path.display()
            ))
        })
        .collect();
    for metric in [
        "output",
        "fixed_share",
        "bias",
        "participation",
        "tail",
        "entropy",
    ] {
        for other in &tables[1..] {
            assert_eq!(rows(&tables[0], metric), rows(other, metric), "{metric}");
        }
    }
    let described = |table: &String| {
        let table: Value = serde_json::from_str(table).unwrap();
        table["description"].as_str().unwrap().to_owned()
    };
    assert!(described(&tables[0]).contains("every prompt holds 2 fixed tokens"));
    assert!(described(&tables[1]).contains("the fixed tokens of sink.csv"));
    assert!(described(&tables[1]).contains("head.fixed_tokens: 2 tokens"));
    for row in rows(&tables[0], "output") {
        assert_eq!(row["exact"]["proved"], true);
        let bounds = row["bounds"].as_array().unwrap();
        assert_eq!(bounds[0]["theorem"], "T4.fixed");
        assert!(bounds[0]["value"].as_f64().unwrap() >= row["exact"]["value"].as_f64().unwrap());
        // T16 is the exact value.
        for other in bounds[1..].iter().filter(|b| b["theorem"] != "T16") {
            assert_eq!(other["status"], "not applicable");
            assert!(
                other["reason"].as_str().unwrap().contains("fixed tokens"),
                "{other}"
            );
        }
    }
    for metric in ["entropy", "value_gradient", "key_query_gradient"] {
        for row in rows(&tables[0], metric) {
            assert!(
                row["reason"]
                    .as_str()
                    .unwrap()
                    .contains("not computed for prompts with fixed tokens")
            );
        }
    }
    for metric in ["fixed_share", "participation"] {
        let found = rows(&tables[0], metric);
        assert_eq!(found.len(), 6);
        for row in found {
            let share = row["exact"]["value"].as_f64().unwrap();
            assert!(share > 0.0 && share < 1.0);
        }
    }
    assert_eq!(rows(&tables[0], "bias").len(), 12);
}

#[test]
fn a_simulation_agrees_and_the_table_is_computed_again() {
    let folder = tempfile::tempdir().unwrap();
    let head = "fixed_tokens = [[2, -1]]\nquery_in_prompt = true";
    let path = scenario(folder.path(), "both.toml", head);
    let text = stdout(&format!(
        "check {} --prompts 4000 --participation --bias --bound 20/L",
        path.display()
    ));
    assert!(
        text.contains("CHECK PASSED") && text.contains("whole tokens drawn"),
        "{text}"
    );
    assert!(text.contains("Share of the attention on the fixed tokens"));
    // A formula that is false is refuted, by the simulation as by the exact value.
    let wrong = run(&format!(
        "check {} --prompts 4000 --bound 0.1/L",
        path.display()
    ));
    assert_eq!(wrong.status.code(), Some(1));
    let file = folder.path().join("table.json");
    stdout(&format!(
        "table {} --monte-carlo --prompts 500 --format json --output {}",
        path.display(),
        file.display()
    ));
    let again = stdout(&format!("check {}", file.display()));
    assert!(
        again.contains("0 differ") || again.contains("no difference") || again.contains("agree"),
        "{again}"
    );
    let lines = stdout(&format!("simulate {} --prompts 500", path.display()));
    assert!(lines.contains("share of the fixed tokens"), "{lines}");
    let csv = stdout(&format!("table {} --format csv", path.display()));
    assert!(csv.contains("\nfixed_share,0,2,"), "{csv}");
    let latex = stdout(&format!("table {} --format latex", path.display()));
    assert!(latex.contains("E[W_0 / (W_0 + W)]"), "{latex}");
    let rate = stdout(&format!("rate {} --temperatures 0.5,2", path.display()));
    assert!(
        rate.contains("fixed tokens do not change this limit"),
        "{rate}"
    );
}

#[test]
fn shares_of_runs_with_other_fixed_tokens_are_not_merged() {
    let folder = tempfile::tempdir().unwrap();
    let share = |name: &str, head: &str, shard: &str| {
        let path = scenario(folder.path(), &format!("{name}.toml"), head);
        let part = folder.path().join(format!("{name}.json"));
        stdout(&format!(
            "simulate {} --prompts 3000 --shard {shard} --checkpoint {}",
            path.display(),
            part.display()
        ));
        part.display().to_string()
    };
    let one = share("one", "fixed_tokens = [[2, -1]]", "1/2");
    let same = share("same", "fixed_tokens = [[2, -1]]", "2/2");
    let other = share("other", "fixed_tokens = [[2, -1.5]]", "2/2");
    let none = share("none", "", "2/2");
    let output = folder.path().join("whole.json").display().to_string();
    for second in [&other, &none] {
        refused(
            &format!("merge {one} {second} --output {output}"),
            &["different scenarios"],
        );
    }
    stdout(&format!("merge {one} {same} --output {output}"));
}

#[test]
fn what_does_not_serve_is_refused_with_its_key() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("three.csv"), "1,2,3\n").unwrap();
    let table = |head: &str, parts: &[&str]| {
        let path = scenario(folder.path(), "refused.toml", head);
        refused(&format!("table {}", path.display()), parts);
    };
    table(
        "fixed_tokens = [[1, 2, 3]]",
        &["head.fixed_tokens", "n x 2"],
    );
    table(
        "fixed_tokens = \"three.csv\"",
        &["head.fixed_tokens", "n x 2"],
    );
    table(
        "fixed_tokens = \"missing.npy\"",
        &["head.fixed_tokens", "missing.npy"],
    );
    table("fixed_tokens = []", &["head.fixed_tokens", "list of rows"]);
    table(
        "fixed_tokens = [[1, 2], [1]]",
        &["head.fixed_tokens[1]", "2 numbers"],
    );
    table(
        "fixed_tokens = [[1, nan]]",
        &["head.fixed_tokens[0][1]", "finite"],
    );
    table(
        "fixed_tokens = 3",
        &["head.fixed_tokens", "path of a table"],
    );
    table(
        "fixed_tokens = { path = \"three.csv\" }",
        &["head.fixed_tokens.path", "unknown"],
    );
    table(
        "fixed_tokens = { header = true }",
        &["head.fixed_tokens.file", "required"],
    );
    table(
        "query_in_prompt = 1",
        &["head.query_in_prompt", "true or false"],
    );
    let narrow = "[tokens]\nlaw = \"rademacher\"\ndimension = 2\n[query]\nlaw = \"fixed\"\nrows = [[0.5]]\n[head]\n\
                  key_query = { kind = \"matrix\", rows = [[1], [2]] }\nvalue = { kind = \"identity\" }\nquery_in_prompt = true\n[grid]\nlengths = [2]\n";
    let path = folder.path().join("narrow.toml");
    std::fs::write(&path, narrow).unwrap();
    refused(
        &format!("table {}", path.display()),
        &["head.query_in_prompt", "dimension 1"],
    );

    let path = scenario(folder.path(), "fixed.toml", "query_in_prompt = true");
    let path = path.display();
    for command in [
        format!("length {path} --epsilon 0.01"),
        format!("fit {path} --c2 1"),
        format!("check {path} --negative-control"),
        format!("check {path} --route rao-blackwell"),
        format!("table {path} --monte-carlo --route rao-blackwell"),
    ] {
        refused(&command, &["fixed tokens"]);
    }
    let certified = folder.path().join("none.v").display().to_string();
    let said = run(&format!("certify {path} --output {certified}"));
    let all = [said.stdout, said.stderr].concat();
    assert!(
        String::from_utf8(all).unwrap().contains("T4.fixed"),
        "what is left out is named"
    );
}
