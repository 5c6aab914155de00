//! Speed of a training step against JAX, and of the Rao-Blackwellised route against the plain one, as ratios from one run.
//!
//! `cargo bench --bench training`. Both are interleaved, round after round, and the fastest round of each counts, so
//! that a busy machine disturbs both alike. The Python that has JAX is `python3`, or what the environment
//! variable `PYTHON` names; without it only this crate is timed. Hold the run to one core with `taskset -c 0`.

use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Instant;

use attention_bounds::monte_carlo::Route;
use attention_bounds::regression::training::{HeadKind, RunState, STEP_BLOCK, Settings, Trainer};

const ROUNDS: usize = 40;

/// JAX in a process of its own that repeats on demand; absent if Python or JAX is.
struct Peer {
    child: Child,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    fn start() -> Option<Self> {
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/benches/peers/jax_regression.py"
        );
        let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".into());
        let mut child = Command::new(python)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let answers = BufReader::new(child.stdout.take()?);
        Some(Self { child, answers })
    }

    /// Nanoseconds of a step.
    fn round(&mut self, head: HeadKind, length: u64) -> Option<f64> {
        writeln!(self.child.stdin.as_mut()?, "{} {length}", head.name()).ok()?;
        let mut line = String::new();
        self.answers.read_line(&mut line).ok()?;
        line.trim().parse().ok()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Nanoseconds of a step.
fn block(trainer: &mut Trainer<'_>, state: &mut RunState) -> f64 {
    let begun = Instant::now();
    trainer.block(state).unwrap();
    black_box(state);
    begun.elapsed().as_secs_f64() * 1e9 / STEP_BLOCK as f64
}

fn main() {
    let settings = Settings::paper();
    let averaged = Settings {
        route: Route::RaoBlackwell,
        ..settings.clone()
    };
    let mut peer = Peer::start();
    println!("microseconds a step (d = 5, batch 128, data included), fastest of {ROUNDS} rounds");
    for (head, length) in [
        (HeadKind::Softmax, 10),
        (HeadKind::Softmax, 100),
        (HeadKind::Softmax, 1000),
        (HeadKind::Linear, 100),
        (HeadKind::Linear, 1000),
    ] {
        let mut trainer = Trainer::new(&settings, head, length).unwrap();
        let mut state = RunState::start(&settings, head, length);
        let mut without = Trainer::new(&averaged, head, length).unwrap();
        let mut other = state.clone();
        let (mut own, mut exact, mut jax) = (f64::INFINITY, f64::INFINITY, f64::INFINITY);
        for _ in 0..ROUNDS {
            own = own.min(block(&mut trainer, &mut state));
            exact = exact.min(block(&mut without, &mut other));
            if let Some(time) = peer.as_mut().and_then(|peer| peer.round(head, length)) {
                jax = jax.min(time);
            }
        }
        println!(
            "  {:8} L = {length:4}: {:8.1}   JAX {:8.1}   times faster {:5.2} (4 or more)   Rao-Blackwellised {:6.1}   times faster {:5.1}",
            head.name(),
            own / 1e3,
            jax / 1e3,
            jax / own,
            exact / 1e3,
            own / exact
        );
    }
    if peer.is_none() {
        println!("Python was not found, so there is no comparison with JAX");
    }
}
