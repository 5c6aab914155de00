//! Outward rounding: enclosures contain the true values of tests/data/rounding.json, of exact integer and
//! fused arithmetic, and of one another.
//!
//! The golden file holds, for every function and argument, the two floats around the true value
//! (tools/golden/rounding.py, 1000-digit arithmetic), so containment is decided exactly. The same comparison
//! with MPFR on millions of arguments: `cargo bench --features mpfr --bench rounding`.

use attention_bounds::bound::{FourthMoments, MomentConstants, SubGaussianMoments, ValueSpectrum};
use attention_bounds::interval::Interval;
use attention_bounds::parameter::{Positive, PromptLength, VarianceProxy};
use proptest::prelude::*;
use serde_json::Value;

fn number(value: &Value) -> f64 {
    let text = value.as_str().expect("numbers are strings");
    text.parse().expect("a number")
}

fn length(value: f64) -> PromptLength {
    PromptLength::new(value as u64).unwrap()
}

/// The enclosure that the library gives for one row.
fn enclosure(f: &str, x: &[f64]) -> Interval {
    let p = |i: usize| Interval::point(x[i]);
    let class = |sigma2: f64,
                 tilt: f64,
                 spectrum: &[f64],
                 work: &dyn Fn(&SubGaussianMoments<'_>) -> Interval| {
        let values = ValueSpectrum::from_eigenvalues(spectrum.to_vec()).unwrap();
        let proxy = VarianceProxy::new(sigma2).unwrap();
        work(&SubGaussianMoments::new(proxy, tilt, &values).unwrap())
    };
    match f {
        "add" => p(0) + p(1),
        "sub" => p(0) - p(1),
        "mul" => p(0) * p(1),
        "div" => p(0) / p(1),
        "sqrt" => p(0).sqrt(),
        "powi" => p(0).powi(x[1] as u32),
        "exp" => p(0).exp(),
        "exp_m1" => p(0).exp_m1(),
        "ln" => p(0).ln(),
        "ln_1p" => p(0).ln_1p(),
        "ln_add" => p(0).ln_add(p(1)),
        "chernoff" => {
            let constants = MomentConstants::new(x[0], x[0], x[1], x[2]).unwrap();
            constants.chernoff(length(x[3]), x[4]).unwrap()
        }
        "chernoff_tail" => {
            let constants = MomentConstants::new(x[0], x[0], x[1], 1.0).unwrap();
            let eps = Positive::new("eps", x[3]).unwrap();
            constants.chernoff_tail(length(x[2]), eps, x[4]).unwrap()
        }
        "chernoff_fourth" => {
            let moments = FourthMoments::new(x[0], x[1], x[2], x[3]).unwrap();
            moments.at(length(x[4]), x[5]).unwrap()
        }
        "inverse_moment" => {
            let constants = MomentConstants::new(x[2], x[3], 0.0, 1.0).unwrap();
            let (order, splits) = (x[0] as u32, x[5] as u32);
            constants
                .inverse_moment(order, length(x[1]), x[4], splits)
                .unwrap()
        }
        "second_moment" => class(x[0], x[1], &x[3..], &|c| c.second_moment_at(x[2]).unwrap()),
        "crude" => class(x[1], x[2], &x[4..], &|c| {
            c.crude_at(length(x[0]), x[3]).unwrap()
        }),
        other => panic!("{other}"),
    }
}

/// Widest enclosure, in floats, of an elementary operation whose result is a normal number.
const STEPS: [(&str, u64); 10] = [
    ("add", 1),
    ("sub", 1),
    ("mul", 2),
    ("div", 2),
    ("sqrt", 2),
    ("powi", 40),
    ("exp", 8),
    ("exp_m1", 8),
    ("ln", 8),
    ("ln_1p", 8),
];

#[test]
fn enclosures_contain_the_true_values() {
    let golden: Value = serde_json::from_str(include_str!("../data/rounding.json")).unwrap();
    let rows = golden["rows"].as_array().unwrap();
    let mut widest: std::collections::BTreeMap<String, f64> = Default::default();
    for row in rows {
        let f = row["f"].as_str().unwrap();
        let x: Vec<f64> = row["x"].as_array().unwrap().iter().map(number).collect();
        let (below, above) = (number(&row["below"]), number(&row["above"]));
        let found = enclosure(f, &x);
        assert!(
            found.upper() >= above,
            "{f} {x:?}: {found:?} ends below {above:e}"
        );
        // The class rounds sigma^2 |a|^2 up before it starts, so only its upper ends are promised.
        if !["second_moment", "crude"].contains(&f) {
            assert!(
                found.lower() <= below,
                "{f} {x:?}: {found:?} begins above {below:e}"
            );
        }
        let normal = below.abs() > 1e-300 && below.abs() < 1e300;
        if !normal {
            continue;
        }
        // Tightness: a few floats for an operation, and 1e-10 for a formula.
        if let Some((_, steps)) = STEPS.iter().find(|(name, _)| *name == f) {
            let distance = found.upper().to_bits().abs_diff(found.lower().to_bits());
            assert!(
                *steps == 40 || distance <= *steps,
                "{f} {x:?}: {distance} floats"
            );
        } else if f != "ln_add" {
            let excess = found.upper() / below - 1.0;
            assert!(
                excess < 1e-10,
                "{f} {x:?}: {found:?} exceeds {below:e} by {excess:e}"
            );
            let worst = widest.entry(f.to_owned()).or_default();
            *worst = worst.max(excess);
        }
    }
    println!(
        "{} rows; largest relative excess of the upper end: {widest:?}",
        rows.len()
    );
    assert!(rows.len() > 3000);
}

