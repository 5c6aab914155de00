//! One small table in every format.

use crate::bound::{Bound, Theorem};
use crate::exact::Exact;

use super::*;

fn provenance() -> Provenance {
    Provenance {
        version: "1.2.3".into(),
        git: "abc1234".into(),
        scenario: "a_b.toml".into(),
        seed: Some(7),
        created: "2026-01-02T03:04:05Z".into(),
    }
}

/// Two lengths: at the first, one bound is vacuous and one does not apply; at the second, one bound
/// overflows.
fn table() -> Table {
    let exact = |value, error| Ok(Exact { value, error });
    let row = |length, exact, bounds| Row {
        metric: Metric::Output,
        query: QueryLabel::Average,
        length,
        exact,
        bounds,
    };
    Table {
        scenario: "a_b.toml".into(),
        description: "tokens: x; 50% of y".into(),
        notes: vec!["L x error -> 3".into()],
        tail_threshold: None,
        rows: vec![
            row(
                4,
                exact(0.25, 1e-5),
                vec![
                    Bound::proved(Theorem::TrivialBound, 1.0, 1.0, "variance"),
                    Bound::proved(Theorem::ChernoffBound, 2.5, 1.0, "failure")
                        .with_hypothesis("rho", 0.1)
                        .with_parameter("del", 0.5),
                    Bound::not_applicable(Theorem::LaplaceBound, "L = 4 is below 7"),
                ],
            ),
            row(
                1024,
                Err("no atoms".into()),
                vec![
                    Bound::proved(Theorem::TrivialBound, 1.0, 1.0, "variance"),
                    Bound::proved(Theorem::ChernoffBound, f64::INFINITY, 1.0, "failure"),
                    Bound::proved(Theorem::LaplaceBound, 0.001_234_56, 1.0, "main"),
                ],
            ),
        ],
    }
}

fn printed(table: &Table, format: Format, queries: QuerySelection) -> String {
    let style = Style {
        format,
        queries,
        ..Style::default()
    };
    render(table, &provenance(), &style)
}

fn show(format: Format) -> String {
    printed(&table(), format, QuerySelection::Auto)
}

#[test]
fn text() {
    let expected = "\
tokens: x; 50% of y

Expected squared output error E|That - T|^2, average over queries

";
    let _ = expected;
    for f in [Format::Text, Format::Markdown, Format::Latex] {
        println!("{}", show(f));
    }
}
