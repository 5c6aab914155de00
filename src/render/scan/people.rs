//! The answer of `scan` for people: text and Markdown.

use crate::record::{LengthError, Provenance, ScanAnswer, ScanRow};
use crate::render::columns::Columns;
use crate::render::decimal::round_nearest;
use crate::render::table::{escape_markdown, row_markdown};

const DIGITS: usize = 4;
/// Most prompt lengths whose errors are columns for people.
const MOST_LENGTHS: usize = 4;

impl ScanAnswer {
    /// The answer for a terminal.
    pub fn text(&self, provenance: &Provenance) -> String {
        let mut columns = Columns::new(self.headings());
        for row in &self.rows {
            columns.push(self.cells(row));
        }
        let mut lines = vec![self.description.clone(), String::new()];
        lines.extend(columns.lines(true));
        lines.push(String::new());
        lines.extend(self.remarks());
        lines.push(provenance.line());
        lines.join("\n") + "\n"
    }

    /// The answer as Markdown.
    pub fn markdown(&self, provenance: &Provenance) -> String {
        let headings = self.headings();
        let heading = |text: &String| escape_markdown(&text.replace('\n', " "));
        let mut text = format!("{}\n\n", escape_markdown(&self.description));
        text.push_str(&row_markdown(
            &headings.iter().map(heading).collect::<Vec<_>>(),
        ));
        text.push_str(&row_markdown(&vec!["---:".to_owned(); headings.len()]));
        for row in &self.rows {
            text.push_str(&row_markdown(&self.cells(row)));
        }
        text.push('\n');
        for remark in self.remarks() {
            text.push_str(&format!("- {}\n", escape_markdown(&remark)));
        }
        text.push_str(&format!("\n*{}*\n", escape_markdown(&provenance.line())));
        text
    }

    /// The places of the lengths that are columns for people: all, or evenly chosen ones with the first and the last.
    fn shown(&self) -> Vec<usize> {
        let count = self.lengths.len();
        let shown = count.min(MOST_LENGTHS);
        (0..shown)
            .map(|i| i * (count - 1) / (shown - 1).max(1))
            .collect()
    }

    fn longest(&self) -> u64 {
        self.lengths.last().copied().unwrap_or_default()
    }

    fn headings(&self) -> Vec<String> {
        let longest = self.longest();
        let mut headings = ["layer", "head", "s", "rho"].map(String::from).to_vec();
        headings.push(format!("1/E P_2\nL = {longest}"));
        headings.push(format!("E H\nL = {longest}"));
        let lengths = self.shown().into_iter().filter_map(|i| self.lengths.get(i));
        headings.extend(lengths.map(|length| format!("error\nL = {length}")));
        headings.push(format!("relative\nL = {longest}"));
        headings.extend(
            self.epsilon
                .map(|epsilon| format!("least L for\n{epsilon}")),
        );
        // The last line of a heading stands above the rule.
        for heading in &mut headings {
            if !heading.contains('\n') {
                heading.insert(0, '\n');
            }
        }
        headings
    }

    fn cells(&self, row: &ScanRow) -> Vec<String> {
        let mut cells = vec![row.layer.to_string(), row.head.to_string()];
        let Ok(profile) = &row.profile else {
            cells.resize(self.headings().len(), "-".to_owned());
            return cells;
        };
        let missing = || "-".to_owned();
        let number = |x: f64| round_nearest(x, DIGITS);
        let cell = |x: Option<f64>| x.map_or_else(missing, number);
        cells.extend([number(profile.score_deviation), number(profile.rho)]);
        cells.push(cell(profile.effective_length.as_ref().ok().copied()));
        cells.push(cell(profile.entropy.as_ref().ok().map(|exact| exact.value)));
        let errors = self.shown().into_iter().map(|i| profile.errors.get(i));
        cells.extend(errors.map(|error| cell(error.and_then(value))));
        cells.push(cell(profile.errors.last().and_then(|error| error.relative)));
        cells.extend(profile.reached.as_ref().map(|reached| match reached {
            Ok(reached) => reached.length.to_string(),
            Err(_) => missing(),
        }));
        cells
    }

    /// What belongs under the table: what the columns are, what is proved, what is missing and why.
    fn remarks(&self) -> Vec<String> {
        let mut remarks = vec![
            "averages over the queries; s: standard deviation of a score; rho: L E P_2 for long prompts; 1/E P_2: effective prompt length; E H: entropy of the weights in nats (T18); error: E|That - T|^2; relative: to E|T|^2"
                .to_owned(),
        ];
        if let Some(epsilon) = self.epsilon {
            remarks.push(format!(
                "least L: from which on the relative error stays at most {epsilon} (by T20, to 2^53)"
            ));
        }
        if self.lengths.len() > MOST_LENGTHS {
            let count = self.lengths.len();
            remarks.push(format!(
                "{MOST_LENGTHS} of {count} lengths are shown; JSON and CSV hold all"
            ));
        }
        remarks.extend(self.proof());
        remarks.extend(self.missing());
        remarks.extend(self.notes.iter().cloned());
        remarks.extend(self.stopped());
        remarks
    }

    /// How well exact values are known.
    fn proof(&self) -> Option<String> {
        let profiles = self.rows.iter().filter_map(|row| row.profile.as_ref().ok());
        let exact = profiles.flat_map(|profile| {
            let errors = profile.errors.iter().filter_map(|e| e.exact.as_ref().ok());
            let others = [&profile.participation, &profile.entropy];
            errors.chain(others.into_iter().filter_map(|cell| cell.as_ref().ok()))
        });
        let mut most = None;
        for exact in exact {
            if let Some(why) = exact.unproved {
                return Some(format!(
                    "not every exact value is proved ({why}); JSON says which"
                ));
            }
            let error = if exact.error == 0.0 {
                0.0
            } else {
                exact.error / exact.value
            };
            most = Some(most.map_or(error, |most: f64| most.max(error)));
        }
        most.map(|most| {
            format!("every exact value is proved (T16), to a relative {most:.0e} or better")
        })
    }

    /// The reasons of what is missing, each with the heads it is of.
    fn missing(&self) -> Vec<String> {
        let mut reasons: Vec<(&str, Vec<String>)> = Vec::new();
        for row in &self.rows {
            for reason in row.reasons() {
                let head = format!("{}.{}", row.layer, row.head);
                match reasons.iter_mut().find(|(known, _)| *known == reason) {
                    Some((_, heads)) => heads.push(head),
                    None => reasons.push((reason, vec![head])),
                }
            }
        }
        let line = |(reason, heads): (&str, Vec<String>)| {
            const NAMED: usize = 8;
            let named = heads.get(..NAMED).unwrap_or(&heads).join(", ");
            let more = match heads.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!("- (head {named}{more}): {reason}")
        };
        reasons.into_iter().map(line).collect()
    }

    pub(super) fn stopped(&self) -> Option<String> {
        let (done, asked) = (self.rows.len(), self.asked);
        (done < asked).then(|| format!("STOPPED: {done} of {asked} heads are done"))
    }
}

fn value(error: &LengthError) -> Option<f64> {
    error.exact.as_ref().ok().map(|exact| exact.value)
}
