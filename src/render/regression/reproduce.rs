//! The answer of `reproduce`: what the trained heads do.

use serde::Serialize;

use crate::monte_carlo::Route;
use crate::record::Provenance;
use crate::regression::reproduction::{ReproduceAnswer, TrainedHead};
use crate::regression::training::Settings;
use crate::render::columns::Columns;
use crate::render::decimal::round_nearest;
use crate::render::json::document;

const DIGITS: usize = 5;

impl ReproduceAnswer {
    fn description(&self) -> Vec<String> {
        let settings = &self.settings;
        vec![
            format!(
                "linear regression in context: d = {}, covariance {}^|i-j|, w of variance {}, noise of variance {}",
                settings.dimension,
                settings.correlation,
                settings.task_variance,
                settings.noise_variance
            ),
            format!(
                "{} steps of size {}, {} prompts each{}; risk: mean of (prediction - y)^2 / 2 over {} prompts",
                settings.steps,
                settings.step_size,
                settings.batch,
                match settings.route {
                    Route::Plain => "",
                    Route::RaoBlackwell => ", tokens averaged exactly",
                },
                settings.evaluation
            ),
        ]
    }

    fn legend(&self) -> Vec<String> {
        let exact = self.lines.iter().any(|line| line.exact_risk.is_some());
        let mut legend = vec![
            format!(
                "risk of predicting 0: {}; of knowing w: {}",
                round_nearest(self.zero_risk, DIGITS),
                round_nearest(self.least_risk, DIGITS)
            ),
            format!(
                "score <A q, x> + <a, q> y, value <v, x> + b y; linear attention: b A = Sig^-1, a = 0, v = 0, |b| = {} where balanced",
                round_nearest(self.balanced_label, DIGITS)
            ),
        ];
        legend.push(
            "averaged: the risk of the same weights with tokens and noise integrated out, over as many task vectors and queries of their own"
                .to_owned(),
        );
        legend.extend(exact.then(|| {
            "exact: the least risk of this kind of head at this length, with a = 0 and v = 0 (T11)".to_owned()
        }));
        legend
    }

    /// The answer for a terminal.
    pub fn text(&self, provenance: &Provenance) -> String {
        let exact = self.lines.iter().any(|line| line.exact_risk.is_some());
        let mut header = vec!["head", "L", "risk", "standard error", "averaged"];
        header.extend(exact.then_some("exact"));
        header.extend(["|b A - Sig^-1|", "b", "|a|", "|v|"]);
        let mut table = Columns::new(header.into_iter().map(str::to_owned).collect());
        for line in &self.lines {
            let mut cells = vec![
                line.head.name().to_owned(),
                line.length.to_string(),
                round_nearest(line.risk, DIGITS),
                round_nearest(line.risk_standard_error, 2),
                round_nearest(line.conditional_risk, DIGITS),
            ];
            cells.extend(exact.then(|| {
                let risk = line.exact_risk;
                risk.map_or_else(|| "-".to_owned(), |risk| round_nearest(risk, DIGITS))
            }));
            cells.extend(
                [
                    line.distance,
                    line.label,
                    line.label_scores,
                    line.input_values,
                ]
                .map(|number| round_nearest(number, 4)),
            );
            table.push(cells);
        }
        let mut lines = self.description();
        lines.push(String::new());
        lines.extend(table.lines(false));
        lines.push(String::new());
        lines.extend(self.legend());
        lines.extend(self.notes.iter().cloned());
        lines.push(provenance.line());
        lines.join("\n") + "\n"
    }

    /// Comma-separated values: one line a head, comments start with `#`.
    #[cfg(feature = "files")]
    pub fn csv(&self, provenance: &Provenance) -> String {
        let mut text = String::new();
        let comments = [vec![provenance.line()], self.description(), self.legend()];
        for comment in comments.iter().flatten().chain(&self.notes) {
            text.push_str(&format!("# {comment}\n"));
        }
        let mut writer = csv::Writer::from_writer(Vec::new());
        let mut written = writer.write_record([
            "head",
            "length",
            "steps",
            "risk",
            "risk_standard_error",
            "conditional_risk",
            "conditional_standard_error",
            "exact_risk",
            "exact_distance",
            "distance",
            "linear_distance",
            "b",
            "label_scores",
            "input_values",
        ]);
        for line in &self.lines {
            let numbers = [
                line.distance,
                line.linear_distance,
                line.label,
                line.label_scores,
                line.input_values,
            ];
            let mut record = vec![
                line.head.name().to_owned(),
                line.length.to_string(),
                line.steps.to_string(),
                line.risk.to_string(),
                line.risk_standard_error.to_string(),
                line.conditional_risk.to_string(),
                line.conditional_standard_error.to_string(),
                line.exact_risk
                    .map_or_else(String::new, |risk| risk.to_string()),
                line.exact_distance
                    .map_or_else(String::new, |distance| distance.to_string()),
            ];
            record.extend(numbers.map(|number| number.to_string()));
            written = written.and_then(|()| writer.write_record(&record));
        }
        // Writing records of one length to memory does not fail.
        let bytes = written.ok().and_then(|()| writer.into_inner().ok());
        text.push_str(&String::from_utf8_lossy(&bytes.unwrap_or_default()));
        text
    }

    /// The answer as JSON, schema `attention-bounds/reproduce/1`.
    pub fn json(&self, provenance: &Provenance) -> String {
        #[derive(Serialize)]
        struct Record<'a> {
            settings: &'a Settings,
            zero_risk: f64,
            least_risk: f64,
            balanced_label: f64,
            heads: &'a [TrainedHead],
            notes: &'a [String],
        }
        let record = Record {
            settings: &self.settings,
            zero_risk: self.zero_risk,
            least_risk: self.least_risk,
            balanced_label: self.balanced_label,
            heads: &self.lines,
            notes: &self.notes,
        };
        document("attention-bounds/reproduce/1", provenance, &record)
    }
}
