//! Answers of one value: the smallest prompt length, and the rate.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::bound::Theorem;
use crate::exact::Exact;
use crate::record::{
    Cell, LengthAnswer, LocalSlope, Provenance, QueryLabel, RateAnswer, ReachedLength,
};
use crate::render::decimal::{round_nearest, round_up};
use crate::render::json::{ValueRecord, document};

const DIGITS: usize = 6;

fn value_record<'a>(cell: &'a Cell<f64>, status: Option<&'static str>) -> ValueRecord<'a> {
    ValueRecord {
        value: cell.as_ref().ok().copied(),
        status,
        reason: cell.as_ref().err().map(String::as_str),
    }
}

#[derive(Serialize)]
pub(super) struct ReachedRecord<'a> {
    length: Option<u64>,
    value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    theorem: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    earlier: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

pub(super) fn reached_record(cell: &Cell<ReachedLength>) -> ReachedRecord<'_> {
    let reached = cell.as_ref().ok();
    ReachedRecord {
        length: reached.map(|r| r.length),
        value: reached.map(|r| r.value),
        theorem: reached.and_then(|r| r.theorem).map(Theorem::id),
        earlier: reached.and_then(|r| r.earlier),
        reason: cell.as_ref().err().map(String::as_str),
    }
}

impl LengthAnswer {
    /// The answer for a terminal.
    pub fn text(&self, provenance: &Provenance) -> String {
        let mut lines = vec![self.description.clone()];
        let relative = self.relative_to.map_or_else(String::new, |norm| {
            format!(" (relative to |T|^2 = {})", round_nearest(norm, DIGITS))
        });
        lines.push(format!(
            "Smallest L from which on E|That - T|^2 <= {}{relative} (by T20, to 2^53), {}",
            round_nearest(self.epsilon, DIGITS),
            self.query
        ));
        let earlier = |at: &ReachedLength| {
            at.earlier.map_or_else(String::new, |dip| {
                format!("; at L = {dip} too, but not at every L after it")
            })
        };
        lines.push(match &self.exact {
            Ok(at) => format!(
                "  exact error: L = {} (error {}){}",
                at.length,
                round_nearest(at.value, DIGITS),
                earlier(at)
            ),
            Err(reason) => format!("  exact error: none: {reason}"),
        });
        lines.push(match &self.bound {
            Ok(at) => {
                let theorem = at
                    .theorem
                    .map_or_else(String::new, |t| format!(", {}", t.label()));
                let value = round_up(at.value, DIGITS);
                let earlier = earlier(at);
                format!(
                    "  best bound:  L = {} (bound {value}{theorem}){earlier}",
                    at.length
                )
            }
            Err(reason) => format!("  best bound:  none: {reason}"),
        });
        lines.extend(self.notes.iter().cloned());
        lines.push(provenance.line());
        lines.join("\n") + "\n"
    }

    /// The answer as JSON, schema `attention-bounds/length/1`.
    pub fn json(&self, provenance: &Provenance) -> String {
        #[derive(Serialize)]
        struct Record<'a> {
            description: &'a str,
            query: QueryLabel,
            epsilon: f64,
            relative_to: Option<f64>,
            exact: ReachedRecord<'a>,
            bound: ReachedRecord<'a>,
            notes: &'a [String],
        }
        let record = Record {
            description: &self.description,
            query: self.query,
            epsilon: self.epsilon,
            relative_to: self.relative_to,
            exact: reached_record(&self.exact),
            bound: reached_record(&self.bound),
            notes: &self.notes,
        };
        document("attention-bounds/length/1", provenance, &record)
    }
}

fn slope_line(slope: &LocalSlope) -> String {
    format!("  L = {} to {}: {:.4}", slope.from, slope.to, slope.slope)
}

