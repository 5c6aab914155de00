//! T13: the exact error of sampled attention against all draws one by one, its invariances and limits, and what is refused.

use attention_bounds::exact::Exact;
use attention_bounds::sampling::{Design, Kept, SampledAttention, SampledError};
use nalgebra::{DMatrix, DVector, dmatrix};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::support::compositions::each_composition;
use crate::support::random_laws::run;

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
    kept.truncate(if which.is_multiple_of(5) {
        0
    } else {
        2 * keys / 3
    });
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
        budget: if which % 2 == 1 {
            budget.min(6)
        } else {
            budget
        },
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
    sampled(case)
        .budgets(&[case.budget as u64])
        .unwrap()
        .remove(0)
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
                Design::ImportanceSampling(proxies) => {
                    tail.iter().map(|key| proxies[*key]).collect()
                }
                _ => vec![1.0; n],
            };
            let total: f64 = chances.iter().sum();
            let chances: Vec<f64> = chances.iter().map(|q| q / total).collect();
            let factors: Vec<f64> = chances.iter().map(|q| 1.0 / (b as f64 * q)).collect();
            each_composition(
                &mut vec![0; n],
                0,
                b,
                1.0,
                &chances,
                &mut |drawn, probability| {
                    visit(drawn, &factors, probability);
                },
            );
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
        assert!(
            off <= found.error.error + rounding,
            "{case:?} {found:?} {error:e}"
        );
        worst = worst.max((off - rounding).max(0.0) / error.max(1e-29));
        let off = (&found.bias - &bias).norm();
        assert!(
            off <= found.bias_norm.error + 1e-12 * error.sqrt() + 4e-15,
            "{case:?} {found:?} {bias}"
        );
        assert!((found.bias_norm.value - bias.norm()).abs() <= 1e-10 * error.sqrt() + 1e-14);
    }
    worst
}

#[test]
fn every_draw_one_by_one() {
    let worst = compare(500, 2..11);
    assert!(worst <= 1e-10, "{worst:e}");
}

#[test]
#[ignore = "long: run by ./test --all"]
fn every_draw_of_fourteen_keys() {
    let worst = compare(500, 11..15);
    assert!(worst <= 1e-10, "{worst:e}");
}

/// The three keys with scores and values 0, 1, 3: numbers that another program made, in Python.
#[test]
fn the_micro_oracle() {
    let context = SampledAttention::new(&[0.0, 1.0, 3.0], &dmatrix![0.0; 1.0; 3.0]).unwrap();
    let error = |design: Design, budget: u64| {
        let sampled = context.clone().design(design).unwrap();
        sampled.budgets(&[budget]).unwrap().remove(0).error
    };
    assert!((context.limit()[0] - 2.64557940).abs() < 5e-9);
    assert!((error(Design::WithReplacement, 2).value - 1.920038).abs() < 5e-7);
    assert!((error(Design::WithReplacement, 3).value - 1.216299).abs() < 5e-7);
    assert!((error(Design::WithoutReplacement, 2).value - 1.241285).abs() < 5e-7);
    assert_eq!(error(Design::WithoutReplacement, 3), Exact::ZERO);
    assert_eq!(error(Design::Bernoulli, 3), Exact::ZERO);
    let kept = context.clone().keep(&Kept::new().top(1)).unwrap();
    let one = kept.budgets(&[1]).unwrap().remove(0);
    assert!((one.error.value - 0.00598755).abs() < 5e-9);
    assert!((kept.kept_share() - 3f64.exp() / (1.0 + 1f64.exp() + 3f64.exp())).abs() < 1e-15);
    // The key 3 is evicted: the others are all read.
    let evicted = context.keep(&Kept::indices([0, 1])).unwrap();
    let alone = evicted.kept_alone().unwrap();
    assert!((alone.value - 1.914521_f64.powi(2)).abs() < 4e-6);
}

