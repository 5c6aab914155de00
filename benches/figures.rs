//! The figures of docs/performance.md that are ratios: each time is the least of many runs, which a busy
//! machine disturbs least, and the runs of what is compared alternate.
//!
//! `cargo bench --bench figures` prints one line a score deviation; `tools/performance.py` runs it.

use std::hint::black_box;
use std::time::Instant;

use attention_bounds::exact::{
    GaussianGradient, GaussianOutput, finite_gradient_error, gaussian_gradient_error,
    gaussian_output_error, gaussian_participation, output_error,
};
use attention_bounds::law::{Empirical, Gaussian, TokenLaw};
use attention_bounds::parameter::PromptLength;
use nalgebra::{DMatrix, DVector};

const RUNS: usize = 2_000;

fn length(length: f64) -> PromptLength {
    PromptLength::new(length.round() as u64).expect("a prompt length")
}

/// Seconds of one evaluation.
fn once(s: f64, lengths: &[PromptLength]) -> f64 {
    let start = Instant::now();
    black_box(gaussian_participation(black_box(s), black_box(lengths)).expect("ratios"));
    start.elapsed().as_secs_f64()
}

fn main() {
    participation();
    gradients();
}

fn participation() {
    let shortest = [length(10f64.sqrt())];
    let short = [length(1e3)];
    let long = [length(1e12)];
    let ends = [shortest[0], long[0]];
    let sweep: Vec<PromptLength> = (0..20)
        .map(|i| length(10f64.powf(0.5 + 11.5 * f64::from(i) / 19.0)))
        .collect();
    println!(
        "| s | L = 3 (us) | L = 1e3 (us) | L = 1e12 (us) | 1e12 / 1e3 | L = 3 and 1e12 together (us) | 20 lengths (us) \
         | 20 lengths / L = 1e3 | 20 lengths / slowest of the three |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for s in [0.01, 0.3, 1.0, 3.5, 12.0] {
        let cases = [&shortest[..], &short[..], &long[..], &ends[..], &sweep[..]];
        let mut least = [f64::INFINITY; 5];
        for _ in 0..RUNS {
            for (best, lengths) in least.iter_mut().zip(cases) {
                *best = best.min(once(s, lengths));
            }
        }
        let [shortest, short, long, ends, sweep] = least.map(|seconds| seconds * 1e6);
        println!(
            "| {s} | {shortest:.0} | {short:.0} | {long:.0} | {:.2} | {ends:.0} | {sweep:.0} | {:.2} | {:.2} |",
            long / short,
            sweep / short,
            sweep / shortest.max(short).max(long)
        );
    }
}

/// Least seconds of some runs each of two computations, which alternate.
fn least(runs: usize, mut one: impl FnMut(), mut two: impl FnMut()) -> (f64, f64) {
    let timed = |work: &mut dyn FnMut()| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    };
    (0..runs).fold((f64::INFINITY, f64::INFINITY), |(a, b), _| {
        (a.min(timed(&mut one)), b.min(timed(&mut two)))
    })
}

/// What both gradient errors cost, compared with the output error.
fn gradients() {
    println!(
        "\n| tokens | lengths | output (us) | gradients (us) | ratio |\n|---|---|---|---|---|"
    );
    let line = |name: &str, lengths: &str, (output, gradient): (f64, f64)| {
        println!(
            "| {name} | {lengths} | {:.0} | {:.0} | {:.2} |",
            output * 1e6,
            gradient * 1e6,
            gradient / output
        );
    };
    let single = [length(64.0)];
    let many: Vec<PromptLength> = (0..20)
        .map(|i| length(10f64.powf(0.5 + 11.5 * f64::from(i) / 19.0)))
        .collect();
    let d = 16;
    let value = DMatrix::from_fn(d, d, |i, j| ((i * d + j) as f64).sin());
    let direction = DVector::from_fn(d, |i, _| (i as f64 + 0.5).cos()).normalize();
    let tokens = Gaussian::centred(DMatrix::identity(d, d)).expect("a law");
    let points = DMatrix::from_fn(500, d, |i, j| ((i * d + j) as f64 * 1.7).sin());
    let law = Empirical::new(&points).expect("a law");
    let (columns, weights) = law.support().expect("points");
    for (lengths, name) in [(&single[..], "64"), (&many[..], "20, to 1e12")] {
        for s in [0.3, 1.0, 3.5, 12.0] {
            let tilt = &direction * s;
            let times = least(
                300,
                || {
                    let output = GaussianOutput::new(&tokens, &value, &tilt);
                    black_box(gaussian_output_error(&output, lengths).expect("a value"));
                },
                || {
                    let gradient =
                        GaussianGradient::new(&tokens, &value, &tilt, 1.0).expect("shapes");
                    black_box(gaussian_gradient_error(&gradient, lengths).expect("a value"));
                },
            );
            line(&format!("Gaussian, d = 16, s = {s}"), name, times);
        }
        let times = least(
            10,
            || {
                black_box(
                    output_error(law.through(&value).as_ref(), &direction, lengths)
                        .expect("a value"),
                );
            },
            || {
                let support = (&columns, weights.as_slice());
                black_box(
                    finite_gradient_error(support, &value, &direction, 1.0, lengths)
                        .expect("a value"),
                );
            },
        );
        line("empirical, n = 500, d = 16", name, times);
    }
}
