//! Every bound against its formula, re-derived on plain `f64` at the proof parameters it reports, against a
//! search over a fine grid of those parameters, and against exactly enumerated errors of small laws.
//!
//! Each formula below is written out from the statement, in the statement's own variables (the library uses
//! logarithms and other variables), so dropping a factor on either side turns a test red.
//!
//! # Mutations tried
//! Each was made in the source, the tests were run, and at least the test named failed:
//!
//! | mutation | test |
//! |---|---|
//! | T4: `(1-del)^2` to `(1-del)` | `chernoff_bound_is_its_formula_at_its_best_parameter` |
//! | T4: `L F0` to `F0` | the same |
//! | T4: the 2, or `rho`, of the exponent dropped | the same |
//! | T4: `L-1` to `L` | the same |
//! | T4 tail: `eps^2` to `eps`; the 2 of the exponent dropped | `tail_bound_is_its_formula_at_its_best_parameter` |
//! | T4 fourth: the 3, or the `A4` term, dropped | `fourth_moment_bound_is_its_formula_at_its_best_parameter` |
//! | T5: the 6 dropped | `laplace_bound_is_its_formula_at_its_best_parameters` |
//! | T5: `kap^k`, or `1/k^k`, dropped | the same, and `gaussian_form_of_the_laplace_bound` |
//! | T5: `n-k` to `n`; `1 - th/2` of the exponent dropped | the same two |
//! | T6: `8 sigma^2 abs(a)^2` dropped | `sub_gaussian_bounds_are_their_formulas_at_their_best_parameters` |
//! | T6: `-1/2 sum ln` dropped | the same, and `sub_gaussian_bounds_hold_for_rademacher_tokens` |
//! | T6: `abs(c)^2` of `F0` dropped | the same two |
//! | crude: `ln L` dropped | `sub_gaussian_bounds_are_their_formulas_at_their_best_parameters` |
//! | `A2` without `rho` | `moments_are_the_expectations_of_their_definitions` |
//! | radius not squared | `the_trivial_bound_is_the_least_of_its_three` |
//! | T7: `d` of the query factor dropped | `uniform_rate_is_its_formula` |
//! | T7: left end of `F` on a cell, right end of `e^{-th y}` | the same |
//! | T7: tail dropped | the same |

use crate::support::compositions::each_composition;
use crate::support::random_laws::run;

use attention_bounds::bound::{
    Bound, FourthMoments, GaussianOutput, KnownMoments, Status, SubGaussianMoments, Theorem,
    UniformRate, ValueSpectrum, fourth_moment_bound, output_bounds, participation_bounds,
    tail_bound,
};
use attention_bounds::error::{Error, Result};
use attention_bounds::law::{OutputLaw, Resolution, ScoreAtoms, TiltedOutput};
use attention_bounds::parameter::{Dimension, Positive, PromptLength, VarianceProxy};
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

// ---------------------------------------------------------------- a finite law, enumerated

/// Points (columns), probabilities and a value matrix.
#[derive(Debug, Clone)]
struct Finite {
    points: DMatrix<f64>,
    weights: Vec<f64>,
    value: DMatrix<f64>,
}

impl Finite {
    fn tilted_weights(&self, tilt: &DVector<f64>) -> (f64, Vec<f64>) {
        let terms: Vec<f64> = (0..self.weights.len())
            .map(|i| self.weights[i] * self.points.column(i).dot(tilt).exp())
            .collect();
        let total: f64 = terms.iter().sum();
        (total.ln(), terms.iter().map(|t| t / total).collect())
    }

    fn outputs(&self) -> DMatrix<f64> {
        &self.value * &self.points
    }

    /// `E[w^power |f|^order]` by the definition, `f = V(X - m(a))`.
    fn moment(&self, tilt: &DVector<f64>, power: i32, order: i32) -> f64 {
        let (cumulant, tilted) = self.tilted_weights(tilt);
        let mean = self.outputs() * DVector::from_vec(tilted);
        (0..self.weights.len())
            .map(|i| {
                let w = (self.points.column(i).dot(tilt) - cumulant).exp();
                let f = (self.outputs().column(i) - &mean).norm();
                self.weights[i] * w.powi(power) * f.powi(order)
            })
            .sum()
    }

    /// Expectation over all prompts of `measure(error norm, sum of squared weights)`, by counts: prompts with
    /// the same number of each token are alike.
    fn enumerate(
        &self,
        tilt: &DVector<f64>,
        length: usize,
        measure: impl Fn(f64, f64) -> f64,
    ) -> f64 {
        let (_, tilted) = self.tilted_weights(tilt);
        let outputs = self.outputs();
        let target = &outputs * DVector::from_vec(tilted);
        let scores: Vec<f64> = (0..self.weights.len())
            .map(|i| self.points.column(i).dot(tilt).exp())
            .collect();
        let mut total = 0.0;
        let mut counts = vec![0usize; self.weights.len()];
        each_composition(
            &mut counts,
            0,
            length,
            1.0,
            &self.weights,
            &mut |counts, p| {
                let sum: f64 = counts.iter().zip(&scores).map(|(&c, s)| c as f64 * s).sum();
                let mut error = -target.clone();
                let mut squares = 0.0;
                for (i, &c) in counts.iter().enumerate() {
                    error += outputs.column(i) * (c as f64 * scores[i] / sum);
                    squares += c as f64 * (scores[i] / sum).powi(2);
                }
                total += p * measure(error.norm(), squares);
            },
        );
        total
    }
}

