//! The smallest budgets for a relative error.

use serde::Serialize;

use super::FEW_DIGITS;
use super::page::{Page, Sheet};
use crate::record::{BudgetOf, BudgetRow, Provenance, ReachedBudget, SampleBudgets};
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
        remarks.extend(self.notes.iter().cloned());
        Page {
            description: format!(
                "{}; a context of {} keys, the tail drawn {}",
                self.description, self.keys, self.design
            ),
            sheets: vec![sheet],
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
        let row = |row: &'_ BudgetRow| Row {
            query: row.of,
            kept: row.kept,
            tail: row.tail,
            exact: row.exact.as_ref().ok(),
            reason: row.exact.as_ref().err().map(String::as_str),
        };
        let record = Record {
            description: &self.description,
            design: self.design,
            keys: self.keys,
            epsilon: self.epsilon,
            delta: self.delta,
            rows: self.rows.iter().map(row).collect(),
            notes: &self.notes,
        };
        document("attention-bounds/sample-budgets/1", provenance, &record)
    }
}

fn name(of: BudgetOf) -> String {
    match of {
        BudgetOf::Query(index) => index.to_string(),
        BudgetOf::Worst => "worst".to_owned(),
        BudgetOf::Average => "average".to_owned(),
    }
}
