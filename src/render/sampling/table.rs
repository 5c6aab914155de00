//! The table of sampled attention for people.

use std::collections::BTreeSet;

use super::budgets::limits_text;
use super::page::{Page, Sheet};
use super::{FEW_DIGITS, exact_text, ratio_text};
use crate::bound::{Bound, Status, Theorem};
use crate::record::{
    KeptPart, Provenance, QueryLabel, Reading, RowDeviation, SampleRow, SampleTable,
};
use crate::render::decimal::{round_nearest, round_up};

/// Queries up to which each is shown.
const FEW: usize = 8;

impl SampleTable {
    /// For a terminal: the average over the queries, and each query if there are at most 8 (or as `every` says).
    pub fn text(&self, provenance: &Provenance, every: Option<bool>) -> String {
        self.page(every).text(provenance)
    }

    /// As Markdown; `every` as for [`SampleTable::text`].
    pub fn markdown(&self, provenance: &Provenance, every: Option<bool>) -> String {
        self.page(every).markdown(provenance)
    }

    /// As LaTeX with `booktabs`; `every` as for [`SampleTable::text`].
    pub fn latex(
        &self,
        provenance: &Provenance,
        every: Option<bool>,
        caption: Option<&str>,
    ) -> String {
        self.page(every).latex(provenance, caption)
    }

    fn page(&self, every: Option<bool>) -> Page {
        let single = self.kept.len() == 2;
        let every = every.unwrap_or(self.kept.len() <= FEW + 1);
        // The average over one query is that query.
        let shown = |part: &&KeptPart| match part.query {
            QueryLabel::Average => !(single && every),
            QueryLabel::Index(_) => every,
        };
        let parts: Vec<&KeptPart> = self.kept.iter().filter(shown).collect();
        let compared = self.rows.iter().any(|row| row.reading == Reading::Top);
        let mut sheets = Vec::new();
        for part in &parts {
            sheets.push(self.sheet(part));
            sheets.extend(self.deviations(part));
            if compared {
                sheets.push(self.comparison(part));
            }
        }
        Page {
            description: format!(
                "{}; a context of {} keys, the tail drawn {}",
                self.description, self.keys, self.design
            ),
            sheets,
            remarks: self.remarks(&parts),
        }
    }

    fn rows_of(&self, part: &KeptPart, reading: Reading) -> impl Iterator<Item = &SampleRow> {
        let query = part.query;
        let rows = self.rows.iter();
        rows.filter(move |row| row.query == query && row.reading == reading)
    }

    fn sheet(&self, part: &KeptPart) -> Sheet {
        let rows: Vec<&SampleRow> = self.rows_of(part, Reading::Hybrid).collect();
        let theorems = theorems(rows.iter().flat_map(|row| &row.bounds));
        let mut header = [
            "budget",
            "keys\nread",
            "exact",
            "numerical\nerror",
            "over\n|T|^2",
        ]
        .map(String::from)
        .to_vec();
        let average = part.query == QueryLabel::Average;
        if !average {
            header.push("bias".into());
        }
        header.extend(
            theorems
                .iter()
                .map(|theorem| theorem.id().replace('.', "\n")),
        );
        if self.simulation.is_some() {
            header.extend(["monte carlo", "standard\nerror", "verdict"].map(String::from));
        }
        let row = |row: &&SampleRow| {
            let mut cells = vec![row.budget.to_string(), row.read().to_string()];
            cells.extend(error_cells(row));
            if !average {
                cells.push(
                    row.bias_norm
                        .as_ref()
                        .map_or_else(|| "-".into(), |bias| round_nearest(bias.value, FEW_DIGITS)),
                );
            }
            cells.extend(
                theorems
                    .iter()
                    .map(|theorem| bound_cell(&row.bounds, *theorem)),
            );
            if self.simulation.is_some() {
                cells.extend(estimate_cells(row));
            }
            cells
        };
        Sheet {
            heading: format!(
                "Expected squared error E|That - T|^2, {}; {}",
                part.query,
                kept_words(part)
            ),
            header,
            rows: rows.iter().map(row).collect(),
        }
    }

