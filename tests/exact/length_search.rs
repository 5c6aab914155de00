//! `length`: what it finds is where a table crosses the threshold.

use attention_bounds::attention::{Head, QueryLaw};
use attention_bounds::claim::PrintedForm;
use attention_bounds::law::{Empirical, Gaussian, Rademacher, RareAtom, TokenLaw};
use attention_bounds::parameter::PromptLength;
use attention_bounds::record::{QueryLabel, Row};
use attention_bounds::study::TableOptions;
use attention_bounds::study::length::{Epsilon, smallest};
use attention_bounds::study::table::rows;
use attention_bounds::study::{MOST_CELLS, Question, Silent, fit};
use nalgebra::{DMatrix, DVector};

fn length(l: u64) -> PromptLength {
    PromptLength::new(l).unwrap()
}

/// Tokens and heads of three kinds: finitely many points, lattice points, Gaussian; three queries.
fn check(tokens: &dyn TokenLaw, query: &QueryLaw, thresholds: &[f64]) {
    let identity = DMatrix::identity(2, 2);
    let head = Head::new(identity.clone(), identity).unwrap();
    let question = Question::new(tokens, &head, query).unwrap();
    let averages = |lengths: &[PromptLength]| -> Vec<Row> {
        let all = rows(&question, lengths, &TableOptions::default(), &Silent).unwrap();
        let average = |row: &Row| row.query == QueryLabel::Average;
        all.into_iter().filter(average).collect()
    };
    for &epsilon in thresholds {
        let asked = Epsilon::absolute(epsilon);
        let found = smallest(&question, &asked, &Silent).unwrap();
        let exact = found.exact.unwrap();
        let bound = found.bound.unwrap();
        assert!(exact.length <= bound.length);
        let around = |at: u64| averages(&[at.saturating_sub(1).max(1), at].map(length));
        for (at, value, of) in [
            (
                exact.length,
                exact.value,
                (|row| row.exact.as_ref().unwrap().value) as fn(&Row) -> f64,
            ),
            (bound.length, bound.value, |row| row.best().unwrap().value),
        ] {
            let rows = around(at);
            let here = of(rows.last().unwrap());
            assert!((here / value - 1.0).abs() < 1e-9, "{here} {value}");
            assert!(here <= epsilon);
            assert!(
                at == 1 || of(&rows[0]) > epsilon,
                "L = {at} is not the first"
            );
        }
        assert!(exact.length > 1 || epsilon > 1.0);
    }
}

fn queries() -> QueryLaw {
    QueryLaw::uniform(DMatrix::from_row_slice(
        2,
        3,
        &[0.5, -1.0, 1.5, 0.2, 1.0, -0.7],
    ))
    .unwrap()
}

#[test]
#[ignore = "long: run by ./test --all"]
fn the_length_found_is_the_first_that_is_long_enough() {
    let points = DMatrix::from_fn(12, 2, |i, j| {
        ((7 * i + 3 * j * i + j) % 11) as f64 / 5.0 - 1.0
    });
    check(
        &Empirical::new(&points).unwrap(),
        &queries(),
        &[0.3, 1e-2, 1e-6, 1e-9],
    );
    check(&Rademacher::new(2, 1.0).unwrap(), &queries(), &[0.1, 1e-4]);
    let tokens = Gaussian::new(
        DVector::from_vec(vec![0.3, 0.0]),
        DMatrix::identity(2, 2) * 0.5,
    );
    check(&tokens.unwrap(), &queries(), &[0.1, 1e-4]);
    let query = Gaussian::centred(DMatrix::identity(2, 2) * 0.2).unwrap();
    let tokens = Gaussian::centred(DMatrix::identity(2, 2)).unwrap();
    check(&tokens, &QueryLaw::Gaussian(query), &[0.05]);
}

