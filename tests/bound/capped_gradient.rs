//! T9 `capped-key-query-gradient`: against the exact engine, against its formula, and what it gains.

use std::cell::Cell;

use crate::support::random_laws::{gaussian, matrix, run};
use attention_bounds::attention::{Head, QueryLaw};
use attention_bounds::bound::{Bound, Theorem};
use attention_bounds::law::{Empirical, Gaussian, RareAtom};
use attention_bounds::parameter::PromptLength;
use attention_bounds::record::{Metric, QueryLabel, Row};
use attention_bounds::study::TableOptions;
use attention_bounds::study::table::rows;
use attention_bounds::study::{Question, Silent};
use nalgebra::DMatrix;
use proptest::prelude::*;

fn gradients() -> TableOptions {
    TableOptions {
        gradients: true,
        ..TableOptions::default()
    }
}

fn of(bounds: &[Bound], theorem: Theorem) -> &Bound {
    bounds.iter().find(|b| b.theorem() == theorem).unwrap()
}

fn number(bound: &Bound, name: &str) -> f64 {
    let hypotheses = bound.hypotheses().iter().map(|h| (h.name, h.value));
    let parameters = bound.parameters().iter().map(|p| (p.name, p.value));
    let mut all = hypotheses.chain(parameters);
    let found = all.find(|(n, _)| *n == name);
    found.unwrap_or_else(|| panic!("{name} of {bound:?}")).1
}

/// The rows of the gradient in `U` at the queries of a list.
fn of_queries(rows: Vec<Row>) -> impl Iterator<Item = Row> {
    rows.into_iter()
        .filter(|r| r.metric == Metric::KeyQueryGradient && r.query != QueryLabel::Average)
}

#[test]
fn the_capped_bound_is_not_below_the_exact_value() {
    let cases = Cell::new(0);
    let strategy = (1usize..4, 1usize..4).prop_flat_map(|(d, m)| {
        let tokens = prop_oneof![
            gaussian(d).prop_map(crate::support::random_laws::boxed),
            (2usize..5)
                .prop_flat_map(move |n| matrix(n, d, 2.0))
                .prop_map(|m| crate::support::random_laws::boxed(Empirical::new(&m).unwrap())),
        ];
        let rare = (0.5f64..2.0, -14.0f64..-0.5).prop_map(|(sigma, exponent)| {
            crate::support::random_laws::boxed(RareAtom::widest(sigma, exponent.exp()).unwrap())
        });
        let tokens = if d == 1 {
            prop_oneof![tokens, rare].boxed()
        } else {
            tokens.boxed()
        };
        (tokens, matrix(m, d, 1.0), matrix(d, 1, 1.0), 0.05f64..4.0)
    });
    run(71, 110, &strategy, |(tokens, v, query, scale)| {
        let d = query.nrows();
        let head = Head::new(DMatrix::identity(d, d), v).unwrap();
        let query = QueryLaw::uniform(query * scale).unwrap();
        let question = Question::new(tokens.as_ref(), &head, &query).unwrap();
        let lengths = [2, 5, 6, 30, 500, 20_000, 3_000_000, 1_000_000_000_000]
            .map(|l| PromptLength::new(l).unwrap());
        for row in of_queries(rows(&question, &lengths, &gradients(), &Silent).unwrap()) {
            let Ok(exact) = &row.exact else { continue };
            let capped = of(&row.bounds, Theorem::CAPPED_KEY_QUERY_GRADIENT);
            let plain = of(&row.bounds, Theorem::KEY_QUERY_GRADIENT)
                .value()
                .unwrap();
            let found = capped.value().unwrap();
            cases.set(cases.get() + 1);
            prop_assert!(
                exact.value - exact.error <= found,
                "L = {}: {exact:?} above {capped:?}",
                row.length
            );
            prop_assert!(found <= plain);
        }
        Ok(())
    });
    println!("{} cases", cases.get());
    assert!(cases.get() >= 500, "{} cases", cases.get());
}