    /// What is known of the probability of a deviation.
    fn deviations(&self, part: &KeptPart) -> Option<Sheet> {
        let rows = self.rows_of(part, Reading::Hybrid);
        let rows: Vec<(&SampleRow, &RowDeviation)> = rows
            .filter_map(|row| Some((row, row.deviation.as_ref()?)))
            .collect();
        let (_, first) = rows.first()?;
        let theorems = theorems(rows.iter().flat_map(|(_, found)| &found.bounds));
        let mut header = ["budget", "keys\nread"].map(String::from).to_vec();
        header.extend(
            theorems
                .iter()
                .map(|theorem| theorem.id().replace('.', "\n")),
        );
        if self.simulation.is_some() {
            header.push("simulated\n(limits)".to_owned());
        }
        let line = |(row, found): &(&SampleRow, &RowDeviation)| {
            let mut cells = vec![row.budget.to_string(), row.read().to_string()];
            cells.extend(
                theorems
                    .iter()
                    .map(|theorem| bound_cell(&found.bounds, *theorem)),
            );
            if self.simulation.is_some() {
                let simulated = found.monte_carlo.as_ref().map(limits_text);
                cells.push(simulated.unwrap_or_else(|| "-".to_owned()));
            }
            cells
        };
        Some(Sheet {
            heading: format!(
                "Probability of a deviation |That - T| >= {}, {}",
                round_nearest(first.threshold, FEW_DIGITS),
                part.query
            ),
            header,
            rows: rows.iter().map(line).collect(),
        })
    }

    /// Three ways to read equally many keys.
    fn comparison(&self, part: &KeptPart) -> Sheet {
        let uniform: Vec<&SampleRow> = self.rows_of(part, Reading::Uniform).collect();
        let mut header = vec!["keys\nread".to_owned(), "top keys\nalone".to_owned()];
        if !uniform.is_empty() {
            header.push("drawn from\nall keys".to_owned());
        }
        header.push(if uniform.is_empty() {
            "drawn from\nall keys".to_owned()
        } else {
            "kept, others\ndrawn".to_owned()
        });
        let hybrid = self.rows_of(part, Reading::Hybrid);
        let top: Vec<&SampleRow> = self.rows_of(part, Reading::Top).collect();
        let line = |(place, row): (usize, &SampleRow)| {
            let others = [top.get(place), uniform.get(place)]
                .into_iter()
                .flatten()
                .copied();
            let all: Vec<&SampleRow> = others.chain([row]).collect();
            let values = all.iter().filter_map(|row| row.exact.as_ref().ok());
            let least = values
                .map(|exact| exact.value)
                .fold(f64::INFINITY, f64::min);
            let cell = |row: &&SampleRow| {
                let best = row.exact.as_ref().is_ok_and(|exact| exact.value == least);
                format!(
                    "{}{}",
                    ratio_text(row.relative),
                    if best { "*" } else { "" }
                )
            };
            std::iter::once(row.read().to_string())
                .chain(all.iter().map(cell))
                .collect()
        };
        Sheet {
            heading: format!(
                "Error over |T|^2 of other ways to read as many keys, {}",
                part.query
            ),
            header,
            rows: hybrid.enumerate().map(line).collect(),
        }
    }