impl OutputLaw for Finite {
    fn dimension(&self) -> usize {
        self.points.nrows()
    }

    fn tilted(&self, tilt: &DVector<f64>) -> TiltedOutput {
        let (cumulant, tilted) = self.tilted_weights(tilt);
        let outputs = self.outputs();
        let mean = &outputs * DVector::from_vec(tilted.clone());
        let variance = (0..tilted.len())
            .map(|i| tilted[i] * (outputs.column(i) - &mean).norm_squared())
            .sum();
        TiltedOutput {
            cumulant,
            mean,
            variance,
        }
    }

    fn score_atoms(&self, _: &DVector<f64>, _: Resolution) -> Result<ScoreAtoms> {
        Err(Error::Unavailable {
            what: "atoms",
            why: "a test law".into(),
        })
    }

    fn radius(&self, centre: &DVector<f64>) -> Option<f64> {
        let outputs = self.outputs();
        (0..self.weights.len())
            .map(|i| (outputs.column(i) - centre).norm())
            .reduce(f64::max)
    }
}

/// Rademacher tokens in two dimensions, with variance proxy 1.
fn rademacher(value: DMatrix<f64>) -> Finite {
    Finite {
        points: DMatrix::from_row_slice(2, 4, &[1.0, 1.0, -1.0, -1.0, 1.0, -1.0, 1.0, -1.0]),
        weights: vec![0.25; 4],
        value,
    }
}

// ---------------------------------------------------------------- the formulas, as the statements write them

fn chernoff(a2: f64, f0: f64, rho: f64, l: f64, del: f64) -> f64 {
    a2 / ((1.0 - del).powi(2) * l)
        + l * f0 * (-(del * l - 1.0).powi(2) / (2.0 * (l - 1.0) * rho)).exp()
}

/// Either form of `inverse-moment`: one split of the Laplace integral, or two.
fn inverse_moment_split(k: i32, n: f64, rho: f64, kappa: f64, th: f64, splits: f64) -> f64 {
    let order = f64::from(k);
    let main = (n * (1.0 - th / 2.0)).powi(-k);
    let geometric = (kappa / order).powi(k);
    if splits == 1.0 {
        return main + geometric * (-(n - order) * (th / rho) * (1.0 - th / 2.0)).exp();
    }
    assert_eq!(splits, 2.0);
    let x = n * th / (2.0 * rho);
    let mut factorial = 1.0;
    let mut sum = 0.0;
    for j in 0..k {
        factorial *= f64::from(j.max(1));
        sum += x.powi(j) / factorial;
    }
    main + (n / 2.0).powi(-k) * (-x).exp() * sum + geometric * (-(n - order) / (2.0 * rho)).exp()
}

fn inverse_moment(k: i32, n: f64, rho: f64, kappa: f64, th: f64) -> f64 {
    inverse_moment_split(k, n, rho, kappa, th, 1.0)
        .min(inverse_moment_split(k, n, rho, kappa, th, 2.0))
}

fn laplace(a2: f64, rho: f64, l: f64, second: f64, fourth: f64) -> f64 {
    a2 * (l * second + 6.0 * l * (l - 1.0) * rho * fourth)
}

/// `D_lam(c)` with `|c| = 2 sigma^2 |V| |a|`.
fn norm_mgf(sigma2: f64, a: f64, nu: &[f64], lam: f64) -> f64 {
    let top = nu.iter().copied().fold(0.0, f64::max);
    let c = 2.0 * sigma2 * top.sqrt() * a;
    nu.iter()
        .map(|nu| -0.5 * (1.0 - 2.0 * lam * sigma2 * nu).ln())
        .sum::<f64>()
        + lam * c * c / (1.0 - 2.0 * lam * sigma2 * top)
}

fn class_a2(sigma2: f64, a: f64, nu: &[f64], lam: f64) -> f64 {
    let e = sigma2 * a * a;
    (2.0 * e).exp() * (8.0 * e + norm_mgf(sigma2, a, nu, lam)) / lam
}

fn class_f0(sigma2: f64, a: f64, nu: &[f64]) -> f64 {
    let top = nu.iter().copied().fold(0.0, f64::max);
    sigma2 * nu.iter().sum::<f64>() + (2.0 * sigma2 * top.sqrt() * a).powi(2)
}

/// Smallest value of `f` at 40,000 logistic points of the interval.
fn grid_minimum(low: f64, high: f64, f: impl Fn(f64) -> f64) -> f64 {
    (0..40_000)
        .map(|i| {
            let x = -34.0 + 66.0 * f64::from(i) / 39_999.0;
            let u = 1.0 / (1.0 + (-x).exp());
            f(low + (high - low) * u)
        })
        .filter(|v| !v.is_nan())
        .fold(f64::INFINITY, f64::min)
}

// ---------------------------------------------------------------- helpers

fn length(l: u64) -> PromptLength {
    PromptLength::new(l).unwrap()
}

fn value(bound: &Bound) -> f64 {
    bound.value().unwrap_or_else(|| panic!("{bound:?}"))
}

fn parameter(bound: &Bound, name: &str) -> f64 {
    let found = bound.parameters().iter().find(|p| p.name == name);
    found.unwrap_or_else(|| panic!("{name} in {bound:?}")).value
}

fn find(bounds: &[Bound], theorem: Theorem) -> &Bound {
    bounds.iter().find(|b| b.theorem() == theorem).unwrap()
}

