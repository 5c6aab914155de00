//! T10.gaussian: its errors, gaps and distances against closed forms and exact values.

use attention_bounds::bound::regression::gaussian::{
    HeadSet, QueryErrors, RegressionConstants, SmoothLoss, gronwall_distance, risk_gaps,
    smooth_risk_gap,
};
use attention_bounds::parameter::{Positive, PromptLength};
use attention_bounds::regression::flow::{FlowOptions, follow};
use attention_bounds::regression::risk::curvature::extreme_curvatures;
use attention_bounds::regression::risk::{FinitePromptRisk, InfinitePrompt, infinite};
use attention_bounds::regression::transfer::gaussian::{self, InfinitePath};
use attention_bounds::regression::{RegressionHead, RegressionTask};
use nalgebra::{DMatrix, SymmetricEigen};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::support::regression_losses::simulate;

fn length(l: u64) -> PromptLength {
    PromptLength::new(l).unwrap()
}

fn constants(task: &RegressionTask) -> RegressionConstants {
    RegressionConstants::new(
        task.eigenvalues().as_slice(),
        task.noise_variance(),
        task.weight_variance(),
    )
    .unwrap()
}

fn norms(task: &RegressionTask, head: &RegressionHead) -> HeadSet {
    let root = task.function(f64::sqrt);
    let aligned = &root * &head.key_query * &root;
    HeadSet::new(
        aligned.singular_values().max(),
        head.value.abs(),
        (task.covariance() * &head.key_query * &root).norm(),
        (2.0 * infinite::excess(task, head).unwrap()).sqrt(),
    )
    .unwrap()
}

fn uniform(random: &mut ChaCha8Rng, low: f64, high: f64) -> f64 {
    low + (high - low) * random.random::<f64>()
}

fn random_task(random: &mut ChaCha8Rng, d: usize, noise: f64) -> RegressionTask {
    let factor = DMatrix::from_fn(d, d, |_, _| uniform(random, -1.0, 1.0));
    let covariance: DMatrix<f64> = &factor * factor.transpose() + DMatrix::identity(d, d) * 0.2;
    let covariance = (&covariance + covariance.transpose()) * 0.5;
    RegressionTask::new(covariance, noise, uniform(random, 0.1, 2.0)).unwrap()
}

fn random_head(random: &mut ChaCha8Rng, d: usize, scale: f64) -> RegressionHead {
    let key_query = DMatrix::from_fn(d, d, |_, _| scale * uniform(random, -1.0, 1.0));
    RegressionHead::new(key_query, uniform(random, -2.0, 2.0)).unwrap()
}

#[test]
#[ignore = "long: run by ./test --all"]
fn gaps_of_risk_and_gradient_are_not_below_the_exact_ones_on_400_cases() {
    let sharpest: Vec<(f64, f64)> = (0..80_usize)
        .into_par_iter()
        .map(|case| {
            let mut random = ChaCha8Rng::seed_from_u64(1000 + case as u64);
            let d = 1 + case % 4;
            let noise = if case % 7 == 0 {
                0.0
            } else {
                uniform(&mut random, 0.0, 1.0)
            };
            let task = random_task(&mut random, d, noise);
            let head = random_head(&mut random, d, [0.0, 0.1, 0.3, 0.7, 2.0][case % 5]);
            let set = norms(&task, &head);
            let limit = infinite::gradient(&task, &head).unwrap();
            let mut sharpest = (f64::INFINITY, f64::INFINITY);
            for l in [1, 5, 50, 10_000, 10_000_000] {
                let finite = FinitePromptRisk::new(&task, length(l)).unwrap();
                let errors =
                    QueryErrors::new(constants(&task), (l as f64).ln(), set.alignment).unwrap();
                let bounds = risk_gaps(&errors, &set);
                let gap = finite.gap(&head).unwrap().value.abs();
                let moved = finite.gradient(&head).unwrap().distance(&limit);
                let (risk, gradient) = (bounds.ln_risk.exp(), bounds.ln_gradient.exp());
                assert!(risk >= gap, "case {case}, L = {l}: {risk} {gap}");
                assert!(
                    gradient >= moved,
                    "case {case}, L = {l}: {gradient} {moved}"
                );
                sharpest = (sharpest.0.min(risk / gap), sharpest.1.min(gradient / moved));
            }
            sharpest
        })
        .collect();
    let least =
        |pick: fn(&(f64, f64)) -> f64| sharpest.iter().map(pick).fold(f64::INFINITY, f64::min);
    let (risk, gradient) = (least(|s| s.0), least(|s| s.1));
    println!("sharpest: risk {risk:.2}, gradient {gradient:.2}");
    assert!(risk < 1.05 && gradient < 1.1);
}

