//! The local minima of linear attention with all its blocks, for the paper's task: prints a Markdown table.
//!
//! Newton's method from random heads of several sizes; saddles do not count.
//!
//! ```console
//! $ cargo run --release --example second_minimum
//! ```

use attention_bounds::law::toeplitz;
use attention_bounds::parameter::PromptLength;
use attention_bounds::regression::RegressionTask;
use attention_bounds::regression::risk::full_linear::{FullHead, FullOptimum, minimise};
use attention_bounds::regression::risk::linear;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

type Failure = Box<dyn std::error::Error>;

const DIMENSION: usize = 5;
const STARTS: usize = 200;

fn main() -> Result<(), Failure> {
    let task = RegressionTask::new(toeplitz(DIMENSION, 0.5), 0.1, 0.2)?;
    println!(
        "| `L` | least risk (`a = v = 0`) | strict local minima found: risk, `|v| |a|`, `|v| / |b|`, `|a| |b|`, second curvature, starts that end there |"
    );
    println!("|---|---|---|");
    for length in [1, 10, 30, 40, 60, 100, 300, 400, 600, 1000, 10_000, 100_000] {
        let length = PromptLength::new(length)?;
        let (_, least) = linear::minimum(&task, length);
        let cells: Vec<String> = minima(&task, length)
            .iter()
            .map(|(found, count)| {
                let [_, curvature] = found.curvatures;
                let head = &found.head;
                let (inputs, labels) = (head.input_values.norm(), head.label_scores.norm());
                let b = head.regression.value.abs();
                format!(
                    "{:.6}, {:.3}, {:.2}, {:.3}, {curvature:.1e}, {count}",
                    found.risk,
                    inputs * labels,
                    inputs / b,
                    labels * b
                )
            })
            .collect();
        println!("| {} | {least:.6} | {} |", length.get(), cells.join("; "));
    }
    Ok(())
}

/// The distinct risks of the strict local minima, ascending, and how many starts end at each.
fn minima(task: &RegressionTask, length: PromptLength) -> Vec<(FullOptimum, usize)> {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut all: Vec<(FullOptimum, usize)> = Vec::new();
    let count = DIMENSION * DIMENSION + 1 + 2 * DIMENSION;
    for start in 0..STARTS {
        let size = [0.1, 0.5, 1.0, 2.0, 5.0][start % 5];
        let mut list: Vec<f64> = (0..count)
            .map(|_| size * (2.0 * random.random::<f64>() - 1.0))
            .collect();
        // Half of the starts lean to values on inputs and small scores of labels.
        for place in list.iter_mut().rev().take((start % 2) * DIMENSION) {
            *place *= 10.0;
        }
        let start = FullHead::from_slice(DIMENSION, &list);
        let Ok(found) = minimise(task, &start, length, 1e-10) else {
            continue;
        };
        if !found.is_strict() {
            continue;
        }
        match all
            .iter_mut()
            .find(|(known, _)| (known.risk - found.risk).abs() < 1e-7)
        {
            Some((_, count)) => *count += 1,
            None => all.push((found, 1)),
        }
    }
    all.sort_by(|(one, _), (other, _)| one.risk.total_cmp(&other.risk));
    all
}
