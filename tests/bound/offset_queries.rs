//! T7 and its relatives for queries with a mean and heads with a query bias: not below exact values, and equal to the bounds at
//! one query where the tilt does not vary.

use crate::support::random_laws::{gaussian, matrix, run};
use attention_bounds::attention::{Head, QueryLaw};
use attention_bounds::bound::{
    SubGaussianMoments, Theorem, UniformKeyQueryGradient, UniformRate, ValueSpectrum,
    mean_tilt_norm, output_bounds,
};
use attention_bounds::parameter::{Dimension, PromptLength, VarianceProxy};
use attention_bounds::study::TableOptions;
use attention_bounds::study::table::rows;
use attention_bounds::study::{Question, Silent};
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;

fn length(l: u64) -> PromptLength {
    PromptLength::new(l).unwrap()
}

fn proxy(x: f64) -> VarianceProxy {
    VarianceProxy::new(x).unwrap()
}

fn rate(q: f64, values: &[f64]) -> UniformRate {
    let values = ValueSpectrum::from_eigenvalues(values.to_vec()).unwrap();
    UniformRate::new(
        proxy(1.0),
        proxy(1.0),
        q,
        Dimension::new(2).unwrap(),
        values,
    )
    .unwrap()
}

fn values(rate: &UniformRate, l: u64) -> [f64; 2] {
    [
        rate.bound(length(l), f64::INFINITY),
        rate.gaussian_query_bound(length(l), f64::INFINITY),
    ]
    .map(|bound| bound.value().unwrap())
}

#[test]
#[ignore = "long: run by ./test --all"]
fn no_average_bound_is_below_the_exact_value() {
    let strategy = (1usize..3, 1usize..3).prop_flat_map(|(d, m)| {
        (
            gaussian(d),
            gaussian(d),
            matrix(d, d, 1.0),
            matrix(m, d, 1.0),
            matrix(d, 1, 2.0),
            0.05f64..1.0,
        )
    });
    let wanted = [
        Theorem::UNIFORM_RATE,
        Theorem::UNIFORM_RATE_GAUSSIAN_QUERY,
        Theorem::UNIFORM_VALUE_GRADIENT,
        Theorem::VALUE_GRADIENT_GAUSSIAN_QUERY,
        Theorem::UNIFORM_KEY_QUERY_GRADIENT,
        Theorem::KEY_QUERY_GRADIENT_GAUSSIAN_QUERY,
    ];
    let lengths = [2, 5, 100, 100_000].map(length);
    run(
        43,
        8,
        &strategy,
        |(tokens, query, key_query, value, bias, scale)| {
            let head = Head::with_tilt_bias(key_query * scale, value, bias.column(0).into_owned())
                .unwrap();
            let query = QueryLaw::Gaussian(query);
            let question = Question::new(&tokens, &head, &query).unwrap();
            let options = TableOptions {
                gradients: true,
                ..TableOptions::default()
            };
            let mut compared = 0;
            for row in rows(&question, &lengths, &options, &Silent).unwrap() {
                let Ok(exact) = &row.exact else { continue };
                for bound in row.bounds.iter().filter(|b| wanted.contains(&b.theorem())) {
                    let value = bound.value().expect("it applies to every query");
                    prop_assert!(exact.value - exact.error <= value, "{exact:?} {bound:?}");
                    compared += 1;
                }
            }
            prop_assert!(compared >= 8, "{compared}");
            Ok(())
        },
    );
}

#[test]
fn no_offset_is_the_centred_query_and_the_bounds_grow_with_it() {
    for (q, l) in [(0.3, 100), (1.0, 1_000_000), (3.0, 2)] {
        let centred = rate(q, &[1.0, 0.5]);
        assert_eq!(
            values(&centred, l),
            values(&centred.clone().with_offset(0.0).unwrap(), l)
        );
        let mut previous = values(&centred, l);
        // The last ones are far beyond sqrt(ln L / 2), where no cell is left below Y.
        for offset in [1e-12, 0.1, 0.5, 2.0, 8.0, 1e3] {
            let here = values(&centred.clone().with_offset(offset).unwrap(), l);
            for (x, y) in here.iter().zip(&previous) {
                // The cells are another choice each time: within the gap to which they are split.
                assert!(*x >= 0.98 * y && x.is_finite(), "{q} {l} {offset}: {x} {y}");
            }
            if offset == 1e-12 {
                for (x, y) in here.iter().zip(&previous) {
                    assert!((x / y - 1.0).abs() < 0.02, "{q} {l}: {x} {y}");
                }
            }
            previous = here;
        }
    }
    for bad in [-1.0, f64::NAN, f64::INFINITY, 1e60] {
        assert!(rate(1.0, &[1.0]).with_offset(bad).is_err());
    }
}

#[test]
fn a_tilt_that_does_not_vary_has_the_bound_of_one_query() {
    let spectrum = ValueSpectrum::from_eigenvalues(vec![1.0, 0.5]).unwrap();
    for (norm, l) in [(0.0, 50), (0.4, 50), (1.5, 10_000), (6.0, 7)] {
        let class = SubGaussianMoments::new(proxy(1.0), norm, &spectrum).unwrap();
        let smallest = output_bounds(None, Some(&class), length(l))
            .iter()
            // The rate is made of T4, T5 and the crude bound.
            .filter(|b| ![Theorem::TRIVIAL_BOUND, Theorem::CHERNOFF_ENTROPY].contains(&b.theorem()))
            .filter_map(|b| b.value())
            .fold(f64::INFINITY, f64::min);
        let rate = rate(0.0, &[1.0, 0.5]).with_offset(norm).unwrap();
        let found = rate.bound(length(l), f64::INFINITY).value().unwrap();
        assert!(
            (found / smallest - 1.0).abs() < 1e-9,
            "{norm} {l}: {found} {smallest}"
        );
        let gradient = |mean: f64| {
            let dimension = |d| Dimension::new(d).unwrap();
            UniformKeyQueryGradient::new(
                (proxy(1.0), proxy(4.0)),
                0.0,
                (dimension(3), dimension(2)),
                spectrum.clone(),
                None,
            )
            .unwrap()
            .with_offset(norm, mean)
            .unwrap()
            .bound(length(l), f64::INFINITY)
            .value()
            .unwrap()
        };
        // E|z|^2 is at most 4 * 3 + |m_z|^2.
        assert!((gradient(6.0) / gradient(0.0) - 48.0 / 12.0).abs() < 1e-9);
    }
}

#[test]
fn the_norm_of_the_mean_tilt_is_not_below_the_exact_one() {
    let key_query = DMatrix::from_row_slice(2, 2, &[3.0, 0.0, 1e17, -1e17]);
    let (mean, bias) = (
        DVector::from_vec(vec![1.0, 1.0]),
        DVector::from_vec(vec![0.0, 4.0]),
    );
    let found = mean_tilt_norm(&key_query, &mean, &bias);
    assert!((5.0..200.0).contains(&found), "{found}");
}
