//! `fit --metric`: the printed Proposition 3.4 for the two gradients on the command line.

use crate::support::command_line::{refused, run, stdout};
use serde_json::Value;

const NORMAL: &str = "--law gaussian --dimension 1";

/// Tokens and query of parameter above 1, so that every power of `sigma` and the query's square count.
const WIDE: &str = "--law gaussian --dimension 2 --toeplitz 0.5 --scale 0.4 --lengths 2,30,1000";
/// Finitely many points, and the list of all of them as queries.
const POINTS: &str =
    "--law rademacher --dimension 2 --token-scale 1.2 --query tokens --scale 0.4 --lengths 2,30";

#[test]
#[ignore = "long: run by ./test --all"]
fn the_fit_of_a_gradient_is_reached_where_it_binds_and_fails_below() {
    // (setting, square of sigma, square of the query's parameter)
    for (setting, sigma_square, query_square) in [(WIDE, 1.5_f64, 1.5), (POINTS, 1.44, 2.88)] {
        for (metric, power, factor) in [
            ("value_gradient", 1, 1.0),
            ("key_query_gradient", 2, query_square),
        ] {
            let fit: Value = serde_json::from_str(&stdout(&format!(
                "fit {setting} --c2 0.5,2.5,2 --metric {metric} --format json"
            )))
            .unwrap();
            assert_eq!(fit["metric"], metric);
            assert_eq!(fit["proposition"], "3.4");
            assert!(
                fit["kappa"]["reason"]
                    .as_str()
                    .unwrap()
                    .contains("output error")
            );
            let points = fit["points"].as_array().unwrap();
            assert_eq!(points.len(), 2);
            for point in points {
                let (c1, c2) = (point["c1"].as_f64().unwrap(), point["c2"].as_f64().unwrap());
                // The rows of the metric in a table with these constants.
                let judged = |c1: f64| -> Vec<Value> {
                    let output = run(&format!(
                        "table {setting} --gradients --format json --printed c1={c1},c2={c2}"
                    ));
                    let table: Value = serde_json::from_slice(&output.stdout).unwrap();
                    let rows = table["rows"].as_array().unwrap().iter();
                    rows.filter(|row| row["metric"] == metric && row["query"] == "average")
                        .cloned()
                        .collect()
                };
                let rows = judged(c1);
                assert_eq!(rows.len(), fit["lengths"].as_array().unwrap().len());
                let mut reached = 0;
                for row in rows {
                    let length = row["length"].as_u64().unwrap();
                    let exact = row["exact"]["value"].as_f64().unwrap();
                    let claim = row["claims"][0]["value"].as_f64().unwrap();
                    assert_ne!(row["verdict"], "violated", "{row}");
                    // The printed formula, written once more.
                    let l = length as f64;
                    let wanted = c1 * factor * (sigma_square.powi(3) * l.ln()).powi(power)
                        / l.powf(c2 / sigma_square);
                    assert!(
                        (claim / wanted - 1.0).abs() < 1e-9,
                        "{metric} {claim} {wanted}"
                    );
                    assert!(exact <= claim, "{metric} at {length}: {exact} > {claim}");
                    if point["binds_at"] == length {
                        assert!(
                            claim <= exact * (1.0 + 1e-8),
                            "{metric} {length} {claim} {exact}"
                        );
                        reached += 1;
                    }
                }
                assert_eq!(reached, 1);
                let below = judged(0.999 * c1);
                let row = below.iter().find(|row| row["length"] == point["binds_at"]);
                assert_eq!(row.unwrap()["verdict"], "violated", "{row:?}");
            }
        }
    }
}

#[test]
fn the_fit_of_a_gradient_names_its_proposition() {
    let folder = tempfile::tempdir().unwrap();
    for (metric, matrix, formula, exponent) in [
        (
            "value_gradient",
            "V",
            "c1 sigma^6 ln(L) / L^(c2/sigma^2)",
            "exponent of T9.value.uniform, the best for the class (T12): min(1, 1/(4 q^2)) = 6.9444e-1",
        ),
        (
            "key_query_gradient",
            "U",
            "c1 sigma^12 ln(L)^2 / L^(c2/sigma^2)",
            "exponent of T9.key-query.uniform: none",
        ),
    ] {
        let picture = folder.path().join(format!("{matrix}.svg"));
        let text = stdout(&format!(
            "fit {WIDE} --c2 0.5,2.5,3 --metric {metric} --plot {}",
            picture.display()
        ));
        for part in [
            &format!("Proposition 3.4 as printed, error of the gradient in {matrix} <= {formula},"),
            exponent,
            "exponent of the exact error: none: T8 speaks of the output error",
            "moment-assumption-is-free",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        let picture = std::fs::read_to_string(picture).unwrap();
        let caption = format!("Proposition 3.4 as printed, gradient in {matrix}: smallest c1");
        assert!(picture.contains(&caption));
        assert_eq!(picture.contains("T9.value.uniform: min"), matrix == "V");
        assert!(!picture.contains("kappa"));
    }
}

#[test]
fn metrics_without_a_printed_proposition_and_witnesses_of_gradients_are_refused() {
    for bad in [
        "bias",
        "participation",
        "key_query_gradient_operator",
        "3.4",
    ] {
        refused(
            &format!("fit {NORMAL} --lengths 4 --c2 1 --metric {bad}"),
            &[
                "--metric",
                bad,
                "output, value_gradient, key_query_gradient",
            ],
        );
    }
    for metric in ["value_gradient", "key_query_gradient"] {
        refused(
            &format!("fit {NORMAL} --lengths 4 --c2 1 --witness --metric {metric}"),
            &["--metric", metric, "output with --witness"],
        );
        refused(
            &format!(
                "fit --law rare-atom --half-width 1 --probability 0.5 --lengths 4 --c2 1 --metric {metric}"
            ),
            &["not available", "fixed queries"],
        );
        refused(
            &format!("fit {NORMAL} --lengths 1,4 --c2 1 --metric {metric}"),
            &["L = 1", "errors 1, 1 and 1"],
        );
    }
}
