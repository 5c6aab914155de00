//! Empirical deviations: simulated errors stay within every bound and agree with every exact value, for random
//! laws, heads and lengths; and what is broken on purpose is caught.
//!
//! All comparisons of this file together are wrong by chance with probability 1e-6 (up to the approximation of the
//! intervals of means). Seeds are fixed, so a pass stays a pass; the level says how surprising a failure after a
//! change of streams would be.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::random_laws::{gaussian, law, matrix, run};
use attention_bounds::attention::{Head, QueryLaw};
use attention_bounds::claim::{Formula, VARIABLES};
use attention_bounds::error::Result;
use attention_bounds::law::{
    Empirical, Gaussian, OutputLaw, Rademacher, RareAtom, Resolution, ScoreAtoms, SourcedProxy,
    Sphere, TokenLaw,
};
use attention_bounds::parameter::{ErrorProbability, Positive, PromptLength};
use attention_bounds::record::{Against, Metric, Row, Verdict, Witness};
use attention_bounds::study::TableOptions;
use attention_bounds::study::claims;
use attention_bounds::study::simulate;
use attention_bounds::study::simulate::{CellEstimates, RunOptions, Shard, SimulationRequest};
use attention_bounds::study::table;
use attention_bounds::study::verdict;
use attention_bounds::study::verdict::Levels;
use attention_bounds::study::verdict::summary;
use attention_bounds::study::{Question, Silent};
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use rand::{Rng, SeedableRng};

/// Error probability of the whole file; each judged table has its share.
const FAMILY: f64 = 1e-6;
const TABLES: f64 = 100.0;

fn levels() -> Levels {
    Levels {
        interval: ErrorProbability::new("interval", 0.05).unwrap(),
        family: ErrorProbability::new("family", FAMILY / TABLES).unwrap(),
    }
}

fn lengths(lengths: &[u64]) -> Vec<PromptLength> {
    lengths
        .iter()
        .map(|&l| PromptLength::new(l).unwrap())
        .collect()
}

fn request(prompts: u64, seed: u64) -> SimulationRequest {
    SimulationRequest {
        prompts,
        seed,
        route: None,
        longest: None,
        average_only: false,
    }
}

fn options() -> TableOptions {
    TableOptions {
        bias: true,
        participation: true,
        tail: Some(Positive::new("eps", 0.5).unwrap()),
        ..TableOptions::default()
    }
}

fn estimates(
    question: &Question<'_>,
    lengths: &[PromptLength],
    request: &SimulationRequest,
) -> Vec<CellEstimates> {
    let simulation = simulate::simulation(question, lengths, &options(), request).unwrap();
    let work = RunOptions {
        checkpoint: None,
        stop: None,
        progress: &Silent,
    };
    let partial = simulate::run(&simulation, Shard::whole(), &work).unwrap();
    partial.estimates().unwrap()
}

/// The rows of a question with these estimates beside them.
fn judge(
    question: &Question<'_>,
    lengths: &[PromptLength],
    request: &SimulationRequest,
    estimates: &[CellEstimates],
) -> Vec<Row> {
    let mut rows = table::rows(question, lengths, &options(), &Silent).unwrap();
    claims::add_negative_control(&mut rows);
    let route = simulate::simulation(question, lengths, &options(), request)
        .unwrap()
        .plan()
        .route;
    verdict::judge(
        question,
        &mut rows,
        estimates,
        &[],
        request,
        route,
        levels(),
    );
    rows
}

fn simulated(
    question: &Question<'_>,
    lengths: &[PromptLength],
    request: &SimulationRequest,
) -> Vec<Row> {
    judge(
        question,
        lengths,
        request,
        &estimates(question, lengths, request),
    )
}

fn contradicts_exact(rows: &[Row]) -> bool {
    rows.iter().any(|row| {
        row.simulated_against(Against::Exact)
            .is_some_and(|c| c.verdict == Verdict::Violated)
    })
}

