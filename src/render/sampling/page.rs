//! Tables under headings with remarks below them, for people.

use crate::record::Provenance;
use crate::render::columns::Columns;
use crate::render::table::{escape_latex, escape_markdown, row_latex, row_markdown, written_latex};

/// One table.
pub(super) struct Sheet {
    pub heading: String,
    /// Column headings; a line end where text breaks them.
    pub header: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

/// All that an answer says to people.
pub(super) struct Page {
    pub description: String,
    pub sheets: Vec<Sheet>,
    pub remarks: Vec<String>,
}

impl Page {
    /// For a terminal.
    pub fn text(&self, provenance: &Provenance) -> String {
        let mut lines = vec![self.description.clone()];
        for sheet in &self.sheets {
            // The last line of every heading stands above the rule.
            let most = sheet.header.iter().map(|h| h.lines().count()).max();
            let lowered = |heading: &String| {
                let missing = most.unwrap_or(1).saturating_sub(heading.lines().count());
                format!("{}{heading}", "\n".repeat(missing))
            };
            let mut columns = Columns::new(sheet.header.iter().map(lowered).collect());
            sheet.rows.iter().for_each(|row| columns.push(row.clone()));
            lines.extend([String::new(), sheet.heading.clone(), String::new()]);
            lines.extend(columns.lines(true));
        }
        lines.push(String::new());
        lines.extend(self.remarks.iter().cloned());
        lines.push(provenance.line());
        lines.join("\n") + "\n"
    }

    /// As Markdown.
    pub fn markdown(&self, provenance: &Provenance) -> String {
        let mut text = format!("{}\n", escape_markdown(&self.description));
        for sheet in &self.sheets {
            text.push_str(&format!("\n**{}**\n\n", escape_markdown(&sheet.heading)));
            let header = sheet
                .header
                .iter()
                .map(|h| escape_markdown(&h.replace('\n', " ")));
            text.push_str(&row_markdown(&header.collect::<Vec<_>>()));
            text.push_str(&row_markdown(&vec!["---:".to_owned(); sheet.header.len()]));
            for row in &sheet.rows {
                let cells: Vec<String> = row.iter().map(|cell| escape_markdown(cell)).collect();
                text.push_str(&row_markdown(&cells));
            }
        }
        text.push('\n');
        for remark in &self.remarks {
            text.push_str(&format!("- {}\n", escape_markdown(remark)));
        }
        text.push_str(&format!("\n*{}*\n", escape_markdown(&provenance.line())));
        text
    }

    /// As LaTeX with `booktabs`; the caption is plain text.
    pub fn latex(&self, provenance: &Provenance, caption: Option<&str>) -> String {
        let line = provenance.line();
        let mut text = format!("% {line}\n% needs \\usepackage{{booktabs}}\n");
        for (place, sheet) in self.sheets.iter().enumerate() {
            let heading = escape_latex(&sheet.heading);
            let caption = match caption {
                Some(caption) if self.sheets.len() == 1 => escape_latex(caption),
                Some(caption) => format!(
                    "{}. {heading}.",
                    escape_latex(caption.trim_end_matches('.'))
                ),
                None => format!("{heading}. {}.", escape_latex(&self.description)),
            };
            let columns = "r".repeat(sheet.header.len());
            text.push_str(&format!(
                "\\begin{{table}}\n\\centering\n\\caption{{{caption}}}\n\\begin{{tabular}}{{{columns}}}\n\\toprule\n"
            ));
            let stacked = |heading: &String| {
                let lines: Vec<String> = heading.lines().map(escape_latex).collect();
                format!("\\shortstack[r]{{{}}}", lines.join("\\\\"))
            };
            text.push_str(&row_latex(
                &sheet.header.iter().map(stacked).collect::<Vec<_>>(),
            ));
            text.push_str("\\midrule\n");
            for row in &sheet.rows {
                let number = |cell: &String| match cell.parse::<f64>() {
                    Ok(_) => format!("${}$", written_latex(cell)),
                    Err(_) => escape_latex(cell),
                };
                text.push_str(&row_latex(&row.iter().map(number).collect::<Vec<_>>()));
            }
            text.push_str("\\bottomrule\n\\end{tabular}\n");
            // The remarks belong to all tables and stand under the last.
            if place + 1 == self.sheets.len() && !self.remarks.is_empty() {
                let remarks: Vec<String> = self.remarks.iter().map(|r| escape_latex(r)).collect();
                text.push_str("\\par\\smallskip\n{\\footnotesize\n");
                text.push_str(&remarks.join("\\par\n"));
                text.push_str("\\par}\n");
            }
            text.push_str("\\end{table}\n");
        }
        text
    }
}
