//! The long validation of the Monte Carlo estimates: thousands of cells whose exact value is known by the
//! Laplace identity (T2, T3), which shares no code with the simulation but the samplers.
//!
//! ```text
//! cargo run --release --example validation -- [PROMPTS [SCENARIOS]]
//! cargo run --release --example validation -- false-alarms [SCALE]
//! ```
//!
//! The second form is described in `false_alarms.rs`; `SCALE`, default 1, is the part of the 10,000 runs of each kind.
//!
//! For every cell the standardised difference `z = (mean - exact) / standard error` and the 95% interval. The report (Markdown,
//! on standard output) has the Kolmogorov-Smirnov distance of the `z` of all reliable cells from the standard normal
//! law and the coverage of the intervals with its binomial limits; then, for tails that grow heavier and heavier, how
//! often an interval is called reliable and is wrong, from which the threshold of `Reliability::HeavyTail` is taken.
//!
//! Exit code 1 if the distance is above its limit at level 1e-3, or coverage outside its limits.

mod false_alarms;

use std::process::ExitCode;

use attention_bounds::attention::{Head, QueryLaw};
use attention_bounds::cli::Bar;
use attention_bounds::error::Result;
use attention_bounds::law::{Empirical, Gaussian, Mixture, Rademacher, Sphere, TokenLaw};
use attention_bounds::monte_carlo::Reliability;
use attention_bounds::parameter::{ErrorProbability, PromptLength};
use attention_bounds::record::{Against, Metric, QueryLabel, Row};
use attention_bounds::study::TableOptions;
use attention_bounds::study::simulate;
use attention_bounds::study::simulate::{RunOptions, Shard, SimulationRequest};
use attention_bounds::study::table;
use attention_bounds::study::verdict;
use attention_bounds::study::verdict::Levels;
use attention_bounds::study::{Question, Silent};
use nalgebra::{DMatrix, DVector};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use statrs::distribution::{ContinuousCDF, Normal};

/// Lengths of every scenario.
const LENGTHS: [u64; 5] = [2, 8, 40, 300, 2000];

/// One cell: which law, which metric, its standardised difference, whether the interval covers, and its share.
struct Outcome {
    law: &'static str,
    metric: &'static str,
    z: f64,
    covered: bool,
    reliable: bool,
    share: f64,
}

fn matrix(random: &mut ChaCha8Rng, rows: usize, columns: usize, scale: f64) -> DMatrix<f64> {
    DMatrix::from_fn(rows, columns, |_, _| {
        scale * random.sample::<f64, _>(StandardNormal)
    })
}

fn covariance(random: &mut ChaCha8Rng, dimension: usize) -> DMatrix<f64> {
    let root = matrix(
        random,
        dimension,
        dimension,
        1.0 / (dimension as f64).sqrt(),
    );
    &root * root.transpose()
}

fn gaussian(random: &mut ChaCha8Rng, dimension: usize) -> Result<Gaussian> {
    let mean = matrix(random, dimension, 1, 0.7).column(0).into_owned();
    Gaussian::new(mean, covariance(random, dimension))
}

/// The laws in turn; the route is plain for every second Gaussian scenario.
fn law(
    random: &mut ChaCha8Rng,
    kind: usize,
    dimension: usize,
) -> Result<(&'static str, Box<dyn TokenLaw>)> {
    Ok(match kind {
        0 | 1 => ("gaussian", Box::new(gaussian(random, dimension)?)),
        2 => {
            let weight = random.random_range(0.2..0.8);
            let parts = vec![
                (weight, gaussian(random, dimension)?),
                (1.0 - weight, gaussian(random, dimension)?),
            ];
            ("mixture", Box::new(Mixture::new(parts)?))
        }
        3 => {
            let radius = random.random_range(0.5..2.0);
            ("sphere", Box::new(Sphere::new(dimension.max(2), radius)?))
        }
        4 => (
            "rademacher",
            Box::new(Rademacher::new(dimension, random.random_range(0.3..1.2))?),
        ),
        _ => {
            let points = random.random_range(2..30);
            let rows = matrix(random, points, dimension, 1.0);
            ("empirical", Box::new(Empirical::new(&rows)?))
        }
    })
}

/// Simulates and compares.
fn judged<'r>(
    question: &Question<'_>,
    lengths: &[PromptLength],
    options: &TableOptions,
    request: &SimulationRequest,
    rows: &'r mut [Row],
    levels: Levels,
) -> Result<&'r [Row]> {
    let simulation = simulate::simulation(question, lengths, options, request)?;
    let work = RunOptions {
        checkpoint: None,
        stop: None,
        progress: &Silent,
    };
    let partial = simulate::run(&simulation, Shard::whole(), &work)?;
    let route = simulation.plan().route;
    verdict::judge(
        question,
        rows,
        &partial.estimates()?,
        &[],
        request,
        route,
        levels,
    );
    Ok(rows)
}

