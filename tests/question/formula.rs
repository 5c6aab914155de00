//! Formulas that a user writes: precedences, refusals, degrees.

use attention_bounds::claim::Formula;
use proptest::prelude::*;

fn value(text: &str) -> f64 {
    Formula::new(text, &["L", "s", "norm_U"])
        .unwrap()
        .value(&[4.0, 3.0, 0.5])
}

#[test]
fn precedences_are_those_of_mathematics() {
    for (text, wanted) in [
        ("1 + 2 * 3", 7.0),
        ("7 - 2 - 1", 4.0),
        ("8 / 4 / 2", 1.0),
        ("8 / 4 * 2", 4.0),
        ("-s^2", -9.0),
        ("(-s)^2", 9.0),
        ("2^-1", 0.5),
        ("2^3^2", 512.0),
        ("2^-2^2", 0.0625),
        ("2 * -s^2", -18.0),
        ("5 - -3", 8.0),
        ("--3", 3.0),
        ("-2 * -3", 6.0),
        ("1 - s * L", -11.0),
        ("1e-3*L", 4e-3),
        (".5 + 1.", 1.5),
        ("2.5E2", 250.0),
        ("exp(-s^2)", (-9.0f64).exp()),
        ("sqrt(L) + ln(exp(2)) + log(1)", 4.0),
        ("min(L, s, 7) + max(L, s)", 7.0),
        ("abs(1 - s) * norm_U", 1.0),
        ("2*pi", std::f64::consts::TAU),
        ("L^(1/2)", 2.0),
    ] {
        assert!(
            (value(text) - wanted).abs() <= 1e-15 * wanted.abs(),
            "{text}: {}",
            value(text)
        );
    }
    assert!(value("min(L, ln(-1))").is_nan() && value("max(ln(-1), L)").is_nan());
    assert_eq!(value("1/0"), f64::INFINITY);
}

#[test]
fn variables_are_known_by_name() {
    let formula = Formula::new(" s + exp(s) ", &["L", "s"]).unwrap();
    assert!(formula.mentions(1) && !formula.mentions(0));
    assert_eq!(formula.text(), "s + exp(s)");
}

#[test]
fn what_is_no_formula() {
    let refusal = |text: &str| Formula::new(text, &["L", "s"]).unwrap_err().to_string();
    for (text, part) in [
        ("", "character 1"),
        ("2 L", "character 3"),
        ("2L", "character 2"),
        ("(L", "character 3"),
        ("L +", "character 4"),
        ("L ** 2", "character 4"),
        ("sigma^2", "no variable sigma; there are L, s"),
        ("sin(L)", "no function sin"),
        ("exp(1, 2)", "one argument, not 2"),
        ("min(1)", "two arguments or more, not 1"),
        ("L = 3", "character 3"),
    ] {
        assert!(refusal(text).contains(part), "{text}: {}", refusal(text));
    }
    // Characters are counted, not bytes.
    assert!(refusal("ü").contains("character 1"), "{}", refusal("ü"));
    assert!(refusal("2*\u{1b}").contains("`2*\\u{1b}` (not understood at character 3)"));
    let long = refusal(&"(".repeat(501));
    assert!(long.contains("(501 bytes)") && long.len() < 350, "{long}");
    // Deep, but within the limit: no stack overflow.
    let deep = format!("{}1{}", "(".repeat(249), ")".repeat(249));
    assert_eq!(Formula::new(&deep, &[]).unwrap().value(&[]), 1.0);
}

#[test]
fn linear_formulas() {
    let linear = |text: &str| {
        Formula::new(text, &["L", "x", "y"])
            .unwrap()
            .is_linear_in(&[1, 2])
    };
    for text in [
        "x",
        "3*x/L - y*exp(L)",
        "-(x + y)/2 + L^2",
        "L*2*(1 - x)",
        "min(L, 2)",
    ] {
        assert!(linear(text), "{text}");
    }
    for text in [
        "x*y",
        "x^2",
        "1/x",
        "min(x, 1)",
        "2^y",
        "exp(-x)",
        "L*(x*(1+y))",
    ] {
        assert!(!linear(text), "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in "[-+*/^()0-9.eLs, a-z]{0,60}") {
        if let Ok(formula) = Formula::new(&text, &["L", "s"]) {
            let _ = formula.value(&[2.0, 1.0]);
        }
    }
}
