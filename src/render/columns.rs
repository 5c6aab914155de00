//! Columns under one another, for a terminal.

/// Cells of a table, right-aligned, each column as wide as its widest line; a heading may have several lines, and the
/// last line of every heading stands above the rule.
///
/// ```text
///    L         exact   relative
///                         error
/// -----------------------------
///   64   1.997471e-1      2e-11
/// ```
pub(crate) struct Columns {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Columns {
    pub(crate) fn new(header: Vec<String>) -> Self {
        Self {
            header,
            rows: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }

    /// The lines: headings, a rule if `ruled` (the columns then stand a blank further apart), rows. No line ends in a blank.
    pub(crate) fn lines(&self, ruled: bool) -> Vec<String> {
        let width = |text: &str| text.lines().map(|l| l.chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.header.len())
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                cells
                    .chain(self.header.get(column))
                    .map(|cell| width(cell))
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let gap = if ruled { " " } else { "" };
        let line = |cells: &mut dyn Iterator<Item = &str>| {
            let padded: Vec<String> = widths
                .iter()
                .zip(cells)
                .map(|(width, cell)| {
                    let blanks = width.saturating_sub(cell.chars().count());
                    format!(" {}{cell} ", " ".repeat(blanks))
                })
                .collect();
            padded.join(gap).trim_end().to_owned()
        };
        let height = self.header.iter().map(|h| h.lines().count()).max();
        let mut lines: Vec<String> = (0..height.unwrap_or(0))
            .map(|i| line(&mut self.header.iter().map(|h| h.lines().nth(i).unwrap_or(""))))
            .collect();
        if ruled {
            let total: usize = widths.iter().map(|width| width + 3).sum();
            lines.push("-".repeat(total.saturating_sub(1)));
        }
        for row in &self.rows {
            lines.push(line(&mut row.iter().map(String::as_str)));
        }
        lines
    }
}
