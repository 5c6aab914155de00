//! T6 `chernoff-entropy`, T7 `gaussian-query-rate` and T9 over a Gaussian query: against the exact engine, and against their formulas.

use std::cell::Cell;

use crate::support::random_laws::{law, matrix, run};
use attention_bounds::attention::{Head, QueryLaw};
use attention_bounds::bound::{
    Bound, SubGaussianGradient, SubGaussianMoments, Theorem, UniformKeyQueryGradient, UniformRate,
    ValueSpectrum, chernoff_entropy_bound, key_query_bounds, output_bounds,
};
use attention_bounds::exact::scalar_query_average;
use attention_bounds::law::{Empirical, Gaussian, RareAtom};
use attention_bounds::parameter::{Dimension, PromptLength, VarianceProxy};
use attention_bounds::study::TableOptions;
use attention_bounds::study::table::rows;
use attention_bounds::study::{Question, Silent};
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use statrs::distribution::{ChiSquared, ContinuousCDF};

fn length(l: u64) -> PromptLength {
    PromptLength::new(l).unwrap()
}

fn proxy(sigma_squared: f64) -> VarianceProxy {
    VarianceProxy::new(sigma_squared).unwrap()
}

fn dimension(d: usize) -> Dimension {
    Dimension::new(d).unwrap()
}

fn value(bound: &Bound) -> f64 {
    bound.value().unwrap_or_else(|| panic!("{bound:?}"))
}

fn parameter(bound: &Bound, name: &str) -> f64 {
    let found = bound.parameters().iter().find(|p| p.name == name);
    found.unwrap_or_else(|| panic!("{name} of {bound:?}")).value
}

fn hypothesis(bound: &Bound, name: &str) -> f64 {
    let found = bound.hypotheses().iter().find(|p| p.name == name);
    found.unwrap_or_else(|| panic!("{name} of {bound:?}")).value
}

fn of(bounds: &[Bound], theorem: Theorem) -> &Bound {
    bounds.iter().find(|b| b.theorem() == theorem).unwrap()
}

const LENGTHS: [u64; 8] = [2, 3, 7, 30, 500, 20_000, 3_000_000, 1_000_000_000_000];

// ---------------------------------------------------------------- T6

#[test]
fn chernoff_entropy_is_not_below_the_exact_value() {
    let cases = Cell::new(0);
    let rare = (0.2f64..2.0, -12.0f64..-0.5).prop_map(|(sigma, exponent)| {
        crate::support::random_laws::boxed(RareAtom::widest(sigma * sigma, exponent.exp()).unwrap())
    });
    let strategy = (1usize..4, 1usize..4).prop_flat_map(move |(d, m)| {
        let tokens = if d == 1 {
            prop_oneof![law(d), rare.clone()].boxed()
        } else {
            law(d).boxed()
        };
        let scale = 0.01f64..3.0;
        (tokens, matrix(m, d, 1.0), matrix(d, 1, 1.0), scale)
    });
    run(61, 120, &strategy, |(tokens, v, query, scale)| {
        let tilt = query.column(0) * scale;
        let one = DMatrix::identity(tilt.len(), tilt.len());
        let head = Head::new(one, v.clone()).unwrap();
        let query = QueryLaw::uniform(query * scale).unwrap();
        let question = Question::new(tokens.as_ref(), &head, &query).unwrap();
        let lengths = LENGTHS.map(length);
        let values = ValueSpectrum::new(&v).unwrap();
        let class =
            SubGaussianMoments::of_tilt(tokens.variance_proxy().proxy, &tilt, &values).unwrap();
        for row in rows(&question, &lengths, &TableOptions::default(), &Silent).unwrap() {
            let Ok(exact) = &row.exact else { continue };
            let bound = chernoff_entropy_bound(&class, length(row.length));
            prop_assert_eq!(bound.value().is_some(), row.length >= 3);
            if let Some(found) = bound.value() {
                cases.set(cases.get() + 1);
                prop_assert!(
                    exact.value - exact.error <= found,
                    "{exact:?} above {bound:?} at L = {}",
                    row.length
                );
            }
        }
        Ok(())
    });
    println!("{} cases", cases.get());
    assert!(cases.get() >= 500, "{} cases", cases.get());
}

