//! What the formats for people have in common: which rows and columns they show, and what is said
//! under them.

use crate::bound::{Status, Theorem};
use crate::record::{Against, Metric, QueryLabel, Row, Table};
use crate::render::table::heading::{claim_label, headings, short_heading};
use crate::render::table::remarks::{
    always_vacuous, effective_lengths, empty_cells, key_to_marks, legend, proof, simulation_line,
    summary_lines,
};
use crate::render::table::sheet::{BoundCell, Line, Sheet, theorems_with};
use crate::render::table::style::{QuerySelection, Style};

/// More queries than this are shown by their average only, unless all are asked for.
const MANY_QUERIES: usize = 8;

/// The tables and remarks of a report for people.
#[derive(Debug)]
pub(super) struct Document {
    pub sheets: Vec<Sheet>,
    /// Lines under the tables: which theorem is which, why cells are empty, notes.
    pub remarks: Vec<String>,
}

impl Document {
    /// Selects rows and columns of a table; `mark` says how the tightest bound is marked.
    pub(super) fn new(table: &Table, style: &Style, mark: &str) -> Self {
        let (rows, hidden) = select(table, style.queries);
        let mut sheets: Vec<Sheet> = Vec::new();
        let mut remarks = Vec::new();
        let mut groups: Vec<((QueryLabel, Metric), Vec<&Row>)> = Vec::new();
        for row in &rows {
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
            let sheet = sheet(&group, table, style);
            named.extend(&sheet.theorems);
            named.extend(sheet.lower.then_some(Theorem::LOWER_BOUND));
            for name in &sheet.claims {
                if !claims.contains(name) {
                    claims.push(name.clone());
                }
            }
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
        remarks.extend(
            (1..)
                .zip(&claims)
                .map(|(number, name)| format!("{}: {name}", claim_label(number))),
        );
        remarks.extend(proof(&rows));
        remarks.extend(table.simulation.as_ref().map(simulation_line));
        remarks.extend(table.check.iter().flat_map(summary_lines));
        remarks.extend(reasons);
        remarks.extend(hidden);
        remarks.extend(table.notes.iter().cloned());
        Self { sheets, remarks }
    }
}

pub(super) fn select(table: &Table, selection: QuerySelection) -> (Vec<&Row>, Option<String>) {
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

fn sheet(rows: &[&Row], table: &Table, style: &Style) -> Sheet {
    let theorems = theorems_with(rows, |bound| {
        style.vacuous || bound.useful_value().is_some()
    });
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
            lower: row
                .lower_bounds
                .iter()
                .map(|bound| bound.value)
                .reduce(f64::max),
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
        lower: style.lower && rows.iter().any(|row| !row.lower_bounds.is_empty()),
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
