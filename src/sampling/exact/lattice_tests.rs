//! Sums over a lattice against sums over the keys.

use nalgebra::DMatrix;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use rand_distr::StandardNormal;

use crate::sampling::exact::points::TailPoints;
use crate::sampling::exact::tail::Tail;
use crate::sampling::{Design, Kept, SampledAttention, SampledError};

/// Normal scores and values; the heaviest keys are kept, or none.
fn context(keys: usize, spread: f64, kept: usize, seed: u64) -> SampledAttention {
    let mut random = StdRng::seed_from_u64(seed);
    let mut normal = || -> f64 { random.sample(StandardNormal) };
    let scores: Vec<f64> = (0..keys).map(|_| spread * normal()).collect();
    let values = DMatrix::from_fn(keys, 2, |_, _| normal());
    let context = SampledAttention::new(&scores, &values).unwrap();
    context.keep(&Kept::new().top(kept)).unwrap()
}

fn both(sampled: &SampledAttention, budget: usize) -> (SampledError, SampledError) {
    let tail = Tail::new(sampled).unwrap();
    let of = |points: &TailPoints| sampled.at(&tail, points, budget as u64);
    (
        of(&TailPoints::on_lattice(&tail)),
        of(&TailPoints::by_key(&tail)),
    )
}

#[test]
fn points_of_a_lattice_stand_for_the_keys() {
    let keys = 400;
    let mut compared = 0;
    for (which, (spread, tolerance)) in [(0.1, 1e-12), (1.0, 1e-12), (3.0, 1e-12), (8.0, 1e-10)]
        .into_iter()
        .enumerate()
    {
        for kept in [0, 20] {
            let context = context(keys, spread, kept, which as u64);
            let n = context.tail_size();
            let proxies = (0..keys).map(|key| 1.0 + (key % 7) as f64).collect();
            for design in [
                Design::WithoutReplacement,
                Design::WithReplacement,
                Design::Bernoulli,
                Design::ImportanceSampling(proxies),
            ] {
                let sampled = context.clone().design(design).unwrap();
                for budget in [1, 3, 30, n / 2, n - 3] {
                    let (lattice, direct) = both(&sampled, budget);
                    let (value, error) = (lattice.error.value, lattice.error.error);
                    let off = (value - direct.error.value).abs();
                    let name = sampled.drawn_by().name();
                    assert!(
                        off <= tolerance * value,
                        "{spread} {kept} {name} {budget}: {}",
                        off / value
                    );
                    // And within what is stated, which is not much.
                    assert!(
                        off <= error && error <= 1e-7 * value,
                        "{spread} {kept} {name} {budget}: {off:e} {error:e}"
                    );
                    let off = (lattice.bias - direct.bias).norm();
                    assert!(
                        off <= lattice.bias_norm.error,
                        "{spread} {kept} {name} {budget}: {off:e}"
                    );
                    compared += 1;
                }
            }
        }
    }
    assert_eq!(compared, 4 * 2 * 4 * 5);
}
