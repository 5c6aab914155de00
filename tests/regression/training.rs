//! The stochastic-gradient experiment: forward and backward pass against plain matrix formulas and finite
//! differences, the law of the prompts, and that results depend on nothing but the settings.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use attention_bounds::monte_carlo::{Checkpoint, Control};
use attention_bounds::regression::training::{
    BatchSums, Blocks, Circuit, HeadKind, Prompt, PromptLaw, Purpose, Response, RunState, Settings,
    State, Trainer, Weights, advance, least_risk, stream, zero_risk,
};
use nalgebra::{DMatrix, DVector};

use crate::support::regression_heads::{HEADS, settings, weights};

fn prompts(settings: &Settings, length: u64, count: usize) -> Vec<Prompt> {
    let task = PromptLaw::new(settings).unwrap();
    let mut random = stream(settings.seed, HeadKind::Softmax, length, Purpose::Steps(0));
    let mut prompt = Prompt::new(task, length as usize);
    (0..count)
        .map(|_| {
            prompt.draw(&mut random);
            prompt.clone()
        })
        .collect()
}

/// The prediction as the definition has it: whole matrices and whole tokens.
fn predict(kind: HeadKind, weights: &Weights, prompt: &Prompt) -> f64 {
    let [query, key, value, output] = weights.matrices().map(|matrix| matrix.to_matrix());
    let tokens = prompt.tokens();
    let asked = query * DVector::from_column_slice(prompt.query());
    let scores = (key * &tokens).tr_mul(&asked) / (weights.size() as f64).sqrt();
    let weight = match kind {
        HeadKind::Softmax => {
            let exponentials = scores.map(f64::exp);
            &exponentials / exponentials.sum()
        }
        HeadKind::Linear => scores / prompt.length() as f64,
    };
    (output * (value * (tokens * weight)))[weights.size() - 1]
}

fn loss(kind: HeadKind, weights: &Weights, prompts: &[Prompt]) -> f64 {
    let losses = prompts
        .iter()
        .map(|prompt| 0.5 * (predict(kind, weights, prompt) - prompt.target()).powi(2));
    losses.sum::<f64>() / prompts.len() as f64
}

fn sums(kind: HeadKind, weights: &Weights, prompts: &[Prompt]) -> BatchSums {
    let circuit = Circuit::of(weights);
    let size = weights.size();
    let mut response = Response::new(kind, size, prompts[0].length());
    let mut sums = BatchSums::new(size);
    for prompt in prompts {
        let query = DVector::from_column_slice(prompt.query());
        let direction = circuit.scores.to_matrix() * query;
        response.evaluate(prompt, direction.as_slice(), &circuit.values);
        sums.add(&response, prompt.query(), prompt.target());
    }
    sums
}

/// Dimension and length: the fixed size of the paper and others, lengths that fill groups of tokens and do not.
const SHAPES: [(usize, u64); 7] = [(1, 1), (1, 5), (2, 7), (3, 4), (5, 10), (5, 23), (8, 13)];

#[test]
fn predictions_follow_the_definition() {
    for (dimension, length) in SHAPES {
        let settings = settings(dimension);
        let weights = weights(&settings, 2.0);
        let prompts = prompts(&settings, length, 20);
        for kind in HEADS {
            let circuit = Circuit::of(&weights);
            let mut response = Response::new(kind, weights.size(), length as usize);
            for prompt in &prompts {
                let query = DVector::from_column_slice(prompt.query());
                let direction = circuit.scores.to_matrix() * query;
                response.evaluate(prompt, direction.as_slice(), &circuit.values);
                let wanted = predict(kind, &weights, prompt);
                let difference = (response.prediction() - wanted).abs();
                assert!(
                    difference < 1e-12 * (1.0 + wanted.abs()),
                    "{kind:?} {dimension} {length}"
                );
            }
        }
    }
}

