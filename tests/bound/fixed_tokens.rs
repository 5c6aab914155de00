//! T4.fixed: its formula, and that it is not below the exact value.

use attention_bounds::PromptLength;
use attention_bounds::bound::{FixedMoments, KnownMoments, Status, fixed_tokens_bound};
use attention_bounds::exact::fixed_output_error;
use attention_bounds::law::{Empirical, TokenLaw};
use nalgebra::{DMatrix, DVector, dmatrix, dvector};
use proptest::prelude::*;

use crate::support::random_laws::{law, matrix, run};

fn length(l: u64) -> PromptLength {
    PromptLength::new(l).unwrap()
}

#[test]
fn no_bound_is_below_the_exact_value() {
    let case = (1..3usize).prop_flat_map(|d| {
        let fixed = (1..4usize).prop_flat_map(move |n| matrix(d, n, 6.0));
        (
            law(d),
            fixed,
            matrix(2, d, 1.5),
            matrix(d, 1, 2.0),
            2u64..200,
        )
    });
    run(7, 150, &case, |(law, tokens, value, tilt, l)| {
        let tilt = tilt.column(0).into_owned();
        let seen = law.through(&value);
        let all = [length(l), length(l * 5_000)];
        let Ok(exact) = fixed_output_error(seen.as_ref(), &value, &tilt, &tokens, &all) else {
            return Ok(());
        };
        let known = KnownMoments::new(seen.as_ref(), &tilt).unwrap();
        let fixed = FixedMoments::of(seen.as_ref(), &value, &tilt, &tokens).unwrap();
        for (exact, length) in exact.iter().zip(all) {
            let bound = fixed_tokens_bound(&known, &fixed, length);
            let least = exact.output.squared_error.lower();
            prop_assert!(
                bound.value().unwrap() >= least,
                "{:?} {bound:?}",
                exact.output
            );
            // What a vacuous bound is compared with is true as well.
            if let Status::Vacuous { trivial } = bound.status() {
                prop_assert!(*trivial >= least);
            }
        }
        Ok(())
    });
}

/// `W0`, `F`, the largest distance, and the moments of a law of points on the line, by sums.
struct Sums {
    weight: f64,
    pull: f64,
    distance: f64,
    rho: f64,
    a2: f64,
    f0: f64,
}

impl Sums {
    fn new(points: &[f64], tilt: f64, fixed: &[f64]) -> Self {
        let n = points.len() as f64;
        let z = points.iter().map(|x| (tilt * x).exp()).sum::<f64>() / n;
        let w = |x: f64| (tilt * x).exp() / z;
        let mean = |f: &dyn Fn(f64) -> f64| points.iter().map(|x| f(*x)).sum::<f64>() / n;
        let limit = mean(&|x| w(x) * x);
        Self {
            weight: fixed.iter().map(|x| w(*x)).sum(),
            pull: fixed.iter().map(|x| w(*x) * (x - limit)).sum(),
            distance: fixed.iter().map(|x| (x - limit).abs()).fold(0.0, f64::max),
            rho: mean(&|x| w(x) * w(x)),
            a2: mean(&|x| (w(x) * (x - limit)).powi(2)),
            f0: mean(&|x| (x - limit).powi(2)),
        }
    }

    fn terms(&self, l: f64, del: f64) -> [f64; 3] {
        [
            (self.pull.powi(2) + l * self.a2) / (self.weight + (1.0 - del) * l).powi(2),
            l * self.f0 * (-(del * l - 1.0).powi(2) / (2.0 * (l - 1.0) * self.rho)).exp(),
            self.distance.powi(2) * (-l * del * del / (2.0 * self.rho)).exp(),
        ]
    }
}

