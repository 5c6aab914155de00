//! The smallest budgets for a relative error.

use serde::Serialize;

use super::page::{Page, Sheet};
use super::{FEW_DIGITS, ratio_text};
use crate::record::{
    BudgetDeviation, BudgetOf, BudgetRow, Cell, ProvedBudget, Provenance, ReachedBudget,
    RuleBudget, SampleBudgets, SimulatedBudget, SimulatedDeviation,
};
use crate::render::decimal::round_nearest;
use crate::render::json::document;

/// Queries up to which each is shown.
const FEW: usize = 64;

impl SampleBudgets {
    /// For a terminal.
    pub fn text(&self, provenance: &Provenance) -> String {
        self.page().text(provenance)
    }

    /// As Markdown.
    pub fn markdown(&self, provenance: &Provenance) -> String {
        self.page().markdown(provenance)
    }

    /// As LaTeX with `booktabs`.
    pub fn latex(&self, provenance: &Provenance, caption: Option<&str>) -> String {
        self.page().latex(provenance, caption)
    }

    fn page(&self) -> Page {
        let header = [
            "query",
            "keys\nkept",
            "budget",
            "keys\nread",
            "share of\nall keys",
            "relative\nerror",
            "budgets\ntried",
        ];
        let few = self.rows.len() <= FEW + 2;
        let shown = |row: &&BudgetRow| few || !matches!(row.of, BudgetOf::Query(_));
        let rows = || self.rows.iter().filter(shown);
        let cells = |row: &BudgetRow| {
            let mut cells = vec![name(row.of), row.kept.to_string()];
            match &row.exact {
                Ok(at) => {
                    let read = row.kept + at.budget;
                    let share = 100.0 * read as f64 / self.keys as f64;
                    cells.extend([
                        at.budget.to_string(),
                        read.to_string(),
                        format!("{share:.1}%"),
                    ]);
                    cells.push(round_nearest(at.value, FEW_DIGITS));
                    let every = if at.every { " (all)" } else { "" };
                    cells.push(format!("{}{every}", at.tried));
                }
                Err(_) => cells.extend(["-"; 5].map(str::to_owned)),
            }
            cells
        };
        let sheet = Sheet {
            heading: format!(
                "Smallest budget for E|That - T|^2 <= {} |T|^2",
                self.epsilon
            ),
            header: header.map(str::to_owned).to_vec(),
            rows: rows().map(cells).collect(),
        };
        let deviations = self.delta.map(|delta| Sheet {
            heading: format!(
                "Budgets for P(|That - T|^2 >= {} |T|^2) <= {delta}",
                self.epsilon
            ),
            header: DEVIATION.map(str::to_owned).to_vec(),
            rows: rows()
                .filter_map(|row| Some(deviation_cells(row.of, row.deviation.as_ref()?)))
                .collect(),
        });
        let mut remarks = vec![
            "at the budget the exact value, its error added, is at most the threshold, at one less it is not, and at every larger budget that was tried it is again"
                .to_owned(),
            "the error need not fall with the budget: between the budgets that were tried nothing is claimed; where all were tried the answer is the smallest from which on the error stays small"
                .to_owned(),
        ];
        for row in rows() {
            match &row.exact {
                Ok(ReachedBudget {
                    earlier: Some(earlier),
                    ..
                }) => remarks.push(format!(
                    "{}: at a budget of {earlier} too, but not at every budget after it",
                    name(row.of)
                )),
                Err(reason) => remarks.push(format!("{}: none: {reason}", name(row.of))),
                Ok(_) => {}
            }
        }
        if self.delta.is_some() {
            remarks.push(REMARK.to_owned());
            for row in rows() {
                let reasons = row.deviation.as_ref().map(reasons).unwrap_or_default();
                remarks.extend(
                    reasons
                        .iter()
                        .map(|reason| format!("{}: {reason}", name(row.of))),
                );
            }
        }
        remarks.extend(self.notes.iter().cloned());
        Page {
            description: format!(
                "{}; a context of {} keys, the tail drawn {}",
                self.description, self.keys, self.design
            ),
            sheets: std::iter::once(sheet).chain(deviations).collect(),
            remarks,
        }
    }