/// Random laws of every family, random heads: nothing is violated, and most comparisons are confirmed.
#[test]
#[ignore = "long: run by ./test --all"]
fn deviations_stay_within_every_bound() {
    const LENGTHS: [u64; 5] = [1, 2, 7, 60, 900];
    let (confirmed, all) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let seeds = AtomicUsize::new(100);
    let strategy = (1usize..5, 1usize..4).prop_flat_map(|(d, m)| {
        (
            law(d),
            matrix(d, d, 1.0),
            matrix(m, d, 1.0),
            matrix(d, 2, 1.0),
            matrix(d, 1, 0.5),
            0.01f64..2.0,
        )
    });
    run(
        21,
        60,
        &strategy,
        |(tokens, key_query, value, queries, bias, scale)| {
            let bias = bias.column(0).into_owned();
            let head = Head::with_tilt_bias(key_query * scale, value, bias).unwrap();
            let query = QueryLaw::uniform(queries).unwrap();
            let question = Question::new(tokens.as_ref(), &head, &query).unwrap();
            // Streams are named by seed, query and length: every table has a seed of its own.
            let request = request(1500, seeds.fetch_add(1, Ordering::Relaxed) as u64);
            for row in simulated(&question, &lengths(&LENGTHS), &request) {
                for comparison in row.comparisons.iter().filter(|c| !row.is_control(c)) {
                    all.fetch_add(1, Ordering::Relaxed);
                    confirmed.fetch_add(
                        usize::from(comparison.verdict == Verdict::Consistent),
                        Ordering::Relaxed,
                    );
                    prop_assert!(
                        comparison.verdict != Verdict::Violated,
                        "{} tokens, {:?} of {:?} at L = {}: {comparison:?}, {:?}, exact {:?}",
                        tokens.name(),
                        row.metric,
                        row.query,
                        row.length,
                        row.monte_carlo,
                        row.exact
                    );
                }
            }
            Ok(())
        },
    );
    let (confirmed, all) = (confirmed.into_inner(), all.into_inner());
    println!("{all} comparisons, {confirmed} confirmed");
    assert!(
        all >= 10_000 && confirmed * 10 >= all * 7,
        "{confirmed} of {all}"
    );
}

/// Gaussian tokens and a Gaussian query: the average over the query, on both routes.
#[test]
#[ignore = "long: run by ./test --all"]
fn averages_over_a_gaussian_query_agree() {
    let seeds = AtomicUsize::new(1000);
    let strategy = (1usize..4).prop_flat_map(|d| {
        (
            gaussian(d),
            gaussian(d),
            matrix(d, d, 1.0),
            matrix(d, d, 1.0),
            any::<bool>(),
        )
    });
    run(
        22,
        20,
        &strategy,
        |(tokens, query, key_query, value, plain)| {
            let head = Head::new(key_query * 0.5, value).unwrap();
            let query = QueryLaw::Gaussian(query);
            let question = Question::new(&tokens, &head, &query).unwrap();
            let mut request = request(2000, seeds.fetch_add(1, Ordering::Relaxed) as u64);
            request.route = plain.then_some(simulate::Route::Plain);
            let rows = simulated(&question, &lengths(&[3, 40, 500]), &request);
            let compared = |row: &&Row| row.simulated_against(Against::Exact).is_some();
            prop_assert!(rows.iter().filter(compared).count() >= 3);
            for row in &rows {
                for comparison in row.comparisons.iter().filter(|c| !row.is_control(c)) {
                    prop_assert!(comparison.verdict != Verdict::Violated, "{row:?}");
                }
            }
            Ok(())
        },
    );
}

