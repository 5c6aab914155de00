//! The smallest budgets.

use serde_json::Value;

use super::*;
use crate::support::command_line::stdout;

#[test]
fn the_smallest_budget_is_that_of_the_exact_values() {
    let (_folder, path) = folder("keep = { top = 1 }\nbudgets = [1, 2, 3, 4, 5]");
    let table = json(&format!("sample {path}"));
    let relative = |query: Value| -> Vec<f64> {
        let own = rows(&table).iter().filter(|row| row["query"] == query);
        own.map(|row| number(&row["relative"])).collect()
    };
    let curves = [
        relative(0.into()),
        relative(1.into()),
        relative("average".into()),
    ];
    let mut compared = 0;
    for epsilon in [1e-6, 1e-3, 0.01, 0.1, 0.5] {
        let answer = json(&format!("sample {path} --epsilon {epsilon}"));
        assert_eq!(answer["schema"], "attention-bounds/sample-budgets/1");
        let smallest = |curve: &[f64]| {
            1 + curve
                .iter()
                .rposition(|x| *x > epsilon)
                .map_or(0, |place| place + 1)
        };
        let expected = [
            smallest(&curves[0]),
            smallest(&curves[1]),
            smallest(&curves[0]).max(smallest(&curves[1])),
            smallest(&curves[2]),
        ];
        for (row, expected) in rows(&answer).iter().zip(expected) {
            assert_eq!(row["exact"]["budget"], expected, "{epsilon} {row}");
            assert_eq!(row["exact"]["every"], true);
            compared += 1;
        }
        let names: Vec<&Value> = rows(&answer).iter().map(|row| &row["query"]).collect();
        assert_eq!(
            names,
            [
                &Value::from(0),
                &1.into(),
                &"worst".into(),
                &"average".into()
            ]
        );
    }
    assert_eq!(compared, 20);
    for format in ["text", "markdown", "latex", "csv"] {
        let text = stdout(&format!("sample {path} --epsilon 0.01 --format {format}"));
        assert!(text.contains("worst"), "{text}");
    }
}

/// Three kinds of keys: one that is all of attention, some far away of small weight, many of next to none. A single draw is mostly one of the many
/// and near T; more draws hold a far one, which outweighs them: the error grows with the budget, until the heavy key is drawn.
#[test]
fn an_earlier_budget_that_does_not_last_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
    let mut tokens = vec![[30.0, 1.0]];
    tokens.extend([[10.0, 9.0]; 2]);
    tokens.extend([[0.0, 1.0]; 17]);
    write("t.csv", lines(&tokens));
    let matrices = "key_query = { kind = 'matrix', rows = [[1], [0]] }\nvalue = { kind = 'matrix', rows = [[0, 1]] }";
    write(
        "s.toml",
        format!(
            "[tokens]\nlaw = 'empirical'\nfile = 't.csv'\n[query]\nlaw = 'fixed'\nrows = [[1]]\n[head]\n{matrices}\n[sampling]\nbudgets = [1, 3, 20]\n"
        ),
    );
    let path = folder.path().join("s.toml").display().to_string();
    let table = json(&format!("sample {path}"));
    let errors: Vec<f64> = rows(&table)
        .iter()
        .map(|row| number(&row["relative"]))
        .collect();
    // A draw of 1 is a far key with probability 1/10; one of 3 holds one without the heavy key with more.
    assert!((errors[0] - 6.4).abs() < 1e-5);
    assert!(
        errors[1] > 2.0 * errors[0] && errors[2] < 1e-12,
        "{errors:?}"
    );
    let answer = json(&format!("sample {path} --epsilon 7"));
    let exact = &rows(&answer)[0]["exact"];
    assert_eq!(
        (&exact["earlier"], &exact["every"]),
        (&1.into(), &true.into())
    );
    assert!(exact["budget"].as_u64().unwrap() > 5, "{exact}");
    let text = stdout(&format!("sample {path} --epsilon 7"));
    assert!(
        text.contains("at a budget of 1 too, but not at every budget after it"),
        "{text}"
    );
}

#[test]
fn budgets_for_a_probability_stand_side_by_side() {
    let (_folder, path) = folder("keep = { top = 1 }");
    let asked = format!("sample {path} --epsilon 0.05 --delta 0.2 --prompts 4000 --seed 2");
    let answer = json(&asked);
    assert_eq!(
        (&answer["delta"], &answer["epsilon"]),
        (&0.2.into(), &0.05.into())
    );
    assert_eq!(answer["provenance"]["seed"], 2);
    let mut largest = 0;
    for (query, row) in rows(&answer).iter().take(2).enumerate() {
        let found = &row["deviation"];
        let proved = found["proved"]["budget"].as_u64().unwrap();
        let simulated = found["simulated"]["budget"].as_u64().unwrap();
        assert!(number(&found["proved"]["value"]) <= 0.2 && simulated <= proved && proved <= 5);
        // The probability, from all draws.
        let case = case(query, &top(query, 1), "without-replacement");
        let threshold = 0.05 * squared_limit(query);
        let probability = |budget: u64| -> f64 {
            let outcomes = case.outcomes(budget).into_iter();
            let far = outcomes.filter(|(_, distance)| distance * distance >= threshold);
            far.map(|(p, _)| p).sum()
        };
        assert!(probability(proved) <= 0.2 && probability(simulated) <= 0.2);
        let limits = &found["simulated"]["monte_carlo"];
        let (lower, upper) = (number(&limits["lower"]), number(&limits["upper"]));
        let true_value = probability(simulated);
        assert!(lower - 0.03 <= true_value && true_value <= upper + 0.03);
        assert!(found["rule"]["budget"].as_u64().unwrap() > 5, "{found}");
        largest = largest.max(proved);
    }
    assert_eq!(rows(&answer)[2]["deviation"]["proved"]["budget"], largest);
    assert!(rows(&answer)[3].get("deviation").is_none());
    let text = stdout(&asked);
    for part in [
        "Budgets for P(|That - T|^2 >= 0.05 |T|^2) <= 0.2",
        "published",
        "arXiv 2510.05688",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert_eq!(json(&asked)["rows"], answer["rows"]);
}
