//! A table with a simulation.

use super::tests::{printed, table};
use crate::bound::Theorem;
use crate::record::*;
use crate::render::table::*;

/// The table with a simulation of its first row, which contradicts a claim, and a summary.
pub(super) fn simulated_table() -> Table {
    let mut table = table();
    let row = &mut table.rows[0];
    row.claims = vec![Claim {
        name: "1/L".into(),
        control: false,
        value: Ok(0.2),
    }];
    row.monte_carlo = Some(Simulated {
        mean: 0.251,
        standard_error: Some(0.002),
        lower: 0.247_123_4,
        upper: 0.255_678_9,
        prompts: 5000,
        largest_share: Some(0.5),
        reliability: crate::monte_carlo::Reliability::HeavyTail,
        effective_length: 3.5,
    });
    let comparison = |against, standardised, verdict| Comparison {
        witness: Witness::MonteCarlo,
        against,
        standardised: Some(standardised),
        p_value: Some(1e-9),
        verdict,
        detectable: Some(1.25),
    };
    row.comparisons = vec![
        comparison(Against::Exact, 0.5, Verdict::Consistent),
        comparison(
            Against::Bound(Theorem::TRIVIAL_BOUND),
            -300.0,
            Verdict::Consistent,
        ),
        comparison(Against::Claim(0), 25.5, Verdict::Violated),
    ];
    table.simulation = Some(Family {
        prompts: 5000,
        seed: 7,
        route: crate::monte_carlo::Route::Plain,
        longest: None,
        average_only: false,
        confidence: 0.95,
        comparisons: 3,
        error_probability: 1e-6,
    });
    table.check = Some(CheckSummary {
        consistent: 2,
        violated: 1,
        inconclusive: 0,
        detectable_bound: Some(Detectable {
            metric: Metric::Output,
            query: QueryLabel::Average,
            length: 4,
            against: Against::Bound(Theorem::TRIVIAL_BOUND),
            size: 1.25,
        }),
        detectable_exact: None,
        control: Some(NegativeControl {
            comparisons: 2,
            known_false: 1,
            rejected: 0,
        }),
    });
    table
}

#[test]
fn simulated_values_stand_beside_exact_ones() {
    let table = simulated_table();
    let text = printed(&table, Format::Text, QuerySelection::Auto);
    // Limits are rounded outwards.
    let line = "    4   2.500e-1       5e-5   2.510e-1   2.471e-1   2.557e-1   0.50     1.000*";
    assert!(text.contains(line), "{text}");
    for part in [
        "2.001e-1!", // the float 0.2 exceeds 1/5
        "claim 1: 1/L",
        "VIOLATED: the simulation exceeds 1/L (L = 4)",
        "heavy tail: the largest 1% of the prompts",
        "5000 prompts a cell, seed 7, whole tokens drawn; limits at 95%",
        "CHECK FAILED: 2 comparisons confirmed, 1 violated, 0 inconclusive",
        "a true value of 1.250 times trivial-bound",
        "more prompts are needed",
        "an exclamation mark is contradicted",
    ] {
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(part), "{part}: {text}");
    }
    let markdown = printed(&table, Format::Markdown, QuerySelection::Auto);
    assert!(markdown.contains("| 4 | 2.500e-1 | 5e-5 | 2.510e-1 | 2.471e-1 | 2.557e-1 | 0.50 | **1.000** | (2.500) | - | 2.001e-1! |"), "{markdown}");
    assert!(
        markdown.contains("| 1024 | - |  | - |  |  |  | 1.000 |"),
        "{markdown}"
    );
    let latex = printed(&table, Format::Latex, QuerySelection::Auto);
    let line = "$4$ & $2.500\\times10^{-1}$ & $5\\times10^{-5}$ & $2.510\\times10^{-1}$ & $2.471\\times10^{-1}$ & $2.557\\times10^{-1}$ & $0.50$ &";
    assert!(latex.contains(line), "{latex}");
    assert!(latex.contains("\\begin{tabular}{rrrrrrrrrrr}"), "{latex}");
    let csv = printed(&table, Format::Csv, QuerySelection::Auto);
    assert!(
        csv.contains(
            "2.51e-1,2e-3,2.471234e-1,2.556789e-1,5000,5e-1,heavy-tail,5e-1,2e-1,violated"
        ),
        "{csv}"
    );
    assert!(csv.contains("# claim 1: 1/L"));
}

#[test]
fn only_exact_columns_that_exist_are_shown() {
    let mut table = simulated_table();
    table.rows.truncate(1);
    table.rows[0].exact = Err("none".into());
    table.rows[0].comparisons.remove(0);
    let text = printed(&table, Format::Markdown, QuerySelection::Auto);
    assert!(
        text.contains("| L | Monte Carlo | lower limit | upper limit | trivial-bound |"),
        "{text}"
    );
}