/// `D_lam(c)` at `sigma^2 = 1`, `V V^T = diag(nu)`, `|a|^2 = energy`.
fn norm_mgf(energy: f64, nu: &[f64], lam: f64) -> f64 {
    let u = 2.0 * lam * nu[0];
    let determinant: f64 = nu.iter().map(|n| (-2.0 * lam * n).ln_1p()).sum();
    2.0 * energy * u / (1.0 - u) - 0.5 * determinant
}

#[test]
fn chernoff_entropy_is_its_formula_at_its_best_parameters() {
    let nu = [1.5, 0.2];
    let values = ValueSpectrum::from_eigenvalues(nu.to_vec()).unwrap();
    let lams = || (1..400).map(|i| f64::from(i) / 400.0 / 3.0);
    for energy in [0.04f64, 0.5, 2.0, 5.0] {
        let class = SubGaussianMoments::new(proxy(1.0), energy.sqrt(), &values).unwrap();
        let rho = (2.0 * energy).exp();
        let by_divergence = |lam: f64| rho * (8.0 * energy + norm_mgf(energy, &nu, lam)) / lam;
        let by_norm =
            |lam: f64| rho * norm_mgf(energy, &nu, lam).exp() / (std::f64::consts::E * lam);
        let a2 = lams()
            .map(|lam| by_divergence(lam).min(by_norm(lam)))
            .fold(f64::INFINITY, f64::min);
        for l in [3.0, 50.0, 1e4, 1e8, 1e12] {
            let bound = chernoff_entropy_bound(&class, length(l as u64));
            let found_a2 = hypothesis(&bound, "ln A2").exp();
            assert!((found_a2 / a2 - 1.0).abs() < 1e-3, "{found_a2} {a2}");
            let formula = |del: f64, lam: f64| {
                let x = 1.0 - del;
                let decay = l / rho * (1.0 - x + x * x.ln());
                let rest = (-decay).exp() * (l.ln() + norm_mgf(energy, &nu, lam) + decay) / lam;
                found_a2 / (x * x * l) + rest
            };
            let found = value(&bound);
            let expected = formula(parameter(&bound, "del"), parameter(&bound, "lam"));
            assert!((found / expected - 1.0).abs() < 1e-6, "{found} {expected}");
            let dels = (1..200).map(|i| 1.0 - (-6.0 * f64::from(i) / 200.0).exp().sqrt());
            let best = dels
                .chain((1..200).map(|i| (-0.07 * f64::from(i)).exp().min(0.999)))
                .flat_map(|del| lams().map(move |lam| (del, lam)))
                .map(|(del, lam)| formula(del, lam))
                .fold(f64::INFINITY, f64::min);
            // del and lam are sought in turns, twice: up to 4% from the best where L / rho is small.
            assert!(found <= best * 1.05, "{energy} {l}: {found} {best}");
        }
    }
}

// ---------------------------------------------------------------- T7

fn rate(q: f64, e: usize, nu: &[f64]) -> UniformRate {
    let values = ValueSpectrum::from_eigenvalues(nu.to_vec()).unwrap();
    UniformRate::new(proxy(1.0), proxy(1.0), q, dimension(e), values).unwrap()
}