/// Keys of equal weight: the mean of a sample, and with a kept key of another weight still a linear estimate. Nothing here grows with `N`.
#[test]
fn equal_weights_have_the_variances_of_sampling() {
    let mut random = StdRng::seed_from_u64(5);
    for n in [10_usize, 1000, 30_000] {
        let values = DMatrix::from_fn(n, 3, |_, _| random.random_range(-1.0..1.0) + 5.0);
        let context = SampledAttention::new(&vec![7.0; n], &values).unwrap();
        let mean = values.row_mean();
        let spread: f64 = values.row_iter().map(|v| (v - &mean).norm_squared()).sum();
        let spread = spread / n as f64;
        for b in [1, 2, n / 3, n - 1] {
            let (count, draws) = (n as f64, b as f64);
            for (design, expected) in [
                (Design::WithReplacement, spread / draws),
                (
                    Design::WithoutReplacement,
                    spread / draws * (count - draws) / (count - 1.0),
                ),
                (Design::ImportanceSampling(vec![0.3; n]), spread / draws),
            ] {
                let found = context.clone().design(design).unwrap();
                let found = found.budgets(&[b as u64]).unwrap().remove(0);
                let off = (found.error.value - expected).abs();
                assert!(off <= 1e-11 * expected, "{n} {b} {off:e}");
                assert!(
                    off <= found.error.error,
                    "{n} {b} {off:e} {:e}",
                    found.error.error
                );
                assert!(found.bias_norm.value <= found.bias_norm.error);
            }
        }
    }
}

/// Two kinds of keys, so that the draw is a hypergeometric or binomial number: sums over that number, with tens of thousands of keys.
#[test]
fn two_kinds_of_keys() {
    for (n, heavy, b, gap) in [
        (40_000_u64, 500_u64, 300_u64, 3.0_f64),
        (40_000, 39_990, 5, -2.0),
        (3000, 1500, 2998, 1.0),
        (3000, 2, 2000, 8.0),
    ] {
        let scores: Vec<f64> = (0..n)
            .map(|key| if key < heavy { gap } else { 0.0 })
            .collect();
        let values = DMatrix::from_fn(n as usize, 1, |key, _| {
            f64::from(u8::from((key as u64) < heavy))
        });
        let context = SampledAttention::new(&scores, &values).unwrap();
        let of = |share: f64| share * gap.exp() / (share * gap.exp() + 1.0 - share);
        let limit = of(heavy as f64 / n as f64);
        // `ln` of the factorials.
        let mut factorials = vec![0.0];
        for k in 1..=n {
            factorials.push(factorials[k as usize - 1] + (k as f64).ln());
        }
        let choose = |n: u64, k: u64| {
            factorials[n as usize] - factorials[k as usize] - factorials[(n - k) as usize]
        };
        let (p, light) = (heavy as f64 / n as f64, n - heavy);
        let mut expected = [(0.0, 0.0); 2];
        for k in b.saturating_sub(light)..=b.min(heavy) {
            let ln = choose(heavy, k) + choose(light, b - k) - choose(n, b);
            let square = (of(k as f64 / b as f64) - limit).powi(2);
            expected[0] = (expected[0].0 + ln.exp() * square, expected[0].1 + ln.exp());
        }
        for k in 0..=b {
            let ln = choose(b, k) + k as f64 * p.ln() + (b - k) as f64 * (-p).ln_1p();
            let square = (of(k as f64 / b as f64) - limit).powi(2);
            expected[1] = (expected[1].0 + ln.exp() * square, expected[1].1 + ln.exp());
        }
        for (design, (sum, total)) in [Design::WithoutReplacement, Design::WithReplacement]
            .into_iter()
            .zip(expected)
        {
            let expected = sum / total;
            let found = context.clone().design(design).unwrap();
            let found = found.budgets(&[b]).unwrap().remove(0).error;
            // The logarithms of factorials are known to 1e-10 or so, of which the sum takes off most.
            let off = (found.value - expected).abs();
            assert!(
                off <= 1e-9 * expected,
                "{n} {heavy} {b}: {:e}",
                off / expected
            );
        }
    }
}

/// A random case, and what is done to it.
fn cases() -> impl Strategy<Value = (Case, u64)> {
    (any::<u64>(), 0_usize..40, 2_usize..40).prop_map(|(seed, which, keys)| {
        let mut random = StdRng::seed_from_u64(seed);
        let spread = [0.5, 2.0, 6.0][which % 3];
        (case(&mut random, keys, spread, which), seed)
    })
}

