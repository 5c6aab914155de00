//! The error of a whole layer.

use std::collections::BTreeSet;

use serde::Serialize;

use super::columns::Columns;
use super::decimal::{round_nearest, round_up};
use super::json::document;
use crate::exact::Exact;
use crate::monte_carlo::Estimate;
use crate::record::{
    Cell, LayerRow, LayerSimulation, LayerTable, LayerValues, Provenance, QueryLabel, Verdict,
};
use crate::text::visible;

/// Digits of a value in text.
const DIGITS: usize = 7;
/// Queries up to which text shows each.
const FEW: usize = 8;

impl LayerTable {
    /// For a terminal: the average, and each query if there are at most 8 (or if `every`).
    pub fn text(&self, provenance: &Provenance, every: Option<bool>) -> String {
        let labels: BTreeSet<QueryLabel> = self.rows.iter().map(|row| row.query).collect();
        let every = every.unwrap_or(labels.len() <= FEW + 1);
        let shown = |query: &&QueryLabel| every || **query == QueryLabel::Average;
        let mut lines = vec![self.description.clone()];
        let mut reasons = BTreeSet::new();
        for query in labels.iter().filter(shown) {
            lines.push(String::new());
            lines.push(format!(
                "Expected squared error of the layer E|sum_h O_h (That_h - T_h)|^2, {query}"
            ));
            lines.push(String::new());
            lines.extend(self.sheet(*query).lines(true));
        }
        for row in self.rows.iter().filter(|row| shown(&&row.query)) {
            let cells = [
                row.exact.as_ref().err(),
                row.estimate.as_ref().and_then(|e| e.as_ref().err()),
            ];
            reasons.extend(cells.into_iter().flatten().cloned());
        }
        lines.push(String::new());
        lines.extend(reasons.iter().map(|reason| format!("-: {reason}")));
        lines.extend(self.notes.iter().cloned());
        lines.push(self.proof());
        lines.extend(self.simulation.map(|s| simulation_line(&s)));
        lines.push(provenance.line());
        lines.join("\n") + "\n"
    }

    fn sheet(&self, query: QueryLabel) -> Columns {
        let header = [
            "L",
            "layer",
            "relative\nerror",
            "single\nheads",
            "layer over\nsingle heads",
        ];
        let simulated = ["monte carlo", "standard\nerror", "verdict"];
        let simulated = simulated.iter().filter(|_| self.simulation.is_some());
        let header = header
            .iter()
            .chain(simulated)
            .map(|text| (*text).to_owned());
        let mut sheet = Columns::new(header.collect());
        for row in self.rows.iter().filter(|row| row.query == query) {
            let mut cells = vec![row.length.to_string()];
            cells.extend(exact_cells(&row.exact));
            if self.simulation.is_some() {
                cells.extend(estimate_cells(row));
            }
            sheet.push(cells);
        }
        sheet
    }

    /// What is proved of the exact values.
    fn proof(&self) -> String {
        let values = self.rows.iter().filter_map(|row| row.exact.as_ref().ok());
        let reasons: BTreeSet<&str> = values.filter_map(|values| values.layer.unproved).collect();
        if reasons.is_empty() {
            return "exact values: enclosures with a proof (T16)".to_owned();
        }
        let reasons: Vec<&str> = reasons.into_iter().collect();
        format!(
            "exact values (T14): errors are estimates: {}",
            reasons.join("; ")
        )
    }

    /// One line a row; lines that start with `#` are comments.
    pub fn csv(&self, provenance: &Provenance) -> String {
        let simulation = self.simulation.map(|s| simulation_line(&s));
        let mut text = String::new();
        let comments = [&provenance.line(), &self.description];
        for comment in comments.into_iter().chain(&simulation).chain(&self.notes) {
            text.push_str(&format!("# {}\n", visible(comment)));
        }
        let mut writer = csv::Writer::from_writer(Vec::new());
        let mut written = writer.write_record([
            "query",
            "length",
            "layer_value",
            "layer_error",
            "layer_proved",
            "single_heads_value",
            "single_heads_error",
            "cross_value",
            "cross_error",
            "reason",
            "monte_carlo_mean",
            "monte_carlo_standard_error",
            "monte_carlo_prompts",
            "monte_carlo_largest_share",
            "verdict",
        ]);
        for row in &self.rows {
            written = written.and_then(|()| writer.write_record(fields(row)));
        }
        // Writing records of one length to memory does not fail.
        let bytes = written.ok().and_then(|()| writer.into_inner().ok());
        text.push_str(&String::from_utf8_lossy(&bytes.unwrap_or_default()));
        text
    }

