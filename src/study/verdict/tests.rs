//! Verdicts on rows with estimates written by hand.

use nalgebra::DMatrix;

use crate::attention::{Head, QueryLaw};
use crate::bound::{Bound, Theorem};
use crate::exact::Exact;
use crate::law::Rademacher;
use crate::monte_carlo::{CellEstimates, Deviation, Estimate, QueryChoice, Route};
use crate::parameter::ErrorProbability;
use crate::record::{Against, Claim, Metric, QueryLabel, Row, Verdict, Witness};

use crate::study::question::Question;
use crate::study::simulate::SimulationRequest;
use crate::study::verdict::summary::summary;
use crate::study::verdict::{Levels, judge};

const PROMPTS: u64 = 10_000;

fn estimate(mean: f64, standard_error: f64, share: Option<f64>) -> Estimate {
    Estimate {
        mean,
        standard_error,
        prompts: PROMPTS,
        seed: 1,
        skewness: 0.0,
        largest_share: share,
    }
}

fn cell(query: QueryChoice, error: Estimate) -> CellEstimates {
    let other = estimate(0.5, 0.01, Some(0.02));
    CellEstimates {
        query,
        length: 10,
        route: Route::Plain,
        output_error: error,
        bias: vec![estimate(-0.1, 0.01, None)],
        participation_two: other,
        participation_three: other,
        fixed_share: None,
        effective_length: other,
        value_gradient: None,
        key_query_gradient: None,
        deviations: vec![Deviation {
            threshold: 1.0,
            count: 100,
            prompts: PROMPTS,
        }],
        errors: None,
    }
}

fn row(metric: Metric, exact: Option<(f64, f64)>, bounds: &[f64]) -> Row {
    let exact = exact
        .map(|(value, error)| Exact::proved(value, error))
        .ok_or_else(|| "none".to_owned());
    let bounds = bounds
        .iter()
        .map(|value| Bound::proved(Theorem::CHERNOFF_BOUND, *value, f64::INFINITY, "x"))
        .collect();
    Row::new(metric, QueryLabel::Index(0), 10, exact, bounds)
}

fn judged(mut rows: Vec<Row>, cells: &[CellEstimates], family: f64) -> Vec<Row> {
    let request = SimulationRequest {
        prompts: PROMPTS,
        seed: 1,
        route: None,
        longest: None,
        average_only: false,
    };
    let error = |p| ErrorProbability::new("p", p).unwrap();
    let levels = Levels {
        interval: error(0.05),
        family: error(family),
    };
    // Tokens so small that what may be missed of them is far below the numbers of the tests.
    let tokens = Rademacher::new(1, 1e-9).unwrap();
    let one = DMatrix::from_element(1, 1, 1.0);
    let head = Head::new(one.clone(), one.clone()).unwrap();
    let query = QueryLaw::uniform(one).unwrap();
    let question = Question::new(&tokens, &head, &query).unwrap();
    judge(
        &question,
        &mut rows,
        cells,
        &[],
        &request,
        Route::Plain,
        levels,
    );
    rows
}

/// The verdict of the simulation (mean, standard error, share) against an exact value and a bound.
fn verdicts(mean: f64, share: f64, exact: (f64, f64), bound: f64) -> (Verdict, Verdict) {
    let cells = [cell(
        QueryChoice::Index(0),
        estimate(mean, 0.01, Some(share)),
    )];
    let rows = judged(
        vec![row(Metric::Output, Some(exact), &[bound])],
        &cells,
        1e-4,
    );
    let verdict = |against| rows[0].simulated_against(against).unwrap().verdict;
    (
        verdict(Against::Exact),
        verdict(Against::Bound(Theorem::CHERNOFF_BOUND)),
    )
}

use Verdict::{Consistent, Inconclusive, Violated};

#[test]
fn means_against_exact_values_and_bounds() {
    // Standard error 0.01: 4 of them are about the level 1e-4 for one comparison of two.
    for (exact, bound, wanted) in [
        ((1.01, 0.0), 1.2, (Consistent, Consistent)),
        ((1.1, 0.0), 1.2, (Violated, Consistent)),
        ((0.9, 0.0), 0.9, (Violated, Violated)),
        ((1.0, 0.0), 1.02, (Consistent, Inconclusive)),
        ((1.0, 0.0), 0.98, (Consistent, Inconclusive)),
        // The exact value may be wrong by its error.
        ((1.1, 0.09), 1.2, (Consistent, Consistent)),
        // An infinite bound is confirmed by any finite mean, and violated by none.
        ((1.0, 0.0), f64::INFINITY, (Consistent, Consistent)),
    ] {
        assert_eq!(
            verdicts(1.0, 0.02, exact, bound),
            wanted,
            "{exact:?} {bound}"
        );
    }
}