    /// The schema `attention-bounds/sample-budgets/1`.
    pub fn json(&self, provenance: &Provenance) -> String {
        #[derive(Serialize)]
        struct Row<'a> {
            query: BudgetOf,
            kept: u64,
            tail: u64,
            exact: Option<&'a ReachedBudget>,
            #[serde(skip_serializing_if = "Option::is_none")]
            reason: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            deviation: Option<Deviation<'a>>,
        }
        #[derive(Serialize)]
        struct Deviation<'a> {
            proved: Part<'a, ProvedBudget>,
            simulated: Part<'a, SimulatedBudget>,
            rule: Part<'a, RuleBudget>,
        }
        #[derive(Serialize)]
        struct Record<'a> {
            description: &'a str,
            design: &'a str,
            keys: u64,
            epsilon: f64,
            delta: Option<f64>,
            rows: Vec<Row<'a>>,
            notes: &'a [String],
        }
        let rows = self.rows.iter().map(|row| Row {
            query: row.of,
            kept: row.kept,
            tail: row.tail,
            exact: row.exact.as_ref().ok(),
            reason: row.exact.as_ref().err().map(String::as_str),
            deviation: row.deviation.as_ref().map(|found| Deviation {
                proved: part(&found.proved),
                simulated: part(&found.simulated),
                rule: part(&found.rule),
            }),
        });
        let record = Record {
            description: &self.description,
            design: self.design,
            keys: self.keys,
            epsilon: self.epsilon,
            delta: self.delta,
            rows: rows.collect(),
            notes: &self.notes,
        };
        document("attention-bounds/sample-budgets/1", provenance, &record)
    }
}

const DEVIATION: [&str; 10] = [
    "query",
    "proved",
    "by",
    "simulated",
    "published\nrule",
    "with a\npilot",
    "error over\n|T|^2 there",
    "simulated\nP there",
    "denominator\nalone",
    "simulated\nP there",
];
const REMARK: &str = "proved: a theorem's bound of the probability is at most delta; simulated: the upper confidence limit is, to within 2% of the budget; published rule: arXiv 2510.05688, \
    a central limit approximation for draws with replacement, with the true variances, with those of a pilot sample, and for the denominator alone, as its program does";

fn deviation_cells(of: BudgetOf, found: &BudgetDeviation) -> Vec<String> {
    let missing = || "-".to_owned();
    let limits =
        |found: Option<SimulatedDeviation>| found.map_or_else(missing, |found| limits_text(&found));
    let mut cells = vec![name(of)];
    cells.extend(match &found.proved {
        Ok(at) => [at.budget.to_string(), at.theorem.id().to_owned()],
        Err(_) => [missing(), missing()],
    });
    let simulated = found.simulated.as_ref().ok();
    cells.push(simulated.map_or_else(missing, |at| at.budget.to_string()));
    cells.extend(match &found.rule {
        Ok(at) => [
            at.budget.to_string(),
            at.pilot.to_string(),
            ratio_text(at.relative),
            limits(at.monte_carlo),
            at.denominator.to_string(),
            limits(at.denominator_monte_carlo),
        ],
        Err(_) => std::array::from_fn(|_| missing()),
    });
    cells
}

/// A frequency and its limits.
pub(super) fn limits_text(found: &SimulatedDeviation) -> String {
    let number = |x: f64| round_nearest(x, 2);
    format!(
        "{} ({} to {})",
        number(found.frequency),
        number(found.lower),
        number(found.upper)
    )
}

fn reasons(found: &BudgetDeviation) -> Vec<String> {
    let reasons = [
        found
            .proved
            .as_ref()
            .err()
            .map(|why| format!("not proved: {why}")),
        found
            .simulated
            .as_ref()
            .err()
            .map(|why| format!("not simulated: {why}")),
        found
            .rule
            .as_ref()
            .err()
            .map(|why| format!("no rule: {why}")),
    ];
    reasons.into_iter().flatten().collect()
}

/// A value, or why there is none.
#[derive(Serialize)]
#[serde(untagged)]
enum Part<'a, T> {
    Found(&'a T),
    Missing {
        budget: Option<u64>,
        reason: &'a str,
    },
}

fn part<T>(cell: &Cell<T>) -> Part<'_, T> {
    match cell {
        Ok(found) => Part::Found(found),
        Err(reason) => Part::Missing {
            budget: None,
            reason,
        },
    }
}

fn name(of: BudgetOf) -> String {
    match of {
        BudgetOf::Query(index) => index.to_string(),
        BudgetOf::Worst => "worst".to_owned(),
        BudgetOf::Average => "average".to_owned(),
    }
}