/// The two parts of the bound at the reported moments and parameters.
fn parts(bound: &Bound) -> (f64, f64) {
    let get = |name: &str| number(bound, name);
    let (l, rho, e) = (get("L"), get("ln rho").exp(), std::f64::consts::E);
    let part = |name: &str| {
        let (tau, th) = (
            get(&format!("tau of {name}")),
            get(&format!("th of {name}")),
        );
        let c = -(-tau).exp_m1() / tau;
        let r = ((l - 1.0) / rho * (-th * tau).exp_m1()).exp();
        (c, th, r)
    };
    let (c, th, r) = part("A");
    let pairs = 6.0 * l * (l - 1.0) * rho / (c * (l - 2.0)).powi(4);
    let first = get("ln E[w^2 |VF|^2]").exp() * (l / (c * (l - 1.0)).powi(2) + pairs)
        + l * get("E|VF|^2") * r / (1.0 - th);
    let (c, th, r) = part("B");
    let p = get("ln sqrt(E[w^2 |VY|^2] E[w^2 |Y|^2])").exp();
    let d = |k: usize| get(&format!("ln E[w^{k} |VY|^2 |Y|^2]")).exp();
    let n = |k: f64, power: i32| (c * (l - k)).powi(power);
    let one = (d(4) / n(1.0, 4))
        .min(d(3) / (3.0 * e * n(1.0, 3)))
        .min(2.0 * d(2) / (3.0 * e * e * n(1.0, 2)));
    let mixed = (4.0 / e * (rho * d(2)).sqrt() * p / n(2.0, 4))
        .min(16.0 * (rho * d(4)).sqrt() * p / n(2.0, 5));
    let two = l * (l - 1.0) * (3.0 * p * p / n(2.0, 4) + mixed);
    let three = 120.0 * l * (l - 1.0) * (l - 2.0) * rho * p * p / n(3.0, 6);
    let four = l * (l - 1.0) * (l - 2.0) * (l - 3.0);
    let four = 840.0 * four * rho * rho * p * p / n(4.0, 8);
    let rest = l * get("ln(|V|^2 E|Y|^4)").exp() * r / (1.0 - th).powi(3);
    (first, l * one + two + three + four + rest)
}

/// Standard normal tokens in dimension 4, `U = V = I`, a query of length `s`.
fn standard(deviations: &[f64], lengths: &[u64]) -> Vec<Row> {
    let one = DMatrix::identity(4, 4);
    let tokens = Gaussian::centred(one.clone()).unwrap();
    let head = Head::new(one.clone(), one).unwrap();
    let mut queries = DMatrix::zeros(4, deviations.len());
    for (i, s) in deviations.iter().enumerate() {
        queries[(0, i)] = *s;
    }
    let query = QueryLaw::uniform(queries).unwrap();
    let question = Question::new(&tokens, &head, &query).unwrap();
    let lengths: Vec<PromptLength> = lengths
        .iter()
        .map(|&l| PromptLength::new(l).unwrap())
        .collect();
    of_queries(rows(&question, &lengths, &gradients(), &Silent).unwrap()).collect()
}

#[test]
fn the_capped_bound_is_its_formula() {
    for row in standard(
        &[0.3, 1.0, 1.5, 2.0, 3.0],
        &[5, 30, 1000, 100_000, 100_000_000],
    ) {
        let bound = of(&row.bounds, Theorem::CAPPED_KEY_QUERY_GRADIENT);
        let (first, fourth) = parts(bound);
        for (name, part) in [
            ("ln A of truncated-laplace", first),
            ("ln B of capped-fourth-moment", fourth),
        ] {
            let found = number(bound, name);
            assert!((found - part.ln()).abs() < 1e-8, "{name}: {found} {part}");
        }
        // T4, T5 and the plain fourth moment may be smaller than the new parts.
        let expected = (first.sqrt() + fourth.sqrt()).powi(2) * number(bound, "|z|^2");
        assert!(bound.value().unwrap() <= expected * (1.0 + 1e-8));
        // The moments of theory `gradient-moments`: h = (s, 0, 0, 0), Q with V = Gamma = I.
        let s2 = number(bound, "|z|^2");
        for k in [2.0, 3.0, 4.0] {
            let h2 = (k - 1.0) * (k - 1.0) * s2;
            let q = (4.0 + h2).powi(2) + 8.0 + 4.0 * h2;
            let wanted = 0.5 * (k * k - k) * s2 + f64::ln(q);
            let found = number(bound, &format!("ln E[w^{k} |VY|^2 |Y|^2]"));
            assert!(
                (found - wanted).abs() < 1e-9 * wanted,
                "{k}: {found} {wanted}"
            );
        }
    }
}

/// The values of theory section 11 and docs/tightness.md, loosely.
#[test]
fn heavy_scores_gain_orders_of_magnitude() {
    for row in standard(&[2.0], &[1_000, 10_000, 1_000_000]) {
        let exact = row.exact.as_ref().unwrap().value;
        let slack = |theorem| of(&row.bounds, theorem).value().unwrap() / exact;
        let (plain, capped) = (
            slack(Theorem::KEY_QUERY_GRADIENT),
            slack(Theorem::CAPPED_KEY_QUERY_GRADIENT),
        );
        println!("L = {}: {capped} instead of {plain}", row.length);
        let most = [(1_000, 600.0), (10_000, 6.0), (1_000_000, 1.2)];
        let (_, most) = most.into_iter().find(|m| m.0 == row.length).unwrap();
        assert!((1.0..most).contains(&capped) && capped < plain);
    }
}