/// Equal but for errors and a relative 1e-9, which a shift of the scores or values may cost.
fn same(x: &SampledError, y: &SampledError, factor: f64) -> Result<(), TestCaseError> {
    let (found, expected) = (x.error.value, factor * factor * y.error.value);
    let rounding = x.error.error + factor * factor * y.error.error;
    prop_assert!(
        (found - expected).abs() <= 1e-9 * expected + rounding,
        "{x:?} {y:?}"
    );
    let off = (&x.bias - factor * &y.bias).norm();
    let rounding = x.bias_norm.error + factor * y.bias_norm.error;
    prop_assert!(off <= 1e-9 * expected.sqrt() + rounding, "{x:?} {y:?}");
    Ok(())
}

#[test]
fn shifts_scalings_and_the_order_of_keys_change_nothing_else() {
    run(71, 200, &cases(), |(case, seed)| {
        let before = exact(&case);
        let mut random = StdRng::seed_from_u64(seed);
        let shifted = Case {
            scores: case.scores.iter().map(|s| s + 3.0).collect(),
            values: case.values.add_scalar(2.0),
            ..case.clone()
        };
        same(&exact(&shifted), &before, 1.0)?;
        let scaled = Case {
            values: &case.values * 3e5,
            ..case.clone()
        };
        same(&exact(&scaled), &before, 3e5)?;
        // A permutation of the keys.
        let keys = case.scores.len();
        let mut order: Vec<usize> = (0..keys).collect();
        order.sort_by_cached_key(|_| random.random::<u64>());
        let place = |key: &usize| order.iter().position(|k| k == key).unwrap();
        let permuted = Case {
            scores: order.iter().map(|key| case.scores[*key]).collect(),
            values: case.values.select_rows(&order),
            kept: case.kept.iter().map(place).collect(),
            budget: case.budget,
            design: match &case.design {
                Design::ImportanceSampling(q) => {
                    Design::ImportanceSampling(order.iter().map(|key| 0.25 * q[*key]).collect())
                }
                design => design.clone(),
            },
        };
        same(&exact(&permuted), &before, 1.0)
    });
}

/// With replacement every key may as well be there twice: the law of one draw is the same. Kept keys share their weight among the copies.
#[test]
fn with_replacement_copies_of_all_keys_change_nothing() {
    run(72, 100, &cases(), |(case, _)| {
        if case.design != Design::WithReplacement {
            return Ok(());
        }
        let keys = case.scores.len();
        let twice = |key: usize| key % keys;
        let copied = Case {
            scores: (0..2 * keys).map(|key| case.scores[twice(key)]).collect(),
            values: DMatrix::from_fn(2 * keys, case.values.ncols(), |key, column| {
                case.values[(twice(key), column)]
            }),
            kept: case
                .kept
                .iter()
                .flat_map(|key| [*key, key + keys])
                .collect(),
            ..case.clone()
        };
        same(&exact(&copied), &exact(&case), 1.0)
    });
}

/// For a budget that stays the same a draw without replacement from many copies of the keys is one with replacement; and its error falls with `b`.
#[test]
fn without_replacement_tends_to_with_replacement() {
    let mut random = StdRng::seed_from_u64(8);
    let scores: Vec<f64> = (0..20).map(|_| random.random_range(-2.0..2.0)).collect();
    let values = DMatrix::from_fn(20, 2, |_, _| random.random_range(-1.0..1.0));
    let mut last = f64::INFINITY;
    for copies in [1, 10, 100, 1000] {
        let scores = scores.repeat(copies);
        let values = DMatrix::from_fn(20 * copies, 2, |key, column| values[(key % 20, column)]);
        let context = SampledAttention::new(&scores, &values).unwrap();
        let found = context.budgets(&[2, 5, 10]).unwrap();
        let with = context.design(Design::WithReplacement).unwrap();
        let with = with.budgets(&[2, 5, 10]).unwrap();
        let off = (1.0 - found[1].error.value / with[1].error.value).abs();
        assert!(off < last / 5.0, "{copies} {off}");
        last = off;
        assert!(
            found
                .windows(2)
                .all(|pair| pair[1].error.value < pair[0].error.value)
        );
    }
    assert!(last < 1e-3);
}