#[track_caller]
fn assert_close(found: f64, wanted: f64, relative: f64) {
    assert!(
        (found - wanted).abs() <= relative * wanted.abs(),
        "found {found}, wanted {wanted}"
    );
}

/// A law with several atoms, a tilt and a value matrix; nothing is symmetric or centred.
fn example(scale: f64) -> (Finite, DVector<f64>) {
    let law = Finite {
        points: DMatrix::from_row_slice(2, 3, &[1.0, -0.5, 0.2, 0.3, 0.8, -1.1]),
        weights: vec![0.5, 0.3, 0.2],
        value: DMatrix::from_row_slice(2, 2, &[1.0, 0.4, -0.3, 2.0]) * scale,
    };
    (law, DVector::from_row_slice(&[0.9, -0.6]))
}

const LENGTHS: [u64; 9] = [2, 4, 5, 7, 8, 20, 100, 3_000, 1_000_000];

// ---------------------------------------------------------------- known law

#[test]
fn moments_are_the_expectations_of_their_definitions() {
    let (law, tilt) = example(1.0);
    let known = KnownMoments::new(&law, &tilt).unwrap();
    assert_close(known.ln_rho().exp(), law.moment(&tilt, 2, 0), 1e-12);
    assert_close(known.ln_kappa().exp(), law.moment(&tilt, -1, 0), 1e-12);
    assert_close(known.ln_a2().exp(), law.moment(&tilt, 2, 2), 1e-12);
    assert_close(known.f0(), law.moment(&tilt, 0, 2), 1e-12);
    let point = Finite {
        points: DMatrix::from_element(1, 1, 3.0),
        weights: vec![1.0],
        value: DMatrix::from_element(1, 1, 2.0),
    };
    let constant = KnownMoments::new(&point, &DVector::from_element(1, 0.7)).unwrap();
    assert_eq!(constant.f0(), 0.0);
    assert_eq!(constant.ln_a2(), f64::NEG_INFINITY);
    let bounds = output_bounds(Some(&constant), None, length(8));
    let values: Vec<f64> = bounds.iter().filter_map(Bound::value).collect();
    assert!(
        !values.is_empty() && values.iter().all(|v| *v < 1e-300),
        "{bounds:?}"
    );
}

#[test]
fn gaussian_moments_from_matrices() {
    let gamma = DMatrix::from_row_slice(2, 2, &[1.0, 0.3, 0.3, 0.5]);
    let v = DMatrix::from_row_slice(1, 2, &[2.0, -1.0]);
    let a = DVector::from_row_slice(&[0.4, 1.0]);
    let g = GaussianOutput::of(&gamma, &v, &a).unwrap();
    // By hand: s^2 = 0.16 + 2 * 0.3 * 0.4 + 0.5; tau = 4 - 4 * 0.3 + 0.5; V Gamma a = 2 * 0.7 - 0.62.
    assert_close(g.score_variance(), 0.9, 1e-14);
    assert_close(g.tau_v(), 3.3, 1e-14);
    assert_close(g.eta(), 0.78 * 0.78, 1e-14);
    let known = KnownMoments::gaussian(g);
    assert_close(known.ln_a2().exp(), 0.9f64.exp() * (3.3 + 0.6084), 1e-13);
    assert!(GaussianOutput::of(&gamma, &v, &DVector::zeros(3)).is_err());
    assert!(GaussianOutput::of(&-gamma, &v, &a).is_err());
    assert!(GaussianOutput::new(f64::NAN, 1.0, 1.0).is_err());
    assert!(GaussianOutput::new(1.0, -1.0, 1.0).is_err());
}

#[test]
fn chernoff_bound_is_its_formula_at_its_best_parameter() {
    let (law, tilt) = example(1.0);
    let known = KnownMoments::new(&law, &tilt).unwrap();
    let (a2, f0, rho) = (
        law.moment(&tilt, 2, 2),
        law.moment(&tilt, 0, 2),
        law.moment(&tilt, 2, 0),
    );
    for l in LENGTHS {
        let bounds = output_bounds(Some(&known), None, length(l));
        let bound = find(&bounds, Theorem::CHERNOFF_BOUND);
        let l = l as f64;
        let del = parameter(bound, "del");
        assert!(del > 1.0 / l && del < 1.0);
        assert_close(value(bound), chernoff(a2, f0, rho, l, del), 1e-9);
        let best = grid_minimum(1.0 / l, 1.0, |del| chernoff(a2, f0, rho, l, del));
        assert_close(value(bound), best, 1e-5);
    }
}

#[test]
fn tail_bound_is_its_formula_at_its_best_parameter() {
    let (law, tilt) = example(1.0);
    let known = KnownMoments::new(&law, &tilt).unwrap();
    let (a2, rho) = (law.moment(&tilt, 2, 2), law.moment(&tilt, 2, 0));
    for l in [1, 2, 10, 100, 10_000] {
        for eps in [0.01, 0.3, 4.0] {
            let bound = tail_bound(&known, Positive::new("eps", eps).unwrap(), length(l));
            let l = l as f64;
            let formula = |del: f64| {
                a2 / ((1.0 - del).powi(2) * l * eps * eps) + (-l * del * del / (2.0 * rho)).exp()
            };
            assert_close(value(&bound), formula(parameter(&bound, "del")), 1e-9);
            assert_close(value(&bound), grid_minimum(0.0, 1.0, formula), 1e-5);
        }
    }
}

