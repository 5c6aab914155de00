//! Monte Carlo estimates against values known by other means: closed forms, binomial sums, golden values of the
//! participation ratios, and a naive simulation that shares only the samplers of the laws.

use crate::support::simulation::{agrees, cell, estimates, first, one_query, same};
use attention_bounds::attention::{Head, QueryLaw, attention_weights};
use attention_bounds::law::{Cube, Empirical, Gaussian, Mixture, Rademacher, Sphere, TokenLaw};
use attention_bounds::monte_carlo::{CellEstimates, Estimate, Plan, QueryChoice, Route};
use nalgebra::{DMatrix, DVector};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn everything(prompts: u64, seed: u64) -> Plan {
    Plan {
        value_gradient: true,
        key_query_gradient: true,
        operator_norm: true,
        thresholds: vec![0.1, 0.5, 2.0],
        quantiles: true,
        ..Plan::new(prompts, seed, Route::Plain)
    }
}

fn without_operator(plan: Plan, route: Route) -> Plan {
    Plan {
        operator_norm: false,
        route,
        ..plan
    }
}

fn matrix(rows: usize, columns: usize, shift: f64) -> DMatrix<f64> {
    DMatrix::from_fn(rows, columns, |i, j| {
        (shift + 1.7 * i as f64 + 0.9 * j as f64).sin()
    })
}

/// Without scores every weight is `1/L`: error `tr(V Gamma V^T) / L`, `P_2 = 1/L`, no bias.
#[test]
fn uniform_weights_have_closed_forms() {
    let root = matrix(3, 3, 0.3);
    let covariance = &root * root.transpose();
    let tokens = Gaussian::new(DVector::from_element(3, 4.0), covariance.clone()).unwrap();
    let value = matrix(2, 3, 1.0);
    let variance = (&value * &covariance * value.transpose()).trace();
    let head = Head::new(DMatrix::zeros(3, 3), value).unwrap();
    let query = one_query(&[1.0, -2.0, 0.5]);
    for route in [Route::Plain, Route::RaoBlackwell] {
        for length in [1, 7, 300] {
            let plan = without_operator(everything(3000, 11), route);
            let all = estimates(&tokens, &head, &query, vec![first(length)], plan);
            let l = length as f64;
            agrees("error", all[0].output_error, variance / l);
            for bias in &all[0].bias {
                agrees("bias", *bias, 0.0);
            }
            agrees("P_2", all[0].participation_two, 1.0 / l);
            agrees("P_3", all[0].participation_three, 1.0 / (l * l));
            agrees("1/P_2", all[0].effective_length, l);
            let gradient = all[0].value_gradient.unwrap();
            agrees(
                "value gradient",
                gradient.operator.unwrap(),
                covariance.trace() / l,
            );
            agrees(
                "value gradient",
                gradient.frobenius,
                2.0 * covariance.trace() / l,
            );
        }
    }
}

/// A prompt of one token: the error is that of the token, and `Chat = 0`.
#[test]
fn one_token_prompts() {
    let tokens = Gaussian::centred(DMatrix::identity(4, 4)).unwrap();
    let head = Head::new(DMatrix::identity(4, 4), matrix(4, 4, 0.0)).unwrap();
    let tilt = [0.5, -1.0, 0.25, 2.0];
    let v = head.value();
    let shift = (v * DVector::from_column_slice(&tilt)).norm_squared();
    let square = DVector::from_column_slice(&tilt).norm_squared();
    for route in [Route::Plain, Route::RaoBlackwell] {
        let plan = without_operator(everything(20_000, 5), route);
        let all = estimates(&tokens, &head, &one_query(&tilt), vec![first(1)], plan);
        agrees("error", all[0].output_error, v.norm_squared() + shift);
        agrees("P_2", all[0].participation_two, 1.0);
        let gradient = all[0].key_query_gradient.unwrap().frobenius;
        agrees("key-query gradient", gradient, v.norm_squared() * square);
    }
}

