//! One small table as JSON, and its numbers read back.

use proptest::prelude::*;

use super::simulated_tests::simulated_table;
use super::tests::{printed, show, table};
use crate::bound::{Bound, Theorem};
use crate::exact::Exact;
use crate::record::{Metric, Table};
use crate::render::table::*;

#[test]
fn json_table() {
    let mut small = table();
    small.rows.remove(0);
    let expected = r#"{
  "schema": "attention-bounds/table/1",
  "provenance": {
    "version": "1.2.3",
    "git": "abc1234",
    "scenario": "a_b.toml",
    "seed": 7,
    "created": "2026-01-02T03:04:05Z"
  },
  "description": "tokens: x; 50% of y",
  "notes": [
    "L x error -> 3"
  ],
  "request": {
    "scenario": null,
    "bias": false,
    "participation": false,
    "gradients": false,
    "operator_norm": false,
    "tail": null,
    "quantiles": [],
    "formulas": [],
    "negative_control": false
  },
  "simulation": null,
  "rows": [
    {
      "metric": "output",
      "query": "average",
      "length": 1024,
      "exact": null,
      "reason": "no atoms",
      "bounds": [
        {
          "theorem": "trivial",
          "name": "trivial-bound",
          "value": 1.0,
          "status": "valid",
          "hypotheses": [],
          "parameters": [],
          "dominant": "variance"
        },
        {
          "theorem": "T4",
          "name": "chernoff-bound",
          "value": null,
          "status": "vacuous",
          "overflow": true,
          "trivial": 1.0,
          "hypotheses": [],
          "parameters": [],
          "dominant": "failure"
        },
        {
          "theorem": "T5",
          "name": "laplace-bound",
          "value": 0.00123456,
          "status": "valid",
          "hypotheses": [],
          "parameters": [],
          "dominant": "main"
        }
      ],
      "best": {
        "theorem": "T5",
        "name": "laplace-bound",
        "value": 0.00123456
      },
      "monte_carlo": null,
      "verdict": "inconclusive"
    }
  ]
}
"#;
    assert_eq!(
        printed(&small, Format::Json, QuerySelection::Auto),
        expected
    );
}

#[test]
fn json_holds_hypotheses_parameters_and_reasons() {
    let json: serde_json::Value = serde_json::from_str(&show(Format::Json)).unwrap();
    let row = &json["rows"][0];
    assert_eq!(row["exact"]["value"], 0.25);
    assert_eq!(row["exact"]["error"], 1e-5);
    assert!(row.get("reason").is_none());
    let chernoff = &row["bounds"][1];
    assert_eq!(chernoff["status"], "vacuous");
    assert_eq!(chernoff["trivial"], 1.0);
    assert_eq!(chernoff["hypotheses"][0]["name"], "rho");
    assert_eq!(chernoff["parameters"][0]["value"], 0.5);
    let laplace = &row["bounds"][2];
    assert_eq!(laplace["status"], "not applicable");
    assert_eq!(laplace["reason"], "L = 4 is below 7");
    assert!(laplace["value"].is_null());
    assert_eq!(row["verdict"], "consistent");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn floats_of_json_and_csv_read_back_identical(bits in prop::array::uniform3(any::<u64>())) {
        let [value, error, bound] = bits.map(f64::from_bits);
        let finite = |x: f64| if x.is_finite() { x } else { 1.0 };
        let (value, error, bound) = (finite(value), finite(error), finite(bound).abs());
        let mut table = table();
        table.rows.truncate(1);
        table.rows[0].exact = Ok(Exact::proved(value, error));
        table.rows[0].bounds = vec![Bound::proved(Theorem::LAPLACE_BOUND, bound, 1.0, "main")];
        let json: serde_json::Value =
            serde_json::from_str(&printed(&table, Format::Json, QuerySelection::Auto)).unwrap();
        let row = &json["rows"][0];
        let same = |read: Option<f64>, x: f64| read.map(f64::to_bits) == Some(x.to_bits());
        let csv = printed(&table, Format::Csv, QuerySelection::Auto);
        let fields: Vec<&str> = csv.lines().last().unwrap().split(',').collect();
        prop_assert!(same(row["exact"]["value"].as_f64(), value));
        prop_assert!(same(row["exact"]["error"].as_f64(), error));
        prop_assert!(same(row["bounds"][0]["value"].as_f64(), bound));
        prop_assert!(same(fields[3].parse().ok(), value));
        prop_assert!(same(fields[4].parse().ok(), error));
        prop_assert!(same(fields[7].parse().ok(), bound));
    }
}

#[test]
fn json_of_a_check_has_comparisons_and_summary() {
    let table = simulated_table();
    let text = printed(&table, Format::Json, QuerySelection::Auto);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["check"]["verdict"], "violated");
    assert_eq!(
        json["check"]["smallest_detectable_violation"]["against"],
        "trivial"
    );
    assert_eq!(json["check"]["negative_control"]["rejected"], 0);
    assert_eq!(json["simulation"]["route"], "plain");
    let row = &json["rows"][0];
    assert_eq!(row["monte_carlo"]["upper"], 0.255_678_9);
    assert_eq!(row["monte_carlo"]["reliability"], "heavy-tail");
    assert_eq!(row["claims"][0]["value"], 0.2);
    assert_eq!(row["comparisons"][2]["against"], "claim 0");
    assert_eq!(row["comparisons"][2]["verdict"], "violated");
    assert_eq!(row["verdict"], "violated");
    assert!(json["rows"][1]["monte_carlo"].is_null());
}

#[test]
fn a_squared_error_has_no_negative_lower_end() {
    let mut table = table();
    table.rows.truncate(1);
    table.rows[0].exact = Ok(Exact::proved(1e-20, 1e-10));
    let lower = |table: &Table| -> f64 {
        let text = printed(table, Format::Json, QuerySelection::Auto);
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        json["rows"][0]["exact"]["lower"].as_f64().unwrap()
    };
    assert_eq!(lower(&table), 0.0);
    table.rows[0].metric = Metric::Bias { coordinate: 0 };
    assert!(lower(&table) < -9e-11);
}