#[test]
fn heavy_tails_confirm_nothing_but_still_violate() {
    // A mean that is too small says nothing; one that is too large does.
    assert_eq!(
        verdicts(1.0, 0.5, (1.1, 0.0), 1.2),
        (Inconclusive, Inconclusive)
    );
    assert_eq!(verdicts(1.0, 0.5, (0.9, 0.0), 0.9), (Violated, Violated));
    // A bias is as reliable as the squared error it belongs to.
    let bias = |share| {
        let cells = [cell(
            QueryChoice::Index(0),
            estimate(1.0, 0.01, Some(share)),
        )];
        let metric = Metric::Bias { coordinate: 0 };
        judged(vec![row(metric, Some((-0.1, 0.0)), &[])], &cells, 1e-4)[0].comparisons[0].verdict
    };
    assert_eq!((bias(0.02), bias(0.5)), (Consistent, Inconclusive));
}

#[test]
fn probabilities_are_judged_by_their_counts() {
    let verdict = |bound| {
        let cells = [cell(QueryChoice::Index(0), estimate(1.0, 0.01, None))];
        let rows = judged(vec![row(Metric::Tail, None, &[bound])], &cells, 1e-4);
        let found = rows[0].monte_carlo.unwrap();
        assert!((found.mean - 0.01).abs() < 1e-15 && found.lower < 0.01 && found.upper > 0.01);
        (
            rows[0].comparisons[0].verdict,
            rows[0].comparisons[0].detectable,
        )
    };
    // 100 of 10,000, deviation 10: the limits at 1e-4 are near 66 and 141.
    assert_eq!(verdict(0.015).0, Consistent);
    assert_eq!(verdict(0.0135).0, Inconclusive);
    assert_eq!(verdict(0.008).0, Inconclusive);
    assert_eq!(verdict(0.006).0, Violated);
    let factor = verdict(0.015).1.unwrap();
    assert!(factor > 1.2 && factor < 1.6, "{factor}");
}

#[test]
fn the_family_counts() {
    // The same mean 4.5 standard errors above the bound: violated alone at 1e-4, not among a thousand.
    let many = |count| {
        let cells = [cell(QueryChoice::Index(0), estimate(1.045, 0.01, None))];
        let rows = vec![row(Metric::Output, None, &[1.0]); count];
        judged(rows, &cells, 1e-4)[0].comparisons[0].verdict
    };
    assert_eq!((many(1), many(1000)), (Violated, Inconclusive));
}

#[test]
fn rows_find_their_cells() {
    let one = cell(QueryChoice::Index(0), estimate(1.0, 0.01, None));
    let average = cell(QueryChoice::Average, estimate(2.0, 0.01, None));
    let rows = |cells: &[CellEstimates]| {
        let mut average = row(Metric::Output, None, &[9.0]);
        average.query = QueryLabel::Average;
        let mut longer = row(Metric::Output, None, &[9.0]);
        longer.length = 20;
        let rows = judged(
            vec![row(Metric::Output, None, &[9.0]), average, longer],
            cells,
            0.1,
        );
        rows.iter()
            .map(|row| row.monte_carlo.map(|m| m.mean))
            .collect::<Vec<_>>()
    };
    assert_eq!(rows(&[one.clone(), average]), [Some(1.0), Some(2.0), None]);
    // The average over one query is that query.
    assert_eq!(rows(&[one]), [Some(1.0), Some(1.0), None]);
}

#[test]
fn summaries_count_and_leave_the_control_out() {
    let claim = |name: &str, control, value| Claim {
        name: name.into(),
        control,
        value: Ok(value),
    };
    let mut output = row(Metric::Output, Some((1.0, 0.0)), &[1.2]);
    output.claims = vec![claim("1", false, 1.5), claim("half", true, 0.6)];
    let cells = [cell(QueryChoice::Index(0), estimate(1.0, 0.01, None))];
    let rows = judged(vec![output], &cells, 1e-4);
    let found = summary(&rows, true);
    // Exact against bound and claim, simulation against exact, bound and claim.
    assert_eq!(
        (found.consistent, found.violated, found.inconclusive),
        (5, 0, 0)
    );
    assert_eq!(found.verdict(), Consistent);
    assert_eq!(rows[0].verdict(), Consistent);
    let control = found.control.unwrap();
    assert_eq!(
        (control.comparisons, control.known_false, control.rejected),
        (1, 1, 1)
    );
    let detectable = found.detectable_bound.unwrap();
    // (4.1 + 1.3) standard errors of 1%.
    assert!(
        detectable.size > 1.05 && detectable.size < 1.07,
        "{}",
        detectable.size
    );
    assert!(
        rows[0]
            .comparisons
            .iter()
            .any(|c| c.witness == Witness::Exact)
    );
}
