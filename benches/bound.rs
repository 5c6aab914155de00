//! One evaluation of a theorem, its proof parameters optimised.
//!
//! `cargo bench --bench bound`; one thread does all of it.

use attention_bounds::bound::{
    GaussianOutput, KnownMoments, SubGaussianMoments, UniformRate, ValueSpectrum, output_bounds,
    participation_bounds, tail_bound,
};
use attention_bounds::law::{Sphere, TokenLaw};
use attention_bounds::parameter::{Dimension, Positive, PromptLength, VarianceProxy};
use divan::{Bencher, black_box};
use nalgebra::{DMatrix, DVector};

const LENGTHS: [u64; 3] = [1_000, 1_000_000, 1_000_000_000_000];

fn main() {
    divan::main();
}

fn prompt(length: u64) -> PromptLength {
    PromptLength::new(length).expect("a prompt length")
}

/// Tokens uniform on a sphere in `R^8`: a known law that is not Gaussian, so that T5 has its general form.
fn sphere() -> KnownMoments {
    let law = Sphere::new(8, 8f64.sqrt()).expect("a sphere");
    let tilt = DVector::from_element(8, 0.35);
    KnownMoments::new(law.through(&DMatrix::identity(8, 8)).as_ref(), &tilt).expect("moments")
}

/// The trivial bound, T4 and T5 of a known law.
#[divan::bench(args = LENGTHS)]
fn t4_and_t5(bencher: Bencher, length: u64) {
    let known = sphere();
    bencher.bench(|| output_bounds(Some(black_box(&known)), None, prompt(length)));
}

/// The same for Gaussian tokens.
#[divan::bench(args = LENGTHS)]
fn t4_and_t5_gaussian(bencher: Bencher, length: u64) {
    let known = KnownMoments::gaussian(GaussianOutput::new(1.0, 2.0, 1.0).expect("constants"));
    bencher.bench(|| output_bounds(Some(black_box(&known)), None, prompt(length)));
}

/// T5 of the participation alone.
#[divan::bench(args = LENGTHS)]
fn t5_participation(bencher: Bencher, length: u64) {
    let known = sphere();
    bencher.bench(|| participation_bounds(black_box(&known), prompt(length)));
}

/// T4, tail form, alone.
#[divan::bench(args = LENGTHS)]
fn t4_tail(bencher: Bencher, length: u64) {
    let known = sphere();
    let eps = Positive::new("eps", 0.1).expect("a deviation");
    bencher.bench(|| tail_bound(black_box(&known), eps, prompt(length)));
}

/// T6 by T4, by T5, and the crude bound.
#[divan::bench(args = LENGTHS)]
fn t6_sub_gaussian(bencher: Bencher, length: u64) {
    let values = ValueSpectrum::new(&DMatrix::identity(8, 8)).expect("a spectrum");
    let proxy = VarianceProxy::new(1.0).expect("a proxy");
    let class = SubGaussianMoments::new(proxy, 1.0, &values).expect("a class");
    bencher.bench(|| output_bounds(None, Some(black_box(&class)), prompt(length)));
}

/// T7, with its supremum and its outer proof parameter.
#[divan::bench(args = LENGTHS)]
fn t7_uniform_rate(bencher: Bencher, length: u64) {
    let one = VarianceProxy::new(1.0).expect("a proxy");
    let values = ValueSpectrum::new(&DMatrix::identity(1, 1)).expect("a spectrum");
    let dimension = Dimension::new(1).expect("a dimension");
    let rate = UniformRate::new(one, one, 0.5, dimension, values).expect("a class");
    bencher.bench(|| black_box(&rate).bound(prompt(length), f64::INFINITY));
}
