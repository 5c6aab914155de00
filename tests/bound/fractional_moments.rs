//! T15: its formula at the parameters it reports, with the transform of the weight summed or integrated here, and the exact engine.

use crate::support::random_laws::{law, matrix, run};
use attention_bounds::attention::{Head, QueryLaw};
use attention_bounds::bound::{Bound, GaussianOutput, KnownMoments, Theorem, output_bounds};
use attention_bounds::exact::{gaussian_participation, output_error};
use attention_bounds::law::{Empirical, Gaussian, TokenLaw};
use attention_bounds::parameter::PromptLength;
use attention_bounds::study::TableOptions;
use attention_bounds::study::table::rows;
use attention_bounds::study::{Question, Silent};
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use std::cell::Cell;

fn length(l: u64) -> PromptLength {
    PromptLength::new(l).unwrap()
}

fn fractional(known: &KnownMoments, l: u64) -> Bound {
    let bounds = output_bounds(Some(known), None, length(l));
    let found = bounds
        .into_iter()
        .find(|b| b.theorem() == Theorem::FRACTIONAL_MOMENTS);
    found.unwrap()
}

fn two_chords(known: &KnownMoments, l: u64) -> Bound {
    let bounds = output_bounds(Some(known), None, length(l));
    let found = bounds
        .into_iter()
        .find(|b| b.theorem() == Theorem::TWO_CHORD_FRACTIONAL_MOMENTS);
    found.unwrap()
}

fn parameter(bound: &Bound, name: &str) -> Option<f64> {
    let found = bound.parameters().iter().find(|p| p.name == name);
    found.map(|p| p.value)
}

/// What the formula needs of a law: `ln phi(t)`, `M_q`, `A_q`, what stands for it in the term of pairs, and `F0`.
struct Plain<'a> {
    pairs: &'a dyn Fn(f64) -> f64,
    ln_phi: &'a dyn Fn(f64) -> f64,
    weight: &'a dyn Fn(f64) -> f64,
    square: &'a dyn Fn(f64) -> f64,
    f0: f64,
}

/// `Gamma(x)`, by Stirling's series after shifting.
fn gamma(x: f64) -> f64 {
    let shift: f64 = (0..20).map(|k| x + f64::from(k)).product();
    let y = x + 20.0;
    let series = 1.0 / (12.0 * y) - 1.0 / (360.0 * y.powi(3)) + 1.0 / (1260.0 * y.powi(5));
    ((y - 0.5) * y.ln() - y + 0.5 * std::f64::consts::TAU.ln() + series).exp() / shift
}

/// The statement of T15 in its own variables, at the parameters of the record.
fn plain(law: &Plain<'_>, bound: &Bound, l: f64) -> f64 {
    let q = parameter(bound, "q").unwrap();
    let cut = parameter(bound, "ln t_0").unwrap().exp();
    let far = parameter(bound, "ln th t_0").unwrap().exp();
    let (c, theta) = (-(law.ln_phi)(cut) / cut, far / cut);
    let k = gamma(q)
        * if q < 2.0 {
            ((2.0 - q) / std::f64::consts::E).powf(2.0 - q)
        } else {
            1.0
        };
    let tail = (-theta).exp() / (1.0 - theta);
    // With one chord from 0 to t_0, or with two that meet at t_1: the integral of `t^{r-1} phi^n` up to `t_0`, for `r = q` or `2q'`, by its majorant.
    let integral = |r: f64, n: f64, powers: [f64; 4]| match parameter(bound, "ln t_1") {
        None => gamma(r) / (c * n).powf(r),
        Some(knee) => {
            let t = knee.exp();
            let at_knee = (law.ln_phi)(t);
            let b = n * (at_knee - (law.ln_phi)(cut)) / (cut - t);
            let whole = powers.iter().filter(|p| **p > 0.0).count() as f64 - 1.0;
            let beyond: f64 = powers
                .iter()
                .enumerate()
                .map(|(k, p)| p * t.powf(whole - k as f64) / b.powi(k as i32 + 1))
                .sum();
            gamma(r) / (-at_knee / t * n).powf(r)
                + (n * at_knee).exp() * t.powf(r - 1.0 - whole) * beyond
        }
    };
    // t/b + 1/b^2, and t^3/b + 3 t^2/b^2 + 6 t/b^3 + 6/b^4.
    let one = |r: f64| integral(r, l - 1.0, [1.0, 1.0, 0.0, 0.0]);
    let two = |r: f64| integral(r, l - 2.0, [1.0, 3.0, 6.0, 6.0]);
    match parameter(bound, "q'") {
        Some(pair) => {
            k / gamma(q) * (law.square)(q) * l * one(q)
                + (law.weight)(pair) * (law.pairs)(pair) * l * (l - 1.0) * two(2.0 * pair)
                + tail * l * law.f0 * ((l - 1.0) * (law.ln_phi)(far)).exp()
        }
        None => {
            law.f0
                * (k / gamma(q) * (law.weight)(q) * l * one(q)
                    + tail * (l * (law.ln_phi)(far)).exp())
        }
    }
}