    fn remarks(&self, parts: &[&KeptPart]) -> Vec<String> {
        let shown = |row: &&SampleRow| parts.iter().any(|part| part.query == row.query);
        let rows = || self.rows.iter().filter(shown);
        let reasons: BTreeSet<&String> =
            rows().filter_map(|row| row.exact.as_ref().err()).collect();
        let mut remarks: Vec<String> = reasons
            .iter()
            .map(|reason| format!("-: {reason}"))
            .collect();
        if rows().any(|row| row.reading == Reading::Top) {
            remarks.push("*: the smallest error of the line".to_owned());
        }
        let exact = || rows().filter_map(|row| row.exact.as_ref().ok());
        let unproved: BTreeSet<&str> = exact().filter_map(|exact| exact.unproved).collect();
        let unproved: Vec<&str> = unproved.into_iter().collect();
        remarks.push(if unproved.is_empty() {
            "exact values (T13): enclosures with a proof".to_owned()
        } else {
            format!(
                "exact values (T13): errors are estimates where not proved: {}",
                unproved.join("; ")
            )
        });
        let of_rows = rows().flat_map(|row| &row.bounds);
        let of_deviations = rows().filter_map(|row| row.deviation.as_ref());
        let bounds = of_rows.chain(of_deviations.flat_map(|found| &found.bounds));
        for theorem in theorems(bounds) {
            let title = theorem.statement().title;
            remarks.push(format!(
                "{}: {title} (upper bound; in brackets where trivial ones are smaller)",
                theorem.label()
            ));
        }
        if self.deviation.is_some() && rows().all(|row| row.deviation.is_none()) {
            remarks.push(
                "probabilities of deviations are of single queries: --queries all shows them"
                    .to_owned(),
            );
        }
        remarks.extend(self.notes.iter().cloned());
        remarks.extend(self.simulation.map(|s| {
            format!(
                "Monte Carlo: {} draws for each query and budget, seed {}; {} comparisons, any of them violated by chance with probability about {:e}",
                s.prompts, s.seed, s.comparisons, s.error_probability
            )
        }));
        remarks
    }
}

fn kept_words(part: &KeptPart) -> String {
    if part.kept == 0 {
        return "no key is kept".to_owned();
    }
    let alone = part.alone.map(|alone| alone.value / part.relative_to);
    let alone = match alone.filter(|alone| alone.is_finite()) {
        Some(alone) => format!(
            "; alone they are off by {} of |T|^2",
            round_nearest(alone, 3)
        ),
        None => String::new(),
    };
    let many = match part.query {
        QueryLabel::Average => "up to ",
        QueryLabel::Index(_) => "",
    };
    let keys = match part.kept {
        1 => "1 key is kept and has".to_owned(),
        kept => format!("{many}{kept} keys are kept and have"),
    };
    format!(
        "{keys} {} of the attention{alone}",
        round_nearest(part.share, 3)
    )
}

fn error_cells(row: &SampleRow) -> [String; 3] {
    let Ok(exact) = &row.exact else {
        return ["-", "-", "-"].map(str::to_owned);
    };
    let relative = if exact.value > 0.0 {
        round_up(exact.error / exact.value, 1)
    } else {
        "-".to_owned()
    };
    [exact_text(exact), relative, ratio_text(row.relative)]
}

/// Every theorem of these bounds, each once.
pub(super) fn theorems<'a>(bounds: impl Iterator<Item = &'a Bound>) -> Vec<Theorem> {
    let mut theorems = Vec::new();
    for bound in bounds {
        if !theorems.contains(&bound.theorem()) {
            theorems.push(bound.theorem());
        }
    }
    theorems
}

fn bound_cell(bounds: &[Bound], theorem: Theorem) -> String {
    let bound = bounds.iter().find(|bound| bound.theorem() == theorem);
    let Some(bound) = bound else {
        return "-".to_owned();
    };
    match (bound.value(), bound.status()) {
        (Some(value), Status::Valid) => round_up(value, FEW_DIGITS),
        (Some(value), _) => format!("({})", round_up(value, FEW_DIGITS)),
        (None, _) => "-".to_owned(),
    }
}

fn estimate_cells(row: &SampleRow) -> [String; 3] {
    match &row.monte_carlo {
        Some(Ok(estimate)) => [
            round_nearest(estimate.mean, 5),
            round_nearest(estimate.standard_error, 2),
            row.verdict.name().to_owned(),
        ],
        _ => ["-", "-", "-"].map(str::to_owned),
    }
}