#[test]
fn fourth_moment_bound_is_its_formula_at_its_best_parameter() {
    let (law, tilt) = example(1.0);
    let [rho, a2, a4, f4] = [(2, 0), (2, 2), (4, 4), (0, 4)].map(|(p, o)| law.moment(&tilt, p, o));
    let moments = FourthMoments::new(rho.ln(), a2.ln(), a4.ln(), f4.ln()).unwrap();
    // A heavier fourth moment, for which the one-token term decides.
    let heavy = FourthMoments::new(rho.ln(), a2.ln(), a4.ln() + 9.0, f4.ln()).unwrap();
    assert_eq!(fourth_moment_bound(&moments, length(1)).value(), None);
    for l in LENGTHS {
        for (moments, a4) in [(&moments, a4), (&heavy, a4 * 9f64.exp())] {
            let bound = fourth_moment_bound(moments, length(l));
            let l = l as f64;
            let formula = |del: f64| {
                (a4 / l.powi(3) + 3.0 * a2 * a2 / (l * l)) / (1.0 - del).powi(4)
                    + l * f4 * (-(del * l - 1.0).powi(2) / (2.0 * (l - 1.0) * rho)).exp()
            };
            assert_close(value(&bound), formula(parameter(&bound, "del")), 1e-9);
            assert_close(value(&bound), grid_minimum(1.0 / l, 1.0, formula), 1e-5);
        }
    }
}

#[test]
fn laplace_bound_is_its_formula_at_its_best_parameters() {
    let (law, tilt) = example(1.0);
    let known = KnownMoments::new(&law, &tilt).unwrap();
    let [rho, kappa, a2] = [(2, 0), (-1, 0), (2, 2)].map(|(p, o)| law.moment(&tilt, p, o));
    for l in LENGTHS {
        let bounds = output_bounds(Some(&known), None, length(l));
        let bound = find(&bounds, Theorem::LAPLACE_BOUND);
        assert_eq!(bound.value().is_some(), l >= 7);
        let participation = participation_bounds(&known, length(l));
        let participation = find(&participation, Theorem::LAPLACE_PARTICIPATION);
        assert_eq!(participation.value().is_some(), l >= 4);
        let l = l as f64;
        let second = |th| inverse_moment(2, l - 1.0, rho, kappa, th);
        let fourth = |th| inverse_moment(4, l - 2.0, rho, kappa, th);
        if l >= 4.0 {
            let found = value(participation);
            let th = parameter(participation, "th of I_2");
            assert!(th > 0.0 && th <= 1.0);
            assert_close(found, l * rho * second(th), 1e-9);
            assert_close(found, l * rho * grid_minimum(0.0, 1.0, second), 1e-5);
        }
        if l >= 7.0 {
            let (th2, th4) = (parameter(bound, "th of I_2"), parameter(bound, "th of I_4"));
            let found = value(bound);
            assert_close(found, laplace(a2, rho, l, second(th2), fourth(th4)), 1e-9);
            let best = (
                grid_minimum(0.0, 1.0, second),
                grid_minimum(0.0, 1.0, fourth),
            );
            assert_close(found, laplace(a2, rho, l, best.0, best.1), 1e-5);
        }
    }
}

#[test]
fn gaussian_form_of_the_laplace_bound() {
    for s2 in [0.0, 0.3, 1.0, 4.0] {
        let known = KnownMoments::gaussian(GaussianOutput::new(s2, 1.7, 0.6).unwrap());
        for l in LENGTHS {
            let bounds = output_bounds(Some(&known), None, length(l));
            let bound = find(&bounds, Theorem::LAPLACE_BOUND);
            assert_eq!(bound.value().is_some(), l >= 4);
            assert_close(value(&bounds[0]), 2.3, 1e-10);
            let l = l as f64;
            if l >= 4.0 {
                let e = s2.exp();
                let second = inverse_moment(2, l - 1.0, e, e, parameter(bound, "th of I_2"));
                assert_close(value(bound), 2.3 * l * e * second, 1e-9);
                // At least the limit (tau_V + eta) e^{s^2} / L.
                assert!(value(bound) >= 2.3 * e / l);
            }
        }
    }
}

#[test]
fn laplace_bound_comes_within_five_percent_of_its_limit() {
    let mut worst = 0.0f64;
    // With one split the factor (1 - th/2)^-k that pays for kap^k grows past 1.05 from ln rho = 7 on; two
    // splits hold it. L = 1000 rho stays below 2^53 up to ln rho = 29.
    for ln_rho in [0.0, 0.5, 1.0, 2.0, 4.0, 5.0, 8.0, 12.0, 16.0, 22.0, 29.0] {
        for factor in [1000.0, 1e4, 1e6] {
            if factor * f64::exp(ln_rho) > PromptLength::MAX as f64 {
                continue;
            }
            // Gaussian tokens have kap = rho; the general form is reached by the sub-Gaussian route below.
            let known = KnownMoments::gaussian(GaussianOutput::new(ln_rho, 1.0, 0.0).unwrap());
            let l = (factor * ln_rho.exp()) as u64;
            let bounds = output_bounds(Some(&known), None, length(l));
            let limit = known.ln_a2().exp() / l as f64;
            let ratio = value(find(&bounds, Theorem::LAPLACE_BOUND)) / limit;
            assert!(
                ratio >= 1.0 && ratio <= 1.05,
                "Gaussian {ln_rho} {l} {ratio}"
            );
        }
    }
    for scale in [0.3, 1.0, 2.0, 4.0] {
        let (law, tilt) = example(1.0);
        let tilt = tilt * scale;
        let known = KnownMoments::new(&law, &tilt).unwrap();
        for factor in [1000.0, 3000.0, 1e6] {
            let l = (factor * known.ln_rho().exp()).ceil();
            let bounds = output_bounds(Some(&known), None, length(l as u64));
            let ratio = value(find(&bounds, Theorem::LAPLACE_BOUND)) * l / known.ln_a2().exp();
            worst = worst.max(ratio);
            assert!(ratio >= 1.0 && ratio <= 1.05, "general {scale} {l} {ratio}");
        }
    }
    println!("largest ratio of T5 (general) to A2 / L: {worst}");
}

