//! How often does gradient descent from a random start come to the least exact risk?
//!
//! The experiment of the paper's section 6 with many seeds, by the Rao-Blackwellised route: prints a Markdown table of the final risks.
//!
//! ```console
//! $ cargo run --release --example starts -- 60
//! ```

use std::sync::atomic::{AtomicU64, Ordering};

use attention_bounds::monte_carlo::Route;
use attention_bounds::progress::Silent;
use attention_bounds::regression::reproduction::run;
use attention_bounds::regression::training::{HeadKind, Settings};

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let seeds: u64 = match std::env::args().nth(1) {
        Some(text) => text.parse()?,
        None => 20,
    };
    println!("| head | `L` | starts | exact optimum | at the optimum | least | median | largest |");
    println!("|---|---|---|---|---|---|---|---|");
    for head in [HeadKind::Softmax, HeadKind::Linear] {
        for length in [100, 1000] {
            let found = all(head, length, seeds)?;
            // As `reproduce` counts.
            let near = found
                .iter()
                .filter(|(risk, error, exact)| (risk - exact).abs() <= 0.01 * exact + 3.0 * error);
            let reached = near.count();
            let least = found.first().map_or(f64::NAN, |(_, _, exact)| *exact);
            let mut risks: Vec<f64> = found.iter().map(|(risk, _, _)| *risk).collect();
            risks.sort_by(f64::total_cmp);
            let quantile = |share: f64| {
                let place = (share * (risks.len().saturating_sub(1)) as f64).round();
                risks.get(place as usize).copied().unwrap_or(f64::NAN)
            };
            println!(
                "| {} | {length} | {seeds} | {least:.5} | {reached} | {:.5} | {:.5} | {:.5} |",
                head.name(),
                quantile(0.0),
                quantile(0.5),
                quantile(1.0)
            );
        }
    }
    Ok(())
}

/// [`descend`] for all seeds, on all processors; a run of `reproduce` has one thread, since every step needs the one before.
fn all(head: HeadKind, length: u64, seeds: u64) -> Result<Vec<(f64, f64, f64)>, Failure> {
    let next = AtomicU64::new(1);
    let work = || {
        let mut found = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed > seeds {
                return Ok(found);
            }
            found.push(descend(head, length, seed)?);
        }
    };
    let threads = std::thread::available_parallelism()?.get();
    std::thread::scope(|scope| {
        let started: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let mut found = Vec::new();
        for thread in started {
            let part: Result<Vec<_>, Failure> = thread.join().map_err(|_| "a thread panicked")?;
            found.extend(part?);
        }
        Ok(found)
    })
}

/// Final risk, its standard error and the exact optimum.
fn descend(head: HeadKind, length: u64, seed: u64) -> Result<(f64, f64, f64), Failure> {
    let settings = Settings {
        lengths: vec![length],
        heads: vec![head],
        route: Route::RaoBlackwell,
        seed,
        ..Settings::paper()
    };
    let answer = run(&settings, Some(1), None, None, &Silent)?;
    let line = answer.lines.first().ok_or("no head was trained")?;
    let exact = line.exact_risk.ok_or("there is no exact optimum")?;
    Ok((
        line.conditional_risk,
        line.conditional_standard_error,
        exact,
    ))
}
