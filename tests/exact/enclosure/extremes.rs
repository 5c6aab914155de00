//! Sizes at which floats lose digits without a word: what is called proved holds there, or is not called so.

use attention_bounds::PromptLength;
use attention_bounds::exact::{
    Exact, GaussianOutput, finite_gradient_error, gaussian_output_error, list_average, output_error,
};
use attention_bounds::law::{Empirical, Gaussian, Rademacher, TokenLaw};
use nalgebra::{DMatrix, DVector, dmatrix, dvector};

fn length(l: u64) -> [PromptLength; 1] {
    [PromptLength::new(l).unwrap()]
}

/// A truth that is known to four roundings.
fn holds(label: &str, found: Exact, truth: f64) {
    let known = 4.0 * f64::EPSILON * truth.abs();
    let inside = found.lower() <= truth + known && truth - known <= found.upper();
    assert!(
        found.unproved.is_some() || inside,
        "{label}: {found:?} {truth:e}"
    );
}

#[test]
fn probabilities_that_are_no_normal_floats() {
    let law = Empirical::weighted(&dmatrix![0.0; 0.0; 1.0], vec![0.5, 0.5 + 9e-10, 1.5e-323]);
    let law = law.unwrap();
    let seen = law.through(&dmatrix![1.0]);
    for score in [740.0_f64, 741.0, 742.0, 743.0] {
        // 1.5e-323 is 3 2^-1074.
        let ln_p = 3.0_f64.ln() - 1074.0 * 2.0_f64.ln();
        let odds = (score + ln_p).exp() / (1.0 + 9e-10);
        let found = &output_error(seen.as_ref(), &dvector![score], &length(1)).unwrap()[0];
        holds("bias", found.bias[0], -odds / (1.0 + odds));
    }
}

#[test]
fn products_of_gaussian_tokens_that_underflow() {
    let one = Gaussian::centred(dmatrix![1.0]).unwrap();
    let at = |law: &Gaussian, value: f64, tilt: f64| {
        let output = GaussianOutput::new(law, &dmatrix![value], &dvector![tilt]);
        gaussian_output_error(&output, &length(5)).unwrap()[0].clone()
    };
    let known = at(&one, 1.0, 1.0).squared_error.value;
    for value in [1.2e-162, 3e-160, 1e-158, 1e-40] {
        holds(
            "error",
            at(&one, value, 1.0).squared_error,
            known * value * value,
        );
    }
    let small = Gaussian::centred(dmatrix![1e-160]).unwrap();
    let ratio = at(&one, 1.0, 0.0).bias[0];
    assert_eq!(ratio.value, 0.0);
    // The bias of equal weights is -V Gamma a / L.
    holds(
        "bias",
        at(&small, 1e150, 1.23e-162).bias[0],
        -1.23e-172 / 5.0,
    );
}

#[test]
fn signs_without_a_tilt_and_values_whose_squares_underflow() {
    let law = Rademacher::new(1, 1e-75).unwrap();
    for value in [1.1e-80, 1.1e-85, 1.3e-87] {
        let seen = law.through(&dmatrix![value]);
        let found = &output_error(seen.as_ref(), &dvector![0.0], &length(2)).unwrap()[0];
        let scaled = value * 1e75;
        holds(
            "signs",
            found.squared_error,
            0.5 * (scaled * scaled) * 1e-300,
        );
        // 0 is not the truth, which is greater.
        assert!(found.squared_error.upper() > 0.0 || found.squared_error.unproved.is_some());
    }
}

#[test]
fn gradients_of_rare_and_small_tokens() {
    let (x, p) = (
        dmatrix![-1.0, 0.5, 0.75; 0.25, 1.0, -0.5],
        [0.25, 0.5, 0.25],
    );
    let (value, tilt) = (dmatrix![1.0, -0.5], dvector![0.75, -0.5]);
    let at = |scale: f64, square: f64| {
        finite_gradient_error(
            (&(&x * scale), &p),
            &value,
            &(&tilt / scale),
            square,
            &length(3),
        )
        .unwrap()[0]
            .key_query
    };
    let one = at(1.0, 1.0);
    for k in [-30, -60, -240, -266, -268, -300] {
        let scale = 2f64.powi(k);
        let truth = (one.value * scale * scale) * (scale * scale * 1e300);
        let found = at(scale, 1e300);
        let far = one.error / one.value * truth;
        let inside = (found.value - truth).abs() <= found.error + far;
        assert!(
            found.unproved.is_some() || inside,
            "2^{k}: {found:?} {truth:e}"
        );
        assert_eq!(found.unproved.is_none(), k >= -60, "2^{k}");
    }
    let rare = (&dmatrix![0.0, 1.0], [1.0, 1e-300].as_slice());
    let found = finite_gradient_error(rare, &dmatrix![1.0], &dvector![0.5], 1.0, &length(3));
    assert!(found.unwrap()[0].key_query.unproved.is_some());
}

