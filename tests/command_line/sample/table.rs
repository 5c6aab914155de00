//! Tables, formats, flags and simulations.

use serde_json::Value;

use super::*;
use crate::support::command_line::{refused, run, stdout};

#[test]
fn rows_are_means_over_all_draws() {
    let mut compared = 0;
    for design in [
        "without-replacement",
        "with-replacement",
        "bernoulli",
        "importance-sampling",
    ] {
        let proxy = if design == "importance-sampling" {
            "proxy = 'proxy.csv'"
        } else {
            ""
        };
        let sampling = format!(
            "keep = {{ sink = 1, top = 1 }}\ndesign = '{design}'\n{proxy}\nbudgets = [1, 3]"
        );
        let (_folder, path) = folder(&sampling);
        let answer = json(&format!("sample {path} --compare"));
        assert_eq!(answer["schema"], "attention-bounds/sample/1");
        assert_eq!(
            (&answer["keys"], &answer["design"]),
            (&N.into(), &design.into())
        );
        assert_eq!(answer["request"]["scenario"]["sampling"]["design"], design);
        let mut averages = [0.0; 2];
        for query in 0..2 {
            let mut kept = vec![0];
            kept.extend(top(query, 1).into_iter().filter(|i| *i != 0));
            let squared = squared_limit(query);
            let part = &answer["kept"][query];
            close(number(&part["relative_to"]), squared, "|T|^2");
            assert_eq!(part["kept"], kept.len());
            let alone = alone(query, &kept);
            close(number(&part["alone"]["value"]), alone, "kept keys alone");
            let own = rows(&answer).iter().filter(|row| row["query"] == query);
            for row in own {
                let count = |key: &str| row[key].as_u64().unwrap() as usize;
                let (read, budget) = (count("read"), count("budget"));
                assert_eq!(read, count("kept") + budget);
                let expected = match row["reading"].as_str().unwrap() {
                    "hybrid" => error(query, &kept, design, budget),
                    "uniform" if design == "importance-sampling" => {
                        error(query, &[], "with-replacement", read)
                    }
                    "uniform" => error(query, &[], design, read),
                    _ => super::alone(query, &top(query, read)),
                };
                let what = format!("{design} {row}");
                close(number(&row["exact"]["value"]), expected, &what);
                close(number(&row["relative"]), expected / squared, &what);
                if row["reading"] == "hybrid" {
                    // |E That - T|^2 <= E|That - T|^2.
                    let bias = number(&row["bias_norm"]["value"]);
                    assert!(bias > 0.0 && bias * bias < expected, "{what}");
                    averages[usize::from(budget == 3)] += expected / 2.0;
                    let bound = number(&row["bounds"][0]["value"]);
                    assert!(bound >= expected, "{what}");
                }
                compared += 1;
            }
        }
        let average = rows(&answer).iter().filter(|row| row["query"] == "average");
        let average: Vec<&Value> = average.filter(|row| row["reading"] == "hybrid").collect();
        for (row, expected) in average.iter().zip(averages) {
            close(number(&row["exact"]["value"]), expected, "average");
        }
        assert_eq!(average.len(), 2);
    }
    assert_eq!(compared, 4 * 2 * 2 * 3);
}