/// One token, no scores: `|That - T|^2` is the square of a normal number, of variance 2; the bias has variance 1.
#[test]
fn standard_errors_come_from_known_variances() {
    let one = DMatrix::from_element(1, 1, 1.0);
    let tokens = Gaussian::centred(one.clone()).unwrap();
    let head = Head::new(&one * 0.0, one).unwrap();
    let n = 40_000;
    let plan = Plan::new(n, 6, Route::Plain);
    let cell = estimates(&tokens, &head, &one_query(&[1.0]), vec![first(1)], plan).remove(0);
    // The variance of a sample variance is (kurtosis - 1) / n of its square: (15 - 1) / n and 2 / n here; half of
    // it for a standard error, relative, at 5.2 deviations.
    for (estimate, variance, spread) in [(cell.output_error, 2.0, 14.0), (cell.bias[0], 1.0, 2.0)] {
        let wanted = (variance / n as f64).sqrt();
        let allowed = 5.2 * 0.5 * (spread / n as f64).sqrt();
        let relative = estimate.standard_error / wanted - 1.0;
        assert!(relative.abs() <= allowed, "{relative} {allowed}");
    }
    // Skewness of a square of a normal number: sqrt(8).
    assert!(
        (cell.output_error.skewness - 8f64.sqrt()).abs() < 0.3,
        "{}",
        cell.output_error.skewness
    );
}

/// Sums over the binomial number of positive tokens, `d = 1`, `V = U = 1`.
#[test]
fn rademacher_tokens_are_binomial_sums() {
    let tokens = Rademacher::new(1, 1.0).unwrap();
    let one = DMatrix::from_element(1, 1, 1.0);
    let head = Head::new(one.clone(), one).unwrap();
    for (a, length) in [(0.7_f64, 9_u64), (1.5, 40)] {
        let plan = everything(40_000, 3);
        let thresholds = plan.thresholds.clone();
        let all = estimates(&tokens, &head, &one_query(&[a]), vec![first(length)], plan);
        let mut probability = 0.5_f64.powi(length as i32);
        let mut sums = [0.0; 6];
        let mut tails = vec![0.0; thresholds.len()];
        for k in 0..=length {
            let (up, down) = (k as f64, (length - k) as f64);
            let total = up * a.exp() + down * (-a).exp();
            let output = (up * a.exp() - down * (-a).exp()) / total;
            let error = output - a.tanh();
            let two = (up * (2.0 * a).exp() + down * (-2.0 * a).exp()) / (total * total);
            let three = (up * (3.0 * a).exp() + down * (-3.0 * a).exp()) / total.powi(3);
            let slope = (1.0 - output * output) - (1.0 - a.tanh().powi(2));
            let values = [
                error * error,
                error,
                two,
                three,
                1.0 / two,
                slope * slope * a * a,
            ];
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum += probability * value;
            }
            for (tail, eps) in tails.iter_mut().zip(&thresholds) {
                *tail += if error.abs() >= *eps {
                    probability
                } else {
                    0.0
                };
            }
            probability *= down / (up + 1.0);
        }
        let cell = &all[0];
        agrees("error", cell.output_error, sums[0]);
        agrees("bias", cell.bias[0], sums[1]);
        agrees("P_2", cell.participation_two, sums[2]);
        agrees("P_3", cell.participation_three, sums[3]);
        agrees("1/P_2", cell.effective_length, sums[4]);
        agrees(
            "value gradient",
            cell.value_gradient.unwrap().frobenius,
            sums[0],
        );
        agrees(
            "key-query gradient",
            cell.key_query_gradient.unwrap().frobenius,
            sums[5],
        );
        agrees(
            "operator",
            cell.key_query_gradient.unwrap().operator.unwrap(),
            sums[5],
        );
        for (deviation, tail) in cell.deviations.iter().zip(&tails) {
            let n = deviation.prompts as f64;
            let error = (tail * (1.0 - tail) / n).sqrt();
            let difference = (deviation.frequency() - tail).abs();
            assert!(difference <= 5.2 * error + 1e-12, "{deviation:?} {tail}");
        }
    }
}