/// The error of rare tokens grows before it falls; the answer is where it falls below for good.
#[test]
fn rare_tokens_need_more_than_the_first_dip() {
    let tokens = RareAtom::new(1.0, 1e-6).unwrap();
    let one = DMatrix::identity(1, 1);
    let head = Head::new(one.clone(), one.clone()).unwrap();
    let query = QueryLaw::uniform(&one * 11.51).unwrap();
    let question = Question::new(&tokens, &head, &query).unwrap();
    let found = smallest(&question, &Epsilon::absolute(0.01), &Silent).unwrap();
    let exact = found.exact.unwrap();
    assert_eq!(exact.earlier, Some(1));
    let lengths: Vec<_> = (0..400u32)
        .map(|k| 10f64.powf(0.035 * f64::from(k)) as u64)
        .chain([exact.length - 1, exact.length])
        .filter(|l| *l < 1 << 53)
        .map(length)
        .collect();
    let mut below = 0;
    for row in rows(&question, &lengths, &TableOptions::default(), &Silent).unwrap() {
        let error = row.exact.unwrap().value;
        below += u64::from(row.length < exact.length && error <= 0.01);
        assert!(
            row.length < exact.length || error <= 0.01,
            "L = {}",
            row.length
        );
        assert!(row.length != exact.length - 1 || error > 0.01, "{error}");
    }
    assert!(below > 10 && exact.length > 100_000, "{below} {exact:?}");
    let bound = found.bound.unwrap();
    assert!(bound.length >= exact.length);
}

/// T20 against the exact engine, for laws whose errors grow and fall.
#[test]
fn no_error_grows_faster_than_the_pairs() {
    let one = DMatrix::identity(1, 1);
    let head = Head::new(one.clone(), one.clone()).unwrap();
    let mut grown = 0;
    for (probability, query) in [(1e-6, 11.51), (1e-3, 5.0), (1e-9, 18.0), (0.3, 1.0)] {
        let tokens = RareAtom::new(1.0, probability).unwrap();
        let query = QueryLaw::uniform(&one * query).unwrap();
        let question = Question::new(&tokens, &head, &query).unwrap();
        let lengths: Vec<_> = (1..40).map(|k| length(1 << k)).collect();
        let found = rows(&question, &lengths, &TableOptions::default(), &Silent).unwrap();
        let values: Vec<_> = found
            .iter()
            .filter(|row| row.query == QueryLabel::Average)
            .map(|row| (row.length as f64, *row.exact.as_ref().unwrap()))
            .collect();
        for (place, (short, before)) in values.iter().enumerate() {
            for (long, after) in &values[place..] {
                let growth = long * (long - 1.0) / (short * (short - 1.0));
                assert!(after.value - after.error <= growth * (before.value + before.error));
                grown += u32::from(after.value > 1.5 * before.value);
            }
        }
    }
    assert!(grown > 50, "{grown}");
}

#[test]
fn requests_that_are_too_large_are_refused() {
    let tokens = Gaussian::centred(DMatrix::identity(1, 1)).unwrap();
    let one = DMatrix::identity(1, 1);
    let head = Head::new(&one * 0.1, one.clone()).unwrap();
    let many = QueryLaw::uniform(DMatrix::from_element(1, 2_600, 0.5)).unwrap();
    let question = Question::new(&tokens, &head, &many).unwrap();
    let lengths: Vec<PromptLength> = (2..102).map(length).collect();
    let asked = Epsilon::absolute(0.1);
    let refusals = [
        rows(&question, &lengths, &TableOptions::default(), &Silent).unwrap_err(),
        smallest(&question, &asked, &Silent).unwrap_err(),
    ];
    for message in refusals.map(|error| error.to_string()) {
        assert!(message.contains("2600 x 100 x 1 = 260000"), "{message}");
        assert!(message.contains(&MOST_CELLS.to_string()), "{message}");
    }
    // One query of the same list is not too large.
    let single = asked.at_query(0);
    assert!(smallest(&question, &single, &Silent).is_ok());

    let query = QueryLaw::Gaussian(Gaussian::centred(one).unwrap());
    let question = Question::new(&tokens, &head, &query).unwrap();
    let lengths: Vec<PromptLength> = (2..3_702).map(length).collect();
    let fit = |c2: f64, witness| {
        fit::fit(
            &question,
            PrintedForm::Output,
            &lengths,
            &[c2],
            witness,
            &Silent,
        )
    };
    let message = fit(0.5, true).unwrap_err().to_string();
    assert!(
        message.contains("3700 lengths") && message.contains("500"),
        "{message}"
    );
    assert!(fit(0.5, false).unwrap().points[0].c1.is_finite());
    let message = fit(1e5, false).unwrap_err().to_string();
    assert!(message.contains("--c2 = 1e5 (at L = 3701)"), "{message}");
}