#[test]
fn gradients_are_the_finite_differences_of_the_definition() {
    for (dimension, length) in SHAPES {
        let settings = settings(dimension);
        let weights = weights(&settings, 2.0);
        let prompts = prompts(&settings, length, 6);
        for kind in HEADS {
            let mut gradient = Weights::zeros(weights.size());
            sums(kind, &weights, &prompts).gradient(&weights, &mut gradient);
            for matrix in 0..4 {
                let largest = gradient.matrices()[matrix].to_matrix().amax();
                // The scores of a single token do not matter to a softmax.
                if largest == 0.0 {
                    assert!(kind == HeadKind::Softmax && length == 1 && matrix < 2);
                    continue;
                }
                for entry in 0..weights.size().pow(2) {
                    // Central differences, and a second pair to remove the term in h^2.
                    let step = 1e-3;
                    let difference = |step: f64| {
                        let moved = |by: f64| {
                            let mut weights = weights.clone();
                            weights.matrices_mut()[matrix].entries_mut()[entry] += by;
                            loss(kind, &weights, &prompts)
                        };
                        (moved(step) - moved(-step)) / (2.0 * step)
                    };
                    let wanted = (4.0 * difference(step) - difference(2.0 * step)) / 3.0;
                    let found = gradient.matrices()[matrix].entries()[entry];
                    assert!(
                        (found - wanted).abs() < 1e-6 * largest,
                        "{kind:?} d = {dimension} L = {length} matrix {matrix} entry {entry}: {found} {wanted}"
                    );
                }
            }
        }
    }
}

/// Scores of several thousand, whose exponentials overflow: all weight is on the token with the largest.
#[test]
fn large_scores_do_not_overflow() {
    let settings = settings(5);
    let weights = weights(&settings, 300.0);
    let circuit = Circuit::of(&weights);
    let mut largest = 0.0_f64;
    for prompt in prompts(&settings, 11, 20) {
        let query = DVector::from_column_slice(prompt.query());
        let direction = circuit.scores.to_matrix() * query;
        let scores = prompt.tokens().tr_mul(&direction);
        largest = largest.max(scores.max());
        let mut response = Response::new(HeadKind::Softmax, 6, 11);
        response.evaluate(&prompt, direction.as_slice(), &circuit.values);
        let chosen = prompt.tokens().column(scores.imax()).into_owned();
        let wanted = chosen.dot(&DVector::from_column_slice(&circuit.values));
        let difference = (response.prediction() - wanted).abs();
        assert!(
            difference < 1e-9 * wanted.abs(),
            "{} {wanted}",
            response.prediction()
        );
        // The weights do not move with the scores.
        assert!(
            response
                .by_scores()
                .iter()
                .all(|x| x.abs() < 1e-6 * wanted.abs())
        );
    }
    assert!(largest > 5_000.0, "{largest}");
}

#[test]
fn only_the_last_row_of_the_output_matrix_moves() {
    let settings = settings(3);
    let weights = weights(&settings, 1.0);
    let prompts = prompts(&settings, 9, 5);
    for kind in HEADS {
        let mut gradient = Weights::zeros(weights.size());
        sums(kind, &weights, &prompts).gradient(&weights, &mut gradient);
        let (others, last) = gradient.output.entries().split_at(12);
        assert!(others.iter().all(|x| *x == 0.0));
        assert!(last.iter().all(|x| *x != 0.0));
    }
}

/// A prompt and the same with `w` and all noise reversed have the same law. Where the blocks that mix inputs and
/// labels are zero, their gradients are odd under the reflection, and stay zero on average.
#[test]
fn blocks_that_vanish_keep_a_zero_gradient_over_reflected_pairs() {
    let settings = settings(4);
    let mut weights = weights(&settings, 1.5);
    let size = weights.size();
    for matrix in weights.matrices_mut() {
        for (place, entry) in matrix.entries_mut().iter_mut().enumerate() {
            if (place / size == size - 1) != (place % size == size - 1) {
                *entry = 0.0;
            }
        }
    }
    let drawn = prompts(&settings, 15, 8);
    let mut pairs = drawn.clone();
    for prompt in &drawn {
        let mut reflected = prompt.clone();
        reflected.reflect();
        assert_eq!(reflected.target(), -prompt.target());
        assert_eq!(reflected.query(), prompt.query());
        pairs.push(reflected);
    }
    for kind in HEADS {
        let off = |sums: &BatchSums| {
            let label_scores = sums.circuit_gradient().row(size - 1).amax();
            let input_values = DVector::from_vec(sums.value_gradient())
                .rows(0, size - 1)
                .amax();
            (label_scores, input_values)
        };
        // Single prompts do push these blocks; pairs do not.
        let single = off(&sums(kind, &weights, &drawn));
        assert!(single.0 > 1e-2 && single.1 > 1e-2, "{kind:?} {single:?}");
        let paired = off(&sums(kind, &weights, &pairs));
        assert!(paired.0 < 1e-14 && paired.1 < 1e-14, "{kind:?} {paired:?}");
        // The blocks that matter are pushed by pairs too.
        let together = sums(kind, &weights, &pairs);
        assert!(together.circuit_gradient().view((0, 0), (4, 4)).amax() > 1e-2);
    }
}