#[test]
fn numbers_do_not_depend_on_the_threads() {
    let mut random = StdRng::seed_from_u64(9);
    let scores: Vec<f64> = (0..3000).map(|_| random.random_range(-2.0..2.0)).collect();
    let values = DMatrix::from_fn(3000, 4, |_, _| random.random_range(-1.0..1.0));
    let context = SampledAttention::new(&scores, &values).unwrap();
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| context.budgets(&[3, 50, 1000]).unwrap())
    };
    assert_eq!(on(1), on(3));
}

#[test]
fn bad_input_is_refused() {
    let values = dmatrix![0.0; 1.0; 3.0];
    let new =
        |scores: &[f64], values: &DMatrix<f64>| SampledAttention::new(scores, values).map(|_| ());
    for bad in [f64::NAN, f64::INFINITY, 1e301] {
        assert!(new(&[0.0, bad, 1.0], &values).is_err());
    }
    assert!(new(&[0.0, 1.0], &values).is_err());
    assert!(new(&[], &DMatrix::zeros(0, 1)).is_err());
    assert!(new(&[0.0; 3], &DMatrix::zeros(3, 0)).is_err());
    assert!(new(&[0.0; 3], &dmatrix![0.0; f64::NAN; 1.0]).is_err());
    assert!(new(&[0.0; 3], &dmatrix![0.0; 1e200; 1.0]).is_err());
    let context = SampledAttention::new(&[0.0, 1.0, 3.0], &values).unwrap();
    let keep = |kept: Kept| context.clone().keep(&kept).map(|_| ());
    assert!(keep(Kept::indices([3])).is_err());
    assert!(keep(Kept::indices([1, 1])).is_err());
    assert!(keep(Kept::indices([0, 1, 2])).is_err());
    assert!(keep(Kept::new().sink(1).window(1).top(2)).is_err());
    assert!(keep(Kept::new().sink(usize::MAX)).is_err());
    assert!(keep(Kept::new().sink(1).top(1)).is_ok());
    let kept = context.clone().keep(&Kept::new().top(1)).unwrap();
    for budgets in [&[0][..], &[1, 3], &[u64::MAX]] {
        assert!(kept.budgets(budgets).is_err());
    }
    assert!(kept.budgets(&[]).unwrap().is_empty());
    for proxies in [
        vec![1.0; 2],
        vec![1.0, 0.0, 1.0],
        vec![1.0, f64::NAN, 1.0],
        vec![1.0, 1e-80, 1.0],
        vec![1.0, -1.0, 1.0],
    ] {
        assert!(
            kept.clone()
                .design(Design::ImportanceSampling(proxies))
                .is_err()
        );
    }
    // Kept keys need no chance; without them the proxy of a key of the tail is 0.
    let drawn = kept
        .design(Design::ImportanceSampling(vec![1.0, 1.0, 0.0]))
        .unwrap();
    assert!(drawn.keep(&Kept::none()).is_err());
    // A key that is nothing beside the others, and may be drawn alone.
    let far = SampledAttention::new(&[0.0, -1e4, 1.0], &values).unwrap();
    assert!(far.budgets(&[1]).is_err());
    assert!(far.keep(&Kept::indices([0])).unwrap().budgets(&[1]).is_ok());
}

#[test]
fn equal_values_leave_no_error() {
    let context = SampledAttention::new(&[0.0, 5.0, -3.0], &dmatrix![0.1; 0.1; 0.1]).unwrap();
    for design in [
        Design::WithoutReplacement,
        Design::WithReplacement,
        Design::Bernoulli,
    ] {
        let found = context
            .clone()
            .design(design)
            .unwrap()
            .budgets(&[1, 2])
            .unwrap();
        assert!(found.iter().all(|found| found.error == Exact::ZERO));
    }
}
