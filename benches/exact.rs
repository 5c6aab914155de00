//! Exact values: participation ratios of Gaussian scores at one `(s, L)`, and a sweep of 20 lengths.
//!
//! `cargo bench --bench exact`; one thread does all of it.

use attention_bounds::exact::{ParticipationRatios, gaussian_participation};
use attention_bounds::parameter::PromptLength;
use divan::{Bencher, black_box};

/// Score deviations, from weights that are nearly equal to one token with nearly all the weight.
const DEVIATIONS: [f64; 5] = [0.01, 0.3, 1.0, 3.5, 12.0];

fn main() {
    divan::main();
}

fn length(length: f64) -> PromptLength {
    PromptLength::new(length.round() as u64).expect("a prompt length")
}

fn ratios(s: f64, lengths: &[PromptLength]) -> Vec<ParticipationRatios> {
    gaussian_participation(black_box(s), black_box(lengths)).expect("participation ratios")
}

#[divan::bench(args = DEVIATIONS)]
fn one_length_1e3(bencher: Bencher, s: f64) {
    bencher.bench(|| ratios(s, &[length(1e3)]));
}

#[divan::bench(args = DEVIATIONS)]
fn one_length_1e12(bencher: Bencher, s: f64) {
    bencher.bench(|| ratios(s, &[length(1e12)]));
}

/// 20 lengths from `10^0.5` to `1e12`.
#[divan::bench(args = DEVIATIONS)]
fn twenty_lengths(bencher: Bencher, s: f64) {
    let lengths: Vec<PromptLength> = (0..20)
        .map(|i| length(10f64.powf(0.5 + 11.5 * f64::from(i) / 19.0)))
        .collect();
    bencher.bench(|| ratios(s, &lengths));
}
