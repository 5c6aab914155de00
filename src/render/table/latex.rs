//! LaTeX tables; the document needs `\usepackage{booktabs}` and nothing else.

use crate::record::{Provenance, Table};
use crate::render::decimal::Decimal;
use crate::render::table::document::Document;
use crate::render::table::sheet::{BOUND_DIGITS, BoundCell, Sheet};
use crate::render::table::style::Style;
use crate::text::visible;

/// Label of the first table when none is given.
const LABEL: &str = "tab:attention-bounds";

pub(super) fn render(table: &Table, provenance: &Provenance, style: &Style) -> String {
    let document = Document::new(table, style, "bold");
    let mut text = format!(
        "% {}\n% needs \\usepackage{{booktabs}}\n",
        provenance.line()
    );
    let label = label(style.label.as_deref().unwrap_or(LABEL));
    for (index, sheet) in document.sheets.iter().enumerate() {
        let caption = match &style.caption {
            Some(caption) if document.sheets.len() == 1 => escape(caption),
            Some(caption) => {
                let caption = escape(caption.trim_end_matches('.'));
                format!("{caption}. {}.", sheet.latex_heading)
            }
            None => format!("{}. {}.", sheet.latex_heading, escape(&table.description)),
        };
        let label = match index {
            0 => label.clone(),
            later => format!("{label}-{}", later + 1),
        };
        // The remarks belong to all tables and stand under the last.
        let last = index + 1 == document.sheets.len();
        let remarks: &[String] = if last { &document.remarks } else { &[] };
        draw(sheet, &caption, &label, remarks, &mut text);
    }
    text
}

fn draw(sheet: &Sheet, caption: &str, label: &str, remarks: &[String], text: &mut String) {
    let values = sheet.value_headings(sheet.simulated);
    let names = sheet.bound_headings();
    let columns = "r".repeat(values.len() + names.len());
    text.push_str("\\begin{table}\n\\centering\n");
    text.push_str(&format!("\\caption{{{caption}}}\n\\label{{{label}}}\n"));
    text.push_str(&format!("\\begin{{tabular}}{{{columns}}}\n\\toprule\n"));
    let stacked = |name: &str| {
        let name = name.replace(' ', "\\\\").replace('-', "-\\\\");
        format!("\\shortstack[r]{{{name}}}")
    };
    let mut header: Vec<String> = values
        .iter()
        .map(|heading| match *heading {
            "L" => "$L$".into(),
            "z" => "$z$".into(),
            word if word.contains(' ') => stacked(word),
            word => word.into(),
        })
        .collect();
    header.extend(names.iter().map(|name| stacked(name)));
    text.push_str(&row(&header));
    text.push_str("\\midrule\n");
    for line in &sheet.lines {
        let mut cells: Vec<String> = sheet
            .value_texts(line, sheet.simulated, "--")
            .iter()
            .map(|value| match value.as_str() {
                "" | "--" => value.clone(),
                number => format!("${}$", written(number)),
            })
            .collect();
        cells.extend(line.bounds.iter().map(bound_text));
        text.push_str(&row(&cells));
    }
    text.push_str("\\bottomrule\n\\end{tabular}\n");
    if !remarks.is_empty() {
        let remarks: Vec<String> = remarks.iter().map(|remark| escape(remark)).collect();
        text.push_str("\\par\\smallskip\n{\\footnotesize\n");
        text.push_str(&remarks.join("\\par\n"));
        text.push_str("\\par}\n");
    }
    text.push_str("\\end{table}\n");
}

pub(in crate::render) fn row(cells: &[String]) -> String {
    format!("{} \\\\\n", cells.join(" & "))
}

fn bound_text(cell: &BoundCell) -> String {
    let number = |value: f64| match Decimal::at_least(value, BOUND_DIGITS) {
        Some(decimal) => power_of_ten(&decimal.mantissa(), decimal.exponent()),
        None => "\\infty".into(),
    };
    match cell {
        BoundCell::NotApplicable => "--".into(),
        BoundCell::Vacuous(value) => format!("$({})$", number(*value)),
        BoundCell::Valid(value) => format!("${}$", number(*value)),
        BoundCell::Best(value) => format!("$\\mathbf{{{}}}$", number(*value)),
        BoundCell::Violated(value) => format!("${}$!", number(*value)),
    }
}

/// `1.23e-4`, as the other formats write it, in mathematics.
pub(in crate::render) fn written(number: &str) -> String {
    match number.split_once('e') {
        Some((mantissa, exponent)) => match exponent.parse() {
            Ok(exponent) => power_of_ten(mantissa, exponent),
            Err(_) => number.to_string(),
        },
        None if number == "inf" => "\\infty".into(),
        None => number.to_string(),
    }
}

fn power_of_ten(mantissa: &str, exponent: i32) -> String {
    match exponent {
        0 => mantissa.to_string(),
        _ => format!("{mantissa}\\times10^{{{exponent}}}"),
    }
}

/// Text in which nothing is a command: the special characters of LaTeX escaped, one line.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '\\' => escaped.push_str("\\textbackslash{}"),
            '~' => escaped.push_str("\\textasciitilde{}"),
            '^' => escaped.push_str("\\textasciicircum{}"),
            '<' => escaped.push_str("\\textless{}"),
            '>' => escaped.push_str("\\textgreater{}"),
            '|' => escaped.push_str("\\textbar{}"),
            '"' => escaped.push_str("''"),
            '±' => escaped.push_str("$\\pm$"),
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c => escaped.push(c),
        }
    }
    escaped
}

/// A label: what TeX would read as a command or comment becomes a hyphen.
fn label(text: &str) -> String {
    let plain = |c: char| {
        if c.is_alphanumeric() || ":-_./".contains(c) {
            c
        } else {
            '-'
        }
    };
    text.chars().map(plain).collect()
}
