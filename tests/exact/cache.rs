//! A head that is given by its cache, against the head itself and against all prompts one by one.

use attention_bounds::exact::Exact;
use attention_bounds::nalgebra::{DMatrix, DVector, dmatrix};
use attention_bounds::{Empirical, Head, QueryLaw, Study, Table};

/// Entries that look random, the same every time.
fn entries(rows: usize, columns: usize, phase: f64) -> DMatrix<f64> {
    DMatrix::from_fn(rows, columns, |i, j| {
        (1.7 * i as f64 + 0.9 * j as f64 + phase).sin() + 0.3 * (2.3 * (i * j) as f64 + phase).cos()
    })
}

fn answer(study: &Study) -> Table {
    let study = study.lengths([1, 2, 17, 1000, 1 << 40]).unwrap();
    study.participation().bias().entropy().table().unwrap()
}

fn near(found: Exact, truth: Exact, what: &str) {
    // Relative 1e-12 of values of order 1, and what the values say of their own errors.
    let allowed = 1e-12 * truth.value.abs() + found.error + truth.error;
    assert!(
        (found.value - truth.value).abs() <= allowed,
        "{what}: {found:?} {truth:?}"
    );
    assert!(found.unproved.is_none(), "{what}: {found:?}");
}

#[test]
fn a_cache_has_the_exact_values_of_the_head_that_made_it() {
    let (n, d, e, k, m) = (60, 7, 5, 3, 4);
    let (tokens, queries) = (entries(n, d, 0.1), entries(6, e, 2.0));
    let (key, query, value) = (entries(k, d, 0.5), entries(k, e, 1.0), entries(m, d, 3.0));
    let (query_bias, value_bias) = (DVector::from_fn(k, |i, _| 0.4 * i as f64 - 0.3), 0.75);
    let scale = 0.3;
    let head = Head::with_tilt_bias(
        key.transpose() * &query * scale,
        value.clone(),
        key.transpose() * &query_bias * scale,
    )
    .unwrap();
    let of_head = Study::new(
        Empirical::new(&tokens).unwrap(),
        head,
        QueryLaw::uniform(queries.transpose()).unwrap(),
    )
    .unwrap();
    // A bias of keys or values changes nothing: what a model adds may stay in the dump.
    let keys = (&tokens * key.transpose()).add_scalar(-0.5);
    let values = (&tokens * value.transpose()).add_scalar(value_bias);
    let mut asked = query * queries.transpose();
    for mut column in asked.column_iter_mut() {
        column += &query_bias;
    }
    let asked = QueryLaw::uniform(asked).unwrap();
    let of_cache = Study::from_cache(&keys, &values, scale, asked).unwrap();
    let (one, other) = (answer(&of_cache), answer(&of_head));
    assert_eq!(one.rows.len(), other.rows.len());
    let mut compared = 0;
    for (row, truth) in one.rows.iter().zip(&other.rows) {
        assert_eq!(
            (row.metric, row.query, row.length),
            (truth.metric, truth.query, truth.length)
        );
        if let (Ok(found), Ok(truth)) = (&row.exact, &truth.exact) {
            near(
                *found,
                *truth,
                &format!("{:?} {:?} {}", row.metric, row.query, row.length),
            );
            compared += 1;
        }
    }
    // 7 lines of queries, 3 metrics and 4 coordinates, 5 lengths.
    assert_eq!(compared, 7 * 7 * 5);
}

#[test]
fn all_prompts_of_a_small_cache_are_enumerated() {
    let (keys, values) = (
        dmatrix![0.5, -1.0; 2.0, 0.25; -0.75, 1.5],
        dmatrix![1.0, 0.0; -2.0, 3.0; 0.5, 0.5],
    );
    let query = dmatrix![0.8; -0.6];
    let scale = 1.25;
    let score: Vec<f64> = (keys.clone() * &query * scale).iter().copied().collect();
    let study =
        Study::from_cache(&keys, &values, scale, QueryLaw::uniform(query).unwrap()).unwrap();
    // Softmax over these draws: the mean of their values with weights e^score.
    let output = |draws: &[usize]| {
        let (mut sum, mut total) = (DVector::zeros(2), 0.0);
        for &i in draws {
            sum += values.row(i).transpose() * score[i].exp();
            total += score[i].exp();
        }
        sum / total
    };
    let limit = output(&[0, 1, 2]);
    for length in [1, 2, 5] {
        let count = 3_usize.pow(length);
        let error: f64 = (0..count)
            .map(|code| {
                let draws: Vec<usize> = (0..length).map(|i| code / 3_usize.pow(i) % 3).collect();
                (output(&draws) - &limit).norm_squared()
            })
            .sum::<f64>()
            / count as f64;
        let table = study.lengths([u64::from(length)]).unwrap().table().unwrap();
        let found = *table.rows[0].exact.as_ref().unwrap();
        assert!(
            (found.value - error).abs() <= found.error + 1e-13 * error,
            "{found:?} {error}"
        );
        assert!(found.error < 1e-11 * error, "{found:?}");
    }
}

#[test]
fn what_is_no_cache_is_refused() {
    let query = || QueryLaw::uniform(dmatrix![1.0; 0.5]).unwrap();
    let (keys, values) = (entries(4, 2, 0.0), entries(4, 3, 0.0));
    let said = |keys: &DMatrix<f64>, values: &DMatrix<f64>, scale, query| match Study::from_cache(
        keys, values, scale, query,
    ) {
        Ok(_) => panic!("accepted"),
        Err(error) => error.to_string(),
    };
    let mut bad = values.clone();
    bad[(2, 1)] = f64::NAN;
    let message = said(&keys, &bad, 1.0, query());
    assert!(
        message.contains("values = NaN in row 2, column 1"),
        "{message}"
    );
    let mut bad = keys.clone();
    bad[(3, 0)] = f64::INFINITY;
    let message = said(&bad, &values, 1.0, query());
    assert!(
        message.contains("keys = inf in row 3, column 0"),
        "{message}"
    );
    let message = said(&keys, &entries(5, 3, 0.0), 1.0, query());
    assert!(
        message.contains("5 rows") && message.contains("4 rows"),
        "{message}"
    );
    let wide = QueryLaw::uniform(dmatrix![1.0; 0.5; 2.0]).unwrap();
    let message = said(&keys, &values, 1.0, wide);
    assert!(
        message.contains("dimension 3") && message.contains("dimension 2"),
        "{message}"
    );
    for scale in [f64::NAN, f64::INFINITY] {
        assert!(said(&keys, &values, scale, query()).contains("scale = "));
    }
    for (rows, columns) in [(0, 2), (4, 0)] {
        said(
            &entries(rows, columns, 0.0),
            &values.rows(0, rows).into_owned(),
            1.0,
            query(),
        );
    }
    let study = Study::from_cache(&keys, &values, 1.0, query()).unwrap();
    let study = study.lengths([8]).unwrap().gradients();
    for error in [
        study.table().unwrap_err(),
        study.simulate(100).check().unwrap_err(),
        study.simulate(100).estimates().unwrap_err(),
    ] {
        assert!(
            error.to_string().contains("has no matrices V and U"),
            "{error}"
        );
    }
}
