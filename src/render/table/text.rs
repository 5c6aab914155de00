//! Tables for a terminal, at most 100 columns wide.

use crate::record::{Provenance, Table};
use crate::render::columns::Columns;
use crate::render::decimal::round_up;
use crate::render::table::document::Document;
use crate::render::table::sheet::{BOUND_DIGITS, BoundCell, Sheet};
use crate::render::table::style::Style;

/// Width that a table keeps to, if one bound column fits at all.
const WIDTH: usize = 100;

pub(super) fn render(table: &Table, provenance: &Provenance, style: &Style) -> String {
    let document = Document::new(table, style, "marked *");
    let mut text = String::new();
    let mut line = |content: &str| {
        text.push_str(content);
        text.push('\n');
    };
    line(&table.description);
    for sheet in &document.sheets {
        line("");
        line(&sheet.heading);
        for block in blocks(sheet) {
            line("");
            line(&block);
        }
    }
    line("");
    for remark in &document.remarks {
        for wrapped in wrap(remark) {
            line(&wrapped);
        }
    }
    line(&provenance.line());
    text
}

/// The sheet as one table, or as several that share their first three columns, each narrow enough.
fn blocks(sheet: &Sheet) -> Vec<String> {
    let count = sheet.bound_headings().len();
    let mut blocks = Vec::new();
    let mut start = 0;
    loop {
        let mut end = count;
        let mut block = draw(sheet, start, end);
        while width(&block) > WIDTH && end > start + 1 {
            end -= 1;
            block = draw(sheet, start, end);
        }
        blocks.push(block);
        if end >= count {
            return blocks;
        }
        start = end;
    }
}

fn width(block: &str) -> usize {
    block.lines().map(|l| l.chars().count()).max().unwrap_or(0)
}

fn draw(sheet: &Sheet, start: usize, end: usize) -> String {
    // Later blocks repeat length and exact value only.
    let simulated = sheet.simulated && start == 0;
    let mut header: Vec<String> = sheet
        .value_headings(simulated)
        .iter()
        .map(|heading| heading.replace(' ', "\n"))
        .collect();
    let names = sheet.bound_headings();
    for name in names.iter().take(end).skip(start) {
        header.push(name.replace(' ', "\n").replace('-', "-\n"));
    }
    let mut table = Columns::new(header);
    for line in &sheet.lines {
        let mut cells = sheet.value_texts(line, simulated, "-");
        cells.extend(line.bounds.iter().take(end).skip(start).map(bound_text));
        table.push(cells);
    }
    table.lines(true).join("\n")
}

fn bound_text(cell: &BoundCell) -> String {
    // A mark or a blank at the end, so that the digits of a column stay under one another.
    match cell {
        BoundCell::NotApplicable => "- ".into(),
        BoundCell::Vacuous(value) => format!("({})", round_up(*value, BOUND_DIGITS)),
        BoundCell::Valid(value) => format!("{} ", round_up(*value, BOUND_DIGITS)),
        BoundCell::Best(value) => format!("{}*", round_up(*value, BOUND_DIGITS)),
        BoundCell::Violated(value) => format!("{}!", round_up(*value, BOUND_DIGITS)),
    }
}

/// Breaks a text at blanks into lines of at most 100 columns; later lines are indented by two columns
/// more than the first.
pub fn wrap(text: &str) -> Vec<String> {
    let indent = " ".repeat(text.len() - text.trim_start().len());
    let mut lines = Vec::new();
    let mut current = indent.clone();
    for word in text.split_whitespace() {
        let started = !current.trim().is_empty();
        if started && current.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(std::mem::replace(&mut current, format!("{indent}  ")));
        } else if started {
            current.push(' ');
        }
        current.push_str(word);
    }
    lines.push(current);
    lines
}
