//! Runs: threads, shards, checkpoints, files, pinned values, bad input.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::support::simulation::{cell, first, one_query, run_with};
use attention_bounds::attention::{Head, QueryLaw};
use attention_bounds::error::Error;
use attention_bounds::law::{Gaussian, Sphere};
use attention_bounds::monte_carlo::{
    Cell, Checkpoint, Control, Partial, Plan, QueryChoice, Route, Shard, Simulation,
};
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;

/// Gaussian tokens, a head and a query law that random queries can be drawn from.
struct Case {
    tokens: Gaussian,
    head: Head,
    query: QueryLaw,
    cells: Vec<Cell>,
}

fn case() -> Case {
    let matrix = DMatrix::from_fn(3, 3, |i, j| (1.3 * i as f64 - 0.7 * j as f64).cos());
    let tokens = Gaussian::centred(&matrix * matrix.transpose()).unwrap();
    let query = QueryLaw::uniform(matrix.clone()).unwrap();
    let cells = vec![
        cell(QueryChoice::Index(1), 3000),
        cell(QueryChoice::Average, 300),
        cell(QueryChoice::Index(0), 7),
    ];
    Case {
        tokens,
        head: Head::new(&matrix * 0.3, matrix).unwrap(),
        query,
        cells,
    }
}

fn plan(route: Route) -> Plan {
    Plan {
        value_gradient: true,
        key_query_gradient: true,
        operator_norm: route == Route::Plain,
        thresholds: vec![0.1, 1.0],
        quantiles: true,
        ..Plan::new(1501, 77, route)
    }
}

fn simulation(case: &Case, plan: Plan) -> Simulation<'_> {
    Simulation::new(
        &case.tokens,
        &case.head,
        &case.query,
        case.cells.clone(),
        plan,
    )
    .unwrap()
}

const ROUTES: [Route; 2] = [Route::Plain, Route::RaoBlackwell];

#[test]
fn threads_do_not_change_a_bit() {
    let case = case();
    for route in ROUTES {
        let simulation = simulation(&case, plan(route));
        let one = run_with(1, &simulation, &Control::default());
        for threads in [2, 16] {
            assert_eq!(run_with(threads, &simulation, &Control::default()), one);
        }
        // Equality of floats, and of their printed digits.
        let again = run_with(2, &simulation, &Control::default());
        assert_eq!(again.to_json().unwrap(), one.to_json().unwrap());
    }
}

fn shard(simulation: &Simulation<'_>, index: u64, of: u64) -> Partial {
    let begin = simulation.begin(Shard::new(index, of).unwrap()).unwrap();
    simulation.advance(begin, &Control::default()).unwrap()
}

fn through_json(partial: &Partial) -> Partial {
    Partial::from_json("partial.json".as_ref(), &partial.to_json().unwrap()).unwrap()
}

#[test]
fn shards_join_to_the_single_run() {
    let case = case();
    for route in ROUTES {
        let simulation = simulation(&case, plan(route));
        let whole = shard(&simulation, 1, 1);
        for of in [2, 3, 7, 40] {
            // In any order, and by way of a file.
            let parts: Vec<Partial> = (1..=of)
                .rev()
                .map(|i| through_json(&shard(&simulation, i, of)))
                .collect();
            let joined = Partial::merge(&parts).unwrap();
            assert_eq!(joined, whole);
            assert_eq!(joined.estimates().unwrap(), whole.estimates().unwrap());
        }
    }
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let case = case();
    let simulation = simulation(&case, plan(Route::RaoBlackwell));
    let part = |i, of| shard(&simulation, i, of);
    let refusal = |parts: &[Partial]| Partial::merge(parts).unwrap_err().to_string();
    assert!(refusal(&[]).contains("no parts"));
    assert!(refusal(&[part(1, 2)]).contains("no part holds"));
    assert!(refusal(&[part(2, 2)]).contains("no part holds"));
    assert!(refusal(&[part(1, 2), part(1, 2), part(2, 2)]).contains("both hold"));
    assert!(refusal(&[part(1, 2), part(2, 3), part(3, 3)]).contains("both hold"));
    let begun = simulation.begin(Shard::new(2, 2).unwrap()).unwrap();
    assert!(refusal(&[part(1, 2), begun]).contains("to go"));

    let other_seed = Plan {
        seed: 78,
        ..plan(Route::RaoBlackwell)
    };
    let other_prompts = Plan {
        prompts: 1502,
        ..plan(Route::RaoBlackwell)
    };
    for (other, word) in [(other_seed, "seed"), (other_prompts, "plans")] {
        let other = Simulation::new(
            &case.tokens,
            &case.head,
            &case.query,
            case.cells.clone(),
            other,
        )
        .unwrap();
        assert!(refusal(&[part(1, 2), shard(&other, 2, 2)]).contains(word));
    }
    let fewer = Simulation::new(
        &case.tokens,
        &case.head,
        &case.query,
        case.cells[..2].to_vec(),
        plan(Route::RaoBlackwell),
    )
    .unwrap();
    assert!(refusal(&[part(1, 2), shard(&fewer, 2, 2)]).contains("lengths"));

    // Tokens, head or query that differ in one number have another fingerprint.
    let mut covariance = case.tokens.covariance().clone();
    covariance[(0, 0)] += 1e-9;
    let tokens = Gaussian::centred(covariance).unwrap();
    let head = Head::with_tilt_bias(
        case.head.key_query().clone(),
        case.head.value().clone(),
        DVector::from_column_slice(&[0.0, 0.0, 1e-9]),
    )
    .unwrap();
    let query = QueryLaw::weighted(DMatrix::identity(3, 3), vec![0.5, 0.25, 0.25]).unwrap();
    for (tokens, head, query) in [
        (&tokens, &case.head, &case.query),
        (&case.tokens, &head, &case.query),
        (&case.tokens, &case.head, &query),
    ] {
        let other = Simulation::new(
            tokens,
            head,
            query,
            case.cells.clone(),
            plan(Route::RaoBlackwell),
        );
        let other = other.unwrap();
        assert!(refusal(&[part(1, 2), shard(&other, 2, 2)]).contains("different scenarios"));
        // Nor does another simulation continue it.
        assert!(other.advance(part(1, 2), &Control::default()).is_err());
    }

    let text = part(2, 2).to_json().unwrap();
    let version = format!("\"version\":\"{}\"", env!("CARGO_PKG_VERSION"));
    let old = text.replace(&version, "\"version\":\"0.0.0\"");
    assert_ne!(old, text);
    let old = Partial::from_json("old.json".as_ref(), &old).unwrap();
    assert!(refusal(&[part(1, 2), old]).contains("version"));
}