/// `sign(x y - z)`, exactly: a fused operation rounds once and keeps the sign.
fn product_minus(x: f64, y: f64, z: f64) -> f64 {
    x.mul_add(y, -z)
}

/// A float whose products and quotients neither overflow nor underflow.
fn moderate() -> impl Strategy<Value = f64> {
    (-1.0f64..1.0, -200i32..200)
        .prop_map(|(m, e)| m * 2f64.powi(e))
        .prop_filter("not zero", |x| x.abs() > 1e-80)
}

/// An interval of such numbers, and one inside it.
fn nested() -> impl Strategy<Value = (Interval, Interval)> {
    prop::array::uniform4(-50.0f64..50.0).prop_map(|mut ends| {
        ends.sort_by(f64::total_cmp);
        let [a, b, c, d] = ends;
        (Interval::new(a, d).unwrap(), Interval::new(b, c).unwrap())
    })
}

fn inside(inner: Interval, outer: Interval) -> bool {
    outer.lower() <= inner.lower() && inner.upper() <= outer.upper()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn sums_contain_the_exact_sum(a in any::<i64>(), b in any::<i64>(), e in 0u32..60, f in 0u32..60) {
        // Integers scaled by powers of two, exact in 128 bits.
        let (x, y) = ((a >> 11) as f64 * 2f64.powi(e as i32), (b >> 11) as f64 * 2f64.powi(f as i32));
        let exact = (i128::from(a >> 11) << e) + (i128::from(b >> 11) << f);
        let sum = Interval::point(x) + Interval::point(y);
        // The ends are integers: floats from 2^53 on are, and smaller sums of integers are exact.
        prop_assert!((sum.lower() as i128) <= exact && exact <= (sum.upper() as i128));
        let difference = Interval::point(x) - Interval::point(y);
        let exact = (i128::from(a >> 11) << e) - (i128::from(b >> 11) << f);
        prop_assert!((difference.lower() as i128) <= exact && exact <= (difference.upper() as i128));
    }

    #[test]
    fn products_quotients_and_roots_contain_the_exact_ones(x in moderate(), y in moderate()) {
        let product = Interval::point(x) * Interval::point(y);
        prop_assert!(product_minus(x, y, product.lower()) >= 0.0);
        prop_assert!(product_minus(x, y, product.upper()) <= 0.0);
        let quotient = Interval::point(x) / Interval::point(y);
        // x / y >= q means x >= q y if y > 0.
        prop_assert!(product_minus(quotient.lower(), y, x) * y.signum() <= 0.0);
        prop_assert!(product_minus(quotient.upper(), y, x) * y.signum() >= 0.0);
        let root = Interval::point(x.abs()).sqrt();
        prop_assert!(product_minus(root.lower(), root.lower(), x.abs()) <= 0.0);
        prop_assert!(product_minus(root.upper(), root.upper(), x.abs()) >= 0.0);
    }

    /// A wider argument gives a wider result.
    #[test]
    fn operations_are_monotone_in_inclusion((a, b) in nested(), (c, d) in nested(), n in 0u32..7) {
        prop_assert!(inside(b + d, a + c) && inside(b - d, a - c) && inside(b * d, a * c));
        prop_assert!(inside(b / d, a / c));
        prop_assert!(inside(b.powi(n), a.powi(n)) && inside(b.exp(), a.exp()) && inside(b.exp_m1(), a.exp_m1()));
        prop_assert!(inside(b.ln_add(d), a.ln_add(c)));
        prop_assert!(inside(b.max(d), a.max(c)) && inside(b.min(d), a.min(c)));
        if b.upper() >= 0.0 {
            prop_assert!(inside(b.sqrt(), a.sqrt()) && inside(b.ln(), a.ln()) && inside(b.ln_1p(), a.ln_1p()));
        }
    }

    /// Operations on intervals contain the operation on any numbers of them.
    #[test]
    fn operations_contain_the_operation_on_members((a, _) in nested(), (b, _) in nested(), s in 0.0f64..1.0, t in 0.0f64..1.0) {
        let member = |x: Interval, s: f64| (x.lower() + (x.upper() - x.lower()) * s).clamp(x.lower(), x.upper());
        let (x, y) = (member(a, s), member(b, t));
        // One float of room for the rounding of the operation on the members itself.
        let contains = |z: Interval, value: f64| z.lower().next_down() <= value && value <= z.upper().next_up();
        prop_assert!(contains(a + b, x + y) && contains(a - b, x - y) && contains(a * b, x * y));
        prop_assert!(contains(a / b, x / y) || y == 0.0);
        prop_assert!(contains(a.powi(2), x * x) && contains(a.powi(3), x * x * x) || x.abs() < 1e-100);
    }

    /// No operation returns `NaN` or ends in the wrong order, whatever it is given.
    #[test]
    fn the_ends_stay_ordered_numbers(bits in prop::array::uniform4(any::<u64>()), n in any::<u32>()) {
        let interval = |a: u64, b: u64| {
            let (a, b) = (f64::from_bits(a), f64::from_bits(b));
            Interval::new(a.min(b), a.max(b)).unwrap_or(Interval::point(a))
        };
        let (x, y) = (interval(bits[0], bits[1]), interval(bits[2], bits[3]));
        for z in [
            x + y, x - y, x * y, x / y, x.sqrt(), x.powi(n % 12), x.powi(n), x.exp(), x.exp_m1(), x.ln(), x.ln_1p(),
            x.ln_add(y), x.max(y), x.min(y), x.double(), x.known_non_negative(),
        ] {
            prop_assert!(z.lower() <= z.upper(), "{x:?} {y:?} {z:?}");
        }
    }
}