/// Scores that are sums of products of `size^2` which cancel: the enclosures of one law in coordinates of another order meet, and
/// the error grows with what cancels.
#[test]
fn scores_that_cancel() {
    let mut state = 12_345_u64;
    let mut uniform = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 * 2f64.powi(-53)
    };
    let mut errors = Vec::new();
    for size in [0, 27, 46].map(|k| 2f64.powi(k)) {
        let tilt = [
            size * (1.0 + uniform()),
            -size * (1.0 + uniform()),
            size,
            1.0,
        ];
        let mut points = DMatrix::zeros(4, 4);
        for mut x in points.column_iter_mut().skip(1) {
            (x[0], x[1]) = (size * (1.0 + uniform()), size * (1.0 + uniform()));
            let (one, two) = (tilt[0] * x[0], tilt[1] * x[1]);
            x[2] = -(one + two) / size;
            // What the products and their sum leave out, exactly.
            let part = (one + two) - one;
            let lost = (one - ((one + two) - part)) + (two - part);
            let rest = tilt[0].mul_add(x[0], -one) + tilt[1].mul_add(x[1], -two) + lost;
            x[3] = uniform() - rest;
        }
        let in_order = |order: [usize; 4]| {
            let law = DMatrix::from_fn(4, 4, |i, j| points[(j, i)]);
            let law = DMatrix::from_fn(4, 4, |i, j| law[(i, order[j])]);
            let tilt = DVector::from_fn(4, |i, _| tilt[order[i]]);
            let value = DMatrix::from_fn(1, 4, |_, j| f64::from(order[j] == 3));
            let law = Empirical::new(&law).unwrap();
            output_error(law.through(&value).as_ref(), &tilt, &length(3)).unwrap()[0].participation
        };
        let found = [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]].map(in_order);
        for other in &found[1..] {
            let apart = (found[0].value - other.value).abs();
            assert!(apart <= found[0].error + other.error, "{size:e}: {found:?}");
        }
        errors.push(found[0].error);
    }
    assert!(
        errors[1] > 5.0 * errors[0] && errors[2] > 1e6 * errors[1],
        "{errors:?}"
    );
}

#[test]
fn what_is_no_probability_is_refused() {
    let tokens = dmatrix![-1.0, 1.0];
    for p in [
        [-0.5, 1.5],
        [f64::NAN, 1.0],
        [0.0, 0.0],
        [f64::INFINITY, 1.0],
    ] {
        let law = (&tokens, p.as_slice());
        assert!(
            finite_gradient_error(law, &dmatrix![1.0], &dvector![1.0], 1.0, &length(3)).is_err()
        );
    }
    let law = Rademacher::new(1, 1.0).unwrap();
    let seen = law.through(&dmatrix![1.0]);
    let [one, other] = [0.0, 1.0]
        .map(|a| output_error(seen.as_ref(), &dvector![a], &length(3)).unwrap()[0].clone());
    let both = [&one, &other];
    for weights in [[-0.5, 1.5], [f64::NAN, 1.0], [0.0, 0.0]] {
        assert!(list_average(&both, &weights).is_err());
    }
    // Probabilities are divided by their sum.
    let found = list_average(&both, &[0.25, 0.75 + 1e-9])
        .unwrap()
        .squared_error;
    let sum = 0.25 + (0.75 + 1e-9);
    let truth = (0.25 * one.squared_error.value + (0.75 + 1e-9) * other.squared_error.value) / sum;
    assert!(
        (found.value - truth).abs() <= 1e-15 && found.error < 1e-12,
        "{found:?} {truth}"
    );
}