// ---------------------------------------------------------------- sub-Gaussian class

#[test]
fn sub_gaussian_bounds_are_their_formulas_at_their_best_parameters() {
    let cases: [(f64, f64, &[f64]); 5] = [
        (1.0, 0.5, &[1.0]),
        (2.0, 0.3, &[1.5, 0.2, 0.01]),
        (0.4, 1.9, &[3.0, 3.0]),
        (1.0, 0.0, &[1.0, 0.5]),
        (1e-3, 2.0, &[1e-4]),
    ];
    for (sigma2, a, nu) in cases {
        let values = ValueSpectrum::from_eigenvalues(nu.to_vec()).unwrap();
        let proxy = VarianceProxy::new(sigma2).unwrap();
        let class = SubGaussianMoments::new(proxy, a, &values).unwrap();
        let e = sigma2 * a * a;
        let (rho, kappa) = ((2.0 * e).exp(), e.exp());
        let most = 1.0 / (2.0 * sigma2 * nu[0]);
        let best_a2 = grid_minimum(0.0, most, |lam| class_a2(sigma2, a, nu, lam));
        for l in LENGTHS {
            let bounds = output_bounds(None, Some(&class), length(l));
            let l = l as f64;
            let f0 = class_f0(sigma2, a, nu);
            assert_close(value(&bounds[0]), l * f0, 1e-10);
            let bound = find(&bounds, Theorem::CRUDE_BOUND);
            let crude = |lam: f64| (l.ln() + norm_mgf(sigma2, a, nu, lam)) / lam;
            assert_close(value(bound), crude(parameter(bound, "lam")), 1e-8);
            assert_close(value(bound), grid_minimum(0.0, most, crude), 1e-5);

            let bound = find(&bounds, Theorem::SUB_GAUSSIAN_CHERNOFF);
            let lam = parameter(bound, "lam");
            let a2 = class_a2(sigma2, a, nu, lam);
            if a > 0.0 {
                assert_close(a2, best_a2, 1e-5);
            }
            let del = parameter(bound, "del");
            // At a = 0 the best lam is as small as it gets, where the plain formula of D loses its digits.
            if a > 0.0 {
                assert_close(value(bound), chernoff(a2, f0, rho, l, del), 1e-8);
            }

            let bound = find(&bounds, Theorem::SUB_GAUSSIAN_LAPLACE);
            assert_eq!(bound.value().is_some(), l >= 7.0);
            if l >= 7.0 && a > 0.0 {
                let second = inverse_moment(2, l - 1.0, rho, kappa, parameter(bound, "th of I_2"));
                let fourth = inverse_moment(4, l - 2.0, rho, kappa, parameter(bound, "th of I_4"));
                assert_close(value(bound), laplace(a2, rho, l, second, fourth), 1e-8);
            }
        }
        // Without a tilt A2 is E|VX|^2 <= sigma^2 |V|_F^2, the limit lam -> 0.
        if a == 0.0 {
            let bounds = output_bounds(None, Some(&class), length(1 << 50));
            let limit = sigma2 * nu.iter().sum::<f64>() / (1u64 << 50) as f64;
            assert_close(
                value(find(&bounds, Theorem::SUB_GAUSSIAN_LAPLACE)),
                limit,
                1e-3,
            );
        }
    }
    assert!(
        SubGaussianMoments::new(
            VarianceProxy::new(1.0).unwrap(),
            f64::NAN,
            &ValueSpectrum::from_eigenvalues(vec![]).unwrap()
        )
        .is_err()
    );
}

#[test]
fn sub_gaussian_bounds_hold_for_rademacher_tokens() {
    let value_matrix = DMatrix::from_row_slice(2, 2, &[1.0, 0.4, -0.3, 0.7]);
    let values = ValueSpectrum::new(&value_matrix).unwrap();
    let law = rademacher(value_matrix);
    let mut compared = 0;
    for tilt in [[0.0, 0.0], [0.2, 0.1], [0.6, -0.5], [1.5, 0.3]] {
        let tilt = DVector::from_row_slice(&tilt);
        let proxy = VarianceProxy::new(1.0).unwrap();
        let class = SubGaussianMoments::new(proxy, tilt.norm(), &values).unwrap();
        for l in [1, 2, 3, 5, 7, 12, 30] {
            let exact = law.enumerate(&tilt, l, |e, _| e * e);
            for bound in output_bounds(None, Some(&class), length(l as u64)) {
                let Some(value) = bound.value() else { continue };
                assert!(value >= exact, "{exact} {bound:?}");
                compared += 1;
            }
        }
        // The lemmas of T6, with the moments of the law itself: A2, F0, rho, kap of the class are larger.
        let known = KnownMoments::new(&law, &tilt).unwrap();
        let e = tilt.norm_squared();
        let nu: Vec<f64> = (&law.value * law.value.transpose())
            .symmetric_eigenvalues()
            .as_slice()
            .to_vec();
        assert!(known.ln_rho() <= 2.0 * e + 1e-12 && known.ln_kappa() <= e + 1e-12);
        assert!(known.f0() <= class_f0(1.0, tilt.norm(), &nu) + 1e-12);
        for lam in [0.01, 0.1, 0.3] {
            assert!(known.ln_a2().exp() <= class_a2(1.0, tilt.norm(), &nu, lam));
        }
    }
    // Four tilts; trivial and crude at 7 lengths, T4 at 6, T5 at 3.
    assert!(compared >= 4 * (2 * 7 + 6 + 3), "{compared}");
}

