//! docs/traceability.md against the registry of theorems, the sources, the tests, the proofs and the theory.
//!
//! Every problem is collected, so that one run names them all.

use std::path::Path;

use attention_bounds::bound::{ProofStatus, Theorem};

use crate::page::{has_word, headings, quoted, read, root, table};

const PAGE: &str = "docs/traceability.md";
const COLUMNS: [&str; 8] = [
    "id",
    "name",
    "status",
    "statement",
    "Rust function",
    "Coq lemma",
    "property test",
    "oracle",
];

/// What `Row` holds of a reference `file` or `file::item`.
type Reference = (String, Option<String>);

/// A row of the page, and what is wrong with it.
struct Row<'a> {
    cells: &'a [String],
    problems: Vec<String>,
}

impl Row<'_> {
    fn cell(&self, column: &str) -> &str {
        let place = COLUMNS.iter().position(|c| *c == column);
        &self.cells[place.expect("a column")]
    }

    fn problem(&mut self, text: impl std::fmt::Display) {
        let line = format!("{PAGE}: {}: {text}", self.cells[0]);
        self.problems.push(line);
    }

    /// The back-quoted references of a cell; one that does not exist is a problem.
    fn references(&mut self, column: &str) -> Vec<Reference> {
        let cell = self.cell(column).to_owned();
        let mut found = Vec::new();
        for reference in quoted(&cell).into_iter().filter(|r| r.contains('/')) {
            let (file, item) = match reference.split_once("::") {
                Some((file, item)) => (file, Some(item)),
                None => (reference, None),
            };
            if !root().join(file).is_file() {
                self.problem(format_args!("there is no file {file}"));
            } else if item.is_some_and(|item| !has_item(file, item)) {
                self.problem(format_args!("{reference} does not exist"));
            } else {
                found.push((file.to_owned(), item.map(str::to_owned)));
            }
        }
        found
    }
}

/// Functions and types in Rust, lemmas in Coq.
fn has_item(file: &str, item: &str) -> bool {
    let text = read(file);
    let kinds: &[&str] = if file.ends_with(".v") {
        &["Lemma", "Theorem", "Corollary", "Proposition"]
    } else {
        &["fn", "struct", "enum", "trait"]
    };
    kinds
        .iter()
        .any(|kind| has_word(&text, &format!("{kind} {item}")))
}

/// A function under `#[test]`, with nothing but attributes and comments between.
fn is_test(text: &str, function: &str) -> bool {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let Some(place) = lines
        .iter()
        .position(|line| has_word(line, &format!("fn {function}")))
    else {
        return false;
    };
    lines[..place]
        .iter()
        .rev()
        .take_while(|line| line.starts_with("#[") || line.starts_with("//"))
        .any(|line| *line == "#[test]")
}

/// The file and the name of every theorem of proofs/headline_theorems.txt: those whose axioms are printed and checked.
fn headlines() -> Vec<Reference> {
    read("proofs/headline_theorems.txt")
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            (format!("proofs/{}.v", words[1]), Some(words[2].to_owned()))
        })
        .collect()
}

/// The statement must be a link to a heading of the theory that names the theorem.
fn check_statement(row: &mut Row<'_>, theorem: Theorem, titles: &[(String, String)]) {
    let cell = row.cell("statement").to_owned();
    let anchor = cell
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("](theory.md#"))
        .and_then(|(_, anchor)| anchor.strip_suffix(')'));
    let Some(anchor) = anchor else {
        return row.problem("the statement must be a link [section](theory.md#anchor)");
    };
    match titles.iter().find(|(known, _)| known == anchor) {
        None => row.problem(format_args!("docs/theory.md has no anchor #{anchor}")),
        Some((_, title)) if !title.contains(theorem.name()) => {
            row.problem(format_args!("the heading #{anchor} does not name it"));
        }
        Some(_) => {}
    }
}

/// The lemmas must be those of the registry, be headline theorems, and be there exactly if it is machine-checked.
fn check_lemmas(row: &mut Row<'_>, theorem: Theorem, headlines: &[Reference]) {
    let lemmas = row.references("Coq lemma");
    let named: Vec<String> = lemmas
        .iter()
        .map(|(file, lemma)| format!("{file}::{}", lemma.as_deref().unwrap_or("")))
        .collect();
    if named != theorem.statement().lemmas {
        let registry = theorem.statement().lemmas;
        row.problem(format_args!("the registry names the lemmas {registry:?}"));
    }
    for lemma in &lemmas {
        if !headlines.contains(lemma) {
            row.problem(format_args!("{lemma:?} is not a headline theorem"));
        }
    }
    let none = row.cell("Coq lemma") == "-";
    let checked = theorem.status() == ProofStatus::MachineChecked;
    if none == checked || (!none && lemmas.is_empty()) {
        row.problem("a Coq lemma is required if and only if it is machine-checked");
    }
}

