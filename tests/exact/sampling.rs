//! T13: the exact error of sampled attention against all draws one by one, its invariances and limits, and what is refused.

use attention_bounds::sampling::{Design, Kept, SampledAttention, SampledError};
use nalgebra::{DMatrix, DVector};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::support::compositions::each_composition;

/// One question.
#[derive(Debug, Clone)]
struct Case {
    scores: Vec<f64>,
    /// One row a key.
    values: DMatrix<f64>,
    kept: Vec<usize>,
    design: Design,
    budget: usize,
}

/// Scores of the spread, values of the order of 1, and a random kept set of at most two thirds of the keys.
fn case(random: &mut StdRng, keys: usize, spread: f64, which: usize) -> Case {
    let mut uniform = || random.random_range(-1.0..1.0);
    let m = 1 + which % 4;
    let scores: Vec<f64> = (0..keys).map(|_| spread * uniform()).collect();
    let values = DMatrix::from_fn(keys, m, |_, _| uniform());
    let mut kept: Vec<usize> = (0..keys).filter(|_| uniform() > 0.6).collect();
    kept.truncate(if which.is_multiple_of(5) { 0 } else { 2 * keys / 3 });
    let tail = keys - kept.len();
    let budget = 1 + (0.5 * (1.0 + uniform()) * tail as f64) as usize;
    let proxies = scores.iter().map(|s| (0.5 * s + uniform()).exp()).collect();
    let design = match which % 4 {
        0 => Design::WithoutReplacement,
        1 => Design::WithReplacement,
        2 => Design::Bernoulli,
        _ => Design::ImportanceSampling(proxies),
    };
    let budget = budget.min(tail);
    Case {
        scores,
        values,
        kept,
        budget: if which % 2 == 1 { budget.min(6) } else { budget },
        design,
    }
}

fn sampled(case: &Case) -> SampledAttention {
    SampledAttention::new(&case.scores, &case.values)
        .and_then(|context| context.keep(&Kept::indices(case.kept.iter().copied())))
        .and_then(|context| context.design(case.design.clone()))
        .unwrap()
}

fn exact(case: &Case) -> SampledError {
    sampled(case).budgets(&[case.budget as u64]).unwrap().remove(0)
}

/// `E|That - T|^2` and the bias: every draw with its probability.
fn enumerated(case: &Case) -> (f64, DVector<f64>) {
    let keys = case.scores.len();
    let tail: Vec<usize> = (0..keys).filter(|key| !case.kept.contains(key)).collect();
    let largest = case.scores.iter().fold(f64::MIN, |m, s| m.max(*s));
    let attention = |multiples: &[f64]| {
        let weights = case.scores.iter().map(|s| (s - largest).exp());
        let weights: Vec<f64> = weights.zip(multiples).map(|(w, c)| w * c).collect();
        let total: f64 = weights.iter().sum();
        case.values.transpose() * DVector::from_vec(weights) / total
    };
    let limit = attention(&vec![1.0; keys]);
    let (n, b) = (tail.len(), case.budget);
    let mut error = 0.0;
    let mut bias = DVector::zeros(limit.len());
    let mut all = 0.0;
    // How often each key of the tail was drawn, the factor of each, and the probability.
    let mut visit = |drawn: &[usize], factors: &[f64], probability: f64| {
        let mut multiples = vec![0.0; keys];
        case.kept.iter().for_each(|key| multiples[*key] = 1.0);
        for ((key, times), factor) in tail.iter().zip(drawn).zip(factors) {
            multiples[*key] = *times as f64 * factor;
        }
        if multiples.iter().any(|x| *x > 0.0) {
            let off = attention(&multiples) - &limit;
            error += probability * off.norm_squared();
            bias += probability * off;
            all += probability;
        }
    };
    let drawn_of = |set: u32| -> Vec<usize> { (0..n).map(|i| (set >> i & 1) as usize).collect() };
    let c = n as f64 / b as f64;
    match &case.design {
        Design::WithoutReplacement => {
            for set in (0..1u32 << n).filter(|set| set.count_ones() as usize == b) {
                visit(&drawn_of(set), &vec![c; n], 1.0);
            }
        }
        Design::Bernoulli => {
            let p = 1.0 / c;
            for set in 0..1u32 << n {
                let size = set.count_ones() as i32;
                let probability = p.powi(size) * (1.0 - p).powi(n as i32 - size);
                visit(&drawn_of(set), &vec![c; n], probability);
            }
        }
        independent => {
            let chances: Vec<f64> = match independent {
                Design::ImportanceSampling(proxies) => tail.iter().map(|key| proxies[*key]).collect(),
                _ => vec![1.0; n],
            };
            let total: f64 = chances.iter().sum();
            let chances: Vec<f64> = chances.iter().map(|q| q / total).collect();
            let factors: Vec<f64> = chances.iter().map(|q| 1.0 / (b as f64 * q)).collect();
            each_composition(&mut vec![0; n], 0, b, 1.0, &chances, &mut |drawn, probability| {
                visit(drawn, &factors, probability);
            });
        }
    }
    (error / all, bias / all)
}

/// The largest relative error over so many cases, each also within the error that it states (and the rounding of the enumeration).
fn compare(cases: usize, keys: std::ops::Range<usize>) -> f64 {
    let mut random = StdRng::seed_from_u64(13);
    let mut worst = 0.0_f64;
    for which in 0..cases {
        let count = random.random_range(keys.clone());
        let spread = [0.0, 1.0, 3.0, 10.0][which / 4 % 4];
        let case = case(&mut random, count, spread, which);
        let found = exact(&case);
        let (error, bias) = enumerated(&case);
        assert_eq!(found.read, (case.kept.len() + case.budget) as u64);
        let off = (found.error.value - error).abs();
        // The enumeration subtracts `T` from numbers of the order of 1, and adds up to 27,132 terms.
        let rounding = 1e-12 * error + 4e-15 * error.sqrt() + 1e-29;
        assert!(off <= found.error.error + rounding, "{case:?} {found:?} {error:e}");
        worst = worst.max((off - rounding).max(0.0) / error.max(1e-29));
        let off = (&found.bias - &bias).norm();
        assert!(off <= found.bias_norm.error + 1e-12 * error.sqrt() + 4e-15, "{case:?} {found:?} {bias}");
        assert!((found.bias_norm.value - bias.norm()).abs() <= 1e-10 * error.sqrt() + 1e-14);
    }
    worst
}

#[test]
fn every_draw_one_by_one() {
    let worst = compare(500, 2..11);
    println!("{worst:e}");
    assert!(worst <= 1e-10, "{worst:e}");
}

#[test]
#[ignore = "long: run by ./test --all"]
fn every_draw_of_fourteen_keys() {
    let worst = compare(500, 11..15);
    assert!(worst <= 1e-10, "{worst:e}");
}
