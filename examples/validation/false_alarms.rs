//! How often a simulation contradicts what is true, or confirms what is false, where a sample says little about its law.
//!
//! For every kind of law and number of prompts, many simulations with seeds of their own are compared with exact value and
//! bounds, all true, and with a claim that is false, nine tenths of the exact value. *Alone* counts the runs in which the
//! spread of the sample alone, without allowance for what was not seen, contradicts an exact value.

use attention_bounds::attention::{Head, QueryLaw};
use attention_bounds::error::Result;
use attention_bounds::law::{Empirical, Gaussian, RareAtom, TokenLaw};
use attention_bounds::monte_carlo::{CellEstimates, Control, Estimate, Reliability, Shard};
use attention_bounds::parameter::{ErrorProbability, PromptLength};
use attention_bounds::record::{Against, Claim, Metric, Row, Verdict, Witness};
use attention_bounds::study::TableOptions;
use attention_bounds::study::simulate;
use attention_bounds::study::simulate::SimulationRequest;
use attention_bounds::study::table;
use attention_bounds::study::verdict;
use attention_bounds::study::verdict::Levels;
use attention_bounds::study::{Question, Silent};
use nalgebra::DMatrix;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

/// Numbers of prompts, and the runs of each among 10,000.
const SIZES: [(u64, u64); 4] = [(100, 7000), (1000, 2500), (10_000, 450), (100_000, 50)];
/// Error probabilities of a run; a rate can be measured at the second.
const LEVELS: [f64; 2] = [1e-6, 1e-2];

type Case = (Box<dyn TokenLaw>, Head, QueryLaw, u64);