/// First and second moments of tokens, query, task and target at 6 standard errors each: by the normal
/// approximation a false alarm has probability 2e-9 for each of the fewer than 200 moments, 4e-7 in all.
#[test]
fn prompts_have_the_law_that_is_said() {
    let settings = Settings {
        correlation: 0.5,
        ..settings(3)
    };
    let (count, length) = (40_000, 3);
    // One vector: two tokens, the query inputs, w, and the target.
    let mut rows: Vec<Vec<f64>> = Vec::new();
    for prompt in prompts(&settings, length, count) {
        let tokens = prompt.tokens();
        let mut row: Vec<f64> = tokens.column(0).iter().copied().collect();
        row.extend(tokens.column(2).iter());
        row.extend(&prompt.query()[..3]);
        row.extend(prompt.vector());
        row.push(prompt.target());
        assert_eq!(prompt.query()[3], 0.0);
        rows.push(row);
    }
    let inputs = |place: usize| match place {
        0..=2 => Some((0, place)),
        4..=6 => Some((1, place - 4)),
        8..=10 => Some((2, place - 8)),
        _ => None,
    };
    let label = |place: usize| match place {
        3 => Some(0),
        7 => Some(1),
        14 => Some(2),
        _ => None,
    };
    let (noise, spread) = (settings.noise_variance, settings.task_variance);
    let wanted = |a: usize, b: usize| -> f64 {
        if let (Some(x), Some(y)) = (inputs(a), inputs(b)) {
            return if x.0 == y.0 {
                0.5_f64.powi(x.1.abs_diff(y.1) as i32)
            } else {
                0.0
            };
        }
        if a == b && (11..14).contains(&a) {
            return spread;
        }
        // E y^2 = spread tr Sig + noise; E y y' of two tokens is zero, and so is E y x and E y w.
        if label(a).is_some() && a == b {
            return 3.0 * spread + noise;
        }
        0.0
    };
    let n = count as f64;
    let check = |numbers: &dyn Fn(&[f64]) -> f64, wanted: f64, what: String| {
        let mean = rows.iter().map(|row| numbers(row)).sum::<f64>() / n;
        let spread = rows
            .iter()
            .map(|row| (numbers(row) - mean).powi(2))
            .sum::<f64>()
            / n;
        let error = (spread / n).sqrt();
        assert!(
            (mean - wanted).abs() < 6.0 * error,
            "{what}: {mean} {wanted} +- {error}"
        );
    };
    for a in 0..15 {
        check(&|row| row[a], 0.0, format!("mean of {a}"));
        for b in a..15 {
            check(&|row| row[a] * row[b], wanted(a, b), format!("{a} and {b}"));
        }
    }
    // The label is that of the inputs: y - <w, x> is noise, and independent of w and x.
    for (start, label) in [(0, 3), (4, 7), (8, 14)] {
        let rest =
            |row: &[f64]| row[label] - (0..3).map(|j| row[11 + j] * row[start + j]).sum::<f64>();
        check(&|row| rest(row).powi(2), noise, format!("noise of {label}"));
        check(
            &|row| rest(row) * row[start],
            0.0,
            format!("noise of {label} and x"),
        );
        check(
            &|row| rest(row).powi(2) * row[11].powi(2),
            noise * spread,
            format!("noise of {label} and w"),
        );
    }
}

fn small() -> Settings {
    Settings {
        lengths: vec![3, 12],
        steps: 250,
        batch: 16,
        step_size: 0.02,
        evaluation: 3_000,
        ..Settings::paper()
    }
}

fn on_threads(threads: usize, settings: &Settings, control: &Control<'_>) -> State {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap();
    pool.install(|| advance(State::start(settings).unwrap(), control).unwrap())
}

