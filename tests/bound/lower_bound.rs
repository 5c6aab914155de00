//! T19: its formula, and that no exact error is below it.

use crate::support::random_laws::{law, matrix, run};
use attention_bounds::attention::{Head, QueryLaw};
use attention_bounds::bound::{GaussianOutput, KnownMoments, lower_bound};
use attention_bounds::law::{Empirical, Gaussian, TokenLaw};
use attention_bounds::parameter::PromptLength;
use attention_bounds::record::{Metric, QueryLabel};
use attention_bounds::study::TableOptions;
use attention_bounds::study::table::rows;
use attention_bounds::study::{Question, Silent};
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use std::cell::Cell;

fn length(l: u64) -> PromptLength {
    PromptLength::new(l).unwrap()
}

#[test]
fn the_lower_bound_is_its_formula_for_finite_laws() {
    let strategy = (matrix(2, 6, 1.5), matrix(3, 2, 1.0), matrix(2, 1, 2.5));
    run(81, 150, &strategy, |(points, value, tilt)| {
        let law = Empirical::new(&points.transpose()).unwrap();
        let tilt = DVector::from_column_slice(tilt.as_slice());
        let known = KnownMoments::new(law.through(&value).as_ref(), &tilt).unwrap();
        let exponentials = points.tr_mul(&tilt).map(f64::exp);
        let w = &exponentials / exponentials.mean();
        let outputs = &value * &points;
        let mean = &outputs * &w / 6.0;
        for l in [1, 2, 30, 1_000_000] {
            let terms = outputs.column_iter().zip(w.iter()).map(|(y, w)| {
                (w / (w + (l as f64 - 1.0))).powi(2) * (y - &mean).norm_squared() / 6.0
            });
            let formula = l as f64 * terms.sum::<f64>();
            let found = lower_bound(&known, length(l)).unwrap().value;
            prop_assert!(found <= formula * (1.0 + 1e-12), "{found:e} {formula:e}");
            // The left end of a step of 1/128, and one step more for rounding.
            prop_assert!(
                found >= formula * (-4.0f64 / 128.0).exp(),
                "{found:e} {formula:e}"
            );
        }
        Ok(())
    });
}

#[test]
fn the_lower_bound_is_its_formula_for_gaussian_tokens() {
    for s in [0.0, 1e-7, 1e-3, 0.5, 2.0, 5.0, 30.0] {
        for (tau, share) in [(1.0, 1.0), (2.0, 0.3)] {
            let eta = tau * s * s * share;
            let known = KnownMoments::gaussian(GaussianOutput::new(s * s, tau, eta).unwrap());
            for l in [1, 3, 1000, 1_000_000_000] {
                // By the midpoint rule with 60,000 nodes.
                let (mut sum, step) = (0.0, (2.0 * s + 20.0) / 60_000.0);
                for place in 0..60_000 {
                    let z = -10.0 + step * (f64::from(place) + 0.5);
                    let w = (s * z - 0.5 * s * s).exp();
                    let u = if w.is_finite() && l > 1 {
                        w / (w + (l as f64 - 1.0))
                    } else {
                        1.0
                    };
                    let square = tau + tau * share * ((z - s).powi(2) - 1.0);
                    sum += step * u * u * square * (-0.5 * z * z).exp();
                }
                let formula = l as f64 * sum / std::f64::consts::TAU.sqrt();
                let found = lower_bound(&known, length(l)).unwrap().value;
                assert!(
                    found <= formula * (1.0 + 1e-10),
                    "s = {s}, L = {l}: {found:e} {formula:e}"
                );
                assert!(
                    found >= formula * (1.0 - 1e-5),
                    "s = {s}, L = {l}: {found:e} {formula:e}"
                );
            }
        }
    }
}

#[test]
#[ignore = "long: run by ./test --all"]
fn no_exact_error_is_below_it() {
    let strategy = (1usize..4, 1usize..3)
        .prop_flat_map(|(d, m)| (law(d), matrix(m, d, 1.0), matrix(d, 2, 1.0), 0.1f64..8.0));
    let (compared, near) = (Cell::new(0), Cell::new(0));
    run(82, 400, &strategy, |(tokens, value, queries, scale)| {
        let d = tokens.dimension();
        let head = Head::new(DMatrix::identity(d, d) * scale, value).unwrap();
        let query = QueryLaw::uniform(queries).unwrap();
        let question = Question::new(tokens.as_ref(), &head, &query).unwrap();
        let lengths = [1, 2, 5, 100, 10_000, 100_000_000].map(length);
        for row in rows(&question, &lengths, &TableOptions::default(), &Silent).unwrap() {
            let Ok(exact) = row.exact else { continue };
            for bound in &row.lower_bounds {
                prop_assert!(row.metric == Metric::Output);
                prop_assert!(
                    exact.value + exact.error >= bound.value,
                    "L = {}: {exact:?} {bound:?}",
                    row.length
                );
                compared.set(compared.get() + 1);
                near.set(near.get() + usize::from(bound.value >= 0.5 * exact.value));
            }
        }
        Ok(())
    });
    println!(
        "{} compared, {} at least half of the exact value",
        compared.get(),
        near.get()
    );
    assert!(compared.get() >= 1_000 && near.get() >= 500);
}

/// Averages over a Gaussian query: the shares of the exact value that docs/theory.md names.
#[test]
fn averages_over_a_gaussian_query_are_near_the_exact_ones() {
    let one = DMatrix::identity(1, 1);
    let head = Head::new(one.clone(), one.clone()).unwrap();
    let tokens = Gaussian::centred(one.clone()).unwrap();
    for (variance, shares) in [(1.0, [0.85, 0.95]), (2.0, [0.5, 0.75])] {
        let query = QueryLaw::gaussian(Gaussian::centred(&one * variance).unwrap());
        let question = Question::new(&tokens, &head, &query).unwrap();
        let lengths = [1_000_000, 1_000_000_000_000].map(length);
        let found = rows(&question, &lengths, &TableOptions::default(), &Silent).unwrap();
        for (row, least) in found.iter().zip(shares) {
            assert_eq!(row.query, QueryLabel::Average);
            let share = row.lower_bounds[0].value / row.exact.as_ref().unwrap().value;
            println!("lam = {variance}, L = {}: {share}", row.length);
            assert!(share > least && share < 1.0, "lam = {variance}: {share}");
        }
    }
}