/// A kind of law: its name, how many cases it has, and each of them for a number of prompts.
type Kind = (&'static str, usize, fn(usize, u64) -> Result<Case>);

const KINDS: [Kind; 4] = [
    ("rare atoms", 36, rare_atom),
    ("empirical law with an outlier", 6, outlier),
    ("Gaussian query", 8, gaussian_query),
    ("wide scores", 8, wide_scores),
];

fn scalar_head() -> Result<Head> {
    let one = DMatrix::from_element(1, 1, 1.0);
    Head::new(one.clone(), one)
}

/// Atoms that a run holds 0.01 to 25 times on average, at tilts from none to one at which they decide everything.
fn rare_atom(case: usize, prompts: u64) -> Result<Case> {
    let length = [1, 10, 50][case % 3];
    let expected = [0.01, 0.5, 5.0, 25.0][case / 3 % 4];
    let tilt = [0.0, 1.0, 6.0][case / 12];
    let probability = (expected / (prompts * length) as f64).min(0.2);
    let query = QueryLaw::uniform(DMatrix::from_element(1, 1, tilt))?;
    let tokens = RareAtom::new(1.0, probability)?;
    Ok((Box::new(tokens), scalar_head()?, query, length))
}

/// Five thousand points, one of them twenty times as far out as the others.
fn outlier(case: usize, _: u64) -> Result<Case> {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut rows = DMatrix::from_fn(5000, 2, |_, _| random.sample::<f64, _>(StandardNormal));
    rows.row_mut(0).copy_from_slice(&[40.0, 40.0]);
    let length = [1, 10, 100][case % 3];
    let tilt = [0.0, 0.2][case / 3];
    let identity = DMatrix::identity(2, 2);
    let query = QueryLaw::uniform(DMatrix::from_column_slice(2, 1, &[tilt, 0.5 * tilt]))?;
    let head = Head::new(identity.clone(), identity)?;
    Ok((Box::new(Empirical::new(&rows)?), head, query, length))
}

/// Averages over Gaussian queries whose tail grows heavier.
fn gaussian_query(case: usize, _: u64) -> Result<Case> {
    let width = [0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 1.0, 2.0][case];
    let one = DMatrix::identity(1, 1);
    let query = QueryLaw::gaussian(Gaussian::centred(one.clone() * width)?);
    Ok((
        Box::new(Gaussian::centred(one)?),
        scalar_head()?,
        query,
        100,
    ))
}

/// Gaussian tokens at one query, whose scores are so wide that few tokens take most of the weight.
fn wide_scores(case: usize, _: u64) -> Result<Case> {
    let deviation = [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0][case];
    let one = DMatrix::identity(1, 1);
    let query = QueryLaw::uniform(one.clone() * deviation)?;
    Ok((
        Box::new(Gaussian::centred(one)?),
        scalar_head()?,
        query,
        100,
    ))
}

/// What was counted.
#[derive(Default)]
struct Counts {
    runs: u64,
    /// Runs in which the spread of the sample alone contradicts an exact value, at each level.
    alone: [u64; 2],
    /// Runs in which something true is called violated, at each level.
    violated: [u64; 2],
    /// Runs in which the false claim is confirmed, at each level.
    confirmed: [u64; 2],
    /// Exact values compared, and those that are called consistent, at the first level.
    compared: u64,
    consistent: u64,
}

/// Does the spread of the sample alone contradict one of the exact values, by Bonferroni's rule?
fn alone(rows: &[Row], cell: &CellEstimates, level: f64) -> bool {
    let tests: usize = rows.iter().map(|row| row.comparisons.len()).sum();
    rows.iter().any(|row| {
        let estimate = match row.metric {
            Metric::Output => cell.output_error,
            Metric::Participation => cell.participation_two,
            Metric::Bias { coordinate } => match cell.bias.get(coordinate) {
                Some(bias) => *bias,
                None => return false,
            },
            _ => return false,
        };
        let Ok(exact) = &row.exact else {
            return false;
        };
        let share = estimate.largest_share.or(cell.output_error.largest_share);
        let below = match Estimate::reliability(share) {
            Reliability::HeavyTail => 1.0,
            _ => estimate.p_below(exact.value - exact.error),
        };
        let above = estimate.p_above(exact.value + exact.error);
        2.0 * above.min(below) <= level / tests as f64
    })
}

fn case(kind: &Kind, number: usize, prompts: u64, runs: u64, counts: &mut Counts) -> Result<()> {
    let (tokens, head, query, length) = kind.2(number, prompts)?;
    let question = Question::new(tokens.as_ref(), &head, &query)?;
    let lengths = [PromptLength::new(length)?];
    let options = TableOptions {
        bias: true,
        participation: true,
        ..TableOptions::default()
    };
    let mut fresh = table::rows(&question, &lengths, &options, &Silent)?;
    for row in &mut fresh {
        if let (Ok(exact), Metric::Output | Metric::Participation) = (&row.exact, row.metric) {
            row.claims.push(Claim {
                name: "nine tenths".into(),
                control: false,
                value: Ok(0.9 * exact.value),
            });
        }
    }
    for run in 0..runs {
        let request = SimulationRequest {
            prompts,
            seed: 1_000_000 * (number as u64 + 1) + run,
            route: None,
            longest: None,
            average_only: false,
        };
        let simulation = simulate::simulation(&question, &lengths, &options, &request)?;
        let done = simulation.advance(simulation.begin(Shard::whole())?, &Control::default())?;
        let (estimates, route) = (done.estimates()?, simulation.plan().route);
        counts.runs += 1;
        for (place, level) in LEVELS.into_iter().enumerate() {
            let levels = Levels {
                interval: ErrorProbability::new("interval", 0.05)?,
                family: ErrorProbability::new("family", level)?,
            };
            let mut rows = fresh.clone();
            verdict::judge(
                &question,
                &mut rows,
                &estimates,
                &[],
                &request,
                route,
                levels,
            );
            let found = |against: fn(&Against) -> bool, verdict| {
                rows.iter().flat_map(|row| &row.comparisons).any(|c| {
                    c.witness == Witness::MonteCarlo && against(&c.against) && c.verdict == verdict
                })
            };
            let is_claim = |against: &Against| matches!(against, Against::Claim(_));
            let is_true = |against: &Against| !matches!(against, Against::Claim(_));
            counts.violated[place] += u64::from(found(is_true, Verdict::Violated));
            counts.confirmed[place] += u64::from(found(is_claim, Verdict::Consistent));
            if let Some(cell) = estimates.first() {
                counts.alone[place] += u64::from(alone(&rows, cell, level));
            }
            if place == 0 {
                for c in rows.iter().flat_map(|row| &row.comparisons) {
                    let exact = c.against == Against::Exact;
                    counts.compared += u64::from(exact);
                    counts.consistent += u64::from(exact && c.verdict == Verdict::Consistent);
                }
            }
        }
    }
    Ok(())
}

/// Prints the table; true if nothing true was contradicted at the level of a check and rates at the other are kept.
pub fn run(scale: f64) -> Result<bool> {
    println!(
        "| law | prompts | runs | contradicted by the spread alone | contradicted | the same at level 1e-2 | | false claim \
         confirmed | at 1e-2 | exact value consistent |\n|---|---|---|---|---|---|---|---|---|---|"
    );
    let mut passed = true;
    for kind in &KINDS {
        let mut violated = [0; 2];
        let mut all = 0;
        for (prompts, runs) in SIZES {
            let mut counts = Counts::default();
            let each = (scale * runs as f64 / kind.1 as f64).ceil() as u64;
            for number in 0..kind.1 {
                case(kind, number, prompts, each, &mut counts)?;
            }
            println!(
                "| {} | {prompts} | {} | {} | {} | {} | {} | {} | {} | {:.0}% |",
                kind.0,
                counts.runs,
                counts.alone[0],
                counts.violated[0],
                counts.alone[1],
                counts.violated[1],
                counts.confirmed[0],
                counts.confirmed[1],
                100.0 * counts.consistent as f64 / counts.compared as f64
            );
            all += counts.runs;
            violated[0] += counts.violated[0];
            violated[1] += counts.violated[1];
        }
        // A rate of 1e-2 gives at most this many, but for chance of 1e-7 (5.2 deviations).
        let expected = 1e-2 * all as f64;
        passed &= violated[0] == 0 && violated[1] as f64 <= expected + 5.2 * expected.sqrt() + 3.0;
    }
    Ok(passed)
}