#[test]
fn long_prompts_have_the_closed_form_of_chi_square_moments() {
    // r_2 -> e^q/L and r_3/r_2 -> 0; E[u^m e^{x u}] of a chi-square variable.
    for (eigenvalues, noise, weight, k) in [
        (vec![1.0], 0.3, 0.7, 0.2),
        (vec![0.4, 1.0, 2.5], 0.1, 1.3, 0.3),
        (vec![0.5; 5], 0.0, 0.2, 0.4),
    ] {
        let c = RegressionConstants::new(&eigenvalues, noise, weight).unwrap();
        let ln_length = 80.0;
        let errors = QueryErrors::new(c, ln_length, k).unwrap();
        let found = errors.moments(k);
        // The upper end of the cell of k^2.
        let x = ((k * k * 256.0_f64).floor() + 1.0) / 256.0;
        let room = 1.0 - 2.0 * x;
        let d = eigenvalues.len() as f64;
        let moment = |m: usize| {
            let product: f64 = (0..m).map(|i| (d + 2.0 * i as f64) / room).product();
            product * room.powf(-0.5 * d)
        };
        let trace: f64 = eigenvalues.iter().sum();
        let squares: f64 = eigenvalues.iter().map(|l| l * l).sum();
        let top = eigenvalues.iter().copied().fold(0.0, f64::max);
        let label = weight * trace + noise;
        let output = label * moment(0) + weight * top * x * moment(1);
        let bias = squares.sqrt() * moment(1) + 2.0 * top * x * moment(2);
        // The product is not a polynomial: its square is, and the weight sqrt(u) is at its bound sqrt(d) with one more degree of freedom.
        let direct = weight * top * top;
        let cross = top * (weight * trace + label + 2.0 * weight * top);
        let rest = weight * squares + label * trace;
        let product = |u: f64| {
            let q = x * u;
            let spread = direct * (2.0 + 4.0 * q + q * q) + cross * (1.0 + q) + rest;
            (spread * (label + weight * top * q)).sqrt() * q.exp()
        };
        let product = d.sqrt() * chi_square_mean(d + 1.0, product);
        for (ln, wanted) in [
            (found.ln_output, output),
            (found.ln_signal, top * x * moment(1)),
            (found.ln_size, moment(1)),
            (found.ln_bias, bias),
            (found.ln_product, product),
        ] {
            let ratio = (ln + ln_length).exp() / wanted;
            println!("k {k}: {ratio}");
            assert!((1.0..1.1).contains(&ratio), "{ratio}");
        }
    }
}

/// `E f(u)` for a chi-square `u`: the trapezoidal rule in `ln u`.
fn chi_square_mean(freedom: f64, f: impl Fn(f64) -> f64) -> f64 {
    let (mut sum, mut mass) = (0.0, 0.0);
    for i in -4000..1400 {
        let u = (f64::from(i) * 0.005).exp();
        let weight = (0.5 * freedom * u.ln() - 0.5 * u).exp();
        sum += weight * f(u);
        mass += weight;
    }
    sum / mass
}

/// The Hessian of `R_inf` by central differences of its gradient.
fn hessian(task: &RegressionTask, head: &RegressionHead) -> DMatrix<f64> {
    let list = head.to_vec();
    let columns: Vec<_> = (0..list.len())
        .map(|i| {
            let at = |step: f64| {
                let mut moved = list.clone();
                moved[i] += step;
                let moved = RegressionHead::from_slice(task.dimension(), &moved);
                nalgebra::DVector::from_vec(infinite::gradient(task, &moved).unwrap().to_vec())
            };
            (at(1e-4) - at(-1e-4)) / 2e-4
        })
        .collect();
    let found = DMatrix::from_columns(&columns);
    (&found + found.transpose()) * 0.5
}

#[test]
fn the_extreme_curvatures_are_those_of_the_hessian() {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    for case in 0..40 {
        let d = 1 + case % 4;
        let task = random_task(&mut random, d, 0.1);
        let scale = if case == 0 { 0.0 } else { 1.0 };
        let head = random_head(&mut random, d, scale);
        let wanted = SymmetricEigen::new(hessian(&task, &head)).eigenvalues;
        let (least, largest) = extreme_curvatures(&task, &head).unwrap();
        let room = 1e-6 * wanted.amax();
        assert!(
            (least - wanted.min()).abs() < room,
            "{case}: {least} {wanted}"
        );
        assert!(
            (largest - wanted.max()).abs() < room,
            "{case}: {largest} {wanted}"
        );
    }
}