#[test]
#[ignore = "long: run by ./test --all"]
fn the_average_over_a_gaussian_query_is_below_its_bound() {
    let cases = Cell::new(0);
    let tokens = prop_oneof![
        (-20.0f64..-0.5).prop_map(|exponent| {
            crate::support::random_laws::boxed(RareAtom::widest(1.0, exponent.exp()).unwrap())
        }),
        (2usize..5)
            .prop_flat_map(|n| matrix(n, 1, 2.0))
            .prop_map(|m| crate::support::random_laws::boxed(Empirical::new(&m).unwrap())),
        (0.1f64..2.0).prop_map(|c| {
            crate::support::random_laws::boxed(
                Gaussian::centred(DMatrix::from_element(1, 1, c)).unwrap(),
            )
        }),
    ];
    let strategy = (tokens, 0.02f64..2.0, 0.1f64..3.0);
    run(62, 90, &strategy, |(tokens, q, v)| {
        let one = |x: f64| DMatrix::from_element(1, 1, x);
        let sigma = tokens.variance_proxy().proxy.get().sqrt();
        let head = Head::new(one(q / sigma), one(v)).unwrap();
        let query = QueryLaw::Gaussian(Gaussian::centred(one(1.0)).unwrap());
        let question = Question::new(tokens.as_ref(), &head, &query).unwrap();
        let lengths = LENGTHS.map(length);
        for row in rows(&question, &lengths, &TableOptions::default(), &Silent).unwrap() {
            let exact = row.exact.as_ref().unwrap();
            let bound = of(&row.bounds, Theorem::UNIFORM_RATE_GAUSSIAN_QUERY);
            cases.set(cases.get() + 1);
            prop_assert!(
                exact.value - exact.error <= value(bound),
                "{exact:?} above {bound:?}"
            );
        }
        Ok(())
    });
    assert!(cases.get() >= 500, "{} cases", cases.get());
}

/// Upper sum of `f` against the chi-square law on a fine grid.
fn integral(e: usize, end: f64, f: impl Fn(f64) -> f64) -> f64 {
    let law = ChiSquared::new(e as f64).unwrap();
    let nodes: Vec<(f64, f64)> = (0..=3000)
        .map(|i| end * (f64::from(i) / 3000.0).powi(2))
        .map(|y| (f(y), law.sf(y)))
        .collect();
    nodes
        .windows(2)
        .map(|w| 0.5 * (w[0].0 + w[1].0) * (w[0].1 - w[1].1))
        .sum()
}

#[test]
fn the_bound_over_a_gaussian_query_is_its_integral() {
    let nu = [1.0, 0.3];
    let values = ValueSpectrum::from_eigenvalues(nu.to_vec()).unwrap();
    for (q, e, l) in [
        (0.25, 1, 10_000),
        (0.5, 2, 1000),
        (1.0, 1, 100),
        (1.0, 3, 1_000_000),
        (0.1, 8, 50),
        (2.0, 1, 2),
        (0.0, 4, 30),
    ] {
        let pointwise = |y: f64| {
            let class = SubGaussianMoments::new(proxy(1.0), q * y.sqrt(), &values).unwrap();
            let bounds = output_bounds(None, Some(&class), length(l));
            let entropy = chernoff_entropy_bound(&class, length(l));
            let mut least = value(&bounds[0]).min(value(of(&bounds, Theorem::CRUDE_BOUND)));
            if let Some(value) = entropy.value() {
                least = least.min(value);
            }
            // T5 is proportional to A2.
            let laplace = of(&bounds, Theorem::SUB_GAUSSIAN_LAPLACE);
            if let Some(value) = laplace.value() {
                let ratio = hypothesis(&entropy, "ln A2") - hypothesis(laplace, "ln A2");
                least = least.min(value * ratio.exp());
            }
            least
        };
        let bound = rate(q, e, &nu).gaussian_query_bound(length(l), f64::INFINITY);
        let (found, wanted) = (value(&bound), integral(e, 150.0, pointwise));
        println!("T7.gaussian q={q} e={e} L={l}: {found:e}, integral {wanted:e}");
        // Cells: 1%. Odd dimensions: the bound of erfc, which weighs the steps from one cell to the next.
        let room = 1.011 + 0.05 * (e % 2) as f64;
        assert!(found >= wanted * (1.0 - 1e-4) && found <= wanted * room);
        assert!(parameter(&bound, "Y") > 150.0 && parameter(&bound, "cells") >= 40.0);
    }
    let short = rate(1.0, 1, &nu).gaussian_query_bound(length(1), f64::INFINITY);
    assert!(short.value().is_none());
}