/// Tokens and queries that no prompt held, and tails of which few prompts show anything, contradict nothing; on either route,
/// with few prompts and many. The spread of the samples alone would contradict many exact values.
#[test]
#[ignore = "long: run by ./test --all"]
fn what_no_prompt_saw_contradicts_nothing() {
    let one = DMatrix::from_element(1, 1, 1.0);
    let scalar = Head::new(one.clone(), one.clone()).unwrap();
    let at = |z: &[f64]| QueryLaw::uniform(DMatrix::from_row_slice(1, z.len(), z)).unwrap();
    let atoms = |eps| -> Box<dyn TokenLaw> { Box::new(RareAtom::new(1.0, eps).unwrap()) };
    let normal = || -> Box<dyn TokenLaw> { Box::new(Gaussian::centred(one.clone()).unwrap()) };
    let outlier = || -> Box<dyn TokenLaw> {
        let mut rows = DMatrix::from_fn(4000, 1, |i, _| (1.7 * i as f64).sin());
        rows[(0, 0)] = 3000.0;
        Box::new(Empirical::new(&rows).unwrap())
    };
    // A query of weight 1e-4 at which all the error is made.
    let rare_query = QueryLaw::weighted(
        DMatrix::from_row_slice(1, 2, &[0.1, 100.0]),
        vec![1.0 - 1e-4, 1e-4],
    )
    .unwrap();
    let wide = |lam| QueryLaw::gaussian(Gaussian::centred(one.clone() * lam).unwrap());
    let plain = Some(simulate::Route::Plain);
    let cases = [
        (atoms(1e-5), at(&[-1.0, 0.0, 1.0]), 100, 200, None),
        (atoms(1e-4), at(&[8.0]), 10, 200, None),
        (atoms(3e-3), at(&[3.0]), 5, 400, None),
        (outlier(), at(&[0.0, 1e-3]), 10, 100, None),
        (normal(), rare_query, 10, 300, None),
        (normal(), wide(0.6), 100, 100, None),
        (normal(), wide(0.3), 100, 1000, plain),
        (normal(), at(&[2.5, 4.0]), 100, 100, None),
        (normal(), at(&[2.5, 4.0]), 100, 100, plain),
    ];
    let mut alone = vec![0; cases.len()];
    for (place, (tokens, query, length, prompts, route)) in cases.iter().enumerate() {
        let question = Question::new(tokens.as_ref(), &scalar, query).unwrap();
        let lengths = lengths(&[*length]);
        for seed in 0..12 {
            let request = SimulationRequest {
                route: *route,
                ..request(*prompts, 7000 + seed)
            };
            let found = estimates(&question, &lengths, &request);
            for row in judge(&question, &lengths, &request, &found) {
                for c in row.comparisons.iter().filter(|c| !row.is_control(c)) {
                    assert!(
                        c.verdict != Verdict::Violated,
                        "case {place}: {c:?} {row:?}"
                    );
                }
            }
            let rows = table::rows(&question, &lengths, &options(), &Silent).unwrap();
            // The average is the last cell; its exact value is that of the average row.
            let average = rows
                .iter()
                .rfind(|row| row.metric == Metric::Output)
                .and_then(|row| row.exact.as_ref().ok());
            if let (Some(exact), Some(cell)) = (average, found.last()) {
                let p = cell.output_error.p_below(exact.value - exact.error);
                alone[place] += usize::from(p < 1e-9);
            }
        }
    }
    println!("contradicted by the spread alone: {alone:?} of 12 each");
    for place in [0, 1, 3, 4] {
        assert!(alone[place] >= 6, "{alone:?}");
    }
}

/// Three standard normal coordinates, one query with score deviation `s`.
fn normal(s: f64) -> (Gaussian, Head, QueryLaw) {
    let identity = DMatrix::identity(3, 3);
    let query = DMatrix::from_column_slice(3, 1, &[0.6 * s, 0.0, -0.8 * s]);
    (
        Gaussian::centred(identity.clone()).unwrap(),
        Head::new(identity.clone(), identity).unwrap(),
        QueryLaw::uniform(query).unwrap(),
    )
}

/// Half of T5 is false for long prompts, and the simulation says so; T5 itself stands.
#[test]
fn the_negative_control_is_rejected() {
    let (tokens, head, query) = normal(0.7);
    let question = Question::new(&tokens, &head, &query).unwrap();
    let rows = simulated(&question, &lengths(&[2000]), &request(3000, 5));
    let summary = summary::summary(&rows, true);
    let control = summary.control.unwrap();
    assert!(
        control.rejected >= 1 && control.rejected == control.known_false,
        "{summary:?}"
    );
    assert_eq!(summary.verdict(), Verdict::Consistent);
    // With too few prompts to tell, the check fails instead of passing.
    let rows = simulated(&question, &lengths(&[2000]), &request(4, 5));
    assert_eq!(summary::summary(&rows, true).verdict(), Verdict::Violated);
}

