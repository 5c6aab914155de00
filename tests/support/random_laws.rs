//! Random token laws of every family, and running a property with a fixed seed.

use attention_bounds::law::{
    Cube, Empirical, Gaussian, Mixture, Rademacher, RareAtom, Sphere, TokenLaw,
};
use nalgebra::DMatrix;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

pub fn matrix(rows: usize, columns: usize, scale: f64) -> impl Strategy<Value = DMatrix<f64>> {
    prop::collection::vec(-1.0f64..1.0, rows * columns)
        .prop_map(move |entries| DMatrix::from_vec(rows, columns, entries) * scale)
}

/// A covariance of rank at most `rank`, so singular ones come up.
pub fn covariance(dimension: usize, rank: usize) -> impl Strategy<Value = DMatrix<f64>> {
    matrix(dimension, rank, 1.0).prop_map(|root| &root * root.transpose())
}

pub fn gaussian(dimension: usize) -> impl Strategy<Value = Gaussian> {
    (
        matrix(dimension, 1, 2.0),
        (1..=dimension).prop_flat_map(move |rank| covariance(dimension, rank)),
    )
        .prop_map(|(mean, covariance)| {
            Gaussian::new(mean.column(0).into_owned(), covariance).unwrap()
        })
}

pub fn boxed(law: impl TokenLaw + 'static) -> Box<dyn TokenLaw> {
    Box::new(law)
}

/// A law of every family, of the given dimension.
pub fn law(dimension: usize) -> BoxedStrategy<Box<dyn TokenLaw>> {
    let mixture =
        prop::collection::vec((0.05f64..1.0, gaussian(dimension)), 1..4).prop_map(|parts| {
            let total: f64 = parts.iter().map(|p| p.0).sum();
            Mixture::new(parts.into_iter().map(|(w, g)| (w / total, g)).collect()).unwrap()
        });
    let empirical = (1usize..8)
        .prop_flat_map(move |n| matrix(n, dimension, 2.0))
        .prop_map(|m| Empirical::new(&m).unwrap());
    prop_oneof![
        gaussian(dimension).prop_map(boxed),
        mixture.prop_map(boxed),
        (0.1f64..3.0).prop_map(move |r| boxed(Sphere::new(dimension, r).unwrap())),
        (0.1f64..2.0).prop_map(move |c| boxed(Rademacher::new(dimension, c).unwrap())),
        (0.1f64..2.0).prop_map(move |h| boxed(Cube::new(dimension, h).unwrap())),
        empirical.prop_map(boxed),
    ]
    .boxed()
}

/// Laws whose rare parts decide everything, with the exponent `ln(1 / weight)` that makes them count and their distance: mixtures
/// and weighted points with weights down to 1e-300, and rare atoms in dimension 1.
pub fn rare_law(dimension: usize) -> BoxedStrategy<(Box<dyn TokenLaw>, f64, f64)> {
    let weights = prop::collection::vec((-300.0..-0.4f64).prop_map(|e| 10f64.powf(e)), 1..3);
    let parts = (weights, matrix(dimension, 3, 1.0), -2.0..2.0f64)
        .prop_map(|(small, points, size)| {
            let rest = 1.0 - small.iter().sum::<f64>();
            let least = small.iter().copied().fold(1.0, f64::min);
            let weights: Vec<f64> = std::iter::once(rest).chain(small).collect();
            (
                weights,
                points * 10f64.powf(size),
                -least.ln(),
                10f64.powf(size),
            )
        })
        .boxed();
    let mixture = (parts.clone(), gaussian(dimension)).prop_map(
        move |((weights, points, exponent, size), around)| {
            let covariance = around.covariance() * (1e-2 * size * size).min(1.0);
            let part = |(k, w): (usize, &f64)| {
                let mean = points.column(k).into_owned();
                (*w, Gaussian::new(mean, covariance.clone()).unwrap())
            };
            let list = weights.iter().enumerate().map(part).collect();
            (boxed(Mixture::new(list).unwrap()), exponent, size)
        },
    );
    let points = parts.prop_map(move |(weights, points, exponent, size)| {
        let rows = points.columns(0, weights.len()).transpose();
        let law = Empirical::weighted(&rows, weights).unwrap();
        (boxed(law), exponent, size)
    });
    if dimension > 1 {
        return prop_oneof![mixture, points].boxed();
    }
    let atoms = (-100.0..-0.1f64, -2.0..2.0f64).prop_map(|(e, size)| {
        let (eps, h) = (10f64.powf(e), 10f64.powf(size));
        (boxed(RareAtom::new(h, eps).unwrap()), -eps.ln(), h)
    });
    prop_oneof![mixture, points, atoms].boxed()
}

/// Runs `property` on `cases` values with a fixed seed.
pub fn run<S: Strategy>(
    seed: u8,
    cases: u32,
    strategy: &S,
    property: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 20,
        ..Config::default()
    };
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    TestRunner::new_with_rng(config, random)
        .run(strategy, property)
        .unwrap();
}