/// The outcome of a row that has an exact value and was simulated.
fn outcome(law: &'static str, metric: &'static str, row: &Row) -> Option<Outcome> {
    let (Ok(exact), Some(found)) = (&row.exact, &row.monte_carlo) else {
        return None;
    };
    let z = row.simulated_against(Against::Exact)?.standardised?;
    // One token, or no scores: every prompt gives the same number.
    if found.standard_error == Some(0.0) {
        return None;
    }
    Some(Outcome {
        law,
        metric,
        z,
        covered: found.lower <= exact.value && exact.value <= found.upper,
        reliable: found.reliability == Reliability::Reliable,
        share: found.largest_share.unwrap_or(f64::NAN),
    })
}

/// All cells of one random scenario.
fn scenario(number: u64, prompts: u64, levels: Levels) -> Result<Vec<Outcome>> {
    let mut random = ChaCha8Rng::seed_from_u64(number);
    let dimension = random.random_range(1..6);
    let (name, tokens) = law(&mut random, (number % 6) as usize, dimension)?;
    let dimension = tokens.dimension();
    let outputs = random.random_range(1..4);
    let strength = random.random_range(0.1..1.2) / (dimension as f64).sqrt();
    let head = Head::new(
        matrix(&mut random, dimension, dimension, strength),
        matrix(&mut random, outputs, dimension, 1.0),
    )?;
    // Every third Gaussian scenario averages over a Gaussian query.
    let average = name == "gaussian" && number % 18 < 2;
    let query = if average {
        QueryLaw::gaussian(Gaussian::centred(covariance(&mut random, dimension) * 0.3)?)
    } else {
        QueryLaw::uniform(DMatrix::from_columns(&[DVector::from_fn(
            dimension,
            |_, _| random.sample::<f64, _>(StandardNormal),
        )]))?
    };
    let question = Question::new(tokens.as_ref(), &head, &query)?;
    let lengths = LENGTHS
        .iter()
        .map(|&l| PromptLength::new(l))
        .collect::<Result<Vec<_>>>()?;
    let options = TableOptions {
        participation: true,
        bias: true,
        ..TableOptions::default()
    };
    let mut rows = table::rows(&question, &lengths, &options, &Silent)?;
    let request = SimulationRequest {
        prompts,
        // Streams are named by seed, query and length, so scenarios need seeds of their own.
        seed: 1_000 + number,
        route: (number % 6 == 1).then_some(simulate::Route::Plain),
        longest: None,
        average_only: false,
    };
    judged(&question, &lengths, &options, &request, &mut rows, levels)?;
    let wanted = if average {
        QueryLabel::Average
    } else {
        QueryLabel::Index(0)
    };
    let mut outcomes = Vec::new();
    // The coordinates of a bias are dependent, and so are the metrics of one cell; one metric is taken for each
    // length, in turn, so that all outcomes are independent.
    for row in rows.iter().filter(|row| row.query == wanted) {
        let place = LENGTHS.iter().position(|l| *l == row.length).unwrap_or(0);
        let turn = (number / 6 + place as u64) % 3;
        let (metric, chosen) = match row.metric {
            Metric::Output => ("output", turn == 0),
            Metric::Participation => ("participation", turn == 1),
            Metric::Bias { coordinate } => ("bias", turn == 2 && coordinate == 0),
            _ => continue,
        };
        if chosen {
            outcomes.extend(outcome(name, metric, row));
        }
    }
    Ok(outcomes)
}

/// Heavy tails on purpose: one-dimensional normal tokens, a Gaussian query of growing width, `L = 2000`; 400 runs with
/// seeds of their own for each width.
fn heavy(number: u64, width: f64, levels: Levels, prompts: u64) -> Result<Vec<Outcome>> {
    let one = DMatrix::identity(1, 1);
    let tokens = Gaussian::centred(one.clone())?;
    let head = Head::new(one.clone(), one.clone())?;
    let query = QueryLaw::gaussian(Gaussian::centred(one * width)?);
    let question = Question::new(&tokens, &head, &query)?;
    let lengths = [PromptLength::new(2000)?];
    let options = TableOptions::default();
    let rows = table::rows(&question, &lengths, &options, &Silent)?;
    let mut outcomes = Vec::new();
    for seed in 0..400 {
        let mut rows = rows.clone();
        let request = SimulationRequest {
            prompts,
            seed: 1_000_000 * (number + 1) + seed,
            route: None,
            longest: None,
            average_only: false,
        };
        let found = judged(&question, &lengths, &options, &request, &mut rows, levels)?;
        outcomes.extend(
            found
                .iter()
                .filter_map(|row| outcome("heavy", "output", row)),
        );
    }
    Ok(outcomes)
}

/// Kolmogorov-Smirnov distance of these numbers from the standard normal law.
fn distance(mut z: Vec<f64>) -> f64 {
    z.sort_by(f64::total_cmp);
    let n = z.len() as f64;
    let normal = Normal::standard();
    z.iter()
        .enumerate()
        .map(|(i, z)| {
            let p = normal.cdf(*z);
            (p - i as f64 / n).max((i + 1) as f64 / n - p)
        })
        .fold(0.0, f64::max)
}