/// A user's formula that is true passes, one that is false is found, by the exact value and by the simulation.
#[test]
fn formulas_are_judged() {
    let (tokens, head, query) = normal(0.5);
    let question = Question::new(&tokens, &head, &query).unwrap();
    let request = request(4000, 8);
    let lengths = lengths(&[1000]);
    let mut rows = table::rows(&question, &lengths, &options(), &Silent).unwrap();
    let formulas = [
        "1.2 * rho * (d + s^2) / L",
        "0.8 * rho * (d + s^2) / L",
        "A2 / L / 0.99",
    ]
    .map(|text| Formula::new(text, &VARIABLES).unwrap());
    claims::add_formulas(&question, &formulas, &mut rows).unwrap();
    let found = estimates(&question, &lengths, &request);
    verdict::judge(
        &question,
        &mut rows,
        &found,
        &[],
        &request,
        simulate::Route::RaoBlackwell,
        levels(),
    );
    for row in rows.iter().filter(|row| row.metric == Metric::Output) {
        let verdicts = |place| -> Vec<(Witness, Verdict)> {
            row.comparisons
                .iter()
                .filter(|c| c.against == Against::Claim(place))
                .map(|c| (c.witness, c.verdict))
                .collect()
        };
        let both = |verdict| vec![(Witness::Exact, verdict), (Witness::MonteCarlo, verdict)];
        assert_eq!(verdicts(0), both(Verdict::Consistent));
        assert_eq!(verdicts(1), both(Verdict::Violated));
        // rho (d + s^2) = A2 for normal tokens: true by 1%, which the simulation cannot confirm.
        assert_eq!(verdicts(2)[0], (Witness::Exact, Verdict::Consistent));
        assert_ne!(verdicts(2)[1].1, Verdict::Violated);
        assert_eq!(row.verdict(), Verdict::Violated);
    }
    // The average of `rho = e^{s^2}` over this Gaussian query is infinite.
    let random = QueryLaw::gaussian(tokens.clone());
    let question = Question::new(&tokens, &head, &random).unwrap();
    let error = claims::add_formulas(&question, &formulas[..1], &mut rows).unwrap_err();
    assert!(error.to_string().contains("average is infinite"), "{error}");
}

/// How a sampler is broken.
#[derive(Clone, Copy)]
enum Fault {
    None,
    /// Tokens are 3% too long.
    Scaled,
    /// Every second token repeats the one before: right law, not independent.
    Repeated,
    /// The first coordinate is positive a little too often.
    Tilted,
}

/// A law whose sampler is broken; everything that is computed from it is right.
struct Broken<L> {
    law: L,
    fault: Fault,
    last: Mutex<(bool, Vec<f64>)>,
}

impl<L> Broken<L> {
    fn new(law: L, fault: Fault) -> Self {
        let last = Mutex::new((false, Vec::new()));
        Self { law, fault, last }
    }
}

impl<L: std::fmt::Debug> std::fmt::Debug for Broken<L> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.law.fmt(formatter)
    }
}

impl<L: TokenLaw> TokenLaw for Broken<L> {
    fn name(&self) -> &'static str {
        self.law.name()
    }
    fn dimension(&self) -> usize {
        self.law.dimension()
    }
    fn cumulant(&self, tilt: &DVector<f64>) -> f64 {
        self.law.cumulant(tilt)
    }
    fn tilted_mean(&self, tilt: &DVector<f64>) -> DVector<f64> {
        self.law.tilted_mean(tilt)
    }
    fn tilted_covariance(&self, tilt: &DVector<f64>) -> DMatrix<f64> {
        self.law.tilted_covariance(tilt)
    }
    fn variance_proxy(&self) -> SourcedProxy {
        self.law.variance_proxy()
    }
    fn sample(&self, random: &mut dyn Rng, token: &mut [f64]) {
        self.law.sample(random, token);
        match self.fault {
            Fault::None => {}
            Fault::Scaled => token.iter_mut().for_each(|x| *x *= 1.03),
            Fault::Repeated => {
                let mut last = self.last.lock().unwrap();
                if last.0 {
                    token.copy_from_slice(&last.1);
                } else {
                    last.1 = token.to_vec();
                }
                last.0 = !last.0;
            }
            Fault::Tilted => {
                if token[0] < 0.0 && random.next_u32() < u32::MAX / 25 {
                    token[0] = -token[0];
                }
            }
        }
    }
    fn score_atoms(
        &self,
        tilt: &DVector<f64>,
        value: &DMatrix<f64>,
        resolution: Resolution,
    ) -> Result<ScoreAtoms> {
        self.law.score_atoms(tilt, value, resolution)
    }
    fn output_radius(&self, value: &DMatrix<f64>, centre: &DVector<f64>) -> Option<f64> {
        self.law.output_radius(value, centre)
    }
    fn through<'a>(&'a self, value: &DMatrix<f64>) -> Box<dyn OutputLaw + 'a> {
        self.law.through(value)
    }
    // Not Gaussian even if the law is, so that the sampler is used.
}

