//! What the formats for people have in common: which rows and columns they show, and what is said
//! under them.

use crate::bound::{Bound, ProofStatus, Status, Theorem};

use super::decimal::{round_nearest, round_up, significant_digits};
use super::{Metric, QueryLabel, QuerySelection, Row, Style, Table, Verdict};

/// More queries than this are shown by their average only, unless all are asked for.
const MANY_QUERIES: usize = 8;
/// Most significant digits of an exact value.
const EXACT_DIGITS: usize = 7;
/// Significant digits of a bound.
pub(super) const BOUND_DIGITS: usize = 4;
/// Most prompt lengths that one remark lists.
const LISTED: usize = 4;

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
    /// The theorems that have a value in some line, in the order of the registry.
    pub theorems: Vec<Theorem>,
    pub lines: Vec<Line>,
}

/// One prompt length.
#[derive(Debug)]
pub(super) struct Line {
    pub length: u64,
    /// Value and absolute error.
    pub exact: Option<(f64, f64)>,
    /// One cell for each theorem of the sheet.
    pub bounds: Vec<BoundCell>,
}

/// A bound as a table shows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum BoundCell {
    NotApplicable,
    Vacuous(f64),
    Valid(f64),
    Best(f64),
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
        let mut reasons = Vec::new();
        let many = groups.len() > 1;
        for ((query, metric), group) in groups {
            let heading = heading(metric, query, table.tail_threshold);
            let sheet = sheet(
                heading,
                latex_heading(metric, query, table.tail_threshold),
                &group,
                style.vacuous,
            );
            named.extend(&sheet.theorems);
            let mut said = empty_cells(&group);
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
        named.sort_unstable();
        named.dedup();
        remarks.extend(named.iter().map(|t| legend(*t)));
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
fn theorems_with(rows: &[&Row], keep: impl Fn(&Bound) -> bool) -> Vec<Theorem> {
    let mut theorems: Vec<Theorem> = Vec::new();
    for bound in rows.iter().flat_map(|row| &row.bounds) {
        if bound.value().is_some() && keep(bound) && !theorems.contains(&bound.theorem()) {
            theorems.push(bound.theorem());
        }
    }
    theorems.sort_unstable();
    theorems
}

/// Theorems that are vacuous in every row, with the range of their values, as one remark.
fn always_vacuous(rows: &[&Row]) -> Option<String> {
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
            format!(
                "{} (at least {})",
                theorem_label(*theorem),
                round_nearest(least, 3)
            )
        })
        .collect();
    (!hidden.is_empty()).then(|| {
        format!(
            "vacuous at every length, so not shown (--vacuous shows them): {}",
            hidden.join(", ")
        )
    })
}

fn sheet(heading: String, latex_heading: String, rows: &[&Row], vacuous: bool) -> Sheet {
    let theorems = theorems_with(rows, |bound| vacuous || bound.useful_value().is_some());
    let lines = rows
        .iter()
        .map(|row| Line {
            length: row.length,
            exact: row.exact.as_ref().ok().map(|e| (e.value, e.error)),
            bounds: theorems.iter().map(|t| cell(row, *t)).collect(),
        })
        .collect();
    Sheet {
        heading,
        latex_heading,
        theorems,
        lines,
    }
}

fn cell(row: &Row, theorem: Theorem) -> BoundCell {
    let best = row.best().map(|best| best.theorem);
    let bound = row.bounds.iter().find(|b| b.theorem() == theorem);
    match bound.and_then(|b| Some((b.value()?, b.status()))) {
        None => BoundCell::NotApplicable,
        Some((value, Status::Valid)) if best == Some(theorem) => BoundCell::Best(value),
        Some((value, Status::Valid)) => BoundCell::Valid(value),
        Some((value, _)) => BoundCell::Vacuous(value),
    }
}

