//! The figures of docs/performance.md that are ratios: each time is the least of many runs, which a busy
//! machine disturbs least, and the runs of what is compared alternate.
//!
//! `cargo bench --bench figures` prints one line a score deviation; `tools/performance.py` runs it.

use std::hint::black_box;
use std::time::Instant;

use attention_bounds::exact::gaussian_participation;
use attention_bounds::parameter::PromptLength;

const RUNS: usize = 2_000;

fn length(length: f64) -> PromptLength {
    PromptLength::new(length.round() as u64).expect("a prompt length")
}

/// Seconds of one evaluation.
fn once(s: f64, lengths: &[PromptLength]) -> f64 {
    let start = Instant::now();
    black_box(gaussian_participation(black_box(s), black_box(lengths)).expect("ratios"));
    start.elapsed().as_secs_f64()
}

fn main() {
    let shortest = [length(10f64.sqrt())];
    let short = [length(1e3)];
    let long = [length(1e12)];
    let ends = [shortest[0], long[0]];
    let sweep: Vec<PromptLength> = (0..20)
        .map(|i| length(10f64.powf(0.5 + 11.5 * f64::from(i) / 19.0)))
        .collect();
    println!(
        "| s | L = 3 (us) | L = 1e3 (us) | L = 1e12 (us) | 1e12 / 1e3 | L = 3 and 1e12 together (us) | 20 lengths (us) \
         | 20 lengths / L = 1e3 | 20 lengths / slowest of the three |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for s in [0.01, 0.3, 1.0, 3.5, 12.0] {
        let cases = [&shortest[..], &short[..], &long[..], &ends[..], &sweep[..]];
        let mut least = [f64::INFINITY; 5];
        for _ in 0..RUNS {
            for (best, lengths) in least.iter_mut().zip(cases) {
                *best = best.min(once(s, lengths));
            }
        }
        let [shortest, short, long, ends, sweep] = least.map(|seconds| seconds * 1e6);
        println!(
            "| {s} | {shortest:.0} | {short:.0} | {long:.0} | {:.2} | {ends:.0} | {sweep:.0} | {:.2} | {:.2} |",
            long / short,
            sweep / short,
            sweep / shortest.max(short).max(long)
        );
    }
}
