//! Participation ratios against the 30-digit reference of tests/data/participation.json.
//!
//! The reference integrates by composite Gauss-Legendre panels in 200-bit arithmetic
//! (tools/golden/participation.py); the product uses trapezoidal lattices and convolutions.

use attention_bounds::exact::{Exact, gaussian_participation};
use attention_bounds::parameter::PromptLength;
use serde_json::Value;

fn number(value: &Value) -> f64 {
    value
        .as_str()
        .expect("numbers are strings")
        .parse()
        .expect("a number")
}

fn golden() -> Value {
    serde_json::from_str(include_str!("../data/participation.json")).expect("golden file")
}

/// True error of a computed value, and whether its own estimate covers it.
fn check(label: &str, computed: Exact, reference: f64) -> f64 {
    let error = (computed.value - reference).abs();
    // The reference is itself rounded to a double.
    let rounding = f64::EPSILON * reference;
    assert!(
        error <= computed.error + rounding,
        "{label}: true error {error:e} exceeds the estimate {:e} ({} against {reference})",
        computed.error,
        computed.value,
    );
    assert!(
        error <= 1e-10 * reference,
        "{label}: relative error {:e}",
        error / reference
    );
    assert!(
        computed.error <= 1e-10 * reference,
        "{label}: the estimate {:e} does not promise 1e-10",
        computed.error / reference
    );
    error / reference
}

#[test]
fn participation_ratios_agree_with_the_reference() {
    let golden = golden();
    let mut worst: f64 = 0.0;
    let mut cells = 0;
    for row in golden["rows"].as_array().expect("rows") {
        let s: f64 = row["s"].as_str().expect("s").parse().expect("s");
        let length = row["L"].as_u64().expect("L");
        let lengths = [PromptLength::new(length).unwrap()];
        let ratios = gaussian_participation(s, &lengths).unwrap()[0];
        for (name, computed) in [
            ("r_2", ratios.second),
            ("r_3", ratios.third),
            ("r_4", ratios.fourth),
            ("E22", ratios.squared_second),
        ] {
            worst = worst.max(check(
                &format!("{name} s={s} L={length}"),
                computed,
                number(&row[name]),
            ));
            cells += 1;
        }
        // T3: r_2 - 6 r_3 + 6 E P_2^2, the factor of eta, is no less accurate.
        let factor = |second: f64, third: f64, e22: f64| second + 6.0 * (e22 - third);
        let reference = factor(
            number(&row["r_2"]),
            number(&row["r_3"]),
            number(&row["E22"]),
        );
        let computed = factor(
            ratios.second.value,
            ratios.third.value,
            ratios.squared_second.value,
        );
        assert!(
            (computed - reference).abs() <= 1e-10 * reference.abs(),
            "eta factor s={s} L={length}"
        );
    }
    assert!(cells >= 400, "{cells}");
    println!("{cells} values, worst relative error {worst:.1e}");
}

#[test]
fn one_sweep_gives_the_same_as_one_length_at_a_time() {
    let lengths: Vec<PromptLength> = [1, 2, 3, 5, 64, 1024, 100_000, 1_000_000_000_000]
        .map(|l| PromptLength::new(l).unwrap())
        .to_vec();
    for s in [1e-6, 0.3, 1.0, 3.5, 12.0] {
        let sweep = gaussian_participation(s, &lengths).unwrap();
        for (length, together) in lengths.iter().zip(&sweep) {
            let alone = gaussian_participation(s, &[*length]).unwrap()[0];
            approx::assert_relative_eq!(
                together.second.value,
                alone.second.value,
                max_relative = 1e-12
            );
            approx::assert_relative_eq!(
                together.squared_second.value,
                alone.squared_second.value,
                max_relative = 1e-12
            );
        }
    }
}
