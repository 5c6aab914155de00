//! Answers of one value: the smallest prompt length, and the rate.

use serde::Serialize;

use crate::bound::Theorem;
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
struct ReachedRecord<'a> {
    length: Option<u64>,
    value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    theorem: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    earlier: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

fn reached_record(cell: &Cell<ReachedLength>) -> ReachedRecord<'_> {
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

impl RateAnswer {
    /// Status of `kappa` and what stands behind it: for `lam < 1/2` the exponent 1 follows from the limit.
    fn kappa_proof(&self) -> (&'static str, &'static str) {
        match &self.lambda {
            Ok(lambda) if *lambda < 0.5 => (
                "theorem",
                "a theorem for lam < 1/2: it follows from T8 limiting-constant",
            ),
            _ => (
                "conjecture",
                "T8 sharp-rate: a conjecture, supported by numbers, not a theorem",
            ),
        }
    }

    /// The answer for a terminal; the conjecture is labelled.
    pub fn text(&self, provenance: &Provenance) -> String {
        let value = |cell: &Cell<f64>| match cell {
            Ok(value) => round_nearest(*value, DIGITS),
            Err(reason) => format!("none: {reason}"),
        };
        let mut lines = vec![
            self.description.clone(),
            format!("lam = {}", value(&self.lambda)),
            format!("kappa = {} ({})", value(&self.kappa), self.kappa_proof().1),
            format!(
                "lim L E|That - T|^2 = {} (T8 limiting-constant)",
                value(&self.limiting_constant)
            ),
        ];
        if !self.slopes.is_empty() {
            lines.push("local slope -d ln(error) / d ln(L) of the exact error:".into());
        }
        for slope in &self.slopes {
            lines.push(format!(
                "  L = {} to {}: {:.4}",
                slope.from, slope.to, slope.slope
            ));
        }
        lines.extend(self.notes.iter().cloned());
        lines.push(provenance.line());
        lines.join("\n") + "\n"
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
            notes: &'a [String],
        }
        let record = Record {
            description: &self.description,
            lambda: value_record(&self.lambda, None),
            kappa: value_record(&self.kappa, Some(self.kappa_proof().0)),
            limiting_constant: value_record(&self.limiting_constant, Some("theorem")),
            slopes: &self.slopes,
            notes: &self.notes,
        };
        document("attention-bounds/rate/1", provenance, &record)
    }
}
