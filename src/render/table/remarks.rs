//! What is said under a table: marks, theorems, simulation, check, and why cells are empty.

use crate::bound::{Bound, Status, Theorem};
use crate::monte_carlo::{HEAVY_SHARE, Reliability, Route};

use crate::record::{
    Against, CheckSummary, Detectable, Family, Metric, Row, Simulated, Verdict, Witness,
};
use crate::render::decimal::{round_nearest, round_up};
use crate::render::table::heading::short_heading;
use crate::render::table::sheet::{BoundCell, Sheet, theorems_with};

/// Most prompt lengths that one remark lists.
const LISTED: usize = 4;

/// Theorems that are vacuous in every row, with the range of their values, as one remark.
pub(super) fn always_vacuous(rows: &[&Row]) -> Option<String> {
    let useful = theorems_with(rows, |bound| bound.useful_value().is_some());
    let hidden: Vec<String> = theorems_with(rows, |bound| !useful.contains(&bound.theorem()))
        .iter()
        .map(|theorem| {
            let least = rows
                .iter()
                .flat_map(|row| &row.bounds)
                .filter(|b| b.theorem() == *theorem)
                .filter_map(Bound::value)
                .fold(f64::INFINITY, f64::min);
            format!("{} (at least {})", theorem.label(), round_nearest(least, 3))
        })
        .collect();
    (!hidden.is_empty()).then(|| {
        format!(
            "vacuous at every length, so not shown (--vacuous shows them): {}",
            hidden.join(", ")
        )
    })
}

/// What is proved of the exact values, and of those that are not, why.
pub(super) fn proof(rows: &[&Row]) -> Vec<String> {
    let exact = || {
        rows.iter()
            .filter_map(|row| Some((row.metric, row.exact.as_ref().ok()?)))
    };
    let mut reasons: Vec<(&str, Vec<String>)> = Vec::new();
    for (metric, why) in exact().filter_map(|(metric, e)| Some((metric, e.unproved?))) {
        let name = metric.name().replace('_', " ");
        match reasons.iter_mut().find(|(reason, _)| *reason == why) {
            Some((_, metrics)) if metrics.contains(&name) => {}
            Some((_, metrics)) => metrics.push(name),
            None => reasons.push((why, vec![name])),
        }
    }
    let some_are = exact().any(|(_, e)| e.unproved.is_none());
    let proved = some_are.then(|| {
        format!(
            "{}: the truth is within the relative error ({})",
            if reasons.is_empty() {
                "exact values are proved"
            } else {
                "the other exact values are proved"
            },
            Theorem::EXACT_ENCLOSURE.label()
        )
    });
    let unproved = reasons.into_iter().map(|(why, metrics)| {
        format!(
            "relative errors of exact values are estimates ({}): {why}",
            metrics.join(", ")
        )
    });
    unproved.chain(proved).collect()
}

/// How many tokens share the weight, and how much of the estimate rests on few prompts.
pub(super) fn effective_lengths(rows: &[&Row]) -> Option<String> {
    let simulated: Vec<(u64, Simulated)> = rows
        .iter()
        .filter(|row| row.metric == Metric::Output)
        .filter_map(|row| Some((row.length, row.monte_carlo?)))
        .collect();
    let share = simulated
        .iter()
        .filter_map(|(_, found)| found.largest_share)
        .reduce(f64::max)?;
    let listed: Vec<String> = simulated
        .iter()
        .map(|(length, found)| {
            format!(
                "{} (L = {length})",
                round_nearest(found.effective_length, 3)
            )
        })
        .collect();
    Some(format!(
        "mean effective prompt length E 1/P_2: {}; the largest 1% of the prompts carry at most {:.0}% of an estimate",
        listed.join(", "),
        100.0 * share
    ))
}

/// Why cells are empty, and where the exact value contradicts a bound.
pub(super) fn empty_cells(rows: &[&Row]) -> Vec<String> {
    let mut said: Vec<(String, Vec<u64>)> = Vec::new();
    let mut say = |what: String, length: u64| match said.iter_mut().find(|(w, _)| *w == what) {
        Some((_, lengths)) => lengths.push(length),
        None => said.push((what, vec![length])),
    };
    for row in rows {
        for what in violations(row) {
            say(format!("VIOLATED: {what}"), row.length);
        }
        if let Some(found) = row.monte_carlo
            && found.reliability == Reliability::HeavyTail
        {
            let most = 100.0 * HEAVY_SHARE;
            let what = format!(
                "heavy tail: the largest 1% of the prompts carry more than {most}% of the estimate, and its limits are \
                 not reliable"
            );
            say(what, row.length);
        }
        if row
            .monte_carlo
            .is_some_and(|found| found.reliability == Reliability::Unseen)
        {
            let what = "unseen: rare tokens or queries that all prompts may have missed can carry more than the \
                        limits of the simulation say";
            say(what.to_owned(), row.length);
        }
        // Quantiles are simulated or not there at all.
        if let (Err(reason), false) = (&row.exact, matches!(row.metric, Metric::Quantile { .. })) {
            say(format!("no exact value: {reason}"), row.length);
        }
        for bound in &row.bounds {
            if let Status::NotApplicable { hypothesis } = bound.status() {
                let theorem = bound.theorem();
                say(
                    format!("{} does not apply: {hypothesis}", theorem.label()),
                    row.length,
                );
            }
        }
    }
    said.into_iter()
        .map(|(what, lengths)| match lengths.as_slice() {
            all if all.len() == rows.len() => what,
            few if few.len() <= LISTED => {
                let list: Vec<String> = few.iter().map(u64::to_string).collect();
                format!("{what} (L = {})", list.join(", "))
            }
            many => format!(
                "{what} ({} lengths from L = {} to {})",
                many.len(),
                many.iter().min().unwrap_or(&0),
                many.iter().max().unwrap_or(&0)
            ),
        })
        .collect()
}

