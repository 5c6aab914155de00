//! The lattice in `ln w` against direct sums over the atoms.

use nalgebra::{DMatrix, DVector};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::exact::output::centred_atoms::CentredAtoms;
use crate::exact::output::errors::{FINITE_STEP, output_error};
use crate::exact::output::interpolated::Interpolated;
use crate::exact::output::moments::Integrals;
use crate::exact::output::output_lattice::OutputLattice;
use crate::law::{AtomRounding, Empirical, ScoreAtoms, TokenLaw};
use crate::parameter::PromptLength;

const LENGTHS: [f64; 8] = [2.0, 3.0, 10.0, 100.0, 1e4, 1e7, 1e12, 9007199254740992.0];

/// Scores of standard deviation up to 12, outputs with heavy tails and along the score, probabilities that differ by up to 1e12.
fn random_atoms(random: &mut ChaCha8Rng) -> ScoreAtoms {
    let mut normal = {
        let mut random = ChaCha8Rng::seed_from_u64(random.random());
        move || {
            let (u, v): (f64, f64) = (random.random(), random.random());
            (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
        }
    };
    let count = random.random_range(20..300);
    let rows = random.random_range(1..5);
    let deviation = 12.0 * random.random::<f64>().powi(3);
    let tail = 2.0 * random.random::<f64>();
    let spread = if random.random_bool(0.3) { 27.0 } else { 0.0 };
    let scores: Vec<f64> = (0..count).map(|_| deviation * normal()).collect();
    let mut outputs = DMatrix::from_fn(rows, count, |_, _| normal() * (tail * normal()).exp());
    if random.random_bool(0.5) {
        for (mut output, score) in outputs.column_iter_mut().zip(&scores) {
            output.add_scalar_mut(*score);
        }
    }
    let weights: Vec<f64> = (0..count)
        .map(|_| (spread * (random.random::<f64>() - 1.0)).exp())
        .collect();
    let total: f64 = weights.iter().sum();
    ScoreAtoms {
        weights: std::sync::Arc::new(weights.iter().map(|w| w / total).collect()),
        spreads: vec![0.0; count],
        score_origin: 0.0,
        rounding: AtomRounding {
            score: 0.0,
            outputs: vec![0.0; count],
            spread: 0.0,
            origin: (0.0, 0.0),
        },
        output_origin: DVector::zeros(rows),
        scores,
        outputs: std::sync::Arc::new(outputs),
        exact: true,
    }
}

fn compared(atoms: &ScoreAtoms) -> Vec<(Integrals, Integrals)> {
    let interpolated = Interpolated::new(atoms).unwrap();
    let atoms = CentredAtoms::new(atoms).unwrap();
    let (shortest, longest) = (LENGTHS[0], LENGTHS[LENGTHS.len() - 1]);
    let direct = atoms.moments(FINITE_STEP, shortest, longest).unwrap();
    let lattice = OutputLattice::new(&interpolated);
    let lattice = lattice.moments(FINITE_STEP, shortest, longest).unwrap();
    LENGTHS
        .map(|length| (lattice.integrate(length), direct.integrate(length)))
        .into()
}

/// T17 against direct sums on 500 laws and 8 lengths: relative difference, and both enclosures meet.
#[test]
fn the_lattice_agrees_with_direct_sums() {
    let mut random = ChaCha8Rng::seed_from_u64(20_251_217);
    let (mut worst, mut widest) = (0.0_f64, 0.0_f64);
    for case in 0..500 {
        let atoms = random_atoms(&mut random);
        for ((lattice, direct), length) in compared(&atoms).iter().zip(LENGTHS) {
            let pairs = [
                (
                    lattice.squared_error,
                    direct.squared_error,
                    lattice.squared_rounding,
                    direct.squared_rounding,
                ),
                (
                    lattice.participation,
                    direct.participation,
                    lattice.participation_rounding,
                    direct.participation_rounding,
                ),
            ];
            for (found, wanted, one, other) in pairs {
                let difference = (found - wanted).abs();
                assert!(
                    difference <= one + other,
                    "{case} {length}: {found} {wanted} {one:e} {other:e}"
                );
                worst = worst.max(difference / wanted);
                widest = widest.max(one / found);
                assert!(
                    difference <= 1e-11 * wanted,
                    "{case} {length}: {found} {wanted}"
                );
            }
            let apart = (&lattice.bias - &direct.bias).norm();
            assert!(
                apart <= lattice.bias_rounding + direct.bias_rounding,
                "{case} {length}"
            );
            assert!(
                apart <= 1e-11 * direct.squared_error.sqrt(),
                "{case} {length}"
            );
        }
    }
    println!("largest relative difference {worst:.1e}, widest enclosure {widest:.1e}");
}

/// 300 points by direct sums, and 200 copies of each by the lattice, in many parts: the same law, whatever the number of threads.
#[test]
fn copies_of_every_point_change_nothing() {
    let mut random = ChaCha8Rng::seed_from_u64(17);
    let mut normal = || {
        let (u, v): (f64, f64) = (random.random(), random.random());
        (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    };
    let points = DMatrix::from_fn(9, 300, |_, _| 5.0 + normal());
    let copies = DMatrix::from_fn(9, 60_000, |i, j| points[(i, j % 300)]);
    let tilt = DVector::from_fn(9, |_, _| 0.6 * normal());
    let laws = [points, copies].map(|points| Empirical::of_columns(points).unwrap());
    let lengths = [1, 2, 100, 1_000_000].map(|length| PromptLength::new(length).unwrap());
    for value in [
        DMatrix::identity(9, 9),
        DMatrix::from_fn(2, 9, |_, _| normal()),
    ] {
        let [few, many] = laws
            .each_ref()
            .map(|law| output_error(law.through(&value).as_ref(), &tilt, &lengths).unwrap());
        for (few, many) in few.iter().zip(&many) {
            let scale = few.squared_error.value.sqrt();
            let mut pairs = vec![
                (
                    few.squared_error,
                    many.squared_error,
                    few.squared_error.value,
                ),
                (
                    few.participation,
                    many.participation,
                    few.participation.value,
                ),
            ];
            let biases = few.bias.iter().zip(&many.bias);
            pairs.extend(biases.map(|(few, many)| (*few, *many, scale)));
            assert_eq!(pairs.len(), 2 + value.nrows());
            for (few, many, scale) in pairs {
                let apart = (few.value - many.value).abs();
                assert!(few.unproved.is_none() && many.unproved.is_none());
                assert!(apart <= few.error + many.error, "{few:?} {many:?}");
                assert!(apart <= 1e-12 * scale, "{few:?} {many:?}");
                assert!(many.error <= 1e-10 * scale, "{many:?}");
            }
        }
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(1)
            .build()
            .unwrap();
        let seen = laws[1].through(&value);
        let alone = pool.install(|| output_error(seen.as_ref(), &tilt, &lengths).unwrap());
        assert_eq!(alone, many);
    }
}
