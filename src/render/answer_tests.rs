//! The answers of one value as text and JSON.

use crate::bound::Theorem;
use crate::record::*;
use crate::render::table::tests::provenance;

fn length_answer() -> LengthAnswer {
    LengthAnswer {
        description: "tokens: x".into(),
        query: QueryLabel::Average,
        epsilon: 0.01,
        relative_to: None,
        exact: Ok(ReachedLength {
            length: 90,
            value: 0.009_9,
            theorem: None,
            earlier: Some(3),
        }),
        bound: Ok(ReachedLength {
            length: 120,
            value: 0.009_999_999_9,
            theorem: Some(Theorem::LAPLACE_BOUND),
            earlier: None,
        }),
        notes: vec![],
    }
}

#[test]
fn a_length_answer() {
    let expected = "\
tokens: x
Smallest L from which on E|That - T|^2 <= 1.00000e-2 (by T20, to 2^53), average over queries
  exact error: L = 90 (error 9.90000e-3); at L = 3 too, but not at every L after it
  best bound:  L = 120 (bound 1.00000e-2, T5 laplace-bound)
attention-bounds 1.2.3 (git abc1234), scenario a_b.toml, seed 7, created 2026-01-02T03:04:05Z
";
    assert_eq!(length_answer().text(&provenance()), expected);
    let json: serde_json::Value =
        serde_json::from_str(&length_answer().json(&provenance())).unwrap();
    assert_eq!(json["schema"], "attention-bounds/length/1");
    assert_eq!(json["bound"]["length"], 120);
    assert_eq!(json["bound"]["theorem"], "T5");
    assert_eq!(json["exact"]["value"], 0.009_9);
    assert_eq!(json["exact"]["earlier"], 3);
    assert!(json["bound"].get("earlier").is_none());
    let never = LengthAnswer {
        bound: Err("no bound gets there".into()),
        ..length_answer()
    };
    assert!(
        never
            .text(&provenance())
            .contains("none: no bound gets there")
    );
    let json: serde_json::Value = serde_json::from_str(&never.json(&provenance())).unwrap();
    assert_eq!(json["bound"]["reason"], "no bound gets there");
    assert!(json["bound"]["length"].is_null());
}

#[test]
fn a_rate_answer_names_its_theorem() {
    let answer = RateAnswer {
        description: "tokens: x".into(),
        lambda: Ok(1.0),
        kappa: Ok(0.618),
        limiting_constant: Err("lam is at least 1/2".into()),
        slopes: vec![LocalSlope {
            from: 16,
            to: 64,
            slope: 0.5,
        }],
        bound_slopes: vec![],
        temperatures: vec![],
        notes: vec![],
    };
    let text = answer.text(&provenance());
    for part in [
        "lam = 1.00000\n",
        "kappa = 6.18000e-1 (T8 sharp-rate, a theorem)",
        "none: lam is at least 1/2",
        "L = 16 to 64: 0.5000",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let json: serde_json::Value = serde_json::from_str(&answer.json(&provenance())).unwrap();
    assert_eq!(json["kappa"]["status"], "theorem");
    assert_eq!(json["limiting_constant"]["reason"], "lam is at least 1/2");
}