// ---------------------------------------------------------------- T7

#[test]
fn uniform_rate_is_its_formula() {
    let spectrum = [1.0, 0.3];
    let values = ValueSpectrum::from_eigenvalues(spectrum.to_vec()).unwrap();
    let sigma2 = 1.7;
    for (q, d, l) in [
        (0.25, 1, 10_000),
        (0.5, 2, 1000),
        (1.0, 1, 100),
        (1.0, 3, 1_000_000),
        (0.1, 8, 50),
        (2.0, 1, 2),
    ] {
        // q = sigma |U| varsigma, each factor in its own place.
        let rate = UniformRate::new(
            VarianceProxy::new(sigma2).unwrap(),
            VarianceProxy::new(2.5).unwrap(),
            q / (sigma2 * 2.5f64).sqrt(),
            Dimension::new(d).unwrap(),
            values.clone(),
        )
        .unwrap();
        assert_close(rate.q(), q, 1e-14);
        let bound = rate.bound(length(l), f64::INFINITY);
        let pointwise = |y: f64| {
            let a = q * (y / sigma2).sqrt();
            let proxy = VarianceProxy::new(sigma2).unwrap();
            let class = SubGaussianMoments::new(proxy, a, &values).unwrap();
            let bounds = output_bounds(None, Some(&class), length(l));
            // The rate is made of T4, T5 and the crude bound.
            bounds[1..]
                .iter()
                .filter(|bound| bound.theorem() != Theorem::CHERNOFF_ENTROPY)
                .filter_map(Bound::value)
                .fold(f64::INFINITY, f64::min)
        };
        let end = 3.0 * (l as f64).ln() / (2.0 * q * q) + 30.0;
        let table: Vec<(f64, f64)> = (0..1500)
            .map(|i| {
                let y = end * (f64::from(i) / 1499.0).powi(2);
                (y, pointwise(y))
            })
            .collect();
        let at = |th: f64| {
            let sup = table
                .iter()
                .map(|(y, f)| f * (-th * y).exp())
                .fold(0.0, f64::max);
            (1.0 - 2.0 * th).powf(-(d as f64) / 2.0) * sup
        };
        let found = value(&bound);
        assert!(found >= at(parameter(&bound, "th")), "{q} {d} {l}");
        let best = grid_minimum(0.0, 0.5, at_sparse(&at));
        println!("T7 q={q} d={d} L={l}: {found:e}, brute force {best:e}");
        assert_close(found, best, 0.03);
    }
}

/// Thins the grid of `grid_minimum` for an expensive function.
fn at_sparse(f: &impl Fn(f64) -> f64) -> impl Fn(f64) -> f64 {
    let table: Vec<f64> = (1..1000).map(|i| f(f64::from(i) / 2000.0)).collect();
    move |th: f64| {
        let i = (th * 2000.0).round() as usize;
        if (1..1000).contains(&i) {
            table[i - 1]
        } else {
            f64::INFINITY
        }
    }
}