impl RateAnswer {
    /// The answer for a terminal.
    pub fn text(&self, provenance: &Provenance) -> String {
        let value = |cell: &Cell<f64>| match cell {
            Ok(value) => round_nearest(*value, DIGITS),
            Err(reason) => format!("none: {reason}"),
        };
        let mut lines = vec![
            self.description.clone(),
            format!("lam = {}", value(&self.lambda)),
            format!(
                "kappa = {}{}",
                value(&self.kappa),
                self.kappa
                    .as_ref()
                    .map_or("", |_| " (T8 sharp-rate, a theorem)")
            ),
            format!(
                "lim L E|That - T|^2 = {} (T8 limiting-constant)",
                value(&self.limiting_constant)
            ),
        ];
        if !self.slopes.is_empty() {
            lines.push("local slope -d ln(error) / d ln(L) of the exact error:".into());
        }
        lines.extend(self.slopes.iter().map(slope_line));
        for (theorem, slopes) in &self.bound_slopes {
            lines.push(format!("the same of {}:", theorem.label()));
            lines.extend(slopes.iter().map(slope_line));
        }
        lines.extend(self.temperature_lines());
        lines.extend(self.notes.iter().cloned());
        lines.push(provenance.line());
        lines.join("\n") + "\n"
    }

    /// The table over factors of the scores.
    fn temperature_lines(&self) -> Vec<String> {
        if self.temperatures.is_empty() {
            return Vec::new();
        }
        let mut lines = vec![
            "scores times beta (the softmax temperature is 1/beta); E H = ln L and L E P_2 = 1 for uniform weights, 0 and L where one token has all:".to_owned(),
            format!(
                "  {:>8} {:>16} {:>12} {:>12} {:>12} {:>12}",
                "beta", "L", "E H", "e^(E H)", "1/E P_2", "error"
            ),
        ];
        let mut reasons: Vec<&str> = Vec::new();
        for line in &self.temperatures {
            let shown = |found: &Cell<f64>| match found {
                Ok(value) => round_nearest(*value, 4),
                Err(_) => "-".to_owned(),
            };
            let value = |cell: &Cell<Exact>| cell.as_ref().map(|e| e.value).map_err(Clone::clone);
            let entropy = value(&line.entropy);
            let text = format!(
                "  {:>8} {:>16} {:>12} {:>12} {:>12} {:>12}",
                line.factor,
                line.length,
                shown(&entropy),
                shown(&entropy.map(f64::exp)),
                shown(&value(&line.participation).map(f64::recip)),
                shown(&value(&line.error)),
            );
            lines.push(text);
            for cell in [&line.entropy, &line.participation, &line.error] {
                if let Err(reason) = cell
                    && !reasons.contains(&reason.as_str())
                {
                    reasons.push(reason);
                }
            }
        }
        lines.extend(reasons.iter().map(|reason| format!("  -: {reason}")));
        lines
    }

    /// The answer as JSON, schema `attention-bounds/rate/1`.
    pub fn json(&self, provenance: &Provenance) -> String {
        #[derive(Serialize)]
        struct Record<'a> {
            description: &'a str,
            lambda: ValueRecord<'a>,
            kappa: ValueRecord<'a>,
            limiting_constant: ValueRecord<'a>,
            slopes: &'a [LocalSlope],
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            bound_slopes: BTreeMap<&'static str, &'a [LocalSlope]>,
            #[serde(skip_serializing_if = "Vec::is_empty")]
            temperatures: Vec<TemperatureRecord<'a>>,
            notes: &'a [String],
        }
        #[derive(Serialize)]
        struct TemperatureRecord<'a> {
            factor: f64,
            length: u64,
            entropy: Option<&'a Exact>,
            participation: Option<&'a Exact>,
            error: Option<&'a Exact>,
        }
        let record = Record {
            description: &self.description,
            lambda: value_record(&self.lambda, None),
            kappa: value_record(&self.kappa, Some("theorem")),
            limiting_constant: value_record(&self.limiting_constant, Some("theorem")),
            slopes: &self.slopes,
            bound_slopes: self
                .bound_slopes
                .iter()
                .map(|(theorem, slopes)| (theorem.id(), slopes.as_slice()))
                .collect(),
            temperatures: self
                .temperatures
                .iter()
                .map(|line| TemperatureRecord {
                    factor: line.factor,
                    length: line.length,
                    entropy: line.entropy.as_ref().ok(),
                    participation: line.participation.as_ref().ok(),
                    error: line.error.as_ref().ok(),
                })
                .collect(),
            notes: &self.notes,
        };
        document("attention-bounds/rate/1", provenance, &record)
    }
}