#[test]
fn a_broken_sampler_is_caught() {
    let caught = |law: &dyn TokenLaw| {
        let d = law.dimension();
        let head = Head::new(DMatrix::identity(d, d), DMatrix::identity(d, d)).unwrap();
        let query = QueryLaw::uniform(DMatrix::from_element(d, 1, 0.4)).unwrap();
        let question = Question::new(law, &head, &query).unwrap();
        // One thread: the repeated token must be the one before.
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(1)
            .build()
            .unwrap();
        pool.install(|| {
            contradicts_exact(&simulated(
                &question,
                &lengths(&[3, 50]),
                &request(20_000, 9),
            ))
        })
    };
    for (fault, broken) in [
        (Fault::None, false),
        (Fault::Scaled, true),
        (Fault::Repeated, true),
        (Fault::Tilted, true),
    ] {
        assert_eq!(
            caught(&Broken::new(Sphere::new(3, 1.5).unwrap(), fault)),
            broken
        );
        assert_eq!(
            caught(&Broken::new(Rademacher::new(2, 1.0).unwrap(), fault)),
            broken
        );
    }
}

/// A simulation with a tilt that is 5% too long, judged against the right exact values.
#[test]
fn a_broken_tilt_is_caught() {
    let (tokens, head, query) = normal(1.2);
    let right = Question::new(&tokens, &head, &query).unwrap();
    let longer = Head::new(head.key_query() * 1.05, head.value().clone()).unwrap();
    let wrong = Question::new(&tokens, &longer, &query).unwrap();
    let lengths = lengths(&[20, 400]);
    for route in [simulate::Route::Plain, simulate::Route::RaoBlackwell] {
        let request = SimulationRequest {
            route: Some(route),
            ..request(20_000, 10)
        };
        let found = estimates(&right, &lengths, &request);
        assert!(!contradicts_exact(&judge(
            &right, &lengths, &request, &found
        )));
        let found = estimates(&wrong, &lengths, &request);
        assert!(contradicts_exact(&judge(
            &right, &lengths, &request, &found
        )));
    }
}

/// Softmax without the shift by the largest score: with tokens far from the origin all scores are near 708, half of the
/// weights `e^S` overflow, and a cut at the largest float follows. The program's own weights agree with the exact
/// value, which does not depend on where the tokens lie.
#[test]
fn a_broken_softmax_is_caught() {
    let (_, head, query) = normal(2.0);
    let mean = DVector::from_column_slice(&[0.6, 0.0, -0.8]) * 354.0;
    let tokens = Gaussian::new(mean, DMatrix::identity(3, 3)).unwrap();
    let question = Question::new(&tokens, &head, &query).unwrap();
    let length = 30;
    let lengths = lengths(&[length]);
    let request = SimulationRequest {
        route: Some(simulate::Route::Plain),
        ..request(4000, 11)
    };
    let found = estimates(&question, &lengths, &request);
    let rows = judge(&question, &lengths, &request, &found);
    assert!(
        rows.iter()
            .any(|row| row.simulated_against(Against::Exact).is_some())
    );
    assert!(!contradicts_exact(&rows));

    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(12);
    let tilt = head.tilt(&DVector::from_column_slice(&[1.2, 0.0, -1.6]));
    let mut squares = Vec::new();
    for _ in 0..request.prompts {
        let mut token = vec![0.0; 3];
        let weights: Vec<f64> = (0..length)
            .map(|_| {
                tokens.sample(&mut random, &mut token);
                let score: f64 = token.iter().zip(tilt.iter()).map(|(x, a)| x * a).sum();
                score.exp().min(f64::MAX)
            })
            .collect();
        let total = weights.iter().map(|w| w / f64::MAX).sum::<f64>();
        squares.push(
            weights
                .iter()
                .map(|w| (w / f64::MAX / total).powi(2))
                .sum::<f64>(),
        );
    }
    let n = squares.len() as f64;
    let mean = squares.iter().sum::<f64>() / n;
    let variance = squares.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    // Participation says how the weight is shared, whatever the outputs are.
    let mut broken = found.clone();
    broken[0].participation_two.mean = mean;
    broken[0].participation_two.standard_error = (variance / n).sqrt();
    assert!(contradicts_exact(&judge(
        &question, &lengths, &request, &broken
    )));
}