#[test]
fn a_stopped_run_resumes_to_the_same_bits() {
    let case = case();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    for route in ROUTES {
        let simulation = simulation(&case, plan(route));
        let whole = shard(&simulation, 1, 1);
        let mut partial = simulation.begin(Shard::whole()).unwrap();
        let mut stops = 0;
        while !partial.is_finished() {
            // Stop after three more blocks; every step goes by way of the file.
            let (stop, done) = (AtomicBool::new(false), AtomicU64::new(0));
            let progress = |blocks: u64| {
                if done.fetch_add(blocks, Ordering::Relaxed) + blocks >= 3 {
                    stop.store(true, Ordering::Relaxed);
                }
            };
            let control = Control {
                stop: Some(&stop),
                checkpoint: Some(Checkpoint {
                    path: &path,
                    every: Duration::ZERO,
                }),
                progress: Some(&progress),
            };
            let before = partial.done_blocks();
            partial = simulation.advance(partial, &control).unwrap();
            assert!(partial.done_blocks() > before);
            assert_eq!(Partial::read(&path).unwrap(), partial);
            partial = Partial::read(&path).unwrap();
            if !partial.is_finished() {
                assert!(partial.estimates().is_err());
                stops += 1;
            }
        }
        assert!(stops > 2, "{stops}");
        assert_eq!(partial, whole);
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            1,
            "no temporary file stays"
        );
    }
}

#[test]
fn a_stop_before_the_start_does_nothing() {
    let case = case();
    let simulation = simulation(&case, plan(Route::Plain));
    let stop = AtomicBool::new(true);
    let control = Control {
        stop: Some(&stop),
        ..Control::default()
    };
    let begin = simulation.begin(Shard::whole()).unwrap();
    assert_eq!(simulation.advance(begin.clone(), &control).unwrap(), begin);
    let unwritable = Control {
        checkpoint: Some(Checkpoint {
            path: "no/such/folder/state.json".as_ref(),
            every: Duration::ZERO,
        }),
        ..Control::default()
    };
    assert!(matches!(
        simulation.advance(begin, &unwritable),
        Err(Error::File { .. })
    ));
}

/// Pinned: a change of these values is a value-breaking change, to be said in the changelog.
#[test]
fn pinned_estimates() {
    let case = case();
    let shown: Vec<String> = ROUTES
        .iter()
        .flat_map(|route| {
            shard(&simulation(&case, plan(*route)), 1, 1)
                .estimates()
                .unwrap()
        })
        .map(|cell| {
            // Twelve digits: the logarithm of the tails is that of the system's library.
            format!(
                "{:.11e} {:.11e} {}",
                cell.output_error.mean, cell.participation_two.mean, cell.deviations[0].count
            )
        })
        .collect();
    assert_eq!(shown, PINNED);
}
const PINNED: [&str; 6] = [
    "9.86827046963e-3 7.61646019107e-4 464",
    "8.00727418027e-2 6.47806534876e-3 1266",
    "1.88331939472e0 2.02390424047e-1 1485",
    "1.04854257307e-2 7.61225558042e-4 498",
    "8.03842473717e-2 6.52456151264e-3 1279",
    "1.97951304331e0 1.99939035874e-1 1493",
];

