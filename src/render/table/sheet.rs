//! What the formats for people have in common: which rows and columns they show, and what is said
//! under them.

use crate::bound::{Bound, Status, Theorem};

use crate::record::{Against, Metric, QueryLabel, Row, Simulated, Table};
use crate::render::decimal::{round_down, round_nearest, round_up, significant_digits};
use crate::render::heading::{claim_label, headings, short_heading};
use crate::render::remarks::{
    always_vacuous, effective_lengths, empty_cells, key_to_marks, legend, simulation_line,
    summary_lines,
};
use crate::render::{QuerySelection, Style};

/// More queries than this are shown by their average only, unless all are asked for.
const MANY_QUERIES: usize = 8;
/// Most significant digits of an exact value.
const EXACT_DIGITS: usize = 7;
/// Significant digits of a simulated value.
const SIMULATED_DIGITS: usize = 4;
/// Significant digits of a bound.
pub(super) const BOUND_DIGITS: usize = 4;

/// The tables and remarks of a report for people.
#[derive(Debug)]
pub(super) struct Document {
    pub sheets: Vec<Sheet>,
    /// Lines under the tables: which theorem is which, why cells are empty, notes.
    pub remarks: Vec<String>,
}

/// One (metric, query) over its prompt lengths.
#[derive(Debug)]
pub(super) struct Sheet {
    pub heading: String,
    /// The heading with its formula in LaTeX.
    pub latex_heading: String,
    /// Is there a simulated value in some line?
    pub simulated: bool,
    /// The theorems that have a value in some line, in the order of the registry.
    pub theorems: Vec<Theorem>,
    /// The names of the claims, whose columns follow those of the theorems.
    pub claims: Vec<String>,
    pub lines: Vec<Line>,
}

impl Sheet {
    /// Headings of the columns of values: `L`, exact, and simulated ones if `simulated`. Exact columns are left
    /// out where nothing is exact and something is simulated, and `z` where nothing is compared.
    pub(super) fn value_headings(&self, simulated: bool) -> Vec<&'static str> {
        let mut headings = vec!["L"];
        if self.shows_exact() {
            headings.extend(["exact", "relative error"]);
        }
        if simulated {
            headings.extend(["Monte Carlo", "lower limit", "upper limit"]);
            if self.shows_differences() {
                headings.push("z");
            }
        }
        headings
    }

    fn shows_exact(&self) -> bool {
        !self.simulated || self.lines.iter().any(|line| line.exact.is_some())
    }

    fn shows_differences(&self) -> bool {
        self.lines.iter().any(|line| line.standardised.is_some())
    }

    /// The columns of values of a line, under [`Self::value_headings`]; `none` stands for a missing value.
    pub(super) fn value_texts(&self, line: &Line, simulated: bool, none: &str) -> Vec<String> {
        let mut texts = vec![line.length.to_string()];
        if self.shows_exact() {
            let (exact, error) = line
                .exact_text()
                .unwrap_or_else(|| (none.into(), String::new()));
            texts.extend([exact, error]);
        }
        if simulated {
            match &line.simulated {
                // Limits are rounded outwards.
                Some(found) => texts.extend([
                    round_nearest(found.mean, SIMULATED_DIGITS),
                    round_down(found.lower, SIMULATED_DIGITS),
                    round_up(found.upper, SIMULATED_DIGITS),
                ]),
                None => texts.extend([none.into(), String::new(), String::new()]),
            }
            if self.shows_differences() {
                let z = line.standardised;
                texts.push(z.map_or_else(String::new, |z| format!("{z:.2}")));
            }
        }
        texts
    }

    /// Headings of the columns of bounds and claims.
    pub(super) fn bound_headings(&self) -> Vec<String> {
        let theorems = self.theorems.iter().map(|t| t.label());
        let claims = (1..=self.claims.len()).map(claim_label);
        theorems.chain(claims).collect()
    }
}

/// One prompt length.
#[derive(Debug)]
pub(super) struct Line {
    pub length: u64,
    /// Value and absolute error.
    pub exact: Option<(f64, f64)>,
    pub simulated: Option<Simulated>,
    /// `(Monte Carlo - exact) / standard error`.
    pub standardised: Option<f64>,
    /// One cell for each theorem of the sheet, then one for each claim.
    pub bounds: Vec<BoundCell>,
}

/// A bound as a table shows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum BoundCell {
    NotApplicable,
    Vacuous(f64),
    Valid(f64),
    Best(f64),
    /// A simulation or the exact value contradicts it.
    Violated(f64),
}

impl Line {
    /// Exact value with as many digits as its error leaves, and its relative error rounded up.
    pub(super) fn exact_text(&self) -> Option<(String, String)> {
        let (value, error) = self.exact?;
        let digits = significant_digits(value, error, EXACT_DIGITS);
        let relative = if error == 0.0 {
            "0".to_string()
        } else {
            round_up((error / value.abs()).next_up(), 1)
        };
        Some((round_nearest(value, digits), relative))
    }
}

