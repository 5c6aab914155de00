//! The approximate loss of multi-head softmax attention (`regression::risk::approximate_loss`) divided by the exact one, for one head, and by a seeded
//! simulation for two opposite heads, as Markdown tables: `cargo run --release --example approximate_loss`.

use attention_bounds::error::Result;
use attention_bounds::parameter::PromptLength;
use attention_bounds::regression::risk::FinitePromptRisk;
use attention_bounds::regression::risk::approximate_loss::{ApproximateLoss, IsotropicHeads};
use attention_bounds::regression::{RegressionHead, RegressionTask};
use nalgebra::{DMatrix, DVector};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

const NOISE: f64 = 0.1;
/// `d om^2`.
const HEATS: [f64; 6] = [0.25, 0.5, 1.0, 2.0, 4.0, 8.0];
const PROMPTS: u32 = 40_000;

/// Approximate over exact loss at `om = sqrt(heat / d)` and the `mu` that is best for the approximate loss.
fn ratio(d: usize, heat: f64, l: u64) -> Result<f64> {
    let length = PromptLength::new(l)?;
    let loss = ApproximateLoss::new(d, NOISE, length)?;
    let om = (heat / d as f64).sqrt();
    let mu = om / (om * om + (1.0 + NOISE) / l as f64 * heat.exp());
    let heads = IsotropicHeads {
        values: DVector::from_element(1, mu),
        key_queries: DVector::from_element(1, om),
    };
    let task = RegressionTask::new(DMatrix::identity(d, d), NOISE, 1.0 / d as f64)?;
    let head = RegressionHead::new(DMatrix::identity(d, d) * om, mu)?;
    let exact = FinitePromptRisk::new(&task, length)?.risk(&head)?;
    Ok(loss.value(&heads) / (2.0 * exact.value))
}

/// The same for two heads `(om, -om)`, `(mu, -mu)`: the ratio and its standard error, at every heat with the same prompts.
fn two_heads(d: usize, l: u64) -> Result<Vec<(f64, f64)>> {
    let length = PromptLength::new(l)?;
    let loss = ApproximateLoss::new(d, NOISE, length)?;
    let pairs = HEATS.map(|heat| {
        let om = (heat / d as f64).sqrt();
        let noise = (1.0 + NOISE) / l as f64 * 2.0 * heat.sinh();
        (om, om / (2.0 * om * om + noise))
    });
    let mut random = ChaCha8Rng::seed_from_u64(l);
    let mut normal = || -> f64 { StandardNormal.sample(&mut random) };
    let mut sums = [(0.0, 0.0); HEATS.len()];
    for _ in 0..PROMPTS {
        let spread = (1.0 / d as f64).sqrt();
        let task = DVector::from_fn(d, |_, _| spread * normal());
        let query = DVector::from_fn(d, |_, _| normal());
        // Scores <x, x_i> and labels.
        let examples: Vec<(f64, f64)> = (0..l)
            .map(|_| {
                let x = DVector::from_fn(d, |_, _| normal());
                (query.dot(&x), task.dot(&x) + NOISE.sqrt() * normal())
            })
            .collect();
        let label = task.dot(&query) + NOISE.sqrt() * normal();
        let top = examples
            .iter()
            .map(|e| e.0)
            .fold(f64::NEG_INFINITY, f64::max);
        let low = examples.iter().map(|e| e.0).fold(f64::INFINITY, f64::min);
        for ((sum, squares), (om, mu)) in sums.iter_mut().zip(pairs) {
            let head = |sign: f64, origin: f64| {
                let weighted = examples.iter().fold((0.0, 0.0), |(all, seen), (score, y)| {
                    let weight = (sign * om * (score - origin)).exp();
                    (all + weight, seen + weight * y)
                });
                weighted.1 / weighted.0
            };
            let error = mu * (head(1.0, top) - head(-1.0, low)) - label;
            *sum += error * error;
            *squares += error.powi(4);
        }
    }
    let count = f64::from(PROMPTS);
    Ok(sums
        .iter()
        .zip(pairs)
        .map(|((sum, squares), (om, mu))| {
            let mean = sum / count;
            let error = ((squares / count - mean * mean) / count).sqrt();
            let heads = IsotropicHeads {
                values: DVector::from_vec(vec![mu, -mu]),
                key_queries: DVector::from_vec(vec![om, -om]),
            };
            let ratio = loss.value(&heads) / mean;
            (ratio, ratio * error / mean)
        })
        .collect())
}

fn main() -> Result<()> {
    for d in [2, 5, 24] {
        println!("`d` = {d}:\n");
        println!("| `L` | `d om^2` = 0.25 | 0.5 | 1 | 2 | 4 | 8 |");
        println!("|---|---|---|---|---|---|---|");
        for l in [10, 100, 1000, 10_000, 1_000_000] {
            let cells: Result<Vec<String>> = HEATS
                .iter()
                .map(|&heat| Ok(format!("{:.3}", ratio(d, heat, l)?)))
                .collect();
            println!("| {l} | {} |", cells?.join(" | "));
        }
        println!();
    }
    println!("`d` = 5, two opposite heads, {PROMPTS} simulated prompts:\n");
    println!("| `L` | `d om^2` = 0.25 | 0.5 | 1 | 2 | 4 | 8 |");
    println!("|---|---|---|---|---|---|---|");
    for l in [10, 100, 1000] {
        let cells: Vec<String> = two_heads(5, l)?
            .iter()
            .map(|(ratio, error)| format!("{ratio:.3} +- {error:.3}"))
            .collect();
        println!("| {l} | {} |", cells.join(" | "));
    }
    Ok(())
}