fn check_row(
    row: &mut Row<'_>,
    theorem: Theorem,
    titles: &[(String, String)],
    headlines: &[Reference],
) {
    if row.cell("name") != theorem.name() {
        row.problem(format_args!("the registry calls it {}", theorem.name()));
    }
    if row.cell("status") != theorem.status().to_string() {
        row.problem(format_args!("the registry says {}", theorem.status()));
    }
    check_statement(row, theorem, titles);
    let location = theorem.statement().location;
    let item = location.path.rsplit("::").next().map(str::to_owned);
    let functions = row.references("Rust function");
    if !functions.contains(&(location.file.to_owned(), item)) {
        row.problem(format_args!("it does not name {location:?}"));
    }
    check_lemmas(row, theorem, headlines);
    let tests = row.references("property test");
    if tests.is_empty() {
        row.problem("a property test is required");
    }
    for (file, test) in &tests {
        if !test.as_ref().is_some_and(|t| is_test(&read(file), t)) {
            row.problem(format_args!("{test:?} of {file} is not a test"));
        }
    }
    let oracle = row.cell("oracle");
    if oracle.is_empty() || oracle == "-" {
        row.problem("an oracle is required");
    }
    if row.references("oracle").is_empty() {
        row.problem("the oracle must name a file");
    }
}

/// Every problem of a page with this text.
fn problems(page: &str) -> Vec<String> {
    let theory = read("docs/theory.md");
    let (titles, headlines) = (headings(&theory), headlines());
    let mut problems = Vec::new();
    for (place, (anchor, _)) in titles.iter().enumerate() {
        if titles[..place].iter().any(|(other, _)| other == anchor) {
            problems.push(format!("docs/theory.md: two headings are #{anchor}"));
        }
    }
    let rows = table(page, &COLUMNS);
    for theorem in Theorem::ALL {
        let count = rows.iter().filter(|row| row[0] == theorem.id()).count();
        if count != 1 {
            problems.push(format!("{PAGE}: {theorem} has {count} rows, not one"));
        }
    }
    for cells in &rows {
        let Some(theorem) = Theorem::ALL.into_iter().find(|t| t.id() == cells[0]) else {
            problems.push(format!("{PAGE}: {} is not in the registry", cells[0]));
            continue;
        };
        if cells.len() != COLUMNS.len() {
            problems.push(format!("{PAGE}: {theorem} has {} columns", cells.len()));
            continue;
        }
        let mut row = Row {
            cells,
            problems: Vec::new(),
        };
        check_row(&mut row, theorem, &titles, &headlines);
        problems.append(&mut row.problems);
    }
    problems
}

#[test]
fn every_theorem_is_traced() {
    let problems = problems(&read(PAGE));
    assert!(problems.is_empty(), "{problems:#?}");
}

/// The check itself: a page with a fault in each column, and each is named.
#[test]
fn a_fault_of_the_page_is_found() {
    let page = read(PAGE);
    let row = page
        .lines()
        .find(|line| line.starts_with("| T4 |"))
        .expect("the row of T4");
    let faults = [
        ("| T4 |", "| T4x |", "T4x is not in the registry"),
        (
            "| chernoff-bound |",
            "| chernoff |",
            "the registry calls it",
        ),
        ("| machine-checked |", "| conjecture |", "the registry says"),
        ("(theory.md#5-", "(theory.md#4-", "no anchor"),
        (
            "(theory.md#5-t4-chernoff-bound)",
            "(theory.md#lower-tail)",
            "does not name it",
        ),
        (
            "src/bound/chernoff/mod.rs::bound",
            "src/bound/chernoff/mod.rs::bounds",
            "does not exist",
        ),
        (
            "`src/bound/output.rs::",
            "`src/bound/input.rs::",
            "there is no file",
        ),
        (
            "`src/bound/output.rs::output_bounds`",
            "`src/bound/output.rs::trivial_bound`",
            "it does not name",
        ),
        (
            "::chernoff_mean_square`",
            "::chernoff_mean_square_scalar`",
            "the registry names the lemmas",
        ),
        (
            "`proofs/chernoff/chernoff_bound.v::chernoff_mean_square`",
            "-",
            "if and only if",
        ),
        (
            "::no_bound_is_below_the_exact_value_at_a_query`",
            "::check_bound`",
            "is not a test",
        ),
    ];
    for (old, new, wanted) in faults {
        assert!(row.contains(old), "{old}");
        let faulty = page.replace(row, &row.replace(old, new));
        let found = problems(&faulty);
        assert!(
            found.iter().any(|problem| problem.contains(wanted)),
            "{new}: {found:#?}"
        );
    }
    let without = page.replace(row, "");
    assert!(problems(&without)[0].contains("T4 has 0 rows"));
    assert!(Path::new(PAGE).is_file());
}