/// Golden values of `r_2`, `r_3` and T3's error, by 50-digit quadrature (theory pages, section 4).
#[test]
fn gaussian_participation_has_its_golden_values() {
    let golden = [
        (
            0.3,
            5,
            [
                0.214_246_285_058_388_66,
                0.048_985_626_229_041_2,
                0.046_014_943_433_147_8,
            ],
            40_000,
        ),
        (
            1.0,
            1024,
            [0.002_635_409_006_062_7, 1.835_703_655_0e-5, 7.139_937_50e-6],
            8_000,
        ),
    ];
    let tokens = Gaussian::centred(DMatrix::identity(3, 3)).unwrap();
    for (s, length, [two, three, square], prompts) in golden {
        let head = Head::new(DMatrix::identity(3, 3), matrix(2, 3, 0.4)).unwrap();
        let tilt = DVector::from_column_slice(&[0.6, 0.0, -0.8]) * s;
        let output = head.value() * &tilt;
        let error = two * head.value().norm_squared()
            + (two - 6.0 * three + 6.0 * square) * output.norm_squared();
        for route in [Route::Plain, Route::RaoBlackwell] {
            let plan = Plan::new(prompts, 17, route);
            let query = one_query(tilt.as_slice());
            let all = estimates(&tokens, &head, &query, vec![first(length)], plan);
            agrees("r_2", all[0].participation_two, two);
            agrees("r_3", all[0].participation_three, three);
            agrees("error", all[0].output_error, error);
            for (bias, t) in all[0].bias.iter().zip(output.iter()) {
                agrees("bias", *bias, -two * t);
            }
        }
    }
}

fn compare(one: &CellEstimates, two: &CellEstimates) {
    same("error", one.output_error, two.output_error);
    for (x, y) in one.bias.iter().zip(&two.bias) {
        same("bias", *x, *y);
    }
    same("P_2", one.participation_two, two.participation_two);
    same("P_3", one.participation_three, two.participation_three);
    same("1/P_2", one.effective_length, two.effective_length);
    let (x, y) = (one.value_gradient.unwrap(), two.value_gradient.unwrap());
    same("value gradient", x.frobenius, y.frobenius);
    let (x, y) = (
        one.key_query_gradient.unwrap(),
        two.key_query_gradient.unwrap(),
    );
    same("key-query gradient", x.frobenius, y.frobenius);
    if let (Some(x), Some(y)) = (x.operator, y.operator) {
        same("operator", x, y);
    }
    for (x, y) in one.deviations.iter().zip(&two.deviations) {
        let p = (x.count + y.count) as f64 / (x.prompts + y.prompts) as f64;
        let error = (p * (1.0 - p) * (1.0 / x.prompts as f64 + 1.0 / y.prompts as f64)).sqrt();
        let difference = (x.frequency() - y.frequency()).abs();
        assert!(difference <= 5.2 * error, "{x:?} {y:?}");
    }
}

/// Full and singular covariances, means, rectangular matrices, a query bias; a fixed and a random query.
#[test]
fn rao_blackwell_agrees_with_plain() {
    let full = matrix(3, 3, 2.0);
    let thin = matrix(3, 2, 0.7);
    for (case, root) in [full, thin].into_iter().enumerate() {
        let covariance = &root * root.transpose() * 0.5;
        let mean = DVector::from_column_slice(&[1.0, -3.0, 0.5]);
        let tokens = Gaussian::new(mean, covariance).unwrap();
        let bias = DVector::from_column_slice(&[0.2, -0.1, 0.3]);
        let head = Head::with_tilt_bias(matrix(3, 2, 0.1) * 0.6, matrix(4, 3, 1.1), bias).unwrap();
        let list = QueryLaw::uniform(matrix(2, 2, 0.5)).unwrap();
        let random = QueryLaw::gaussian(Gaussian::centred(DMatrix::identity(2, 2) * 0.5).unwrap());
        for (query, choice) in [
            (&list, QueryChoice::Index(1)),
            (&list, QueryChoice::Average),
            (&random, QueryChoice::Average),
        ] {
            let plan = everything(30_000, 40 + case as u64);
            let run = |route| {
                let plan = without_operator(plan.clone(), route);
                estimates(&tokens, &head, query, vec![cell(choice, 24)], plan).remove(0)
            };
            let (plain, scores) = (run(Route::Plain), run(Route::RaoBlackwell));
            compare(&plain, &scores);
            // With a random query the tail is so heavy that the two sample deviations may change places.
            let deviations = [&scores, &plain].map(|cell| cell.output_error.standard_error);
            assert!(choice == QueryChoice::Average || deviations[0] < deviations[1]);
        }
    }
}

