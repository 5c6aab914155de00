//! The approximate loss of multi-head softmax attention (`icl::approximate_loss`) divided by the exact one, for one head, as Markdown tables:
//! `cargo run --release --example approximate_loss`.

use attention_bounds::error::Result;
use attention_bounds::icl::approximate_loss::{ApproximateLoss, IsotropicHeads};
use attention_bounds::icl::finite::FinitePromptRisk;
use attention_bounds::icl::{RegressionHead, RegressionTask};
use attention_bounds::parameter::PromptLength;
use nalgebra::{DMatrix, DVector};

const NOISE: f64 = 0.1;

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

fn main() -> Result<()> {
    for d in [2, 5, 24] {
        println!("`d` = {d}:\n");
        println!("| `L` | `d om^2` = 0.25 | 0.5 | 1 | 2 | 4 | 8 |");
        println!("|---|---|---|---|---|---|---|");
        for l in [10, 100, 1000, 10_000, 1_000_000] {
            let cells: Result<Vec<String>> = [0.25, 0.5, 1.0, 2.0, 4.0, 8.0]
                .iter()
                .map(|&heat| Ok(format!("{:.3}", ratio(d, heat, l)?)))
                .collect();
            println!("| {l} | {} |", cells?.join(" | "));
        }
        println!();
    }
    Ok(())
}