    /// The schema `attention-bounds/layer/1`.
    pub fn json(&self, provenance: &Provenance) -> String {
        #[derive(Serialize)]
        struct Row<'a> {
            query: QueryLabel,
            length: u64,
            exact: Option<&'a LayerValues>,
            #[serde(skip_serializing_if = "Option::is_none")]
            exact_reason: Option<&'a str>,
            monte_carlo: Option<&'a Estimate>,
            #[serde(skip_serializing_if = "Option::is_none")]
            monte_carlo_reason: Option<&'a str>,
            verdict: Verdict,
        }
        #[derive(Serialize)]
        struct Record<'a> {
            description: &'a str,
            simulation: Option<LayerSimulation>,
            rows: Vec<Row<'a>>,
            notes: &'a [String],
        }
        let rows = self.rows.iter().map(|row| {
            let estimate = row.estimate.as_ref();
            Row {
                query: row.query,
                length: row.length,
                exact: row.exact.as_ref().ok(),
                exact_reason: row.exact.as_ref().err().map(String::as_str),
                monte_carlo: estimate.and_then(|e| e.as_ref().ok()),
                monte_carlo_reason: estimate.and_then(|e| e.as_ref().err()).map(String::as_str),
                verdict: row.verdict,
            }
        });
        let record = Record {
            description: &self.description,
            simulation: self.simulation,
            rows: rows.collect(),
            notes: &self.notes,
        };
        document("attention-bounds/layer/1", provenance, &record)
    }
}

fn simulation_line(simulation: &LayerSimulation) -> String {
    format!(
        "Monte Carlo: {} prompts for each query and length, read by all heads, seed {}; consistent: within {} standard errors of the exact value",
        simulation.prompts, simulation.seed, simulation.standard_errors
    )
}

fn exact_cells(exact: &Cell<LayerValues>) -> [String; 4] {
    let Ok(LayerValues {
        layer,
        single_heads,
        ..
    }) = exact
    else {
        return ["-", "-", "-", "-"].map(str::to_owned);
    };
    let ratio = |part: f64, whole: f64, text: &dyn Fn(f64) -> String| {
        if whole > 0.0 {
            text(part / whole)
        } else {
            "-".to_owned()
        }
    };
    [
        round_nearest(layer.value, DIGITS),
        ratio(layer.error, layer.value, &|x| round_up(x, 1)),
        round_nearest(single_heads.value, DIGITS),
        ratio(layer.value, single_heads.value, &|x| round_nearest(x, 4)),
    ]
}

fn estimate_cells(row: &LayerRow) -> [String; 3] {
    match &row.estimate {
        Some(Ok(estimate)) => [
            round_nearest(estimate.mean, 5),
            round_nearest(estimate.standard_error, 2),
            row.verdict.name().to_owned(),
        ],
        _ => ["-", "-", "-"].map(str::to_owned),
    }
}

fn fields(row: &LayerRow) -> Vec<String> {
    let query = match row.query {
        QueryLabel::Index(index) => index.to_string(),
        QueryLabel::Average => "average".into(),
    };
    let float = |value: f64| format!("{value:e}");
    let pair = |exact: Exact| [float(exact.value), float(exact.error)];
    let mut fields = vec![query, row.length.to_string()];
    match &row.exact {
        Ok(values) => {
            fields.extend(pair(values.layer));
            fields.push(values.layer.unproved.is_none().to_string());
            fields.extend(pair(values.single_heads));
            fields.extend(pair(values.cross));
            fields.push(values.layer.unproved.unwrap_or_default().to_owned());
        }
        Err(reason) => {
            fields.extend(std::iter::repeat_n(String::new(), 7));
            fields.push(reason.clone());
        }
    }
    match &row.estimate {
        Some(Ok(estimate)) => fields.extend([
            float(estimate.mean),
            float(estimate.standard_error),
            estimate.prompts.to_string(),
            estimate.largest_share.map_or_else(String::new, float),
        ]),
        _ => fields.extend(std::iter::repeat_n(String::new(), 4)),
    }
    fields.push(row.verdict.name().into());
    fields
}
