//! In-context regression: the exact gradient flow of one prompt length from the start to convergence, tables included, beside one evaluation of
//! risk and gradient.
//!
//! `cargo bench --bench regression` prints one line a length (the least of five runs).

use std::hint::black_box;
use std::time::Instant;

use attention_bounds::law::toeplitz;
use attention_bounds::parameter::PromptLength;
use attention_bounds::regression::RegressionTask;
use attention_bounds::regression::flow::{FlowOptions, follow};
use attention_bounds::regression::risk::{FinitePromptRisk, InfinitePrompt, infinite};

fn main() {
    let task = RegressionTask::new(toeplitz(5, 0.5), 0.1, 0.2).expect("a task");
    let start = infinite::start(&task, 0.1).expect("a start");
    let options = FlowOptions::default();
    let least = |work: &dyn Fn()| {
        (0..5)
            .map(|_| {
                let begin = Instant::now();
                work();
                begin.elapsed().as_secs_f64()
            })
            .fold(f64::INFINITY, f64::min)
    };
    let endless = least(&|| {
        black_box(follow(&InfinitePrompt(&task), &start, &[], &options).expect("a flow"));
    });
    println!("infinite prompt: {:.1} ms", 1e3 * endless);
    println!("| L | flow to |gradient| < 1e-8 (ms) | steps | gradients | risk and gradient (us) |");
    println!("|---|---|---|---|---|");
    for l in [10, 100, 1000, 10_000, 1_000_000] {
        let length = PromptLength::new(l).expect("a length");
        let flow = || {
            let risk = FinitePromptRisk::new(&task, length).expect("a risk");
            follow(&risk, &start, &[], &options).expect("a flow")
        };
        let seconds = least(&|| {
            black_box(flow());
        });
        let found = flow();
        assert!(found.converged);
        let risk = FinitePromptRisk::new(&task, length).expect("a risk");
        let head = &found.end().expect("an end").head;
        let once = least(&|| {
            for _ in 0..200 {
                black_box(risk.risk_and_gradient(black_box(head)).expect("a gradient"));
            }
        });
        println!(
            "| {l} | {:.0} | {} | {} | {:.1} |",
            1e3 * seconds,
            found.steps.len() - 1,
            found.evaluations,
            1e6 * once / 200.0
        );
    }
}
