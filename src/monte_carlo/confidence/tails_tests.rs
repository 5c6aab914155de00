//! Tails against tests/data/tails.json (tools/golden/tails.py), and their properties over their whole range.

use proptest::prelude::*;
use serde_json::Value;

use super::interval_tests::number;
use super::tails::{
    Odds, binomial_lower_quantile, binomial_quantile, ln_binomial_upper, ln_student_quantile,
    ln_student_upper,
};
use crate::monte_carlo::{Deviation, Estimate, Histogram};
use crate::parameter::ErrorProbability;

/// Logarithms agree up to `1e-10`, of themselves where they are large.
#[track_caller]
fn close(row: &Value, computed: f64, wanted: f64) {
    let difference = (computed - wanted).abs();
    assert!(
        difference <= 1e-10 * wanted.abs().max(1.0),
        "{row}: {computed:e} against {wanted:e}"
    );
}

#[test]
fn tails_have_their_golden_values() {
    let golden: Value =
        serde_json::from_str(include_str!("../../../tests/data/tails.json")).unwrap();
    let rows = golden["rows"].as_array().unwrap();
    for row in rows {
        let get = |key: &str| number(&row[key]);
        let count = |key: &str| row[key].as_u64().unwrap();
        match row["kind"].as_str().unwrap() {
            "student" => close(
                row,
                ln_student_upper(get("t"), get("degrees")),
                get("ln_upper"),
            ),
            "student-quantile" => {
                let t = ln_student_quantile(get("probability").ln(), get("degrees"));
                if get("ln_t") > f64::MAX.ln() {
                    assert_eq!(t, f64::INFINITY, "{row}");
                } else {
                    close(row, t.ln(), get("ln_t"));
                }
            }
            "binomial" => {
                let (n, k, odds) = (count("n"), count("count"), Odds::of(get("p")));
                close(row, ln_binomial_upper(n, odds, k), get("ln_upper"));
                let lower = ln_binomial_upper(n, odds.complement(), n - k);
                close(row, lower, get("ln_lower"));
            }
            "binomial-quantile" => {
                let (n, k, level) = (count("n"), count("count"), get("level").ln());
                let least = f64::MIN_POSITIVE;
                let p = binomial_quantile(n, k, level);
                close(row, p.max(least).ln(), get("ln_p_upper").max(least.ln()));
                if k < n {
                    // The lower tail is an upper tail of the complement, which may be far below a rounding of 1.
                    let q = binomial_quantile(n, n - k, level);
                    close(row, q.max(least).ln(), get("ln_q_lower").max(least.ln()));
                    let p = binomial_lower_quantile(n, k, level);
                    assert!((1.0 - p - q).abs() <= 2.0 * f64::EPSILON, "{row}: {p:e}");
                }
            }
            other => panic!("{other}"),
        }
    }
    assert!(rows.len() >= 190, "{}", rows.len());
}

fn error(ln_level: f64) -> ErrorProbability {
    ErrorProbability::new("level", ln_level.exp().max(f64::from_bits(1)).min(0.5)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// At every level, number of prompts and count there are limits, in their order, wider at a smaller level; and the
    /// tail at a limit is the level.
    #[test]
    fn limits_exist_everywhere(
        ln_prompts in 0.7_f64..27.0,
        share in 0.0_f64..=1.0,
        (less, more) in (-745.0_f64..-0.7, -745.0_f64..-0.7),
        skewness in -50.0_f64..50.0,
    ) {
        let prompts = ln_prompts.exp().round() as u64;
        let count = ((prompts as f64 * share * share) as u64).min(prompts);
        let (narrow, wide) = (less.max(more), less.min(more));
        let deviation = Deviation { threshold: 1.0, count, prompts };
        let [inner, outer] = [narrow, wide].map(|level| deviation.interval(error(level)));
        let frequency = deviation.frequency();
        prop_assert!(outer.lower >= 0.0 && outer.upper <= 1.0, "{outer:?}");
        prop_assert!(outer.lower <= inner.lower && inner.upper <= outer.upper, "{inner:?} {outer:?}");
        prop_assert!(inner.lower <= frequency && frequency <= inner.upper, "{inner:?} {frequency}");
        if inner.lower > 1e-300 {
            let tail = ln_binomial_upper(prompts, Odds::of(inner.lower), count);
            let half = error(narrow).get().ln() - std::f64::consts::LN_2;
            // The limit is a float: the tail moves by up to `count` roundings of it.
            let rounding = 1e-9 * (1.0 + half.abs()) + 1e-15 * prompts as f64;
            prop_assert!((tail - half).abs() <= rounding, "{tail} {half}");
        }

        let estimate = Estimate {
            mean: 1.0,
            standard_error: 0.01,
            prompts,
            seed: 0,
            skewness,
            largest_share: None,
        };
        let [inner, outer] = [narrow, wide].map(|level| estimate.interval(error(level)));
        prop_assert!(outer.lower <= inner.lower && inner.lower <= inner.upper && inner.upper <= outer.upper);
        prop_assert!(!outer.lower.is_nan() && !outer.upper.is_nan(), "{outer:?}");

        let mut histogram = Histogram::new(8);
        let mut bins: Vec<u32> = (1..=50).map(|k| Histogram::bin(8, f64::from(k))).collect();
        histogram.add(&mut bins);
        let [inner, outer] = [narrow, wide].map(|level| histogram.quantile_interval(share, error(level)));
        prop_assert!(outer.lower <= inner.lower && inner.upper <= outer.upper);
        let found = deviation.detectable(share, error(wide).get(), 0.9);
        prop_assert!(found.is_none_or(|p| p > 0.0 && p <= 1.0), "{found:?}");
    }

    /// Student's quantile is the inverse of the tail, which falls.
    #[test]
    fn students_quantile_inverts_the_tail(
        ln_degrees in 0.0_f64..27.0,
        level in -745.0_f64..-0.7,
    ) {
        let degrees = ln_degrees.exp().floor();
        let t = ln_student_quantile(level, degrees);
        prop_assert!(t > 0.0);
        if t.is_finite() {
            let tail = ln_student_upper(t, degrees);
            prop_assert!((tail - level).abs() <= 1e-11 * (1.0 + level.abs()), "{tail} {level}");
            prop_assert!(ln_student_upper(1.001 * t, degrees) < tail);
        }
    }
}

#[test]
fn edges() {
    assert_eq!(ln_student_upper(0.0, 3.0), 0.5_f64.ln());
    assert_eq!(ln_student_upper(f64::INFINITY, 3.0), f64::NEG_INFINITY);
    assert!(ln_student_upper(f64::NAN, 3.0).is_nan());
    assert_eq!(ln_student_quantile(0.5_f64.ln(), 3.0), 0.0);
    assert_eq!(ln_binomial_upper(10, Odds::of(0.0), 0), 0.0);
    assert_eq!(ln_binomial_upper(10, Odds::of(0.0), 1), f64::NEG_INFINITY);
    assert_eq!(ln_binomial_upper(10, Odds::of(1.0), 10), 0.0);
    assert_eq!(ln_binomial_upper(10, Odds::of(0.5), 11), f64::NEG_INFINITY);
    assert_eq!(ln_binomial_upper(10, Odds::of(f64::NAN), 3), 0.0);
}
