//! Exact errors of sampled attention: what a context of many keys costs, beside one pass over its values.
//!
//! `cargo bench --bench sampling` prints Markdown: seconds on one thread for 20 budgets from 2 keys to half of the tail, with an attention sink, a window
//! and the heaviest keys kept, and the ratio to the softmax of the scores and `T`; then the growth with the number of keys and with that of budgets.
//! `-- 10000` takes at most so many keys.

use std::time::Instant;

use attention_bounds::nalgebra::{DMatrix, DVector};
use attention_bounds::rand::{RngExt, SeedableRng};
use attention_bounds::sampling::{Design, Kept, SampledAttention};

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let most = std::env::args()
        .filter_map(|argument| argument.parse().ok())
        .next()
        .unwrap_or(1_000_000);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    pool.install(|| {
        contexts(most)?;
        growth(most)
    })
}

const DESIGNS: [Design; 3] = [
    Design::WithoutReplacement,
    Design::WithReplacement,
    Design::Bernoulli,
];

/// Scores of deviation 1.5 and normal values.
fn context(keys: usize, coordinates: usize) -> (Vec<f64>, DMatrix<f64>) {
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(keys as u64);
    let mut normal = || {
        let (u, v): (f64, f64) = (random.random(), random.random());
        (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    };
    let scores = (0..keys).map(|_| 1.5 * normal()).collect();
    (scores, DMatrix::from_fn(keys, coordinates, |_, _| normal()))
}

/// From 2 keys to half of the tail.
fn budgets(keys: usize, count: usize) -> Vec<u64> {
    let ratio = 0.25 * keys as f64;
    let budget = |place: usize| 2.0 * ratio.powf(place as f64 / count as f64);
    (1..=count).map(|place| budget(place) as u64).collect()
}

/// The least of three times, in seconds.
fn least<T>(mut work: impl FnMut() -> Result<T, Failure>) -> Result<f64, Failure> {
    let mut best = f64::INFINITY;
    for _ in 0..3 {
        let start = Instant::now();
        std::hint::black_box(work()?);
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok(best)
}

/// Seconds of all, from scores and values to the errors.
fn seconds(
    (scores, values): &(Vec<f64>, DMatrix<f64>),
    design: &Design,
    budgets: &[u64],
) -> Result<f64, Failure> {
    least(|| {
        let context = SampledAttention::new(scores, values)?;
        let kept = context.keep(&Kept::new().sink(4).window(64).top(32))?;
        Ok(kept.design(design.clone())?.budgets(budgets)?)
    })
}

fn contexts(most: usize) -> Result<(), Failure> {
    println!("| keys | m | design | 20 budgets (s) | softmax and T alone (s) | ratio |");
    println!("|---|---|---|---|---|---|");
    for (keys, coordinates) in [(32_768, 64), (1_000_000, 8)] {
        let keys = keys.min(most);
        let context = context(keys, coordinates);
        let floor = least(|| {
            let weights = DVector::from_iterator(keys, context.0.iter().map(|s| s.exp()));
            Ok(context.1.tr_mul(&weights) / weights.sum())
        })?;
        for design in &DESIGNS {
            let whole = seconds(&context, design, &budgets(keys, 20))?;
            println!(
                "| {keys} | {coordinates} | {} | {whole:.3} | {floor:.4} | {:.0} |",
                design.name(),
                whole / floor
            );
        }
    }
    Ok(())
}

fn growth(most: usize) -> Result<(), Failure> {
    println!("\n| grows | design | values | seconds | exponent |");
    println!("|---|---|---|---|---|");
    let keys: Vec<usize> = [1_000, 10_000, 100_000, 1_000_000]
        .into_iter()
        .filter(|n| *n <= most)
        .collect();
    for design in &DESIGNS {
        show("keys", design, &keys, |n| (n, 20))?;
        show("budgets", design, &[1, 4, 16, 64], |count| {
            (10_000.min(most), count)
        })?;
    }
    Ok(())
}

fn show(
    name: &str,
    design: &Design,
    values: &[usize],
    sizes: impl Fn(usize) -> (usize, usize),
) -> Result<(), Failure> {
    let time = |value: &usize| {
        let (keys, count) = sizes(*value);
        seconds(&context(keys, 8), design, &budgets(keys, count))
    };
    let times = values
        .iter()
        .map(time)
        .collect::<Result<Vec<f64>, Failure>>()?;
    let first = values.first().zip(times.first());
    let exponent = match (first, values.last().zip(times.last())) {
        (Some((from, least)), Some((to, most))) => {
            (most / least).ln() / (*to as f64 / *from as f64).ln()
        }
        _ => f64::NAN,
    };
    let list = |numbers: Vec<String>| numbers.join(", ");
    let values = list(values.iter().map(ToString::to_string).collect());
    let times = list(times.iter().map(|time| format!("{time:.3}")).collect());
    println!(
        "| {name} | {} | {values} | {times} | {exponent:.2} |",
        design.name()
    );
    Ok(())
}