#[test]
fn results_do_not_depend_on_threads_or_on_other_runs() {
    let settings = small();
    let one = on_threads(1, &settings, &Control::default());
    assert!(one.is_finished());
    assert_eq!(one.runs.len(), 4);
    let three = on_threads(3, &settings, &Control::default());
    assert_eq!(one.to_json().unwrap(), three.to_json().unwrap());
    // A single run alone.
    let alone = Settings {
        lengths: vec![12],
        heads: vec![HeadKind::Linear],
        ..settings
    };
    let alone = on_threads(1, &alone, &Control::default());
    assert_eq!(alone.runs[0], one.runs[3]);
    // Seeds, heads and lengths do matter.
    let other = on_threads(1, &Settings { seed: 2, ..small() }, &Control::default());
    for (a, b) in one.runs.iter().zip(&other.runs) {
        assert_ne!(a.weights, b.weights);
    }
    assert_ne!(one.runs[0].weights, one.runs[2].weights);
}

/// With steps that change nothing, blocks differ by their prompts alone.
#[test]
fn every_block_of_steps_has_its_own_prompts() {
    let settings = Settings {
        steps: 300,
        step_size: 1e-300,
        ..small()
    };
    let state = on_threads(1, &settings, &Control::default());
    for run in &state.runs {
        let start = RunState::start(&settings, run.head, run.length);
        assert_eq!(run.weights, start.weights);
        let [a, b, c] = run.history.as_slice() else {
            panic!("three blocks, three parts");
        };
        assert!(a.sum != b.sum && b.sum != c.sum && a.sum != c.sum);
        assert_eq!((a.step, b.step, c.step), (100, 200, 300));
        assert_eq!((a.prompts, b.prompts, c.prompts), (1600, 1600, 1600));
    }
}

#[test]
fn a_run_that_was_stopped_anywhere_continues_to_the_same_bytes() {
    let settings = small();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    let whole = on_threads(1, &settings, &Control::default())
        .to_json()
        .unwrap();
    // Stopped after every single block: 3 of steps and one evaluation for each of 4 runs.
    let mut pieces = 0;
    let mut state = State::start(&settings).unwrap();
    while !state.is_finished() {
        let stop = AtomicBool::new(false);
        let seen = AtomicU64::new(0);
        let count = |blocks| {
            seen.fetch_add(blocks, Ordering::Relaxed);
            stop.store(true, Ordering::Relaxed);
        };
        let control = Control {
            stop: Some(&stop),
            checkpoint: Some(Checkpoint {
                path: &path,
                every: Duration::from_secs(3600),
            }),
            progress: Some(&count),
        };
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(1)
            .build()
            .unwrap();
        let open = state.open_blocks();
        pool.install(|| advance(state, &control).unwrap());
        state = State::read(&path, &settings).unwrap();
        assert_eq!(open - state.open_blocks(), seen.load(Ordering::Relaxed));
        pieces += 1;
        assert!(pieces <= 16, "no progress");
    }
    assert_eq!(pieces, 16);
    assert_eq!(state.to_json().unwrap(), whole);
}

