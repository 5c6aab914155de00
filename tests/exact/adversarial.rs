//! The error estimate of every exact value covers the truth, for laws that are hard for floats.

use attention_bounds::exact::{Exact, finite_gradient_error, output_error};
use attention_bounds::law::{Empirical, TokenLaw};
use attention_bounds::parameter::PromptLength;
use nalgebra::{DMatrix, DVector};
use serde_json::Value;

fn number(value: &Value) -> f64 {
    value
        .as_str()
        .expect("numbers are strings")
        .parse()
        .expect("a number")
}

fn list(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .expect("a list")
        .iter()
        .map(number)
        .collect()
}

fn matrix(value: &Value) -> DMatrix<f64> {
    let rows: Vec<Vec<f64>> = value.as_array().expect("rows").iter().map(list).collect();
    DMatrix::from_fn(rows.len(), rows[0].len(), |i, j| rows[i][j])
}

fn law(row: &Value) -> Empirical {
    let points = matrix(&row["points"]);
    if !row["weights"].is_null() {
        let weights = list(&row["weights"]);
        let total: f64 = weights.iter().sum();
        return Empirical::weighted(&points, weights.iter().map(|w| w / total).collect()).unwrap();
    }
    if row["copies"].is_null() {
        return Empirical::new(&points).unwrap();
    }
    let rows: Vec<f64> = list(&row["copies"])
        .iter()
        .zip(points.iter())
        .flat_map(|(copies, x)| std::iter::repeat_n(*x, *copies as usize))
        .collect();
    Empirical::new(&DMatrix::from_vec(rows.len(), 1, rows)).unwrap()
}

/// Cells seen, and what is wrong.
#[derive(Default)]
struct Seen {
    cells: usize,
    relative: Vec<f64>,
    wrong: Vec<String>,
}

impl Seen {
    fn cell(&mut self, label: &str, computed: Exact, reference: f64, square: bool) {
        self.cells += 1;
        let off = (computed.value - reference).abs();
        // The reference is rounded to a float here.
        let covered = off <= computed.error + 2.0 * f64::EPSILON * reference.abs();
        if !covered || !(computed.value >= 0.0 || !square) || !computed.error.is_finite() {
            self.wrong.push(format!(
                "{label}: {:e} +- {:e} against {reference:e}, off by {off:e}",
                computed.value, computed.error
            ));
        }
        if reference != 0.0 {
            self.relative.push(computed.error / reference.abs());
        }
    }
}

#[test]
fn every_estimate_covers_the_truth() {
    let golden: Value = serde_json::from_str(include_str!("../data/adversarial.json")).unwrap();
    let rows = golden["rows"].as_array().unwrap();
    let mut seen = Seen::default();
    let mut start = 0;
    while start < rows.len() {
        // The rows of one law follow one another.
        let same =
            |row: &&Value| row["name"] == rows[start]["name"] && row["tilt"] == rows[start]["tilt"];
        let group: Vec<&Value> = rows[start..].iter().take_while(same).collect();
        start += group.len();
        let lengths: Vec<PromptLength> = group
            .iter()
            .map(|row| PromptLength::new(row["L"].as_u64().unwrap()).unwrap())
            .collect();
        let (law, tilt) = (law(group[0]), DVector::from_vec(list(&group[0]["tilt"])));
        let value = matrix(&group[0]["value"]);
        let outputs = output_error(law.through(&value).as_ref(), &tilt, &lengths).unwrap();
        let gradients = if group[0]["key_query_gradient"].is_null() {
            None
        } else {
            let support = (law.points(), law.weights());
            Some(finite_gradient_error(support, &value, &tilt, 1.0, &lengths).unwrap())
        };
        for (i, row) in group.iter().enumerate() {
            let label = format!("{} tilt {} L={}", row["name"], row["tilt"], row["L"]);
            let output = &outputs[i];
            let error = number(&row["error"]);
            seen.cell(&format!("error {label}"), output.squared_error, error, true);
            let second = number(&row["P_2"]);
            seen.cell(&format!("P_2 {label}"), output.participation, second, true);
            for (computed, reference) in output.bias.iter().zip(list(&row["bias"])) {
                seen.cell(&format!("bias {label}"), *computed, reference, false);
            }
            if let Some(gradients) = &gradients {
                let value = number(&row["value_gradient"]);
                seen.cell(
                    &format!("value gradient {label}"),
                    gradients[i].value,
                    value,
                    true,
                );
                let key_query = number(&row["key_query_gradient"]);
                let found = gradients[i].key_query;
                seen.cell(
                    &format!("key-query gradient {label}"),
                    found,
                    key_query,
                    true,
                );
            }
        }
    }
    seen.relative.sort_by(f64::total_cmp);
    let quantile = |share: f64| seen.relative[(share * (seen.relative.len() - 1) as f64) as usize];
    println!(
        "{} cells; relative estimates: median {:e}, 90% {:e}, 99% {:e}",
        seen.cells,
        quantile(0.5),
        quantile(0.9),
        quantile(0.99)
    );
    assert!(seen.cells >= 2000, "{}", seen.cells);
    assert!(
        seen.wrong.is_empty(),
        "{} of {}:\n{}",
        seen.wrong.len(),
        seen.cells,
        seen.wrong.join("\n")
    );
    // Estimates that cover because they say nothing would be no estimates.
    assert!(
        quantile(0.5) < 3e-12 && quantile(0.9) < 1e-7,
        "{:?}",
        (quantile(0.5), quantile(0.9))
    );
}