#[test]
fn uniform_rate_holds_for_rademacher_tokens_and_a_gaussian_query() {
    let law = Finite {
        points: DMatrix::from_row_slice(1, 2, &[1.0, -1.0]),
        weights: vec![0.5; 2],
        value: DMatrix::from_element(1, 1, 1.0),
    };
    let one = VarianceProxy::new(1.0).unwrap();
    for q in [0.0, 0.25, 1.0, 2.0] {
        for l in [2, 7, 20, 60] {
            let step = 0.02;
            let average: f64 = (-450..=450)
                .map(|i| {
                    let z = f64::from(i) * step;
                    let tilt = DVector::from_element(1, q * z);
                    let density = (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
                    step * density * law.enumerate(&tilt, l, |e, _| e * e)
                })
                .sum();
            let values = ValueSpectrum::from_eigenvalues(vec![1.0]).unwrap();
            let rate = UniformRate::new(one, one, q, Dimension::new(1).unwrap(), values).unwrap();
            let found = value(&rate.bound(length(l as u64), f64::INFINITY));
            assert!(found >= average, "{q} {l} {found} {average}");
        }
    }
}

#[test]
fn uniform_rate_numbers() {
    let one = VarianceProxy::new(1.0).unwrap();
    for q in [0.25, 0.5, 1.0] {
        for l in [100, 10_000, 1_000_000, 100_000_000] {
            let values = ValueSpectrum::from_eigenvalues(vec![1.0]).unwrap();
            let rate = UniformRate::new(one, one, q, Dimension::new(1).unwrap(), values).unwrap();
            let start = std::time::Instant::now();
            let found = value(&rate.bound(length(l), f64::INFINITY));
            println!("T7 d=1 q={q} L={l:e}: {found:.6e} in {:?}", start.elapsed());
            // Not below the limit of the Gaussian, whose proxy is 1: E e^{s^2}(1 + s^2) / L, s = q z.
            if q == 0.25 && l >= 10_000 {
                let lambda = q * q;
                let limit = (1.0 - 2.0 * lambda).powf(-0.5) * (1.0 + lambda / (1.0 - 2.0 * lambda));
                let ratio = found * l as f64 / limit;
                assert!(ratio > 1.0 && ratio < 7.0, "{ratio}");
            }
        }
    }
    let values = ValueSpectrum::from_eigenvalues(vec![1.0]).unwrap();
    let rate = UniformRate::new(one, one, 0.5, Dimension::new(1).unwrap(), values).unwrap();
    assert!(matches!(
        rate.bound(length(1), f64::INFINITY).status(),
        Status::NotApplicable { .. }
    ));
}

// ---------------------------------------------------------------- properties

fn finite_law() -> impl Strategy<Value = (Finite, DVector<f64>)> {
    (2usize..=4, 1usize..=2).prop_flat_map(|(n, d)| {
        (
            prop::collection::vec(-2.0..2.0f64, n * d),
            prop::collection::vec(0.02..1.0f64, n),
            prop::collection::vec(-2.0..2.0f64, d * d),
            prop::collection::vec(-1.5..1.5f64, d),
        )
            .prop_map(move |(points, weights, value, tilt)| {
                let total: f64 = weights.iter().sum();
                let law = Finite {
                    points: DMatrix::from_vec(d, n, points),
                    weights: weights.iter().map(|w| w / total).collect(),
                    value: DMatrix::from_vec(d, d, value),
                };
                (law, DVector::from_vec(tilt))
            })
    })
}

/// The exact error over all prompts is below every bound.
#[test]
fn bounds_hold_for_enumerated_laws() {
    // How often each bound is compared, and how often it is within a factor 4 of the truth.
    let counts: RefCell<BTreeMap<&str, [usize; 2]>> = RefCell::default();
    let compare =
        |name: &'static str, value: f64, exact: f64| -> std::result::Result<(), TestCaseError> {
            let mut counts = counts.borrow_mut();
            let [compared, near] = counts.entry(name).or_default();
            *compared += 1;
            *near += usize::from(value <= 4.0 * exact);
            // The enumeration itself rounds.
            prop_assert!(
                value >= exact * (1.0 - 1e-12),
                "{name}: {value} below {exact}"
            );
            Ok(())
        };
    run(51, 400, &(finite_law(), 1usize..=40), |((law, tilt), l)| {
        let l = if law.weights.len() > 3 { l.min(20) } else { l };
        let known = KnownMoments::new(&law, &tilt).unwrap();
        let exact = law.enumerate(&tilt, l, |e, _| e * e);
        // The sharpest proxy a bounded law is sure of: Hoeffding's lemma, half the diameter squared.
        let diameter = (0..law.weights.len())
            .flat_map(|i| (0..i).map(move |j| (i, j)))
            .map(|(i, j)| (law.points.column(i) - law.points.column(j)).norm())
            .fold(0.0, f64::max);
        let proxy = VarianceProxy::new(diameter * diameter / 4.0).unwrap();
        let values = ValueSpectrum::new(&law.value).unwrap();
        let class = SubGaussianMoments::new(proxy, tilt.norm(), &values).unwrap();
        for bound in output_bounds(Some(&known), Some(&class), length(l as u64)) {
            if let Some(value) = bound.value() {
                compare(bound.theorem().id(), value, exact)?;
            }
        }
        let participation = law.enumerate(&tilt, l, |_, p| p);
        for bound in participation_bounds(&known, length(l as u64)) {
            if let Some(value) = bound.value() {
                // The trivial bound of participation ratios is another than that of outputs.
                let participation_bound = bound.theorem() == Theorem::LAPLACE_PARTICIPATION;
                let name = if participation_bound {
                    "T5.participation"
                } else {
                    "participation"
                };
                compare(name, value, participation)?;
            }
        }
        let [rho, a2, a4, f4] =
            [(2, 0), (2, 2), (4, 4), (0, 4)].map(|(p, o)| law.moment(&tilt, p, o));
        let fourth = FourthMoments::new(rho.max(1.0).ln(), a2.ln(), a4.ln(), f4.ln()).unwrap();
        let exact = law.enumerate(&tilt, l, |e, _| e.powi(4));
        let bound = fourth_moment_bound(&fourth, length(l as u64));
        prop_assert_eq!(bound.value().is_some(), l >= 2);
        if let Some(value) = bound.value() {
            compare("T4.fourth", value, exact)?;
        }
        for eps in [0.1, 0.5, 1.5] {
            let exact = law.enumerate(&tilt, l, |e, _| if e >= eps { 1.0 } else { 0.0 });
            let bound = tail_bound(&known, Positive::new("eps", eps).unwrap(), length(l as u64));
            compare("T4.tail", value(&bound), exact)?;
        }
        Ok(())
    });
    let counts = counts.into_inner();
    println!("compared, near: {counts:?}");
    assert_eq!(counts.len(), 13, "{counts:?}");
    for (name, [compared, _]) in counts {
        assert!(compared >= 300, "{name}: {compared}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Scaling `V` by `c` scales every bound by `c^2` and changes no status.
    #[test]
    fn bounds_scale_with_the_square_of_the_value_matrix(
        (law, tilt) in finite_law(), c in 1e-3..1e3f64, l in 1u64..100_000,
    ) {
        let proxy = VarianceProxy::new(1.3).unwrap();
        let scaled = Finite { value: &law.value * c, ..law.clone() };
        let evaluate = |law: &Finite| {
            let values = ValueSpectrum::new(&law.value).unwrap();
            let class = SubGaussianMoments::new(proxy, tilt.norm(), &values).unwrap();
            let known = KnownMoments::new(law, &tilt).unwrap();
            output_bounds(Some(&known), Some(&class), length(l))
        };
        for (before, after) in evaluate(&law).iter().zip(evaluate(&scaled)) {
            match (before.value(), after.value()) {
                (None, None) => {}
                (Some(x), Some(y)) if x == f64::INFINITY || y == f64::INFINITY => {}
                (Some(x), Some(y)) => prop_assert!((y / (c * c * x) - 1.0).abs() < 1e-5, "{before:?} {after:?}"),
                _ => prop_assert!(false),
            }
        }
    }

    /// The optimum of random moments is within 1/1000 of a fine grid's.
    #[test]
    fn the_optimum_is_within_a_thousandth_of_a_fine_grid(
        s2 in 0.0..6.0f64, f0 in 1e-6..1e3f64, ln_l in 1.6..25.0f64,
    ) {
        let l = ln_l.exp().floor();
        let known = KnownMoments::gaussian(GaussianOutput::new(s2, f0, 0.0).unwrap());
        let bounds = output_bounds(Some(&known), None, length(l as u64));
        let rho = s2.exp();
        let best = grid_minimum(1.0 / l, 1.0, |del| chernoff(rho * f0, f0, rho, l, del));
        prop_assert!(value(find(&bounds, Theorem::CHERNOFF_BOUND)) <= best * 1.001);
        let best = grid_minimum(0.0, 1.0, |th| inverse_moment(2, l - 1.0, rho, rho, th));
        prop_assert!(value(find(&bounds, Theorem::LAPLACE_BOUND)) <= f0 * rho * l * best * 1.001);
    }

}

/// No `NaN`, no negative value, nothing that is not a record, over the whole range of inputs.
#[test]
fn extreme_inputs_give_numbers() {
    let lengths = prop_oneof![1u64..20, 1u64..(1 << 53)];
    let finite_cases = Cell::new(0);
    run(
        52,
        400,
        &(0.0..30.0f64, -700.0..600.0f64, lengths),
        |(s, ln_tau, l)| {
            let tau = ln_tau.exp();
            let known = KnownMoments::gaussian(GaussianOutput::new(s * s, tau, 0.5 * tau).unwrap());
            let values = ValueSpectrum::from_eigenvalues(vec![tau, 1e-3 * tau]).unwrap();
            let class =
                SubGaussianMoments::new(VarianceProxy::new(1.0).unwrap(), s, &values).unwrap();
            let bounds = output_bounds(Some(&known), Some(&class), length(l));
            for bound in &bounds {
                prop_assert!(bound.value().is_none_or(|v| v >= 0.0), "{bound:?}");
                let infinite = bound.value() == Some(f64::INFINITY);
                prop_assert!(!(infinite && bound.useful_value().is_some()));
            }
            // The trivial bound is finite here, and T4 is within a factor of its complement term.
            prop_assert!(value(&bounds[0]) < f64::INFINITY);
            if l >= 2 {
                let finite = s * s + ln_tau + 3.0 < 700.0;
                let chernoff = value(find(&bounds, Theorem::CHERNOFF_BOUND));
                prop_assert!(!finite || chernoff < f64::INFINITY);
                finite_cases.set(finite_cases.get() + usize::from(finite));
            }
            Ok(())
        },
    );
    assert!(finite_cases.get() >= 200, "{finite_cases:?}");
}

#[test]
fn a_missing_input_is_named() {
    for bound in output_bounds(None, None, length(10)) {
        let Status::NotApplicable { hypothesis } = bound.status() else {
            panic!("{bound:?}")
        };
        assert!(hypothesis.contains("must be known"), "{hypothesis}");
    }
    let (law, tilt) = example(1.0);
    let known = KnownMoments::new(&law, &tilt).unwrap();
    let bounds = output_bounds(Some(&known), None, length(1));
    // One token: the error is F0 exactly, and the trivial bound says so.
    assert_close(value(&bounds[0]), known.f0(), 1e-10);
    assert_close(known.f0(), law.enumerate(&tilt, 1, |e, _| e * e), 1e-12);
}

#[test]
fn the_trivial_bound_is_the_least_of_its_three() {
    let (law, tilt) = example(1.0);
    let known = KnownMoments::new(&law, &tilt).unwrap();
    let radius = law.radius(&law.tilted(&tilt).mean).unwrap();
    assert_close(known.radius_squared().unwrap(), radius * radius, 1e-12);
    for l in [1, 2, 50] {
        let bounds = output_bounds(Some(&known), None, length(l));
        let wanted = (l as f64 * known.f0()).min(radius * radius);
        assert_close(value(&bounds[0]), wanted, 1e-10);
    }
    // A vacuous bound says what beats it.
    let bounds = output_bounds(Some(&known), None, length(2));
    let Status::Vacuous { trivial } = find(&bounds, Theorem::CHERNOFF_BOUND).status() else {
        panic!()
    };
    assert_eq!(*trivial, value(&bounds[0]));
    let bounds = output_bounds(Some(&known), None, length(1_000_000));
    assert_eq!(
        *find(&bounds, Theorem::LAPLACE_BOUND).status(),
        Status::Valid
    );
}