#[test]
fn a_state_that_does_not_belong_to_the_settings_is_refused() {
    let settings = Settings {
        steps: 100,
        evaluation: 10,
        ..small()
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    let state = on_threads(2, &settings, &Control::default());
    state.write(&path).unwrap();
    assert_eq!(State::read(&path, &settings).unwrap(), state);
    let other = Settings {
        step_size: 0.03,
        ..settings.clone()
    };
    let refused = State::read(&path, &other).unwrap_err().to_string();
    assert!(refused.contains("other settings"), "{refused}");
    let text = std::fs::read_to_string(&path).unwrap();
    let spoilt = [
        ("experiment/1", "experiment/0", "schema"),
        (
            "\"steps\":100,\"weights\"",
            "\"steps\":99,\"weights\"",
            "99 steps",
        ),
        ("\"size\":6", "\"size\":5", "shape"),
        (
            "\"head\":\"linear\",\"length\":3",
            "\"head\":\"linear\",\"length\":4",
            "L = 4",
        ),
        ("\"prompts\":1600", "\"prompts\":1601", "history"),
        ("\"prompts\":10,", "\"prompts\":11,", "too early"),
        ("\"runs\":[", "\"runs\":[7,", "not the state"),
    ];
    for (old, new, said) in spoilt {
        assert!(text.contains(old), "{old}");
        std::fs::write(&path, text.replacen(old, new, 1)).unwrap();
        let refused = State::read(&path, &settings).unwrap_err().to_string();
        assert!(refused.contains(said), "{old}: {refused}");
    }
}

/// Heads learn: from the risk of no prediction to clearly below, and never below the noise. The seeds are such that
/// training does not stay for long where the blocks that should vanish do the work.
#[test]
fn the_loss_decreases_and_the_matrices_approach_the_solution() {
    for (head, seed, risk_below, distance_below) in [
        (HeadKind::Softmax, 1, 0.25, 3.2),
        (HeadKind::Linear, 2, 0.15, 1.5),
    ] {
        let settings = Settings {
            lengths: vec![40],
            heads: vec![head],
            steps: 4_000,
            batch: 32,
            step_size: 0.05,
            evaluation: 20_000,
            seed,
            ..Settings::paper()
        };
        let start = State::start(&settings).unwrap();
        let before = Blocks::new(&settings, &start.runs[0].weights).unwrap();
        assert!(before.distance > 3.8, "{before:?}");
        let run = &on_threads(1, &settings, &Control::default()).runs[0];
        let after = Blocks::new(&settings, &run.weights).unwrap();
        let risk = run.evaluation.unwrap();
        assert!(risk.mean() < risk_below, "{head:?}: {}", risk.mean());
        assert!(risk.mean() > least_risk(&settings));
        assert!(after.distance < distance_below, "{head:?}: {after:?}");
        assert_eq!(run.history.len(), 20);
        assert_eq!(run.history[19].step, 4_000);
        assert!(run.history[19].mean() < 0.6 * run.history[0].mean());
    }
}

/// The evaluation of a head that is known in closed form: with `V = 0` it predicts 0, and the risk is `E y^2 / 2`.
#[test]
fn the_risk_of_a_head_that_predicts_nothing_is_known() {
    let settings = Settings {
        evaluation: 50_000,
        ..Settings::paper()
    };
    let mut weights = weights(&settings, 1.0);
    weights.value.entries_mut().fill(0.0);
    let mut trainer = Trainer::new(&settings, HeadKind::Softmax, 10).unwrap();
    let mut random = stream(1, HeadKind::Softmax, 10, Purpose::Evaluation(0));
    let sums = trainer.batch(&weights, settings.evaluation, &mut random);
    let mean = sums.loss() / 50_000.0;
    let error = (sums.squares() / 50_000.0 - mean * mean).sqrt() / 50_000_f64.sqrt();
    assert!(
        (mean - zero_risk(&settings)).abs() < 5.0 * error,
        "{mean} +- {error}"
    );
    assert!((zero_risk(&settings) - 0.55).abs() < 1e-15);
}

/// The bits are those of plain code, whichever vector instructions a trainer has chosen.
#[test]
fn vector_instructions_do_not_change_a_bit() {
    for (dimension, length) in SHAPES {
        let settings = settings(dimension);
        let weights = weights(&settings, 1.0);
        let prompts = prompts(&settings, length, 30);
        // `prompts` draws from the stream of the softmax head.
        for kind in HEADS {
            let mut random = stream(settings.seed, HeadKind::Softmax, length, Purpose::Steps(0));
            let mut trainer = Trainer::new(&settings, kind, length).unwrap();
            let found = trainer.batch(&weights, 30, &mut random);
            let circuit = Circuit::of(&weights);
            let mut response = Response::new(kind, weights.size(), length as usize);
            let mut wanted = BatchSums::new(weights.size());
            for prompt in &prompts {
                let direction: Vec<f64> = circuit
                    .scores
                    .rows()
                    .map(|row| row.iter().zip(prompt.query()).map(|(a, b)| a * b).sum())
                    .collect();
                response.evaluate(prompt, &direction, &circuit.values);
                wanted.add(&response, prompt.query(), prompt.target());
            }
            assert_eq!(found.loss(), wanted.loss());
            assert_eq!(found.circuit_gradient(), wanted.circuit_gradient());
            assert_eq!(found.value_gradient(), wanted.value_gradient());
        }
    }
}

#[test]
fn blocks_are_those_of_the_definition() {
    let settings = settings(3);
    let weights = weights(&settings, 1.0);
    let [query, key, value, output] = weights.matrices().map(|matrix| matrix.to_matrix());
    let scores = key.tr_mul(&query) / 2.0;
    let values = output * value;
    let blocks = Blocks::new(&settings, &weights).unwrap();
    let inputs = scores.view((0, 0), (3, 3)).into_owned();
    assert!((&blocks.inputs - &inputs).norm() < 1e-14);
    assert!((blocks.label - values[(3, 3)]).abs() < 1e-14);
    assert!((blocks.label_scores - scores.view((3, 0), (1, 3)).norm()).abs() < 1e-14);
    assert!((blocks.input_values - values.view((3, 0), (1, 3)).norm()).abs() < 1e-14);
    let covariance = DMatrix::from_fn(3, 3, |i, j: usize| (-0.4_f64).powi(i.abs_diff(j) as i32));
    let inverse = covariance.clone().try_inverse().unwrap();
    let distance = (&inputs * blocks.label - &inverse).norm();
    assert!((blocks.distance - distance).abs() < 1e-13);
    // The limit of a linear head is u^T E[X X^T | w] B z: its part that is linear in w, for w = e_j.
    for j in 0..3 {
        let mut second = DMatrix::zeros(4, 4);
        for i in 0..3 {
            second[(i, 3)] = covariance[(i, j)];
            second[(3, i)] = covariance[(i, j)];
        }
        let found = covariance.row(j) * &blocks.linear_part;
        let wanted = values.row(3) * second * scores.view((0, 0), (4, 3));
        assert!((found - wanted).norm() < 1e-14);
    }
    let distance = (&blocks.linear_part - &inverse).norm();
    assert!((blocks.linear_distance - distance).abs() < 1e-13);
    let balanced = Blocks::balanced_label(&settings).unwrap();
    assert!((balanced.powi(4) - (&inverse * &inverse).trace()).abs() < 1e-12);
}

#[test]
fn settings_outside_their_range_are_refused_by_name() {
    let paper = Settings::paper();
    assert_eq!(paper.lengths.len(), 19);
    paper.check().unwrap();
    let refused = |settings: Settings, said: &str| {
        let message = settings.check().unwrap_err().to_string();
        assert!(message.contains(said), "{said}: {message}");
    };
    let of = Settings::paper;
    refused(
        Settings {
            dimension: 0,
            ..of()
        },
        "dimension = 0",
    );
    refused(
        Settings {
            dimension: 65,
            ..of()
        },
        "dimension = 65",
    );
    refused(
        Settings {
            correlation: 1.0,
            ..of()
        },
        "correlation = 1",
    );
    refused(
        Settings {
            correlation: f64::NAN,
            ..of()
        },
        "correlation = NaN",
    );
    refused(
        Settings {
            noise_variance: -1.0,
            ..of()
        },
        "noise variance = -1",
    );
    refused(
        Settings {
            noise_variance: f64::NAN,
            ..of()
        },
        "noise variance = NaN",
    );
    refused(
        Settings {
            task_variance: 0.0,
            ..of()
        },
        "task variance = 0",
    );
    refused(
        Settings {
            step_size: f64::NAN,
            ..of()
        },
        "step size = NaN",
    );
    refused(
        Settings {
            lengths: vec![],
            ..of()
        },
        "lengths = none",
    );
    refused(
        Settings {
            lengths: vec![0],
            ..of()
        },
        "L = 0",
    );
    refused(
        Settings {
            lengths: vec![(1 << 20) + 1],
            ..of()
        },
        "L = 1048577",
    );
    refused(
        Settings {
            lengths: vec![5, 6, 5],
            ..of()
        },
        "lengths = 5 twice",
    );
    refused(
        Settings {
            heads: vec![],
            ..of()
        },
        "heads = none",
    );
    refused(
        Settings {
            heads: vec![HeadKind::Linear; 2],
            ..of()
        },
        "linear twice",
    );
    refused(Settings { steps: 0, ..of() }, "steps = 0");
    refused(Settings { batch: 0, ..of() }, "batch = 0");
    refused(
        Settings {
            evaluation: 1,
            ..of()
        },
        "evaluation prompts = 1",
    );
}

/// A step so large that the weights leave the range of numbers is reported, not hidden.
#[test]
fn weights_that_explode_are_an_error() {
    let settings = Settings {
        step_size: 1e6,
        ..small()
    };
    let message = advance(State::start(&settings).unwrap(), &Control::default())
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("not finite") && message.contains("1000000"),
        "{message}"
    );
}
