//! Simulated layers: against exact values, and what is refused.

use attention_bounds::attention::Layer;
use attention_bounds::exact::LayerErrors;
use attention_bounds::law::Empirical;
use attention_bounds::monte_carlo::{Plan, layer_error_estimate};
use attention_bounds::study::layer::LayerStudy;
use attention_bounds::{Head, PromptLength, QueryLaw, Sphere};
use nalgebra::{DMatrix, dmatrix, dvector};

fn tokens() -> Empirical {
    let rows = dmatrix![1.0, 0.0; -0.5, 1.5; 0.3, -1.0; -1.2, -0.4; 0.8, 0.9];
    Empirical::weighted(&rows, vec![0.3, 0.1, 0.25, 0.15, 0.2]).unwrap()
}

/// Three heads of one or two outputs, the second much like the first.
fn heads() -> Vec<(Head, DMatrix<f64>)> {
    let head = |tilt, value| Head::with_tilt_bias(tilt, value, dvector![0.1, -0.2]).unwrap();
    vec![
        (
            head(dmatrix![0.7, 0.2; -0.3, 0.5], dmatrix![1.0, 2.0]),
            dmatrix![1.0; -0.5],
        ),
        (
            head(dmatrix![0.8, 0.2; -0.3, 0.4], dmatrix![1.5, 2.0]),
            dmatrix![0.8; -0.7],
        ),
        (
            head(dmatrix![-2.0, 0.1; 1.0, 3.0], dmatrix![0.0, -1.0; 0.5, 0.5]),
            dmatrix![1.0, 0.3; 0.2, 2.0],
        ),
    ]
}

fn length(length: u64) -> PromptLength {
    PromptLength::new(length).unwrap()
}

/// Four standard errors for 8 cells with fixed seeds: a wrong alarm has probability 5e-4.
#[test]
fn a_simulated_layer_has_its_exact_error() {
    let (tokens, query) = (tokens(), dvector![1.0, 0.5]);
    let layers = [
        Layer::projected(heads()).unwrap(),
        Layer::concatenated(heads().into_iter().map(|(head, _)| head).collect()).unwrap(),
    ];
    let mut compared = 0;
    for layer in &layers {
        let all = [1, 2, 30, 700].map(length);
        let exact = LayerErrors::new(&tokens, layer)
            .unwrap()
            .at(&query, &all)
            .unwrap();
        for (exact, length) in exact.iter().zip(all) {
            let prompts = if length.get() > 100 { 2_000 } else { 20_000 };
            let found =
                layer_error_estimate(&tokens, layer, (0, &query), length, prompts, 7).unwrap();
            let off = found.mean - exact.total.value;
            assert!(
                off.abs() <= 4.0 * found.standard_error,
                "{length:?}: {found:?} {exact:?}"
            );
            // It would see that the heads do not read prompts of their own.
            let apart = (exact.alone.value - exact.total.value).abs();
            assert!(layer.outputs().is_empty() || apart > 8.0 * found.standard_error);
            assert!(found.standard_error < 0.04 * found.mean && found.largest_share < Some(0.15));
            compared += 1;
        }
    }
    assert_eq!(compared, 8);
}

/// Whatever the threads: the same bits; other seeds, queries and lengths have other streams.
#[test]
fn estimates_depend_on_seed_query_and_length_alone() {
    let (tokens, query, layer) = (
        tokens(),
        dvector![1.0, 0.5],
        Layer::projected(heads()).unwrap(),
    );
    let estimate = |index, l, seed| {
        layer_error_estimate(&tokens, &layer, (index, &query), length(l), 3_000, seed).unwrap()
    };
    let one = estimate(0, 3, 1);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    assert_eq!(pool.install(|| estimate(0, 3, 1)), one);
    for other in [estimate(1, 3, 1), estimate(0, 4, 1), estimate(0, 3, 2)] {
        assert_ne!(other.mean, one.mean);
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let (tokens, layer) = (tokens(), Layer::projected(heads()).unwrap());
    let query = dvector![1.0, 0.5];
    for prompts in [0, 1, Plan::MAX_PROMPTS + 1] {
        assert!(layer_error_estimate(&tokens, &layer, (0, &query), length(2), prompts, 1).is_err());
    }
    assert!(layer_error_estimate(&tokens, &layer, (0, &dvector![1.0]), length(2), 10, 1).is_err());
    let high = dvector![1e308, 1e308];
    assert!(layer_error_estimate(&tokens, &layer, (0, &high), length(2), 10, 1).is_err());
}

/// Tokens without a list of points have a simulation and no exact value.
#[test]
fn a_study_says_why_there_is_no_exact_value() {
    let sphere = Sphere::new(2, 1.0).unwrap();
    let query = QueryLaw::weighted(dmatrix![1.0, 0.0; 0.5, 2.0], vec![0.25, 0.75]).unwrap();
    let study = LayerStudy::new(sphere, Layer::projected(heads()).unwrap(), query.clone()).unwrap();
    let table = study
        .lengths([4, 9])
        .unwrap()
        .simulate(100, 1)
        .longest(5)
        .unwrap()
        .table()
        .unwrap();
    assert_eq!(table.rows.len(), 6);
    for row in &table.rows {
        let reason = row.exact.as_ref().unwrap_err();
        assert!(
            reason.contains("finite support, not for sphere tokens"),
            "{reason}"
        );
        assert_eq!(row.estimate.is_some(), row.length == 4);
    }
    assert!(
        study
            .table()
            .unwrap_err()
            .to_string()
            .contains("no prompt length")
    );
    let gaussian =
        QueryLaw::gaussian(attention_bounds::Gaussian::centred(DMatrix::identity(2, 2)).unwrap());
    assert!(LayerStudy::new(tokens(), Layer::projected(heads()).unwrap(), gaussian).is_err());

    // Averages are those of the queries, by their weights.
    let study = LayerStudy::new(tokens(), Layer::projected(heads()).unwrap(), query).unwrap();
    let table = study
        .lengths([4])
        .unwrap()
        .simulate(500, 1)
        .table()
        .unwrap();
    let exact: Vec<f64> = table
        .rows
        .iter()
        .map(|r| r.exact.as_ref().unwrap().layer.value)
        .collect();
    assert!((0.25 * exact[0] + 0.75 * exact[1] - exact[2]).abs() < 1e-14 * exact[2]);
    let found: Vec<_> = table
        .rows
        .iter()
        .map(|r| r.estimate.clone().unwrap().unwrap())
        .collect();
    assert!((0.25 * found[0].mean + 0.75 * found[1].mean - found[2].mean).abs() < 1e-14);
    let errors = (0.25 * found[0].standard_error).hypot(0.75 * found[1].standard_error);
    assert!((errors / found[2].standard_error - 1.0).abs() < 1e-12 && !table.is_violated());
}
