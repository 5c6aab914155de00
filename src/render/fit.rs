//! The answer of `fit`: the printed proposition against exact values.

use serde::Serialize;

use crate::exact::Exact;
use crate::record::{FitAnswer, FitPoint, Provenance};
use crate::render::decimal::{round_nearest, round_up};
use crate::render::json::{ValueRecord, document};

const DIGITS: usize = 5;

#[derive(Serialize)]
struct WitnessRecord<'a> {
    length: u64,
    probability: f64,
    half_width: f64,
    exact: Option<Exact>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    uniform_rate: Option<f64>,
}

impl FitAnswer {
    /// The answer for a terminal.
    pub fn text(&self, provenance: &Provenance) -> String {
        let mut lines = vec![
            self.description.clone(),
            format!(
                "Proposition {} as printed, error{} <= {}, sigma = {}, on {} prompt lengths from {} to {}",
                self.printed.proposition,
                self.printed
                    .matrix
                    .map_or_else(String::new, |m| format!(" of the gradient in {m}")),
                self.printed.formula,
                round_nearest(self.sigma, DIGITS),
                self.lengths.len(),
                self.lengths.first().copied().unwrap_or_default(),
                self.lengths.last().copied().unwrap_or_default()
            ),
            format!(
                "{:>12} {:>12} {:>14} {:>20}",
                "c2", "c2/sigma^2", "smallest c1", "binds at L"
            ),
        ];
        for point in &self.points {
            lines.push(format!(
                "{:>12} {:>12} {:>14} {:>20}",
                round_nearest(point.c2, DIGITS),
                round_nearest(point.exponent, DIGITS),
                round_up(point.c1, DIGITS),
                point.binds_at
            ));
        }
        lines.push(match &self.kappa {
            Ok(kappa) => format!(
                "exponent of the exact error as L grows: kappa = {} (T8); a larger c2/sigma^2 needs a c1 that grows with the grid",
                round_nearest(*kappa, DIGITS)
            ),
            Err(reason) => format!("exponent of the exact error: none: {reason}"),
        });
        let theorem = self.uniform.theorem;
        lines.push(match &self.uniform.value {
            Ok(exponent) => format!(
                "exponent of {theorem}, the best for the class (T12): min(1, 1/(4 q^2)) = {}, q = {}",
                round_nearest(*exponent, DIGITS),
                round_nearest(self.q, DIGITS)
            ),
            Err(reason) => format!("exponent of {theorem}: none: {reason}"),
        });
        if !self.witness.is_empty() {
            lines.push("rare atoms with eps = 1/L, d = 1, V = 1 (T12), beside T7:".into());
            lines.push(format!(
                "{:>20} {:>12} {:>14} {:>12} {:>10}",
                "L", "h", "exact error", "T7", "T7/exact"
            ));
        }
        for point in &self.witness {
            let missing = || "-".to_owned();
            let exact = point.exact.as_ref().ok();
            lines.push(format!(
                "{:>20} {:>12} {:>14} {:>12} {:>10}",
                point.length,
                round_nearest(point.half_width, DIGITS),
                exact.map_or_else(missing, |e| round_nearest(e.value, DIGITS)),
                point.bound.map_or_else(missing, |b| round_up(b, 4)),
                exact
                    .zip(point.bound)
                    .map_or_else(missing, |(e, b)| round_nearest(b / e.value, 3)),
            ));
            if let Err(reason) = &point.exact {
                lines.push(format!("L = {}: no exact error: {reason}", point.length));
            }
        }
        lines.extend(self.notes.iter().cloned());
        lines.push(provenance.line());
        lines.join("\n") + "\n"
    }

    /// The answer as JSON, schema `attention-bounds/fit/1`.
    pub fn json(&self, provenance: &Provenance) -> String {
        #[derive(Serialize)]
        struct Record<'a> {
            description: &'a str,
            metric: &'static str,
            proposition: &'static str,
            sigma: f64,
            lengths: &'a [u64],
            points: &'a [FitPoint],
            kappa: ValueRecord<'a>,
            q: f64,
            uniform_exponent: Option<f64>,
            #[serde(skip_serializing_if = "Option::is_none")]
            uniform_exponent_reason: Option<&'a str>,
            witness: Vec<WitnessRecord<'a>>,
            notes: &'a [String],
        }
        let record = Record {
            description: &self.description,
            metric: self.metric.name(),
            proposition: self.printed.proposition,
            sigma: self.sigma,
            lengths: &self.lengths,
            points: &self.points,
            kappa: ValueRecord {
                value: self.kappa.as_ref().ok().copied(),
                status: self.kappa.as_ref().ok().map(|_| "theorem"),
                reason: self.kappa.as_ref().err().map(String::as_str),
            },
            q: self.q,
            uniform_exponent: self.uniform.value.as_ref().ok().copied(),
            uniform_exponent_reason: self.uniform.value.as_ref().err().map(String::as_str),
            witness: self
                .witness
                .iter()
                .map(|point| WitnessRecord {
                    length: point.length,
                    probability: point.probability,
                    half_width: point.half_width,
                    exact: point.exact.as_ref().ok().copied(),
                    reason: point.exact.as_ref().err().map(String::as_str),
                    uniform_rate: point.bound,
                })
                .collect(),
            notes: &self.notes,
        };
        document("attention-bounds/fit/1", provenance, &record)
    }
}