impl Document {
    /// Selects rows and columns of a table; `mark` says how the tightest bound is marked.
    pub(super) fn new(table: &Table, style: &Style, mark: &str) -> Self {
        let (rows, hidden) = select(table, style.queries);
        let mut sheets: Vec<Sheet> = Vec::new();
        let mut remarks = Vec::new();
        let mut groups: Vec<((QueryLabel, Metric), Vec<&Row>)> = Vec::new();
        for row in rows {
            let key = (row.query, row.metric);
            match groups.iter_mut().find(|(k, _)| *k == key) {
                Some((_, group)) => group.push(row),
                None => groups.push((key, vec![row])),
            }
        }
        let mut named: Vec<Theorem> = Vec::new();
        let mut claims: Vec<String> = Vec::new();
        let mut reasons = Vec::new();
        let many = groups.len() > 1;
        for ((query, metric), group) in groups {
            let sheet = sheet(&group, table, style.vacuous);
            named.extend(&sheet.theorems);
            claims.extend(sheet.claims.iter().cloned());
            let mut said: Vec<String> = effective_lengths(&group).into_iter().collect();
            said.extend(empty_cells(&group));
            if !style.vacuous {
                said.extend(always_vacuous(&group));
            }
            if many {
                let prefix = short_heading(metric, query);
                for line in &mut said {
                    *line = format!("{prefix}: {line}");
                }
            }
            reasons.extend(said);
            sheets.push(sheet);
        }
        if let Some(key) = key_to_marks(&sheets, mark) {
            remarks.push(key);
        }
        Theorem::sort(&mut named);
        remarks.extend(named.iter().map(|t| legend(*t)));
        let mut claimed: Vec<String> = Vec::new();
        for name in claims {
            if !claimed.contains(&name) {
                claimed.push(name);
            }
        }
        remarks.extend(
            (1..)
                .zip(&claimed)
                .map(|(number, name)| format!("{}: {name}", claim_label(number))),
        );
        remarks.extend(table.simulation.as_ref().map(simulation_line));
        remarks.extend(table.check.iter().flat_map(summary_lines));
        remarks.extend(reasons);
        remarks.extend(hidden);
        remarks.extend(table.notes.iter().cloned());
        Self { sheets, remarks }
    }
}

fn select(table: &Table, selection: QuerySelection) -> (Vec<&Row>, Option<String>) {
    let is_average = |row: &&Row| row.query == QueryLabel::Average;
    let mut queries: Vec<QueryLabel> = table.rows.iter().map(|row| row.query).collect();
    queries.retain(|query| *query != QueryLabel::Average);
    queries.sort_unstable();
    queries.dedup();
    let average = match selection {
        QuerySelection::All => false,
        QuerySelection::Average => true,
        QuerySelection::Auto => {
            queries.len() > MANY_QUERIES && table.rows.iter().any(|row| is_average(&row))
        }
    };
    if !average {
        return (table.rows.iter().collect(), None);
    }
    let rows: Vec<&Row> = table.rows.iter().filter(is_average).collect();
    let remark = match queries.len() {
        0 => None,
        1 => Some("1 query was computed and is not shown; --queries all shows it".into()),
        n => Some(format!(
            "{n} queries were computed and only their average is shown; --queries all shows each"
        )),
    };
    (rows, remark)
}

/// The theorems with a value in some row that `keep` accepts, in the order of the registry.
pub(super) fn theorems_with(rows: &[&Row], keep: impl Fn(&Bound) -> bool) -> Vec<Theorem> {
    let mut theorems: Vec<Theorem> = Vec::new();
    for bound in rows.iter().flat_map(|row| &row.bounds) {
        if bound.value().is_some() && keep(bound) && !theorems.contains(&bound.theorem()) {
            theorems.push(bound.theorem());
        }
    }
    Theorem::sort(&mut theorems);
    theorems
}

fn sheet(rows: &[&Row], table: &Table, vacuous: bool) -> Sheet {
    let theorems = theorems_with(rows, |bound| vacuous || bound.useful_value().is_some());
    let mut claims: Vec<String> = Vec::new();
    for claim in rows.iter().flat_map(|row| &row.claims) {
        if !claims.contains(&claim.name) {
            claims.push(claim.name.clone());
        }
    }
    let lines = rows
        .iter()
        .map(|row| Line {
            length: row.length,
            exact: row.exact.as_ref().ok().map(|e| (e.value, e.error)),
            simulated: row.monte_carlo,
            standardised: row
                .simulated_against(Against::Exact)
                .and_then(|c| c.standardised),
            bounds: theorems
                .iter()
                .map(|t| bound_cell(row, *t))
                .chain(claims.iter().map(|name| claim_cell(row, name)))
                .collect(),
        })
        .collect();
    let (heading, latex_heading) = rows
        .first()
        .map(|row| headings(row, table))
        .unwrap_or_default();
    Sheet {
        heading,
        latex_heading,
        simulated: rows.iter().any(|row| row.monte_carlo.is_some()),
        theorems,
        claims,
        lines,
    }
}

fn bound_cell(row: &Row, theorem: Theorem) -> BoundCell {
    let best = row.best().map(|best| best.theorem);
    let bound = row.bounds.iter().find(|b| b.theorem() == theorem);
    match bound.and_then(|b| Some((b.value()?, b.status()))) {
        None => BoundCell::NotApplicable,
        Some((value, _)) if row.violates(Against::Bound(theorem)) => BoundCell::Violated(value),
        Some((value, Status::Valid)) if best == Some(theorem) => BoundCell::Best(value),
        Some((value, Status::Valid)) => BoundCell::Valid(value),
        Some((value, _)) => BoundCell::Vacuous(value),
    }
}

fn claim_cell(row: &Row, name: &str) -> BoundCell {
    let place = row.claims.iter().position(|claim| claim.name == name);
    let claim = place.and_then(|place| row.claims.get(place));
    match (place, claim.map(|claim| &claim.value)) {
        (Some(place), Some(Ok(value))) if row.violates(Against::Claim(place)) => {
            BoundCell::Violated(*value)
        }
        (_, Some(Ok(value))) => BoundCell::Valid(*value),
        _ => BoundCell::NotApplicable,
    }
}