#[test]
fn bad_input_is_refused() {
    let case = case();
    let sphere = Sphere::new(3, 1.0).unwrap();
    let build = |cells: Vec<Cell>, plan: Plan| {
        Simulation::new(&case.tokens, &case.head, &case.query, cells, plan).map(|_| ())
    };
    let refusal = |plan: Plan| build(vec![first(10)], plan).unwrap_err().to_string();
    assert!(refusal(Plan::new(1, 0, Route::Plain)).contains("prompts = 1"));
    assert!(refusal(Plan::new(u64::MAX, 0, Route::Plain)).contains("2^48"));
    for eps in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let plan = Plan {
            thresholds: vec![1.0, eps],
            ..Plan::new(10, 0, Route::Plain)
        };
        assert!(refusal(plan).contains("eps"));
    }
    for route in ROUTES {
        let plan = Plan {
            operator_norm: true,
            ..Plan::new(10, 0, route)
        };
        assert!(refusal(plan).contains("operator_norm"));
    }
    // Only the plain route sees the matrix whose norm it is.
    let operator = Plan {
        key_query_gradient: true,
        operator_norm: true,
        ..Plan::new(10, 0, Route::RaoBlackwell)
    };
    assert!(refusal(operator).contains("operator_norm"));
    let good = || Plan::new(10, 0, Route::Plain);
    assert!(build(vec![], good()).is_err());
    assert!(build(vec![first(10), first(10)], good()).is_err());
    assert!(build(vec![cell(QueryChoice::Index(3), 10)], good()).is_err());
    let scores = Plan::new(10, 0, Route::RaoBlackwell);
    let refused = Simulation::new(&sphere, &case.head, &case.query, vec![first(10)], scores);
    assert!(refused.unwrap_err().to_string().contains("not Gaussian"));
    let flat = Sphere::new(2, 1.0).unwrap();
    assert!(Simulation::new(&flat, &case.head, &case.query, vec![first(10)], good()).is_err());
    let short = one_query(&[1.0]);
    assert!(Simulation::new(&case.tokens, &case.head, &short, vec![first(10)], good()).is_err());
    for (index, of) in [(0, 2), (3, 2), (0, 0)] {
        assert!(Shard::new(index, of).is_err());
    }
    assert_eq!(Simulation::best_route(&case.tokens), Route::RaoBlackwell);
    assert_eq!(Simulation::best_route(&sphere), Route::Plain);
}

/// A head so large that scores overflow gives an error, not NaN.
#[test]
fn overflow_is_an_error() {
    let case = case();
    let huge = Head::new(DMatrix::identity(3, 3) * 1e308, DMatrix::identity(3, 3)).unwrap();
    let large = Head::new(DMatrix::identity(3, 3), DMatrix::identity(3, 3) * 1e200).unwrap();
    let query = one_query(&[30.0, 0.0, 0.0]);
    for head in [&huge, &large] {
        for route in ROUTES {
            let plan = Plan::new(10, 0, route);
            let simulation =
                Simulation::new(&case.tokens, head, &query, vec![first(10)], plan).unwrap();
            let begin = simulation.begin(Shard::whole()).unwrap();
            let error = simulation.advance(begin, &Control::default()).unwrap_err();
            assert!(error.to_string().contains("not a finite number"), "{error}");
        }
    }
}

#[test]
fn damaged_files_are_refused() {
    let case = case();
    let text = shard(&simulation(&case, plan(Route::Plain)), 1, 2)
        .to_json()
        .unwrap();
    let read = |text: &str| Partial::from_json("state.json".as_ref(), text);
    assert!(read(&text).is_ok());
    for (from, to) in [
        ("partial/2", "partial/1"),
        ("\"level\":0", "\"level\":1"),
        ("\"level\":0", "\"level\":4000000000"),
        ("\"first\":0", "\"first\":1"),
        ("\"length\":3000", "\"length\":0"),
        ("\"length\":3000", "\"length\":1"),
        ("\"prompts\":1501", "\"prompts\":1"),
        ("\"bits\":12", "\"bits\":13"),
        ("\"bits\":12", "\"bits\":4000000000"),
        ("\"deviations\":[", "\"deviations\":[7,"),
        ("\"outputs\":3", "\"outputs\":2"),
        ("\"outputs\":3", "\"outputs\":18446744073709551615"),
        ("{\"mean\":", "{\"mean\":null,\"x\":"),
        ("\"seed\":", "\"sed\":"),
    ] {
        let damaged = text.replacen(from, to, 1);
        assert_ne!(damaged, text, "{from}");
        let error = read(&damaged).unwrap_err().to_string();
        assert!(error.starts_with("state.json: "), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
    assert!(read("").is_err() && read("[]").is_err() && read("{}").is_err());
    assert!(Partial::read("no/such/file.json".as_ref()).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// No text makes the reader panic, and no change of one byte gets past the checks as something that does.
    #[test]
    fn reading_never_panics(place in 0_usize..20_000, byte in 32_u8..127) {
        let case = case();
        let mut text = simulation(&case, Plan::new(64, 1, Route::RaoBlackwell))
            .begin(Shard::new(1, 2).unwrap()).unwrap().to_json().unwrap().into_bytes();
        let place = place % text.len();
        text[place] = byte;
        let text = String::from_utf8(text).unwrap();
        if let Ok(partial) = Partial::from_json("state.json".as_ref(), &text) {
            let _ = partial.estimates();
            let _ = Partial::merge(&[partial.clone(), partial]);
        }
    }
}
