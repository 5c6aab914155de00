//! Markdown tables.

use crate::record::{Provenance, Table};
use crate::render::decimal::round_up;
use crate::render::table::document::Document;
use crate::render::table::sheet::{BOUND_DIGITS, BoundCell, Sheet};
use crate::render::table::style::Style;
use crate::text::visible;

pub(super) fn render(table: &Table, provenance: &Provenance, style: &Style) -> String {
    let document = Document::new(table, style, "bold");
    let mut text = format!("{}\n", escape(&table.description));
    for sheet in &document.sheets {
        text.push_str(&format!("\n**{}**\n\n", escape(&sheet.heading)));
        draw(sheet, &mut text);
    }
    text.push('\n');
    for remark in &document.remarks {
        text.push_str(&format!("- {}\n", escape(remark)));
    }
    text.push_str(&format!("\n*{}*\n", escape(&provenance.line())));
    text
}

fn draw(sheet: &Sheet, text: &mut String) {
    let values = sheet
        .value_headings(sheet.simulated)
        .into_iter()
        .map(String::from);
    let header: Vec<String> = values.chain(sheet.bound_headings()).collect();
    text.push_str(&row(&header));
    text.push_str(&row(&vec!["---:".to_string(); header.len()]));
    for line in &sheet.lines {
        let mut cells = sheet.value_texts(line, sheet.simulated, "-");
        cells.extend(line.bounds.iter().map(bound_text));
        text.push_str(&row(&cells));
    }
}

pub(in crate::render) fn row(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

fn bound_text(cell: &BoundCell) -> String {
    match cell {
        BoundCell::NotApplicable => "-".into(),
        BoundCell::Vacuous(value) => format!("({})", round_up(*value, BOUND_DIGITS)),
        BoundCell::Valid(value) => round_up(*value, BOUND_DIGITS),
        BoundCell::Best(value) => format!("**{}**", round_up(*value, BOUND_DIGITS)),
        BoundCell::Violated(value) => format!("{}!", round_up(*value, BOUND_DIGITS)),
    }
}

/// Text in which nothing is markup: one line, the special characters escaped.
pub(in crate::render) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '\\' | '`' | '*' | '_' | '<' | '>' | '[' | ']' | '|' | '~' | '#' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c => escaped.push(c),
        }
    }
    escaped
}