#[test]
fn the_bound_is_its_formula_at_its_best_parameter() {
    let points = [-1.0, 0.0, 0.5, 2.0];
    let law = Empirical::new(&DMatrix::from_column_slice(4, 1, &points)).unwrap();
    let value = dmatrix![1.0];
    let seen = law.through(&value);
    // How much each term of the formula counts somewhere.
    let mut largest = [0.0_f64; 3];
    for tilt in [-1.0, 0.0, 0.7, 1.5] {
        for fixed in [vec![3.0], vec![-2.0, 1.0], vec![30.0], vec![0.4, 0.4, 9.0]] {
            let sums = Sums::new(&points, tilt, &fixed);
            let at = dvector![tilt];
            let known = KnownMoments::new(seen.as_ref(), &at).unwrap();
            let tokens = DMatrix::from_row_slice(1, fixed.len(), &fixed);
            let moments = FixedMoments::of(seen.as_ref(), &value, &at, &tokens).unwrap();
            assert!((moments.ln_weight() - sums.weight.ln()).abs() < 1e-10);
            assert!((moments.ln_pull() - sums.pull.abs().ln()).abs() < 1e-9);
            assert!((moments.distance() / sums.distance - 1.0).abs() < 1e-12);
            for l in [2u64, 30, 300, 100_000] {
                let bound = fixed_tokens_bound(&known, &moments, length(l));
                let del = bound.parameters()[0].value;
                let terms = sums.terms(l as f64, del);
                let formula: f64 = terms.iter().sum();
                let found = bound.value().unwrap();
                assert!(found >= formula * (1.0 - 1e-12), "{tilt} {fixed:?} {l}");
                assert!(
                    found <= formula * (1.0 + 1e-8),
                    "{tilt} {fixed:?} {l}: {found} {formula}"
                );
                for (most, term) in largest.iter_mut().zip(terms) {
                    *most = most.max(term / formula);
                }
                // No other parameter is better.
                for k in 1..400 {
                    let other = 1.0 / l as f64 + (1.0 - 1.0 / l as f64) * f64::from(k) / 400.0;
                    let there: f64 = sums.terms(l as f64, other).iter().sum();
                    assert!(
                        found <= there * (1.0 + 1e-8),
                        "{tilt} {fixed:?} {l} {other}"
                    );
                }
                assert!(moments.at(&known, length(l), del).unwrap().upper() == found);
            }
        }
    }
    assert!(largest.iter().all(|share| *share > 0.05), "{largest:?}");
}

#[test]
fn weights_of_any_size_and_bad_numbers() {
    let law = Empirical::new(&dmatrix![0.0, 0.0; 1.0, 0.0]).unwrap();
    let value = dmatrix![1.0, 0.0];
    let seen = law.through(&value);
    let tilt = dvector![1.0, 1.0];
    let known = KnownMoments::new(seen.as_ref(), &tilt).unwrap();
    let at = |score: f64| {
        let fixed = FixedMoments::of(seen.as_ref(), &value, &tilt, &dmatrix![3.0; score]).unwrap();
        fixed_tokens_bound(&known, &fixed, length(1_000))
            .value()
            .unwrap()
    };
    let limit = seen.tilted(&tilt).mean[0];
    for score in [300.0, 5e3] {
        // |F|^2 / W0^2, and what few tokens may have.
        let found = at(score);
        assert!(found >= (3.0 - limit).powi(2) && found < (3.0 - limit).powi(2) * 1.1);
    }
    let (small, without) = (at(-800.0), known.ln_a2().exp() / 1_000.0);
    assert!(small > without && small < 2.0 * without);
    assert!(
        fixed_tokens_bound(
            &known,
            &FixedMoments::new(0.0, 0.0, 1.0).unwrap(),
            length(1)
        )
        .value()
        .is_none()
    );
    for bad in [f64::NAN, f64::INFINITY] {
        assert!(FixedMoments::new(bad, 0.0, 1.0).is_err());
        assert!(FixedMoments::new(0.0, bad, 1.0).is_err());
        assert!(FixedMoments::new(0.0, 0.0, bad).is_err());
    }
    assert!(FixedMoments::new(0.0, 0.0, -1.0).is_err());
    let shapes = FixedMoments::of(
        seen.as_ref(),
        &value,
        &DVector::zeros(3),
        &dmatrix![3.0; 0.0],
    );
    assert!(shapes.is_err());
}
