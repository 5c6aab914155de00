//! The answer of `flow`: gradient flows and minima of in-context regression.

use serde::Serialize;

use crate::exact::Exact;
use crate::record::Provenance;
use crate::regression::flow::{FlowAnswer, FlowCurve, FlowLimit, FlowRow};
use crate::render::decimal::round_nearest;
use crate::render::json::document;

const DIGITS: usize = 6;

#[derive(Serialize)]
struct RowRecord<'a> {
    length: u64,
    minimum: Exact,
    excess: f64,
    value: f64,
    key_query_norm: f64,
    distance: f64,
    least_curvature: f64,
    flow_risk: f64,
    flow_time: f64,
    flow_converged: bool,
    flow_distance: f64,
    largest_increase: f64,
    linear: f64,
    bayes: Option<f64>,
    bayes_standard_error: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bayes_reason: Option<&'a str>,
}

impl FlowAnswer {
    /// The answer for a terminal.
    pub fn text(&self, provenance: &Provenance) -> String {
        let number = |x: f64| round_nearest(x, DIGITS);
        let short = |x: f64| round_nearest(x, 4);
        let limit = &self.limit;
        let mut lines = vec![
            self.description.clone(),
            format!(
                "infinite prompt: the flow {} at time {}, {} from its limit A = k Sig^-1, b = 1/k with k = {} (T11); |A|_F^2 - b^2 moved by {}; least risk v/2 = {}",
                ended(limit.converged),
                short(limit.time),
                short(limit.distance),
                number(limit.scale),
                short(limit.balance_drift),
                number(limit.risk),
            ),
            format!(
                "{:>14} {:>12} {:>12} {:>12} {:>12} {:>12} {:>10} {:>10} {:>11} {:>11} {:>11}",
                "L",
                "min R_L",
                "excess",
                "L x excess",
                "linear",
                "Bayes",
                "b",
                "|A|_F",
                "to limit",
                "flow ends",
                "flows apart",
            ),
        ];
        for row in &self.rows {
            lines.push(format!(
                "{:>14} {:>12} {:>12} {:>12} {:>12} {:>12} {:>10} {:>10} {:>11} {:>11} {:>11}",
                row.length,
                number(row.minimum.value),
                number(row.excess),
                number(row.excess * row.length as f64),
                number(row.linear),
                row.bayes
                    .as_ref()
                    .map_or_else(|_| "-".to_owned(), |(mean, _)| short(*mean)),
                number(row.value),
                number(row.key_query_norm),
                short(row.distance),
                short(row.flow_time),
                short(row.flow_distance),
            ));
        }
        lines.push(format!(
            "as L grows: L x excess tends to {}, and the minimum to A = k Sig^-1, b = 1/k with k = {}, not to the limit of the infinite flow",
            number(limit.constant),
            number(limit.best_scale),
        ));
        for row in self.rows.iter().filter(|row| !row.flow_converged) {
            lines.push(format!(
                "L = {}: the flow had not converged at the horizon",
                row.length
            ));
        }
        lines.extend(self.notes.iter().cloned());
        lines.push(provenance.line());
        lines.join("\n") + "\n"
    }

    /// The steps of every flow as CSV; the length of the infinite prompt is `inf`.
    ///
    /// # Errors
    /// In words, if the writer refuses.
    #[cfg(feature = "files")]
    pub fn csv(&self) -> Result<String, String> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let words = |error: csv::Error| error.to_string();
        writer
            .write_record([
                "length",
                "time",
                "risk",
                "excess",
                "value",
                "key_query_norm",
                "distance",
            ])
            .map_err(words)?;
        for curve in &self.curves {
            let length = curve
                .length
                .map_or_else(|| "inf".to_owned(), |l| l.to_string());
            for s in &curve.samples {
                let numbers = [
                    s.time,
                    s.risk,
                    s.excess,
                    s.value,
                    s.key_query_norm,
                    s.distance,
                ];
                let mut record = vec![length.clone()];
                record.extend(numbers.iter().map(f64::to_string));
                writer.write_record(&record).map_err(words)?;
            }
        }
        let bytes = writer.into_inner().map_err(|error| error.to_string())?;
        String::from_utf8(bytes).map_err(|error| error.to_string())
    }

    /// The answer as JSON, schema `attention-bounds/flow/1`.
    pub fn json(&self, provenance: &Provenance) -> String {
        #[derive(Serialize)]
        struct Record<'a> {
            description: &'a str,
            limit: &'a FlowLimit,
            rows: Vec<RowRecord<'a>>,
            curves: &'a [FlowCurve],
            notes: &'a [String],
        }
        let record = Record {
            description: &self.description,
            limit: &self.limit,
            rows: self.rows.iter().map(RowRecord::from).collect(),
            curves: &self.curves,
            notes: &self.notes,
        };
        document("attention-bounds/flow/1", provenance, &record)
    }
}

impl<'a> From<&'a FlowRow> for RowRecord<'a> {
    fn from(row: &'a FlowRow) -> Self {
        let bayes = row.bayes.as_ref();
        Self {
            length: row.length,
            minimum: row.minimum,
            excess: row.excess,
            value: row.value,
            key_query_norm: row.key_query_norm,
            distance: row.distance,
            least_curvature: row.least_curvature,
            flow_risk: row.flow_risk,
            flow_time: row.flow_time,
            flow_converged: row.flow_converged,
            flow_distance: row.flow_distance,
            largest_increase: row.largest_increase,
            linear: row.linear,
            bayes: bayes.ok().map(|b| b.0),
            bayes_standard_error: bayes.ok().map(|b| b.1),
            bayes_reason: bayes.err().map(String::as_str),
        }
    }
}

fn ended(converged: bool) -> &'static str {
    if converged {
        "converged"
    } else {
        "had not converged"
    }
}