#[test]
fn the_bound_is_its_formula() {
    let strategy = (
        matrix(2, 6, 1.5),
        matrix(3, 2, 1.0),
        matrix(2, 1, 1.5),
        prop::collection::vec(0.02..1.0f64, 6),
    );
    let compared = Cell::new(0);
    run(71, 150, &strategy, |(points, value, tilt, weights)| {
        let total: f64 = weights.iter().sum();
        let weights: Vec<f64> = weights.iter().map(|w| w / total).collect();
        let law = Empirical::weighted(&points.transpose(), weights.clone()).unwrap();
        let tilt = DVector::from_column_slice(tilt.as_slice());
        let known = KnownMoments::new(law.through(&value).as_ref(), &tilt).unwrap();
        let scores = points.tr_mul(&tilt);
        let mean_exponential: f64 = weights
            .iter()
            .zip(scores.iter())
            .map(|(p, s)| p * s.exp())
            .sum();
        let w: Vec<f64> = scores.iter().map(|s| s.exp() / mean_exponential).collect();
        let outputs = &value * &points;
        let mut mean = DVector::zeros(3);
        for ((p, w), y) in weights.iter().zip(&w).zip(outputs.column_iter()) {
            mean += y * (p * w);
        }
        let f: Vec<f64> = outputs
            .column_iter()
            .map(|y| (y - &mean).norm_squared())
            .collect();
        let expect = |g: &dyn Fn(f64, f64) -> f64| -> f64 {
            weights
                .iter()
                .zip(&w)
                .zip(&f)
                .map(|((p, w), f)| p * g(*w, *f))
                .sum()
        };
        let square = |q: f64| expect(&|w, f| w.powf(q) * f);
        // The largest eigenvalue, by powers of the matrix: they tend to the projection on its axis.
        let largest = |q: f64| {
            let mut squares = DMatrix::zeros(3, 3);
            for ((p, w), y) in weights.iter().zip(&w).zip(outputs.column_iter()) {
                let f = y - &mean;
                squares += &f * f.transpose() * (p * w.powf(q));
            }
            let mut power = &squares / squares.trace();
            for _ in 0..40 {
                power = &power * &power / (&power * &power).trace();
            }
            (squares * power).trace()
        };
        // What is not computed at an order lies on the chord of the logarithms, or is the trace.
        let on_chords = |q: f64| {
            let (from, to) = if q < 1.5 { (1.0, 1.5) } else { (1.5, 2.0) };
            let share = 2.0 * (q - from);
            square(q).min(largest(from).powf(1.0 - share) * largest(to).powf(share))
        };
        let plain_law = Plain {
            pairs: &square,
            // By what is missing to 1: phi is next to it.
            ln_phi: &|t| expect(&|w, _| (-t * w).exp_m1()).ln_1p(),
            weight: &|q| expect(&|w, _| w.powf(q)),
            square: &square,
            f0: expect(&|_, f| f),
        };
        let along = Plain {
            pairs: &on_chords,
            ..plain_law
        };
        for l in [3, 10, 100, 10_000, 1_000_000_000] {
            for (law, bound) in [
                (&plain_law, fractional(&known, l)),
                (&along, two_chords(&known, l)),
            ] {
                let (found, formula) = (bound.value().unwrap(), plain(law, &bound, l as f64));
                // The staircase is above phi, by its steps of 1/32.
                prop_assert!(
                    found >= formula * (1.0 - 1e-11),
                    "L = {l}: {found:e} {formula:e}"
                );
                prop_assert!(
                    found <= formula * 1.3,
                    "L = {l}: {found:e} {formula:e} {bound:?}"
                );
                compared.set(compared.get() + 1);
            }
        }
        Ok(())
    });
    assert!(compared.get() >= 1400);
}

/// `ln E e^{-t w}`, `w` lognormal, by the trapezoidal rule over the normal score.
fn ln_lognormal_transform(s: f64, t: f64) -> f64 {
    let step = 0.01;
    let sum: f64 = (-1200..=1200)
        .map(|k| {
            let z = f64::from(k) * step;
            (-0.5 * z * z).exp() * (-t * (s * z - 0.5 * s * s).exp()).exp_m1()
        })
        .sum();
    (sum * step / std::f64::consts::TAU.sqrt()).ln_1p()
}