/// Short prompts and a tilt between the axes of the covariance, so that every term of the conditional
/// expectation of the key-query gradient counts, the mixed one too.
#[test]
fn key_query_gradient_has_all_its_terms() {
    let covariance = DMatrix::from_diagonal(&DVector::from_column_slice(&[1.0, 4.0]));
    let tokens = Gaussian::centred(covariance).unwrap();
    let value = DMatrix::from_row_slice(1, 2, &[0.3, 1.0]);
    let head = Head::new(DMatrix::identity(2, 2) * 0.4, value).unwrap();
    for length in [2, 4] {
        let run = |route| {
            let plan = without_operator(everything(400_000, 23), route);
            estimates(
                &tokens,
                &head,
                &one_query(&[1.0, 1.0]),
                vec![first(length)],
                plan,
            )
            .remove(0)
        };
        compare(&run(Route::Plain), &run(Route::RaoBlackwell));
    }
}

fn moments(numbers: &[f64]) -> Estimate {
    let n = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / n;
    let deviations: f64 = numbers.iter().map(|x| (x - mean).powi(2)).sum();
    Estimate {
        mean,
        standard_error: (deviations / (n - 1.0) / n).sqrt(),
        prompts: numbers.len() as u64,
        seed: 0,
        skewness: 0.0,
        largest_share: None,
    }
}

/// Softmax attention as it is written on paper, one prompt at a time.
fn naive(
    tokens: &dyn TokenLaw,
    head: &Head,
    z: &DVector<f64>,
    length: usize,
    like: &CellEstimates,
) -> CellEstimates {
    let mut random = ChaCha8Rng::seed_from_u64(99);
    let (tilt, value) = (head.tilt(z), head.value());
    let (mean, covariance) = (tokens.tilted_mean(&tilt), tokens.tilted_covariance(&tilt));
    let mut columns = vec![Vec::new(); 7 + value.nrows()];
    let mut deviations = like.deviations.clone();
    deviations
        .iter_mut()
        .for_each(|deviation| deviation.count = 0);
    for _ in 0..like.output_error.prompts {
        let mut prompt = DMatrix::zeros(tokens.dimension(), length);
        for mut token in prompt.column_iter_mut() {
            tokens.sample(&mut random, token.as_mut_slice());
        }
        let p = attention_weights(head, &prompt, z).unwrap();
        let shift = &prompt * &p - &mean;
        let mut spread = DMatrix::zeros(tokens.dimension(), tokens.dimension());
        for (weight, token) in p.iter().zip(prompt.column_iter()) {
            let x = token - &prompt * &p;
            spread += &x * x.transpose() * *weight;
        }
        let gradient = value * (spread - &covariance);
        let two: f64 = p.iter().map(|w| w * w).sum();
        let output = value * &shift;
        let numbers = [
            output.norm_squared(),
            two,
            p.iter().map(|w| w * w * w).sum(),
            1.0 / two,
            shift.norm_squared(),
            gradient.norm_squared() * z.norm_squared(),
            gradient.singular_values().max().powi(2) * z.norm_squared(),
        ];
        for (column, x) in columns.iter_mut().zip(numbers.iter().chain(output.iter())) {
            column.push(*x);
        }
        for deviation in &mut deviations {
            deviation.count += u64::from(output.norm() >= deviation.threshold);
        }
    }
    let all: Vec<Estimate> = columns.iter().map(|column| moments(column)).collect();
    let mut naive = like.clone();
    naive.output_error = all[0];
    naive.participation_two = all[1];
    naive.participation_three = all[2];
    naive.effective_length = all[3];
    let mut frobenius = all[4];
    frobenius.mean *= value.nrows() as f64;
    frobenius.standard_error *= value.nrows() as f64;
    naive.value_gradient.as_mut().unwrap().frobenius = frobenius;
    naive.key_query_gradient.as_mut().unwrap().frobenius = all[5];
    naive.key_query_gradient.as_mut().unwrap().operator = Some(all[6]);
    naive.bias = all[7..].to_vec();
    naive.deviations = deviations;
    naive
}