#[test]
fn norms_of_a_set_bound_gradient_curvature_and_its_slope() {
    let mut random = ChaCha8Rng::seed_from_u64(6);
    let (mut sharpest, mut sharpest_slope) = (f64::INFINITY, f64::INFINITY);
    for case in 0..200 {
        let d = 1 + case % 4;
        let task = random_task(&mut random, d, 0.1);
        let c = constants(&task);
        let head = random_head(&mut random, d, 1.0);
        let radius = uniform(&mut random, 0.01, 0.5);
        let direction = random_head(&mut random, d, 1.0);
        let moved = head.plus(radius / direction.norm(), &direction);
        let (set, there) = (
            norms(&task, &head).widened(&c, radius),
            norms(&task, &moved),
        );
        assert!(there.alignment <= set.alignment && there.value <= set.value);
        assert!(there.response <= set.response && there.residual <= set.residual);
        let (here, other) = (hessian(&task, &head), hessian(&task, &moved));
        let norm = |h: &DMatrix<f64>| SymmetricEigen::new(h.clone()).eigenvalues.amax();
        assert!(set.curvature(&c) >= norm(&other) * (1.0 - 1e-7));
        let quotient = norm(&(&other - &here)) / radius;
        assert!(set.curvature_slope(&c) >= quotient * (1.0 - 1e-6));
        let gradient = infinite::gradient(&task, &moved).unwrap().norm();
        assert!(set.gradient(&c) >= gradient * (1.0 - 1e-9));
        sharpest = sharpest.min(there.curvature(&c) / norm(&other));
        sharpest_slope = sharpest_slope.min(set.curvature_slope(&c) / quotient);
    }
    println!("sharpest: curvature {sharpest:.3}, slope {sharpest_slope:.3}");
    assert!(sharpest < 1.5 && sharpest_slope < 3.0);
}

#[test]
#[ignore = "long: run by ./test --all"]
fn distances_are_not_below_those_of_the_exact_flows() {
    let options = FlowOptions {
        step_tolerance: 1e-9,
        ..FlowOptions::default()
    };
    let uneven =
        DMatrix::from_diagonal(&nalgebra::DVector::from_fn(8, |i, _| 1.0 + 0.05 * i as f64));
    for (covariance, l, share) in [
        (DMatrix::identity(1, 1), 1_u64 << 50, 0.3),
        (DMatrix::identity(8, 8), 1 << 30, 0.3),
        (DMatrix::identity(8, 8), 1 << 50, 1.0),
        (uneven, 1 << 50, 1.0),
    ] {
        let task = RegressionTask::new(covariance, 0.1, 0.5).unwrap();
        let start = infinite::start(&task, 0.3).unwrap();
        let path = InfinitePath::new(&task, &start, 1e-4).unwrap();
        let errors =
            QueryErrors::new(path.constants, (l as f64).ln(), path.surroundings.alignment).unwrap();
        let bounds = gaussian::distances(&path, &errors);
        println!("{} of {} points", bounds.len(), path.points.len());
        assert!(bounds.len() as f64 >= share * path.points.len() as f64);
        let chosen: Vec<_> = bounds.iter().skip(1).step_by(bounds.len() / 12).collect();
        let times: Vec<f64> = chosen.iter().map(|b| b.0).collect();
        let to_the_end = FlowOptions {
            gradient_tolerance: 1e-300,
            horizon: 1.01 * times[times.len() - 1],
            ..options
        };
        let finite = FinitePromptRisk::new(&task, length(l)).unwrap();
        let one = follow(&finite, &start, &times, &to_the_end).unwrap();
        let two = follow(&InfinitePrompt(&task), &start, &times, &to_the_end).unwrap();
        let gap = risk_gaps(&errors, &path.surroundings);
        for ((bound, a), b) in chosen.iter().zip(&one.samples).zip(&two.samples) {
            let distance = a.head.distance(&b.head);
            println!("L {l}, t {:.3}: {distance:e} <= {:e}", bound.0, bound.1);
            assert!(bound.1 >= distance);
            let global = gronwall_distance(gap.ln_gradient, path.beta, bound.0).exp();
            assert!(global >= distance);
            assert!(global >= bound.1 - path.allowance);
        }
    }
}