#[test]
fn the_gaussian_bound_is_its_formula_and_near_the_exact_value() {
    let mut worst = 0.0_f64;
    for s in [0.0, 0.3, 1.0, 2.0, 3.0, 4.0, 5.0] {
        for (tau, eta) in [(2.0, 0.7 * s * s), (1.0, s * s)] {
            let output = GaussianOutput::new(s * s, tau, eta).unwrap();
            let known = KnownMoments::gaussian(output);
            let square =
                |q: f64| (0.5 * (q * q - q) * s * s).exp() * (tau + (q - 1.0).powi(2) * eta);
            let plain_law = Plain {
                pairs: &square,
                ln_phi: &|t| ln_lognormal_transform(s, t),
                weight: &|q| (0.5 * (q * q - q) * s * s).exp(),
                square: &square,
                f0: tau + eta,
            };
            for l in [3, 100, 10_000, 1_000_000, 1_000_000_000_000] {
                let bound = fractional(&known, l);
                let found = bound.value().unwrap();
                for bound in [bound, two_chords(&known, l)] {
                    let (found, formula) =
                        (bound.value().unwrap(), plain(&plain_law, &bound, l as f64));
                    assert!(
                        found >= formula * (1.0 - 1e-9),
                        "s = {s}, L = {l}: {found:e} {formula:e}"
                    );
                    assert!(
                        found <= formula * 1.6,
                        "s = {s}, L = {l}: {found:e} {formula:e} {bound:?}"
                    );
                }
                if s == 0.0 {
                    continue;
                }
                // T3 by the participation ratios.
                let ratios = gaussian_participation(s, &[length(l)]).unwrap()[0];
                let (second, third) = (ratios.second.value, ratios.third.value);
                let response = second - 6.0 * third + 6.0 * ratios.squared_second.value;
                let exact = second * tau + response * eta;
                assert!(found >= exact * (1.0 - 1e-9), "s = {s}, L = {l}");
                if l >= 100 {
                    let best = output_bounds(Some(&known), None, length(l));
                    let best = best
                        .iter()
                        .filter_map(Bound::useful_value)
                        .fold(f64::INFINITY, f64::min);
                    println!(
                        "s = {s}, eta/tau = {}, L = {l}: T15 {}, best {}",
                        eta / tau,
                        found / exact,
                        best / exact
                    );
                    worst = worst.max(best / exact);
                }
            }
        }
    }
    println!(
        "best of T4, T5, T15, T15.chords and the trivial bound over the exact value: at most {worst}"
    );
    assert!(worst < 26.0, "{worst}");
}

#[test]
fn no_bound_is_below_the_exact_value() {
    let strategy = (1usize..4, 1usize..3)
        .prop_flat_map(|(d, m)| (law(d), matrix(m, d, 1.0), matrix(d, 1, 1.0), 0.5f64..12.0));
    let (compared, near) = (Cell::new(0), Cell::new(0));
    run(72, 300, &strategy, |(tokens, value, tilt, scale)| {
        let tilt = DVector::from_column_slice(tilt.as_slice()) * scale;
        let seen = tokens.through(&value);
        let Ok(known) = KnownMoments::new(seen.as_ref(), &tilt) else {
            return Ok(());
        };
        let lengths = [3, 20, 1000, 1_000_000].map(length);
        let Ok(errors) = output_error(seen.as_ref(), &tilt, &lengths) else {
            return Ok(());
        };
        for (l, exact) in lengths.iter().zip(errors) {
            let exact = exact.squared_error;
            for bound in [fractional(&known, l.get()), two_chords(&known, l.get())] {
                let Some(value) = bound.value() else { continue };
                prop_assert!(
                    value >= exact.value - exact.error,
                    "L = {}: {value:e} {exact:?}",
                    l.get()
                );
                compared.set(compared.get() + 1);
                near.set(near.get() + usize::from(value <= 10.0 * exact.value));
            }
        }
        Ok(())
    });
    println!(
        "{} compared, {} within 10 times the exact value",
        compared.get(),
        near.get()
    );
    assert!(compared.get() >= 1000 && near.get() >= 200);
}

/// Averages over a Gaussian query: T15 within the factors that docs/theory.md names.
#[test]
fn averages_over_a_gaussian_query_are_near_the_exact_ones() {
    let one = DMatrix::identity(1, 1);
    let head = Head::new(one.clone(), one.clone()).unwrap();
    let tokens = Gaussian::centred(one.clone()).unwrap();
    for (variance, factors) in [(1.0, [3.6, 2.9]), (2.0, [11.0, 6.8])] {
        let query = QueryLaw::gaussian(Gaussian::centred(&one * variance).unwrap());
        let question = Question::new(&tokens, &head, &query).unwrap();
        let lengths = [1_000_000, 1_000_000_000_000].map(length);
        let found = rows(&question, &lengths, &TableOptions::default(), &Silent).unwrap();
        assert_eq!(found.len(), 2);
        for (row, factor) in found.iter().zip(factors) {
            let bound = row
                .bounds
                .iter()
                .find(|b| b.theorem() == Theorem::FRACTIONAL_MOMENTS);
            let ratio = bound.and_then(Bound::value).unwrap() / row.exact.as_ref().unwrap().value;
            assert!(ratio > 1.0 && ratio < factor, "lam = {variance}: {ratio}");
        }
    }
}
