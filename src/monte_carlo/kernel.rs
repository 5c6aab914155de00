//! The two innermost loops, for benchmarks: not part of the promises of this crate.

use rand_chacha::ChaCha8Rng;

use super::prompt::softmax;
use super::random::normal::fill_normals;

/// Fills `numbers` with standard normal numbers, as every simulation does.
pub fn normals(random: &mut ChaCha8Rng, numbers: &mut [f64]) {
    fill_normals(random, numbers);
}

/// Writes `e^{scale x - shift}` for each `x` to `weights`, as every simulation does.
pub fn exponentials(numbers: &[f64], scale: f64, shift: f64, weights: &mut [f64]) {
    softmax::exponentials(numbers, scale, shift, weights);
}