#[test]
fn a_table_is_printed_in_every_format_with_a_picture() {
    let (folder, path) = folder("keep = { sink = 1 }\nbudgets = [1, 2, 4]");
    let text = stdout(&format!(
        "sample {path} --compare --tail 0.5 --monte-carlo --prompts 2000"
    ));
    for part in [
        "a context of 6 keys, the tail drawn without-replacement",
        "1 key is kept and has",
        "query 1",
        "average over queries",
        "top keys",
        "*",
        "T13",
        "consistent",
        "Probability of a deviation",
        "seed 1",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let average = stdout(&format!("sample {path} --queries average"));
    assert!(!average.contains("query 0") && average.contains("average over queries"));
    let markdown = stdout(&format!("sample {path} --format markdown"));
    assert!(markdown.contains("| ---: |") && markdown.contains("| budget | keys read |"));
    let latex = stdout(&format!("sample {path} --format latex --caption A_b"));
    assert!(
        latex.contains("\\toprule") && latex.contains("A\\_b. "),
        "{latex}"
    );
    let csv = stdout(&format!("sample {path} --format csv"));
    let lines: Vec<&str> = csv.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(lines.len(), 1 + 9, "{csv}");
    assert!(lines[0].starts_with("query,reading,design,kept,budget,read,exact_value"));
    let picture = folder.path().join("p.svg");
    let result = folder.path().join("r.json");
    let (picture, result) = (picture.display(), result.display());
    assert_eq!(
        stdout(&format!(
            "sample {path} --compare --format json -o {result} --plot {picture}"
        )),
        ""
    );
    let drawn = std::fs::read_to_string(picture.to_string()).unwrap();
    assert!(drawn.contains("keys read") && drawn.contains("top keys alone"));
    let stored: Value =
        serde_json::from_str(&std::fs::read_to_string(result.to_string()).unwrap()).unwrap();
    assert_eq!(rows(&stored).len(), 3 * 3 * 3);
}

#[test]
fn flags_say_the_same_as_a_file_and_replace_it() {
    let (folder, path) = folder(HYBRID);
    let expected = json(&format!("sample {path}"));
    let at = |name: &str| folder.path().join(name).display().to_string();
    let flags = format!(
        "sample --law key-value --keys {} --values {} --query-file {} --scale 0.5 --sink 1 --top 1 --budgets 4,2,1",
        at("k.csv"),
        at("v.csv"),
        at("q.csv")
    );
    assert_eq!(json(&flags)["rows"], expected["rows"]);
    let other = scenario(
        folder.path(),
        "keep = { window = 3 }\ndesign = 'importance-sampling'\nproxy = 'proxy.csv'\nbudgets = [3]",
    );
    let replaced =
        format!("sample {other} --sink 1 --top 1 --design without-replacement --budgets 1,2,4");
    assert_eq!(json(&replaced)["rows"], expected["rows"]);
    // What a flag does not say stays as the file has it.
    let kept = json(&format!("sample {other} --keep 0,2 --design bernoulli"));
    assert_eq!(
        (&kept["kept"][0]["kept"], &rows(&kept)[0]["budget"]),
        (&2.into(), &3.into())
    );
    let proxy = format!("sample {other} --proxy {}", at("proxy.csv"));
    assert_eq!(
        json(&proxy)["rows"],
        json(&format!("sample {other}"))["rows"]
    );
    // A scenario of prompts is one of a context too, and keeps its lengths.
    let text = format!("{CACHE}[grid]\nlengths = [4]\n[sampling]\n{HYBRID}\n");
    let both = at("both.toml");
    std::fs::write(&both, text).unwrap();
    assert_eq!(json(&format!("sample {both}"))["rows"], expected["rows"]);
    assert_eq!(rows(&json(&format!("table {both}")))[0]["length"], 4);
    refused(&format!("table {path}"), &["grid = nothing", "sample"]);
}

#[test]
fn a_simulation_agrees_and_a_contradiction_ends_with_code_1() {
    let (_folder, path) = folder(HYBRID);
    let asked = format!("sample {path} --monte-carlo --prompts 4000 --tail 0.1");
    let answer = json(&asked);
    assert_eq!(answer["simulation"]["prompts"], 4000);
    for row in rows(&answer) {
        assert_eq!(row["verdict"], "consistent", "{row}");
        if row["query"] == "average" {
            continue;
        }
        let frequency = number(&row["deviation"]["monte_carlo"]["frequency"]);
        for bound in row["deviation"]["bounds"].as_array().unwrap() {
            assert!(number(&bound["value"]) >= frequency - 0.05, "{row}");
        }
    }
    assert_eq!(json(&asked)["rows"], answer["rows"]);
    // At the level 1/2 chance alone contradicts some of these runs.
    let seed = (1..60).find(|seed| {
        let loose = format!(
            "sample {path} --monte-carlo --prompts 400 --error-probability 0.5 --seed {seed}"
        );
        let output = run(&loose);
        let violated = String::from_utf8(output.stdout)
            .unwrap()
            .contains("violated");
        assert_eq!(output.status.code(), Some(i32::from(violated)));
        violated
    });
    assert!(seed.is_some());
}
