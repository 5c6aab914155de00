//! The table of sampled attention as comma-separated values.

use super::table::theorems;
use crate::bound::Theorem;
use crate::record::{
    BudgetDeviation, BudgetOf, BudgetRow, Provenance, QueryLabel, SampleBudgets, SampleRow,
    SampleTable,
};
use crate::text::visible;

impl SampleTable {
    /// One line a row; lines that start with `#` are comments. Numbers read back to the same value; what is missing is empty.
    pub fn csv(&self, provenance: &Provenance) -> String {
        let theorems = theorems(self.rows.iter().flat_map(|row| &row.bounds));
        let mut header = [
            "query",
            "reading",
            "design",
            "kept",
            "budget",
            "read",
            "exact_value",
            "exact_error",
            "exact_proved",
            "exact_reason",
            "relative",
            "bias_norm",
        ]
        .map(String::from)
        .to_vec();
        header.extend(
            theorems
                .iter()
                .map(|theorem| format!("{}_value", theorem.id())),
        );
        let last = [
            "monte_carlo_mean",
            "monte_carlo_standard_error",
            "monte_carlo_prompts",
            "monte_carlo_largest_share",
            "verdict",
        ];
        header.extend(last.map(String::from));
        let comments = comments(provenance, &self.description, &self.notes);
        comments + &lines(&header, self.rows.iter().map(|row| fields(row, &theorems)))
    }
}

impl SampleBudgets {
    /// One line a query, `worst` and `average` last; lines that start with `#` are comments.
    pub fn csv(&self, provenance: &Provenance) -> String {
        let mut header = [
            "query", "epsilon", "kept", "tail", "budget", "relative", "tried", "every", "reason",
        ]
        .map(String::from)
        .to_vec();
        if self.delta.is_some() {
            let more = [
                "delta",
                "proved_budget",
                "proved_theorem",
                "simulated_budget",
                "rule_budget",
                "rule_pilot",
                "rule_denominator",
                "rule_relative",
                "rule_frequency",
                "rule_denominator_frequency",
            ];
            header.extend(more.map(String::from));
        }
        let of = |row: &BudgetRow| {
            let query = match row.of {
                BudgetOf::Query(index) => index.to_string(),
                BudgetOf::Worst => "worst".to_owned(),
                BudgetOf::Average => "average".to_owned(),
            };
            let counts = [row.kept, row.tail].map(|count| count.to_string());
            let mut fields = vec![query, format!("{:e}", self.epsilon)];
            fields.extend(counts);
            match &row.exact {
                Ok(at) => fields.extend([
                    at.budget.to_string(),
                    format!("{:e}", at.value),
                    at.tried.to_string(),
                    at.every.to_string(),
                    String::new(),
                ]),
                Err(reason) => {
                    fields.extend(std::iter::repeat_n(String::new(), 4));
                    fields.push(reason.clone());
                }
            }
            if let Some(delta) = self.delta {
                fields.push(format!("{delta:e}"));
                fields.extend(deviation_fields(row.deviation.as_ref()));
            }
            fields
        };
        let comments = comments(provenance, &self.description, &self.notes);
        comments + &lines(&header, self.rows.iter().map(of))
    }
}

fn deviation_fields(found: Option<&BudgetDeviation>) -> [String; 9] {
    let proved = found.and_then(|found| found.proved.as_ref().ok());
    let simulated = found.and_then(|found| found.simulated.as_ref().ok());
    let rule = found.and_then(|found| found.rule.as_ref().ok());
    let count = |budget: Option<u64>| budget.map_or_else(String::new, |budget| budget.to_string());
    let float = |x: Option<f64>| x.map_or_else(String::new, |x| format!("{x:e}"));
    [
        count(proved.map(|at| at.budget)),
        proved.map_or_else(String::new, |at| at.theorem.id().to_owned()),
        count(simulated.map(|at| at.budget)),
        count(rule.map(|at| at.budget)),
        count(rule.map(|at| at.pilot)),
        count(rule.map(|at| at.denominator)),
        float(rule.and_then(|at| at.relative)),
        float(rule.and_then(|at| Some(at.monte_carlo?.frequency))),
        float(rule.and_then(|at| Some(at.denominator_monte_carlo?.frequency))),
    ]
}

fn comments(provenance: &Provenance, description: &str, notes: &[String]) -> String {
    let said = [provenance.line(), description.to_owned()];
    let said = said.iter().chain(notes);
    said.map(|comment| format!("# {}\n", visible(comment)))
        .collect()
}

fn lines(header: &[String], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut written = writer.write_record(header);
    for row in rows {
        written = written.and_then(|()| writer.write_record(row));
    }
    // Writing records of one length to memory does not fail.
    let bytes = written.ok().and_then(|()| writer.into_inner().ok());
    String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
}

fn fields(row: &SampleRow, theorems: &[Theorem]) -> Vec<String> {
    let query = match row.query {
        QueryLabel::Index(index) => index.to_string(),
        QueryLabel::Average => "average".into(),
    };
    let float = |value: f64| format!("{value:e}");
    let optional = |value: Option<f64>| value.map_or_else(String::new, float);
    let mut fields = vec![query, row.reading.name().into(), row.design.into()];
    fields.extend([row.kept, row.budget, row.read()].map(|count| count.to_string()));
    match &row.exact {
        Ok(exact) => fields.extend([
            float(exact.value),
            float(exact.error),
            exact.unproved.is_none().to_string(),
            exact.unproved.unwrap_or_default().to_owned(),
        ]),
        Err(reason) => {
            fields.extend(std::iter::repeat_n(String::new(), 3));
            fields.push(reason.clone());
        }
    }
    fields.push(optional(row.relative));
    fields.push(optional(row.bias_norm.map(|bias| bias.value)));
    for theorem in theorems {
        let bound = row.bounds.iter().find(|bound| bound.theorem() == *theorem);
        fields.push(optional(bound.and_then(|bound| bound.value())));
    }
    match &row.monte_carlo {
        Some(Ok(estimate)) => fields.extend([
            float(estimate.mean),
            float(estimate.standard_error),
            estimate.prompts.to_string(),
            optional(estimate.largest_share),
        ]),
        _ => fields.extend(std::iter::repeat_n(String::new(), 4)),
    }
    fields.push(row.verdict.name().into());
    fields
}
