//! Speed of the Monte Carlo routes against a floor and against NumPy, as ratios from one run.
//!
//! `cargo bench --bench monte_carlo`. Everything is interleaved, round after round, and the fastest round of
//! each counts, so that a busy machine disturbs all of them alike.

use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use attention_bounds::attention::{Head, QueryLaw};
use attention_bounds::law::Gaussian;
use attention_bounds::monte_carlo::{
    Cell, Control, Partial, Plan, QueryChoice, Route, Shard, Simulation, kernel,
};
use attention_bounds::parameter::PromptLength;
use nalgebra::{DMatrix, DVector};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

const DIMENSION: usize = 16;
const LENGTH: u64 = 1024;
const ROUNDS: usize = 300;
/// Prompts of the runs that are compared between 1 and 2 threads: 16 blocks.
const MANY_BLOCKS: u64 = 4096;

/// Names and nanoseconds a token; the smallest of all rounds is kept.
#[derive(Default)]
struct Times(Vec<(&'static str, f64)>);

impl Times {
    fn add(&mut self, name: &'static str, nanoseconds: f64) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, best)) => *best = best.min(nanoseconds),
            None => self.0.push((name, nanoseconds)),
        }
    }

    fn get(&self, name: &str) -> f64 {
        let found = self.0.iter().find(|(known, _)| *known == name);
        found.map_or(f64::NAN, |(_, best)| *best)
    }
}

/// Nanoseconds a token of `work`, which handles `tokens` of them.
fn time(tokens: u64, work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64() * 1e9 / tokens as f64
}

/// Processor time of this process so far, in the system's ticks; `None` where the system does not tell.
fn processor_ticks() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name, in parentheses, may hold anything; user and system time are the 12th and 13th after it.
    let mut fields = text.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// Draws `normals` normal numbers a token and one exponential, and nothing else.
fn floor(tokens: u64, normals: usize) {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut numbers = vec![0.0_f64; 256 * normals];
    let mut weights = vec![0.0; 256];
    for _ in 0..tokens / 256 {
        kernel::normals(&mut random, &mut numbers);
        kernel::exponentials(&numbers[..256], 1.0, 8.0, &mut weights);
        black_box((&numbers, &weights));
    }
}

/// The same with the normal numbers of `rand_distr` and the exponential of the standard library.
fn library_floor(tokens: u64, normals: usize) {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut numbers = vec![0.0_f64; 256 * normals];
    let mut weights = vec![0.0; 256];
    for _ in 0..tokens / 256 {
        for number in &mut numbers {
            *number = StandardNormal.sample(&mut random);
        }
        for (weight, number) in weights.iter_mut().zip(&numbers) {
            *weight = number.exp();
        }
        black_box((&numbers, &weights));
    }
}

/// NumPy in a process of its own that repeats on demand; absent if Python or NumPy is.
struct Peer {
    child: Child,
    answers: BufReader<std::process::ChildStdout>,
}

impl Peer {
    fn start() -> Option<Self> {
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/benches/peers/numpy_baseline.py"
        );
        let mut child = Command::new("python3")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let answers = BufReader::new(child.stdout.take()?);
        Some(Self { child, answers })
    }

    /// Nanoseconds a token: of full tokens, and of scores only.
    fn round(&mut self) -> Option<(f64, f64)> {
        writeln!(self.child.stdin.as_mut()?, "time").ok()?;
        let mut line = String::new();
        self.answers.read_line(&mut line).ok()?;
        let mut numbers = line.split_whitespace().filter_map(|word| word.parse().ok());
        Some((numbers.next()?, numbers.next()?))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

fn run(simulation: &Simulation<'_>) -> Partial {
    let begin = simulation.begin(Shard::whole()).unwrap();
    simulation.advance(begin, &Control::default()).unwrap()
}

fn main() {
    let identity = DMatrix::<f64>::identity(DIMENSION, DIMENSION);
    let tokens = Gaussian::centred(identity.clone()).unwrap();
    let head = Head::new(identity.clone(), identity).unwrap();
    let tilt = DVector::from_element(DIMENSION, 1.0 / (DIMENSION as f64).sqrt());
    let query = QueryLaw::uniform(DMatrix::from_columns(&[tilt])).unwrap();
    let length = PromptLength::new(LENGTH).unwrap();
    let cell = Cell {
        query: QueryChoice::Index(0),
        length,
    };
    let simulation = |prompts, route| {
        Simulation::new(
            &tokens,
            &head,
            &query,
            vec![cell],
            Plan::new(prompts, 1, route),
        )
        .unwrap()
    };
    // A millisecond or two each: short enough that some rounds are not interrupted by another process.
    let (few, many) = (32, 256);
    let plain = simulation(few, Route::Plain);
    let scores = simulation(many, Route::RaoBlackwell);
    let plain_many = simulation(MANY_BLOCKS, Route::Plain);
    let pool = |threads| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap()
    };
    let (one, two) = (pool(1), pool(2));
    let mut peer = Peer::start();
    let mut times = Times::default();
    for _ in 0..ROUNDS {
        times.add(
            "floor, 16 normals",
            time(few * LENGTH, || floor(few * LENGTH, DIMENSION)),
        );
        times.add(
            "plain",
            one.install(|| time(few * LENGTH, || drop(black_box(run(&plain))))),
        );
        times.add(
            "floor, 1 normal",
            time(many * LENGTH, || floor(many * LENGTH, 1)),
        );
        times.add(
            "scores",
            one.install(|| time(many * LENGTH, || drop(black_box(run(&scores))))),
        );
        times.add(
            "library floor, 16 normals",
            time(few * LENGTH, || library_floor(few * LENGTH, DIMENSION)),
        );
        times.add(
            "library floor, 1 normal",
            time(many * LENGTH, || library_floor(many * LENGTH, 1)),
        );
        if let Some((full, only)) = peer.as_mut().and_then(Peer::round) {
            times.add("numpy plain", full);
            times.add("numpy scores", only);
        }
    }
    // The processor time says, even on a busy machine, whether two threads do more work than one.
    let mut ticks = [0.0; 2];
    for _ in 0..ROUNDS / 20 {
        let pools = [("plain, 1 thread", &one), ("plain, 2 threads", &two)];
        for ((name, pool), ticks) in pools.into_iter().zip(&mut ticks) {
            let before = processor_ticks().unwrap_or(f64::NAN);
            let tokens = MANY_BLOCKS * LENGTH;
            times.add(
                name,
                pool.install(|| time(tokens, || drop(black_box(run(&plain_many))))),
            );
            *ticks += processor_ticks().unwrap_or(f64::NAN) - before;
        }
    }
    println!("nanoseconds a token (d = {DIMENSION}, L = {LENGTH}), fastest of {ROUNDS} rounds");
    for (name, nanoseconds) in &times.0 {
        println!("  {name:28} {nanoseconds:8.2}");
    }
    let ratio = |what: &str, over: &str, under: &str, wanted: &str| {
        println!(
            "  {what:44} {:6.2}   ({wanted})",
            times.get(over) / times.get(under)
        );
    };
    println!("ratios");
    ratio(
        "plain: times faster than NumPy",
        "numpy plain",
        "plain",
        "2.5 or more",
    );
    ratio(
        "Rao-Blackwell: times faster than NumPy",
        "numpy plain",
        "scores",
        "15 or more",
    );
    ratio(
        "Rao-Blackwell: than the same in NumPy",
        "numpy scores",
        "scores",
        "for information",
    );
    ratio(
        "plain: over its floor",
        "plain",
        "floor, 16 normals",
        "1.6 or less",
    );
    ratio(
        "Rao-Blackwell: over its floor",
        "scores",
        "floor, 1 normal",
        "1.6 or less",
    );
    ratio(
        "plain: over the library floor",
        "plain",
        "library floor, 16 normals",
        "1.6 or less",
    );
    ratio(
        "Rao-Blackwell: over the library floor",
        "scores",
        "library floor, 1 normal",
        "1.6 or less",
    );
    ratio(
        "plain: 2 threads against 1",
        "plain, 1 thread",
        "plain, 2 threads",
        "1.85 or more",
    );
    println!(
        "  {:44} {:6.2}   (1.00 if threads cost nothing)",
        "plain: processor time, 2 threads over 1",
        ticks[1] / ticks[0]
    );
    if peer.is_none() {
        println!("python3 was not found, so there is no comparison with NumPy");
    }
}