fn heading(metric: Metric, query: QueryLabel, threshold: Option<f64>) -> String {
    let metric = match (metric, threshold) {
        (Metric::Output, _) => "Expected squared output error E|That - T|^2".to_string(),
        (Metric::Participation, _) => "Expected participation E P_2".to_string(),
        (Metric::Tail, Some(eps)) => format!("Tail probability P(|That - T| >= {eps})"),
        (Metric::Tail, None) => "Tail probability P(|That - T| >= eps)".to_string(),
    };
    match query {
        QueryLabel::Index(index) => format!("{metric}, query {index}"),
        QueryLabel::Average => format!("{metric}, average over queries"),
    }
}

fn latex_heading(metric: Metric, query: QueryLabel, threshold: Option<f64>) -> String {
    let metric = match (metric, threshold) {
        (Metric::Output, _) => "Expected squared output error $E|\\hat T - T|^2$".to_string(),
        (Metric::Participation, _) => "Expected participation $E P_2$".to_string(),
        (Metric::Tail, Some(eps)) => {
            format!("Tail probability $P(|\\hat T - T| \\ge {eps})$")
        }
        (Metric::Tail, None) => "Tail probability $P(|\\hat T - T| \\ge \\varepsilon)$".to_string(),
    };
    match query {
        QueryLabel::Index(index) => format!("{metric}, query {index}"),
        QueryLabel::Average => format!("{metric}, average over queries"),
    }
}

fn short_heading(metric: Metric, query: QueryLabel) -> String {
    match query {
        QueryLabel::Index(index) => format!("{} of query {index}", metric.name()),
        QueryLabel::Average => format!("{} on average", metric.name()),
    }
}

/// Identifier and name of a theorem; the name alone if it begins with the identifier.
pub fn theorem_label(theorem: Theorem) -> String {
    if theorem.name().starts_with(theorem.id()) {
        theorem.name().to_string()
    } else {
        format!("{} {}", theorem.id(), theorem.name())
    }
}

/// A theorem with its title; a conjecture says that it is one.
fn legend(theorem: Theorem) -> String {
    let status = match theorem.status() {
        ProofStatus::Conjecture => " (conjecture)",
        _ => "",
    };
    let title = theorem.statement().title;
    format!("{}{status}: {title}", theorem_label(theorem))
}

/// Why cells are empty, and where the exact value contradicts a bound.
fn empty_cells(rows: &[&Row]) -> Vec<String> {
    let mut said: Vec<(String, Vec<u64>)> = Vec::new();
    let mut say = |what: String, length: u64| match said.iter_mut().find(|(w, _)| *w == what) {
        Some((_, lengths)) => lengths.push(length),
        None => said.push((what, vec![length])),
    };
    for row in rows {
        if row.verdict() == Verdict::Violated {
            say(
                "VIOLATED: the exact value exceeds a bound".into(),
                row.length,
            );
        }
        if let Err(reason) = &row.exact {
            say(format!("no exact value: {reason}"), row.length);
        }
        for bound in &row.bounds {
            if let Status::NotApplicable { hypothesis } = bound.status() {
                let theorem = bound.theorem();
                say(
                    format!("{} does not apply: {hypothesis}", theorem_label(theorem)),
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

/// What the marks in the cells mean; only the marks that occur.
fn key_to_marks(sheets: &[Sheet], mark: &str) -> Option<String> {
    let cells = || sheets.iter().flat_map(|s| &s.lines).flat_map(|l| &l.bounds);
    let mut parts = Vec::new();
    if cells().any(|c| matches!(c, BoundCell::Best(_))) {
        parts.push(format!("the tightest of a row is {mark}"));
    }
    if cells().any(|c| matches!(c, BoundCell::Vacuous(_))) {
        parts.push("one in parentheses is vacuous: the trivial bound is smaller".into());
    }
    if cells().any(|c| *c == BoundCell::NotApplicable) {
        parts.push("- does not apply".into());
    }
    (!parts.is_empty()).then(|| {
        let text = parts.join("; ");
        format!("Bounds are rounded up; {text}.")
    })
}
