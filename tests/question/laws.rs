//! The token laws against other ways to compute the same quantities.

use attention_bounds::attention::{
    Head, QueryLaw, attention_weights, finite_prompt_attention, linear_attention,
    population_attention,
};
use attention_bounds::law::{
    Cube, Empirical, Gaussian, Mixture, Rademacher, Resolution, Sphere, TokenLaw,
};
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

type Law = Box<dyn TokenLaw>;

fn vector(dimension: usize, size: f64) -> impl Strategy<Value = DVector<f64>> {
    prop::collection::vec(-size..size, dimension).prop_map(DVector::from_vec)
}

fn matrix(rows: usize, columns: usize, size: f64) -> impl Strategy<Value = DMatrix<f64>> {
    prop::collection::vec(-size..size, rows * columns)
        .prop_map(move |entries| DMatrix::from_vec(rows, columns, entries))
}

/// A Gaussian law whose covariance has rank `1..=dimension`, singular ones included.
fn gaussian(dimension: usize) -> impl Strategy<Value = Gaussian> {
    (1..=dimension)
        .prop_flat_map(move |rank| (vector(dimension, 1.0), matrix(dimension, rank, 1.0)))
        .prop_map(|(mean, factor)| Gaussian::new(mean, &factor * factor.transpose()).unwrap())
}

fn mixture(dimension: usize) -> impl Strategy<Value = Mixture> {
    prop::collection::vec((0.05..1.0_f64, gaussian(dimension)), 1..4).prop_map(|parts| {
        let total: f64 = parts.iter().map(|p| p.0).sum();
        Mixture::new(parts.into_iter().map(|(w, g)| (w / total, g)).collect()).unwrap()
    })
}

fn empirical(dimension: usize) -> impl Strategy<Value = Empirical> {
    prop::collection::vec(
        (
            0.05..1.0_f64,
            prop::collection::vec(-2.0..2.0_f64, dimension),
        ),
        1..12,
    )
    .prop_map(move |rows| {
        let total: f64 = rows.iter().map(|r| r.0).sum();
        let points = DMatrix::from_fn(rows.len(), dimension, |i, j| rows[i].1[j]);
        Empirical::weighted(&points, rows.iter().map(|r| r.0 / total).collect()).unwrap()
    })
}

/// A law with bounded support.
fn bounded(dimension: usize) -> impl Strategy<Value = Law> {
    prop_oneof![
        empirical(dimension).prop_map(|l| Box::new(l) as Law),
        (0.2..2.0).prop_map(move |r| Box::new(Sphere::new(dimension, r).unwrap()) as Law),
        (0.2..2.0).prop_map(move |h| Box::new(Cube::new(dimension, h).unwrap()) as Law),
        (0.2..2.0).prop_map(move |c| Box::new(Rademacher::new(dimension, c).unwrap()) as Law),
    ]
}

/// Any law in this dimension.
fn law(dimension: usize) -> impl Strategy<Value = Law> {
    prop_oneof![
        1 => gaussian(dimension).prop_map(|l| Box::new(l) as Law),
        1 => mixture(dimension).prop_map(|l| Box::new(l) as Law),
        4 => bounded(dimension),
    ]
}

/// A law, a tilt along which its score atoms exist, and a value matrix.
fn law_tilt_value(size: f64) -> impl Strategy<Value = (Law, DVector<f64>, DMatrix<f64>)> {
    (1..5_usize, 1..4_usize).prop_flat_map(move |(d, m)| {
        (law(d), vector(d, size), matrix(m, d, 1.0)).prop_map(|(law, mut tilt, value)| {
            if law.name() == "cube" {
                tilt.rows_range_mut(1..).fill(0.0);
            }
            (law, tilt, value)
        })
    })
}

/// Five-point derivative of `f` at 0.
fn derivative(f: impl Fn(f64) -> f64) -> f64 {
    let h = 1e-2;
    (8.0 * (f(h) - f(-h)) - (f(2.0 * h) - f(-2.0 * h))) / (12.0 * h)
}