/// What is gained over the supremum, on the law that shows the exponent of T7 optimal.
#[test]
fn the_integral_is_within_a_factor_thirty_of_the_rare_atom_law() {
    let query = Gaussian::centred(DMatrix::identity(1, 1)).unwrap();
    for q in [0.5, 0.75, 1.0] {
        for l in [100u64, 10_000, 1_000_000, 100_000_000] {
            let tokens = RareAtom::widest(1.0, 1.0 / l as f64).unwrap();
            let head = Head::new(DMatrix::from_element(1, 1, q), DMatrix::identity(1, 1)).unwrap();
            let exact = scalar_query_average(&tokens, &head, &query, &[length(l)]).unwrap()[0]
                .squared_error
                .value;
            let found = value(&rate(q, 1, &[1.0]).gaussian_query_bound(length(l), f64::INFINITY));
            let t7 = value(&rate(q, 1, &[1.0]).bound(length(l), f64::INFINITY));
            println!("q={q} L={l}: {} instead of {}", found / exact, t7 / exact);
            assert!(found >= exact && found <= 30.0 * exact && 2.0 * found < t7);
        }
    }
}

#[test]
fn extreme_classes_give_numbers_or_infinity() {
    for (q, e) in [(1e-8, 1), (50.0, 1), (1e40, 2), (0.3, 1024)] {
        for l in [2, 3, 1000, 1 << 50] {
            let found = value(&rate(q, e, &[1.0]).gaussian_query_bound(length(l), f64::INFINITY));
            assert!(found > 0.0, "{q} {e} {l}: {found}");
            assert!(q > 1e30 || found < f64::INFINITY, "{q} {e} {l}: {found}");
        }
    }
    let zero = rate(1.0, 1, &[]).gaussian_query_bound(length(100), f64::INFINITY);
    assert_eq!(value(&zero), 0.0);
}

// ---------------------------------------------------------------- T9

#[test]
#[ignore = "long: run by ./test --all"]
fn the_gradient_over_a_gaussian_query_is_its_integral() {
    let values = ValueSpectrum::from_eigenvalues(vec![0.49, 0.49]).unwrap();
    let identity = ValueSpectrum::from_eigenvalues(vec![1.0; 2]).unwrap();
    let unit = DVector::from_vec(vec![1.0]);
    for (q, e, l) in [(0.2, 2, 50), (0.2, 4, 10_000), (1.0, 2, 1000), (0.0, 4, 50)] {
        let pointwise = |y: f64| {
            let tilt = DVector::from_vec(vec![q * y.sqrt(), 0.0]);
            let class =
                SubGaussianGradient::of_tilt(proxy(1.0), &tilt, &values, &identity).unwrap();
            let bounds = key_query_bounds(Err("unknown"), &class, None, &unit, length(l));
            [
                Theorem::SUB_GAUSSIAN_KEY_QUERY_GRADIENT,
                Theorem::CRUDE_KEY_QUERY_GRADIENT,
            ]
            .map(|theorem| value(of(&bounds, theorem)))
            .into_iter()
            .fold(f64::INFINITY, f64::min)
        };
        let rate = UniformKeyQueryGradient::new(
            (proxy(1.0), proxy(2.0)),
            q / 2f64.sqrt(),
            (dimension(e), dimension(2)),
            values.clone(),
            None,
        )
        .unwrap();
        let bound = rate.gaussian_query_bound(length(l), f64::INFINITY);
        let found = value(&bound);
        let wanted = 2.0 * integral(e, 150.0, |y| y * pointwise(y));
        let supremum = value(&rate.bound(length(l), f64::INFINITY));
        println!("T9 q={q} e={e} L={l}: {found:e}, integral {wanted:e}, supremum {supremum:e}");
        // Cells: 1%, or as close as their largest number allows.
        assert!(found >= wanted * (1.0 - 1e-4) && found <= wanted * 1.015);
        assert!(found <= supremum * 1.015);
        assert!(parameter(&bound, "cells") >= 40.0 && parameter(&bound, "Y") > 150.0);
    }
}