#[test]
fn every_law_agrees_with_a_naive_simulation() {
    let gaussian = Gaussian::new(DVector::from_element(3, 2.0), DMatrix::identity(3, 3)).unwrap();
    let other = Gaussian::centred(DMatrix::identity(3, 3) * 0.2).unwrap();
    let laws: Vec<Box<dyn TokenLaw>> = vec![
        Box::new(gaussian.clone()),
        Box::new(Mixture::new(vec![(0.3, gaussian), (0.7, other)]).unwrap()),
        Box::new(Sphere::new(3, 1.5).unwrap()),
        Box::new(Cube::new(3, 1.2).unwrap()),
        Box::new(Rademacher::new(3, 0.8).unwrap()),
        Box::new(Empirical::new(&matrix(7, 3, 0.0)).unwrap()),
    ];
    let head = Head::new(matrix(3, 3, 0.2) * 0.7, matrix(2, 3, 0.9)).unwrap();
    let z = DVector::from_column_slice(&[1.0, -0.5, 0.8]);
    for law in &laws {
        let plan = everything(4000, 8);
        let query = one_query(z.as_slice());
        let all = estimates(law.as_ref(), &head, &query, vec![first(13)], plan);
        compare(&all[0], &naive(law.as_ref(), &head, &z, 13, &all[0]));
    }
}

/// The average over a list is the weighted mean of its queries, also where population values are not kept.
#[test]
fn average_over_a_list_is_the_weighted_mean() {
    let tokens = Sphere::new(3, 1.0).unwrap();
    let head = Head::new(matrix(3, 3, 0.2) * 2.0, matrix(2, 3, 0.9)).unwrap();
    let weights = [0.2, 0.0, 0.8];
    let query = QueryLaw::weighted(matrix(3, 3, 0.0), weights.to_vec()).unwrap();
    let cells = (0..3).map(QueryChoice::Index).chain([QueryChoice::Average]);
    let cells = cells.map(|choice| cell(choice, 10)).collect();
    let all = estimates(&tokens, &head, &query, cells, everything(20_000, 2));
    let mean: f64 = all
        .iter()
        .zip(weights)
        .map(|(cell, w)| w * cell.output_error.mean)
        .sum();
    agrees("error", all[3].output_error, mean);
    let gradient = |cell: &CellEstimates| cell.key_query_gradient.unwrap().frobenius;
    let mean: f64 = all
        .iter()
        .zip(weights)
        .map(|(cell, w)| w * gradient(cell).mean)
        .sum();
    agrees("key-query gradient", gradient(&all[3]), mean);
}

/// Scores of 1e4 would overflow without the shift by the largest; one token takes all the weight.
#[test]
fn large_scores_do_not_overflow() {
    let tokens = Gaussian::centred(DMatrix::identity(2, 2)).unwrap();
    let identity = DMatrix::identity(2, 2);
    let head = Head::new(&identity * 1e4, identity).unwrap();
    for route in [Route::Plain, Route::RaoBlackwell] {
        let plan = without_operator(everything(500, 1), route);
        let all = estimates(
            &tokens,
            &head,
            &one_query(&[0.6, 0.8]),
            vec![first(100)],
            plan,
        );
        let cell = &all[0];
        assert!(cell.output_error.mean.is_finite() && cell.output_error.mean > 9.9e7);
        assert!(cell.participation_two.mean > 0.99 && cell.participation_two.mean <= 1.0);
    }
}

/// The control variate shrinks the variance and moves nothing. A run of fewer than 128 prompts has none.
#[test]
fn control_variate_helps_where_scores_are_wide() {
    let tokens = Gaussian::centred(DMatrix::identity(16, 16)).unwrap();
    let head = Head::new(DMatrix::identity(16, 16), DMatrix::identity(16, 16)).unwrap();
    let query = one_query(&[0.5; 16]);
    let run = |prompts, seed| {
        let plan = Plan::new(prompts, seed, Route::RaoBlackwell);
        estimates(&tokens, &head, &query, vec![first(64)], plan).remove(0)
    };
    let variance = |e: Estimate| e.standard_error.powi(2) * e.prompts as f64;
    let without: Vec<CellEstimates> = (1..=200).map(|seed| run(100, seed)).collect();
    let with = run(20_000, 1000);
    for pick in [
        |c: &CellEstimates| c.output_error,
        |c: &CellEstimates| c.participation_two,
    ] {
        let before = without.iter().map(|c| variance(pick(c))).sum::<f64>() / 200.0;
        // The reduction is 4.7 for the output error, and more for P_2.
        let ratio = before / variance(pick(&with));
        assert!(ratio > 3.0, "{ratio}");
    }
    let mean = without.iter().map(|c| c.output_error.mean).sum::<f64>() / 200.0;
    let error = without
        .iter()
        .map(|c| c.output_error.standard_error.powi(2))
        .sum::<f64>()
        .sqrt()
        / 200.0;
    let difference = (mean - with.output_error.mean).abs();
    assert!(difference <= 5.2 * error.hypot(with.output_error.standard_error));
}