fn unit(dimension: usize, index: usize) -> DVector<f64> {
    DVector::from_fn(dimension, |i, _| if i == index { 1.0 } else { 0.0 })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn gradient_is_the_tilted_mean_and_hessian_the_covariance(
        (law, tilt, _) in law_tilt_value(1.0),
    ) {
        let d = law.dimension();
        let (mean, covariance) = (law.tilted_mean(&tilt), law.tilted_covariance(&tilt));
        for i in 0..d {
            let e = unit(d, i);
            let slope = derivative(|h| law.cumulant(&(&tilt + &e * h)));
            prop_assert!((slope - mean[i]).abs() < 3e-6, "{law:?}: {slope} {}", mean[i]);
            for j in 0..d {
                let slope = derivative(|h| law.tilted_mean(&(&tilt + &e * h))[j]);
                prop_assert!((slope - covariance[(j, i)]).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn atoms_reproduce_cumulant_mean_and_variance((law, tilt, value) in law_tilt_value(2.0)) {
        let output = law.through(&value);
        let tilted = output.tilted(&tilt);
        for resolution in [Resolution::fine(14.0), Resolution::coarse(14.0)] {
            let atoms = output.score_atoms(&tilt, resolution).unwrap();
            let n = atoms.weights.len();
            prop_assert!(atoms.scores.len() == n && atoms.spreads.len() == n);
            prop_assert_eq!(atoms.outputs.shape(), (value.nrows(), n));
            let total: f64 = atoms.weights.iter().sum();
            prop_assert!((total - 1.0).abs() < 1e-12);
            let largest = atoms.scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let weights: Vec<f64> = atoms.weights.iter().zip(&atoms.scores)
                .map(|(w, s)| w * (s - largest).exp()).collect();
            let sum: f64 = weights.iter().sum();
            let cumulant = atoms.score_origin + largest + sum.ln();
            prop_assert!((cumulant - tilted.cumulant).abs() < 1e-12 * (1.0 + cumulant.abs()),
                "{law:?} {tilt:?}: {cumulant} {}", tilted.cumulant);
            let mean = &*atoms.outputs * DVector::from_vec(weights.clone()) / sum;
            let whole = &mean + &atoms.output_origin;
            prop_assert!((&whole - &tilted.mean).norm() < 1e-12 * (1.0 + whole.norm()));
            let variance: f64 = (0..n).map(|i| {
                let square = (atoms.outputs.column(i) - &mean).norm_squared();
                weights[i] / sum * (atoms.spreads[i] + square)
            }).sum();
            prop_assert!((variance - tilted.variance).abs() < 1e-12 * (1.0 + variance),
                "{law:?} {tilt:?}: {variance} {}", tilted.variance);
        }
    }

    #[test]
    fn the_variance_proxy_dominates(
        (law, direction, _) in law_tilt_value(1.0), length in -3.0..3.0_f64,
    ) {
        let v = direction * 10.0_f64.powf(length);
        let mean = law.tilted_mean(&DVector::zeros(law.dimension()));
        let centred = law.cumulant(&v) - v.dot(&mean);
        let bound = 0.5 * law.variance_proxy().proxy.get() * v.norm_squared();
        // The subtraction rounds at the size of its terms.
        let rounding = 1e-13 * (law.cumulant(&v).abs() + v.dot(&mean).abs() + bound) + 1e-15;
        prop_assert!(centred <= bound + rounding, "{law:?}: {centred} > {bound}");
        prop_assert!(centred >= -rounding);
    }

    #[test]
    fn the_output_radius_covers_the_support(
        (law, centre, value) in (1..5_usize)
            .prop_flat_map(|d| (bounded(d), vector(2, 1.0), matrix(2, d, 1.0))),
        seed in any::<u64>(),
    ) {
        let radius = law.output_radius(&value, &centre).unwrap();
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut token = DVector::zeros(law.dimension());
        for _ in 0..50 {
            law.sample(&mut random, token.as_mut_slice());
            prop_assert!((&value * &token - &centre).norm() <= radius * (1.0 + 1e-14));
        }
    }

    #[test]
    fn doubling_the_atoms_of_an_empirical_law_changes_nothing(
        rows in matrix(7, 3, 2.0), tilt in vector(3, 3.0), value in matrix(2, 3, 1.0),
    ) {
        let doubled = DMatrix::from_fn(14, 3, |i, j| rows[(i % 7, j)]);
        let (one, two) = (Empirical::new(&rows).unwrap(), Empirical::new(&doubled).unwrap());
        let (x, y) = (one.through(&value).tilted(&tilt), two.through(&value).tilted(&tilt));
        prop_assert!((x.cumulant - y.cumulant).abs() < 1e-13);
        prop_assert!((x.mean - y.mean).norm() < 1e-13);
        prop_assert!((x.variance - y.variance).abs() < 1e-13);
        let (p, q) = (one.variance_proxy().proxy.get(), two.variance_proxy().proxy.get());
        prop_assert!((p / q - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_shift_of_all_scores_leaves_the_weights(
        prompt in matrix(2, 6, 2.0), query in vector(2, 2.0), shift in -1e3..1e3_f64,
    ) {
        // A constant third coordinate, which the tilt multiplies by `shift`, shifts all scores alike.
        let value = DMatrix::from_element(1, 3, 1.0);
        let extended = DMatrix::from_fn(3, 6, |i, j| if i < 2 { prompt[(i, j)] } else { 1.0 });
        let key_query = DMatrix::from_fn(3, 2, |i, j| if i == j { 1.0 } else { 0.0 });
        let plain = Head::new(key_query.clone(), value.clone()).unwrap();
        let bias = DVector::from_vec(vec![0.0, 0.0, shift]);
        let shifted = Head::with_tilt_bias(key_query, value, bias).unwrap();
        let x = attention_weights(&plain, &extended, &query).unwrap();
        let y = attention_weights(&shifted, &extended, &query).unwrap();
        prop_assert!((x - y).amax() < 1e-12);
    }

    #[test]
    fn population_attention_of_an_empirical_law_is_attention_over_its_points(
        prompt in matrix(3, 6, 2.0), query in vector(2, 2.0),
        key_query in matrix(3, 2, 1.0), value in matrix(2, 3, 1.0),
    ) {
        let head = Head::new(key_query, value).unwrap();
        let law = Empirical::new(&prompt.transpose()).unwrap();
        let x = population_attention(&law, &head, &query).unwrap();
        let y = finite_prompt_attention(&head, &prompt, &query).unwrap();
        prop_assert!((x - y).norm() < 1e-13);
    }
}

/// `ln E e^{kappa xi}`, tilted mean and tilted variance of a coordinate `xi` of the unit sphere, by
/// Simpson's rule in the polar angle: `xi = cos theta`, density `sin^{d-2} theta`.
fn sphere_by_simpson(dimension: usize, kappa: f64) -> (f64, f64, f64) {
    let n = 200_000;
    let step = std::f64::consts::PI / n as f64;
    let (mut norm, mut sums) = (0.0, [0.0; 3]);
    for i in 0..=n {
        let theta = i as f64 * step;
        let xi = theta.cos();
        let simpson = match i {
            _ if i == 0 || i == n => 1.0,
            _ if i % 2 == 1 => 4.0,
            _ => 2.0,
        };
        let density = simpson * theta.sin().powi(dimension as i32 - 2);
        let tilted = density * (kappa * (xi - 1.0)).exp();
        norm += density;
        for (power, sum) in sums.iter_mut().enumerate() {
            *sum += tilted * xi.powi(power as i32);
        }
    }
    let mean = sums[1] / sums[0];
    let variance = sums[2] / sums[0] - mean * mean;
    (kappa + (sums[0] / norm).ln(), mean, variance)
}

#[test]
fn sphere_agrees_with_brute_quadrature() {
    for (dimension, kappa) in [
        (2, 0.01),
        (2, 3.0),
        (3, 1.0),
        (5, 20.0),
        (17, 40.0),
        (64, 8.0),
    ] {
        let radius = 1.7;
        let law = Sphere::new(dimension, radius).unwrap();
        let tilt = unit(dimension, 1) * (kappa / radius);
        let (cumulant, mean, variance) = sphere_by_simpson(dimension, kappa);
        assert!((law.cumulant(&tilt) - cumulant).abs() < 1e-11 * (1.0 + cumulant));
        assert!((law.tilted_mean(&tilt)[1] - radius * mean).abs() < 1e-11);
        let covariance = law.tilted_covariance(&tilt);
        assert!((covariance[(1, 1)] - radius * radius * variance).abs() < 1e-10);
        // |X| = r, so the trace of the covariance is r^2 - |m|^2.
        let trace = radius * radius * (1.0 - mean * mean);
        assert!((covariance.trace() - trace).abs() < 1e-10);
    }
}

#[test]
fn sphere_keeps_its_limits() {
    let law = Sphere::new(3, 2.0).unwrap();
    let tiny = unit(3, 0) * 1e-12;
    assert!((law.tilted_mean(&tiny)[0] / (4.0 / 3.0 * 1e-12) - 1.0).abs() < 1e-14);
    assert!((law.cumulant(&tiny) / (4.0 / 6.0 * 1e-24) - 1.0).abs() < 1e-14);
    let huge = unit(3, 0) * 5e3;
    assert!((law.cumulant(&huge) - (1e4 - 2e4_f64.ln())).abs() < 1e-10);
    assert!((law.tilted_mean(&huge)[0] - 2.0 * (1.0 - 1e-4)).abs() < 1e-14);
}

#[test]
fn sphere_in_dimension_one_is_rademacher() {
    let (sphere, sign) = (
        Sphere::new(1, 1.3).unwrap(),
        Rademacher::new(1, 1.3).unwrap(),
    );
    let value = DMatrix::from_element(1, 1, 0.8);
    for a in [-20.0, -1.0, 0.0, 1e-6, 0.4, 7.0] {
        let tilt = DVector::from_element(1, a);
        let x = sphere.through(&value).tilted(&tilt);
        let y = sign.through(&value).tilted(&tilt);
        assert!((x.cumulant - y.cumulant).abs() <= 1e-14 * y.cumulant);
        assert!((x.mean[0] - y.mean[0]).abs() < 1e-14);
        assert!((x.variance - y.variance).abs() < 1e-13);
    }
    assert_eq!(sphere.variance_proxy().proxy, sign.variance_proxy().proxy);
}

#[test]
fn cube_in_dimension_one_is_a_coordinate_of_the_sphere_in_dimension_three() {
    let (cube, sphere) = (Cube::new(1, 1.3).unwrap(), Sphere::new(3, 1.3).unwrap());
    for a in [-20.0, -1.0, 1e-6, 0.4, 7.0] {
        let (x, y) = (DVector::from_element(1, a), unit(3, 0) * a);
        let (p, q) = (cube.cumulant(&x), sphere.cumulant(&y));
        assert!((p - q).abs() <= 1e-14 * q);
        assert!((cube.tilted_mean(&x)[0] - sphere.tilted_mean(&y)[0]).abs() < 1e-14);
        let (p, q) = (cube.tilted_covariance(&x), sphere.tilted_covariance(&y));
        assert!((p[0] - q[0]).abs() < 1e-13);
    }
}

#[test]
fn rademacher_is_the_empirical_law_of_its_support() {
    let law = Rademacher::new(4, 0.7).unwrap();
    let (points, _) = law.support().unwrap();
    let listed = Empirical::new(&points.transpose()).unwrap();
    let value = DMatrix::from_fn(2, 4, |i, j| 0.3 * i as f64 - 0.2 * j as f64 + 0.1);
    let tilt = DVector::from_vec(vec![1.0, -2.0, 0.0, 0.5]);
    let x = law.through(&value).tilted(&tilt);
    let y = listed.through(&value).tilted(&tilt);
    assert!((x.cumulant - y.cumulant).abs() < 1e-14);
    assert!((x.mean - y.mean).norm() < 1e-14 && (x.variance - y.variance).abs() < 1e-14);
    // The coordinate without tilt is not enumerated.
    let atoms = law
        .score_atoms(&tilt, &value, Resolution::fine(3.0))
        .unwrap();
    assert!(atoms.exact && atoms.weights.len() == 8);
}

#[test]
fn exactness_is_refused_with_the_reason() {
    let value = DMatrix::identity(21, 21);
    let tilt = DVector::from_element(21, 0.1);
    let fine = Resolution::fine(3.0);
    let sign = Rademacher::new(21, 1.0).unwrap();
    let message = sign
        .score_atoms(&tilt, &value, fine)
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("21 coordinates") && message.contains("20"),
        "{message}"
    );
    assert!(sign.support().is_none());
    let cube = Cube::new(21, 1.0).unwrap();
    let message = cube
        .score_atoms(&tilt, &value, fine)
        .unwrap_err()
        .to_string();
    assert!(message.contains("21 coordinates"), "{message}");
    let laws: Vec<Law> = vec![
        Box::new(Sphere::new(3, 1.0).unwrap()),
        Box::new(Gaussian::centred(DMatrix::identity(3, 3)).unwrap()),
        Box::new(Empirical::new(&DMatrix::identity(3, 3)).unwrap()),
    ];
    for law in laws {
        let value = DMatrix::identity(3, 3);
        for tilt in [DVector::zeros(2), DVector::from_element(3, f64::NAN)] {
            assert!(law.score_atoms(&tilt, &value, fine).is_err(), "{law:?}");
        }
        let narrow = DMatrix::identity(2, 2);
        assert!(law.score_atoms(&DVector::zeros(3), &narrow, fine).is_err());
    }
}

#[test]
fn constructors_refuse_what_is_no_law() {
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e200] {
        assert!(Sphere::new(2, bad).is_err());
        assert!(Cube::new(2, bad).is_err());
        assert!(Rademacher::new(2, bad).is_err());
    }
    assert!(Sphere::new(0, 1.0).is_err());
    assert!(Cube::new(70_000, 1.0).is_err());
    assert!(Empirical::new(&DMatrix::zeros(0, 2)).is_err());
    assert!(Empirical::new(&DMatrix::from_element(2, 2, f64::NAN)).is_err());
    assert!(Empirical::new(&DMatrix::from_row_slice(2, 1, &[1e200, -1e200])).is_err());
    assert!(Empirical::weighted(&DMatrix::zeros(2, 2), vec![1.0]).is_err());
    assert!(Empirical::weighted(&DMatrix::zeros(2, 2), vec![0.5, 0.6]).is_err());
}

#[test]
fn the_proxy_of_an_empirical_law_is_a_quarter_of_the_squared_diameter() {
    // Two points of equal weight: the optimal proxy.
    let law = Empirical::new(&DMatrix::from_row_slice(2, 1, &[-1.0, 3.0])).unwrap();
    assert!((law.variance_proxy().proxy.get() / 4.0 - 1.0).abs() < 1e-12);
    // A common offset must not cost the digits of the distance.
    let far = Empirical::new(&DMatrix::from_row_slice(2, 1, &[1e8 - 1.0, 1e8 + 3.0])).unwrap();
    assert!((far.variance_proxy().proxy.get() / 4.0 - 1.0).abs() < 1e-12);
    // Past the limit of pairwise distances: the radius about the mean.
    let many = DMatrix::from_fn(5000, 1, |i, _| if i % 2 == 0 { 1.0 } else { -1.0 });
    let law = Empirical::new(&many).unwrap();
    assert!((law.variance_proxy().proxy.get() - 1.0).abs() < 1e-11);
    assert!(law.variance_proxy().source.contains("radius"));
}

#[test]
fn the_diameter_is_found_across_blocks() {
    // 600 points make three blocks; the two far ones lie in the first and the last.
    let rows = DMatrix::from_fn(600, 2, |i, j| match (i, j) {
        (3, 0) => -5.0,
        (599, 0) => 5.0,
        _ => ((i * 7 + j) % 11) as f64 / 11.0,
    });
    let mut largest = 0.0_f64;
    for i in 0..600 {
        for j in 0..i {
            largest = largest.max((rows.row(i) - rows.row(j)).norm_squared());
        }
    }
    let proxy = Empirical::new(&rows).unwrap().variance_proxy().proxy.get();
    assert!(proxy >= largest / 4.0 && proxy <= largest / 4.0 * (1.0 + 1e-11));
}

/// Sampler against mean and covariance: 5 standard errors a statistic and a fixed seed. About 70
/// statistics are tested, so a right sampler with another seed fails with probability below 1e-4.
#[test]
fn samplers_have_the_mean_and_covariance_of_their_law() {
    let covariance = DMatrix::from_row_slice(2, 2, &[1.0, 0.6, 0.6, 2.0]);
    let mean = DVector::from_vec(vec![0.5, -1.0]);
    let gaussian = Gaussian::new(mean, covariance).unwrap();
    let singular = Gaussian::centred(DMatrix::from_element(2, 2, 1.0)).unwrap();
    let rows = DMatrix::from_row_slice(3, 2, &[0.0, 1.0, 2.0, -1.0, 0.5, 0.5]);
    let laws: Vec<Law> = vec![
        Box::new(Mixture::new(vec![(0.3, gaussian.clone()), (0.7, singular)]).unwrap()),
        Box::new(gaussian),
        Box::new(Sphere::new(3, 1.5).unwrap()),
        Box::new(Sphere::new(1, 1.5).unwrap()),
        Box::new(Cube::new(2, 0.7).unwrap()),
        Box::new(Rademacher::new(70, 0.7).unwrap()),
        Box::new(Empirical::new(&rows).unwrap()),
        Box::new(Empirical::weighted(&rows, vec![0.1, 0.2, 0.7]).unwrap()),
    ];
    let count = 40_000;
    for law in laws {
        let d = law.dimension();
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let mut draws = DMatrix::zeros(d, count);
        for mut draw in draws.column_iter_mut() {
            law.sample(&mut random, draw.as_mut_slice());
        }
        let zero = DVector::zeros(d);
        let (mean, covariance) = (law.tilted_mean(&zero), law.tilted_covariance(&zero));
        // Coordinates 0, 1 and the last: enough to see a wrong word of random bits.
        let shown: Vec<usize> = (0..d).filter(|&i| i < 2 || i + 1 == d).collect();
        let centred = |i: usize, k: usize| draws[(i, k)] - mean[i];
        for &i in &shown {
            check_average((0..count).map(|k| centred(i, k)).collect(), 0.0);
            for &j in &shown {
                let products = (0..count).map(|k| centred(i, k) * centred(j, k));
                check_average(products.collect(), covariance[(i, j)]);
            }
        }
    }
}

fn check_average(values: Vec<f64>, wanted: f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let error = (variance / n).sqrt();
    assert!(
        (mean - wanted).abs() <= 5.0 * error + 1e-12,
        "{mean} is not {wanted} +- {error}"
    );
}

#[test]
fn gaussian_tokens_make_attention_linear_and_signs_do_not() {
    // T1 and its negative control.
    let one = DMatrix::from_element(1, 1, 1.0);
    let head = Head::new(one.clone(), one.clone()).unwrap();
    let query = DVector::from_element(1, 2.0);
    let normal = Gaussian::centred(one).unwrap();
    let sign = Rademacher::new(1, 1.0).unwrap();
    assert_eq!(
        population_attention(&normal, &head, &query).unwrap()[0],
        2.0
    );
    let output = population_attention(&sign, &head, &query).unwrap()[0];
    assert!((output - 2.0_f64.tanh()).abs() < 1e-16);
    let plane = Sphere::new(2, 1.0).unwrap();
    assert!(population_attention(&plane, &head, &query).is_err());
    assert!(population_attention(&sign, &head, &DVector::zeros(2)).is_err());
}

#[test]
fn linear_attention_over_the_signs_is_the_gaussian_limit() {
    // The prompt (-1, 1) has second moment 1, so the linear head gives V U z.
    let one = DMatrix::from_element(1, 1, 1.0);
    let head = Head::new(one.clone(), one * 3.0).unwrap();
    let prompt = DMatrix::from_row_slice(1, 2, &[-1.0, 1.0]);
    let output = linear_attention(&head, &prompt, &DVector::from_element(1, 2.0)).unwrap();
    assert_eq!(output[0], 6.0);
}

#[test]
fn a_query_can_have_the_law_of_the_tokens() {
    let gaussian = Gaussian::centred(DMatrix::identity(2, 2)).unwrap();
    let query = QueryLaw::from_tokens(&gaussian);
    assert!(matches!(query, Ok(QueryLaw::Gaussian(_))));
    let sign = Rademacher::new(2, 1.0).unwrap();
    match QueryLaw::from_tokens(&sign).unwrap() {
        QueryLaw::List { queries, weights } => {
            assert_eq!((queries.ncols(), weights[0]), (4, 0.25));
        }
        QueryLaw::Gaussian(_) => panic!("the signs are a list"),
    }
    let sphere = Sphere::new(2, 1.0).unwrap();
    let message = QueryLaw::from_tokens(&sphere).unwrap_err().to_string();
    assert!(message.contains("sphere"), "{message}");
    assert!(QueryLaw::uniform(DMatrix::zeros(2, 0)).is_err());
    assert!(QueryLaw::uniform(DMatrix::from_element(1, 1, f64::NAN)).is_err());
    assert!(QueryLaw::weighted(DMatrix::zeros(1, 2), vec![0.5, 0.4]).is_err());
    assert!(QueryLaw::weighted(DMatrix::zeros(1, 2), vec![f64::NAN, 1.0]).is_err());
}

/// What bounds use of a finite law in one pass is what it says tilt by tilt.
#[test]
fn one_pass_over_a_finite_law_agrees_with_single_tilts() {
    let value = DMatrix::from_fn(2, 3, |i, j| (i as f64 - 0.5) * (j as f64 + 1.0));
    for value in [value, DMatrix::identity(3, 3)] {
        one_pass_agrees(&value);
    }
}

fn one_pass_agrees(value: &DMatrix<f64>) {
    let rows = DMatrix::from_fn(40, 3, |i, j| {
        ((7 * i + 11 * j * j + i * j) % 17) as f64 / 5.0
    });
    let weights: Vec<f64> = (0..40).map(|i| f64::from(1 + i % 5) / 120.0).collect();
    let law = Empirical::weighted(&rows, weights).unwrap();
    let seen = law.through(value);
    let tilt = DVector::from_vec(vec![0.8, -0.6, 0.4]);
    let multiples = [0.0, 2.0, -1.0, 1.5];
    let about = seen.about(&tilt, &multiples).unwrap();
    let near = |found: f64, wanted: f64| {
        assert!(
            (found - wanted).abs() < 1e-12 * (1.0 + wanted.abs()),
            "{found} {wanted}"
        );
    };
    let once = seen.tilted(&tilt);
    near(about.tilted.cumulant, once.cumulant);
    near(about.tilted.variance, once.variance);
    near((&about.tilted.mean - &once.mean).norm(), 0.0);
    for (multiple, found) in multiples.iter().zip(&about.deviations) {
        let other = seen.tilted(&(&tilt * *multiple));
        near(found.cumulant, other.cumulant);
        near(
            found.square,
            other.variance + (other.mean - &once.mean).norm_squared(),
        );
    }
    near(
        about.radius.unwrap(),
        seen.radius(&about.tilted.mean).unwrap(),
    );
    // The steps hold all tilted mass, each between its ends, and a square that is the whole but for rounding.
    let steps = about.steps.unwrap();
    near(steps.iter().map(|step| step.tilted).sum(), 1.0);
    let square: f64 = steps.iter().map(|step| step.square).sum();
    assert!((square / about.deviations[0].square - 1.0).abs() < 1e-8);
    for step in &steps {
        let (low, high) = step.ln_weight;
        assert!(low <= high && high - low < 1.1 / 128.0);
    }
    let mean: f64 = steps
        .iter()
        .map(|step| step.tilted * (-step.ln_weight.0).exp())
        .sum();
    assert!((mean - 1.0).abs() < 0.01, "E[1] by the steps: {mean}");
}