/// Everything that is violated in a row, in words.
pub(super) fn violations(row: &Row) -> Vec<String> {
    let mut found = Vec::new();
    if let (Ok(exact), Some(best)) = (&row.exact, row.best())
        && exact.value - exact.error > best.value
    {
        found.push("the exact value exceeds a bound".to_owned());
    }
    for comparison in row.comparisons.iter().filter(|c| !row.is_control(c)) {
        if comparison.verdict != Verdict::Violated {
            continue;
        }
        let witness = match comparison.witness {
            Witness::Exact => "the exact value",
            Witness::MonteCarlo => "the simulation",
        };
        found.push(match comparison.against {
            Against::Exact => format!("{witness} contradicts the exact value"),
            Against::Bound(theorem) => format!("{witness} exceeds {}", theorem.label()),
            Against::Claim(place) => {
                let name = row.claims.get(place).map_or("a claim", |c| c.name.as_str());
                format!("{witness} exceeds {name}")
            }
        });
    }
    found
}

/// What the columns of a simulation are.
pub(super) fn simulation_line(family: &Family) -> String {
    let route = match family.route {
        Route::Plain => "whole tokens drawn",
        Route::RaoBlackwell => "scores drawn, the rest of a token integrated out",
    };
    format!(
        "Monte Carlo: {} prompts a cell, seed {}, {route}; limits at {}% for each cell by itself; z = (Monte Carlo \
         - exact) / standard error; {} comparisons, any verdict wrong with probability at most {:e} (Holm)",
        family.prompts,
        family.seed,
        100.0 * family.confidence,
        family.comparisons,
        family.error_probability,
    )
}

/// What a check found.
pub(super) fn summary_lines(summary: &CheckSummary) -> Vec<String> {
    let mut lines = vec![format!(
        "CHECK {}: {} comparisons confirmed, {} violated, {} inconclusive",
        match summary.verdict() {
            Verdict::Consistent => "PASSED",
            Verdict::Violated => "FAILED",
            Verdict::Inconclusive => "INCONCLUSIVE",
        },
        summary.consistent,
        summary.violated,
        summary.inconclusive
    )];
    let place = |found: &Detectable| {
        format!(
            "{} at L = {}",
            short_heading(found.metric, found.query),
            found.length
        )
    };
    if let Some(found) = &summary.detectable_bound {
        let what = match found.against {
            Against::Bound(theorem) => theorem.label(),
            _ => "a claim".into(),
        };
        lines.push(format!(
            "smallest violation that this run would have found with probability 0.9: a true value of {} times {what} \
             ({})",
            round_up(found.size, 4),
            place(found)
        ));
    }
    if let Some(found) = &summary.detectable_exact {
        lines.push(format!(
            "smallest relative error of an exact value that it would have found: {} ({})",
            round_up(found.size, 2),
            place(found)
        ));
    }
    if let Some(control) = &summary.control {
        let why = match (control.rejected, control.known_false) {
            (0, 0) => {
                "; it is not known to be false here, so it controls nothing: longer prompts or single queries are needed"
            }
            (0, _) => {
                "; this run cannot tell a false bound from a true one: more prompts are needed"
            }
            _ => "",
        };
        lines.push(format!(
            "negative control (half of T5, a false bound): rejected by the simulation in {} of {} comparisons, in {} of \
             which the exact value shows that it is false{why}",
            control.rejected, control.comparisons, control.known_false
        ));
    }
    lines
}

/// What the marks in the cells mean; only the marks that occur.
pub(super) fn key_to_marks(sheets: &[Sheet], mark: &str) -> Option<String> {
    let cells = || sheets.iter().flat_map(|s| &s.lines).flat_map(|l| &l.bounds);
    let mut parts = Vec::new();
    if cells().any(|c| matches!(c, BoundCell::Best(_))) {
        parts.push(format!("the tightest of a row is {mark}"));
    }
    if cells().any(|c| matches!(c, BoundCell::Vacuous(_))) {
        parts.push("one in parentheses is vacuous: the trivial bound is smaller".into());
    }
    if cells().any(|c| matches!(c, BoundCell::Violated(_))) {
        parts.push("one with an exclamation mark is contradicted".into());
    }
    if cells().any(|c| *c == BoundCell::NotApplicable) {
        parts.push("- does not apply".into());
    }
    (!parts.is_empty()).then(|| {
        let text = parts.join("; ");
        format!("Bounds are rounded up; {text}.")
    })
}

/// A theorem with its title.
pub(super) fn legend(theorem: Theorem) -> String {
    format!("{}: {}", theorem.label(), theorem.statement().title)
}