/// The counts of the histogram are those of the deviations, and its median splits the prompts.
#[test]
fn quantiles_and_deviations_are_of_the_same_errors() {
    let tokens = Gaussian::centred(DMatrix::identity(1, 1)).unwrap();
    let zero = DMatrix::zeros(1, 1);
    let head = Head::new(zero, DMatrix::identity(1, 1)).unwrap();
    for route in [Route::Plain, Route::RaoBlackwell] {
        let plan = Plan {
            thresholds: vec![0.25],
            quantiles: true,
            ..Plan::new(10_000, 4, route)
        };
        // |That - T| is |N(0, 1/16)|: median 0.25 * 0.674490, P(>= 0.25) = 0.317311.
        let all = estimates(&tokens, &head, &one_query(&[1.0]), vec![first(16)], plan);
        let errors = all[0].errors.as_ref().unwrap();
        let count = all[0].deviations[0].count;
        assert_eq!(errors.count(), 10_000);
        assert!((count as f64 - 3173.11).abs() < 5.2 * 46.6, "{count}");
        // The bins end at 0.25, a power of two.
        assert!(errors.order_statistic(10_000 - count).unwrap().upper <= 0.25);
        assert!(errors.order_statistic(10_000 - count + 1).unwrap().lower >= 0.25);
        // Ranks 5000 -+ 5.2 * 50 enclose the median.
        let (low, high) = (
            errors.order_statistic(4740).unwrap(),
            errors.order_statistic(5260).unwrap(),
        );
        assert!(
            low.lower <= 0.168_622 && 0.168_622 <= high.upper,
            "{low:?} {high:?}"
        );
    }
}

/// `L = 1e7`, a few prompts: `L r_2` is `e^{s^2}` within 1e-5 there.
#[test]
fn prompts_of_ten_million_tokens_are_streamed() {
    let tokens = Gaussian::centred(DMatrix::identity(2, 2)).unwrap();
    let identity = DMatrix::identity(2, 2);
    let head = Head::new(identity.clone(), identity).unwrap();
    let length = 10_000_000;
    let plan = Plan::new(3, 1, Route::RaoBlackwell);
    let all = estimates(
        &tokens,
        &head,
        &one_query(&[0.6, 0.8]),
        vec![first(length)],
        plan,
    );
    let ratio = all[0].participation_two.mean * length as f64 / std::f64::consts::E;
    // Three prompts give no reliable standard error: L P_2 has a relative deviation of about
    // sqrt(E w^4) / (e sqrt(L)) = e^{6/2 - 1} / sqrt(L) = 0.0023.
    assert!((ratio - 1.0).abs() < 0.01, "{ratio}");
}

/// A heavy cell says so, a light one does not.
#[test]
fn heavy_tails_are_said() {
    let tokens = Gaussian::centred(DMatrix::identity(2, 2)).unwrap();
    let identity = DMatrix::identity(2, 2);
    let head = Head::new(identity.clone(), identity).unwrap();
    let wide = QueryLaw::gaussian(Gaussian::centred(DMatrix::identity(2, 2) * 9.0).unwrap());
    let plan = Plan::new(20_000, 1, Route::RaoBlackwell);
    let heavy = estimates(
        &tokens,
        &head,
        &wide,
        vec![cell(QueryChoice::Average, 1000)],
        plan.clone(),
    );
    let light = estimates(
        &tokens,
        &head,
        &one_query(&[0.1, 0.1]),
        vec![first(1000)],
        plan,
    );
    let share = |all: &[CellEstimates]| all[0].output_error.largest_share.unwrap();
    assert!(share(&heavy) > 0.1, "{}", share(&heavy));
    assert!(share(&light) < 0.05, "{}", share(&light));
    assert!(
        light[0]
            .bias
            .iter()
            .all(|bias| bias.largest_share.is_none())
    );
}