fn coverage(outcomes: &[&Outcome]) -> (f64, f64) {
    let n = outcomes.len() as f64;
    let covered = outcomes.iter().filter(|o| o.covered).count() as f64;
    (100.0 * covered / n, 100.0 * 3.29 * (0.05 * 0.95 / n).sqrt())
}

/// The second form.
fn false_alarms(scale: f64) -> ExitCode {
    match false_alarms::run(scale) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            println!("\nFAILED");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    if words.next().as_deref() == Some("false-alarms") {
        return false_alarms(
            words
                .next()
                .and_then(|text| text.parse().ok())
                .unwrap_or(1.0),
        );
    }
    let mut arguments = std::env::args()
        .skip(1)
        .map(|text| text.parse::<u64>().ok());
    let prompts = arguments.next().flatten().unwrap_or(2000);
    let scenarios = arguments.next().flatten().unwrap_or(500);
    let (Ok(interval), Ok(family)) = (
        ErrorProbability::new("interval", 0.05),
        ErrorProbability::new("family", 1e-6),
    ) else {
        return ExitCode::from(2);
    };
    let bar = Bar::new();
    attention_bounds::study::Progress::start(&bar, scenarios);
    let mut outcomes = Vec::new();
    let mut skipped = 0;
    for number in 0..scenarios {
        match scenario(number, prompts, Levels { interval, family }) {
            Ok(found) => outcomes.extend(found),
            Err(error) => {
                eprintln!("scenario {number}: {error}");
                skipped += 1;
            }
        }
        attention_bounds::study::Progress::step(&bar);
    }
    drop(bar);
    let reliable: Vec<&Outcome> = outcomes.iter().filter(|o| o.reliable).collect();
    let d = distance(reliable.iter().map(|o| o.z).collect());
    // P(sqrt(n) D > 1.9495) = 1e-3 for large n.
    let limit = 1.9495 / (reliable.len() as f64).sqrt();
    let (percent, margin) = coverage(&reliable);
    let passed = d <= limit && (percent - 95.0).abs() <= margin;
    println!(
        "{scenarios} scenarios ({skipped} without a value), {prompts} prompts a cell, {} cells, {} of them reliable\n",
        outcomes.len(),
        reliable.len()
    );
    println!("| | measured | limit |\n|---|---|---|");
    println!(
        "| Kolmogorov-Smirnov distance of z from N(0, 1), reliable cells | {d:.4} | {limit:.4} (level 1e-3) |"
    );
    println!(
        "| coverage of 95% intervals, reliable cells | {percent:.2}% | 95% +- {margin:.2}% (level 1e-3) |"
    );
    println!("\n| cells | number | coverage | KS distance | its limit |\n|---|---|---|---|---|");
    let line = |name: &str, keep: &dyn Fn(&Outcome) -> bool| {
        let some: Vec<&Outcome> = outcomes.iter().filter(|o| keep(o)).collect();
        if some.is_empty() {
            return;
        }
        let d = distance(some.iter().map(|o| o.z).collect());
        println!(
            "| {name} | {} | {:.1}% | {d:.3} | {:.3} |",
            some.len(),
            coverage(&some).0,
            1.9495 / (some.len() as f64).sqrt()
        );
    };
    for law in ["gaussian", "mixture", "sphere", "rademacher", "empirical"] {
        line(law, &|o| o.reliable && o.law == law);
    }
    for metric in ["output", "bias", "participation"] {
        line(metric, &|o| o.reliable && o.metric == metric);
    }
    println!("\nHeavy tails: tokens N(0, 1), query N(0, lam), L = 2000, 400 runs each\n");
    println!(
        "| lam | median share of the largest 1% | coverage of 95% intervals | called reliable | called reliable and wrong |\n|---|---|---|---|---|"
    );
    for (number, width) in (0..).zip([
        0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.7, 1.0, 2.0,
    ]) {
        let Ok(found) = heavy(number, width, Levels { interval, family }, prompts) else {
            continue;
        };
        let mut shares: Vec<f64> = found.iter().map(|o| o.share).collect();
        shares.sort_by(f64::total_cmp);
        let references: Vec<&Outcome> = found.iter().collect();
        let called: Vec<&Outcome> = found.iter().filter(|o| o.reliable).collect();
        let wrong = called.iter().filter(|o| !o.covered).count();
        let percent = |count: usize| 100.0 * count as f64 / found.len() as f64;
        println!(
            "| {width} | {:.3} | {:.1}% | {:.0}% | {:.1}% |",
            shares.get(shares.len() / 2).copied().unwrap_or(f64::NAN),
            coverage(&references).0,
            percent(called.len()),
            percent(wrong)
        );
    }
    println!("\n{}", if passed { "passed" } else { "FAILED" });
    if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