#[test]
fn the_guaranteed_lengths_are_ordered_and_their_chain_adds_up() {
    let task = RegressionTask::new(DMatrix::identity(3, 3), 0.4, 0.3).unwrap();
    let start = infinite::start(&task, 0.5).unwrap();
    let epsilon = Positive::new("epsilon", 0.05).unwrap();
    let answer = gaussian::guaranteed(&task, &start, epsilon).unwrap();
    let (global, along) = (answer.global.unwrap(), answer.along.unwrap());
    println!("ln L: {} {}", global.ln_length, along.ln_length);
    assert!(along.ln_length < global.ln_length);
    for bound in [global, along] {
        assert!(bound.infinite_excess <= bound.excess && bound.excess <= 0.05);
        assert!(bound.ln_risk_gap.exp() <= 0.05);
    }
    // The flow at the length itself does end there, and so does one at a longer prompt.
    assert!(along.ln_length < 45.0 * std::f64::consts::LN_2);
    for length in [along.ln_length.exp().ceil() as u64, 1 << 50] {
        let length = PromptLength::new(length).unwrap();
        let finite = FinitePromptRisk::new(&task, length).unwrap();
        let flow = follow(&finite, &start, &[], &FlowOptions::default()).unwrap();
        let end = flow.end().unwrap();
        assert!(flow.converged && end.risk <= 0.2 + along.excess);
        // That is no empty statement: at a start of the flow it fails.
        assert!(flow.steps[0].risk > 0.25);
    }
}

#[test]
fn bad_constants_are_refused() {
    for bad in [f64::NAN, -1.0, f64::INFINITY] {
        assert!(RegressionConstants::new(&[1.0, bad], 0.1, 1.0).is_err());
        assert!(RegressionConstants::new(&[1.0], bad, 1.0).is_err());
        assert!(RegressionConstants::new(&[1.0], 0.1, bad).is_err());
        assert!(HeadSet::new(bad, 1.0, 1.0, 1.0).is_err());
        let c = RegressionConstants::new(&[1.0], 0.1, 1.0).unwrap();
        assert!(QueryErrors::new(c, bad, 1.0).is_err());
        assert!(QueryErrors::new(c, 1.0, bad).is_err());
    }
    assert!(RegressionConstants::new(&[], 0.1, 1.0).is_err());
    let c = RegressionConstants::new(&[1.0], 0.1, 1.0).unwrap();
    let errors = QueryErrors::new(c, 10.0, 0.5).unwrap();
    assert_eq!(errors.moments(0.6).ln_output, f64::INFINITY);
    assert_eq!(errors.moments(f64::NAN).ln_output, f64::INFINITY);
}

#[test]
fn simulated_gaps_of_other_losses_are_within_g1() {
    let plan = (40_000, 3);
    let huge = SmoothLoss::Huber(Positive::new("delta", 1e6).unwrap());
    let losses = [
        SmoothLoss::Huber(Positive::new("delta", 0.5).unwrap()),
        SmoothLoss::Logistic,
        huge,
    ];
    (0..8_u64).into_par_iter().for_each(|case| {
        let mut random = ChaCha8Rng::seed_from_u64(300 + case);
        let d = 1 + case as usize % 3;
        let task = random_task(&mut random, d, 0.2);
        let head = random_head(&mut random, d, [0.2, 0.5, 1.0, 0.3][case as usize % 4]);
        let set = norms(&task, &head);
        for l in [3, 40] {
            let errors =
                QueryErrors::new(constants(&task), (l as f64).ln(), set.alignment).unwrap();
            for loss in losses {
                let found = simulate(&task, &head, l, loss, plan);
                let bound = smooth_risk_gap(&errors, &set, loss).exp();
                let (gap, error) = found.gap;
                println!("case {case}, L {l}: {gap:.4} +- {error:.4}, g1 {bound:.3}");
                assert!(gap.abs() - 4.0 * error <= bound);
                assert!(error > 0.0 && (found.finite.0 - found.infinite.0 - gap).abs() < 1e-9);
            }
            // A threshold that no error reaches is the squared loss, whose risks are known exactly.
            let squared = simulate(&task, &head, l, huge, plan);
            let finite = FinitePromptRisk::new(&task, length(l)).unwrap();
            let exact = finite.gap(&head).unwrap().value;
            assert!((squared.gap.0 - exact).abs() <= 4.5 * squared.gap.1);
            let limit = infinite::risk(&task, &head).unwrap();
            assert!((squared.infinite.0 - limit).abs() <= 4.5 * squared.infinite.1);
            assert_eq!(squared, simulate(&task, &head, l, huge, plan));
        }
    });
    // In d = 1 at L = 1 the softmax sees one example: b y_1, and the gap is far from 0.
    let task = RegressionTask::new(DMatrix::identity(1, 1), 0.2, 1.0).unwrap();
    let head = RegressionHead::new(DMatrix::identity(1, 1), 1.0).unwrap();
    let found = simulate(&task, &head, 1, losses[0], plan);
    assert!(found.gap.0 > 20.0 * found.gap.1);
}
