//! One table for people: its columns, its lines and the texts of its cells.

use crate::bound::{Bound, Theorem};
use crate::record::{Row, Simulated};
use crate::render::decimal::{round_down, round_nearest, round_up, significant_digits};
use crate::render::table::heading::claim_label;

/// Most significant digits of an exact value.
const EXACT_DIGITS: usize = 7;
/// Significant digits of a simulated value.
const SIMULATED_DIGITS: usize = 4;
/// Significant digits of a bound.
pub(super) const BOUND_DIGITS: usize = 4;

/// One (metric, query) over its prompt lengths.
#[derive(Debug)]
pub(super) struct Sheet {
    pub heading: String,
    /// The heading with its formula in LaTeX.
    pub latex_heading: String,
    /// Is there a column of lower bounds (T19)?
    pub lower: bool,
    /// Is there a simulated value in some line?
    pub simulated: bool,
    /// The theorems that have a value in some line, in the order of the registry.
    pub theorems: Vec<Theorem>,
    /// The names of the claims, whose columns follow those of the theorems.
    pub claims: Vec<String>,
    pub lines: Vec<Line>,
}

impl Sheet {
    /// Headings of the columns of values: `L`, exact, and simulated ones if `simulated`. Exact columns are left
    /// out where nothing is exact and something is simulated, and `z` where nothing is compared.
    pub(super) fn value_headings(&self, simulated: bool) -> Vec<&'static str> {
        let mut headings = vec!["L"];
        if self.shows_exact() {
            headings.extend(["exact", "relative error"]);
        }
        if self.lower {
            headings.push("T19 lower-bound");
        }
        if simulated {
            headings.extend(["Monte Carlo", "lower limit", "upper limit"]);
            if self.shows_differences() {
                headings.push("z");
            }
        }
        headings
    }

    fn shows_exact(&self) -> bool {
        !self.simulated || self.lines.iter().any(|line| line.exact.is_some())
    }

    fn shows_differences(&self) -> bool {
        self.lines.iter().any(|line| line.standardised.is_some())
    }

    /// The columns of values of a line, under [`Self::value_headings`]; `none` stands for a missing value.
    pub(super) fn value_texts(&self, line: &Line, simulated: bool, none: &str) -> Vec<String> {
        let mut texts = vec![line.length.to_string()];
        if self.shows_exact() {
            let (exact, error) = line
                .exact_text()
                .unwrap_or_else(|| (none.into(), String::new()));
            texts.extend([exact, error]);
        }
        if self.lower {
            let lower = line.lower.map(|value| round_down(value, BOUND_DIGITS));
            texts.push(lower.unwrap_or_else(|| none.into()));
        }
        if simulated {
            match &line.simulated {
                // Limits are rounded outwards.
                Some(found) => texts.extend([
                    round_nearest(found.mean, SIMULATED_DIGITS),
                    round_down(found.lower, SIMULATED_DIGITS),
                    round_up(found.upper, SIMULATED_DIGITS),
                ]),
                None => texts.extend([none.into(), String::new(), String::new()]),
            }
            if self.shows_differences() {
                let z = line.standardised;
                texts.push(z.map_or_else(String::new, |z| format!("{z:.2}")));
            }
        }
        texts
    }

    /// Headings of the columns of bounds and claims.
    pub(super) fn bound_headings(&self) -> Vec<String> {
        let theorems = self.theorems.iter().map(|t| t.label());
        let claims = (1..=self.claims.len()).map(claim_label);
        theorems.chain(claims).collect()
    }
}

/// One prompt length.
#[derive(Debug)]
pub(super) struct Line {
    pub length: u64,
    /// Value and absolute error.
    pub exact: Option<(f64, f64)>,
    /// The largest lower bound.
    pub lower: Option<f64>,
    pub simulated: Option<Simulated>,
    /// `(Monte Carlo - exact) / standard error`.
    pub standardised: Option<f64>,
    /// One cell for each theorem of the sheet, then one for each claim.
    pub bounds: Vec<BoundCell>,
}

/// A bound as a table shows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum BoundCell {
    NotApplicable,
    Vacuous(f64),
    Valid(f64),
    Best(f64),
    /// A simulation or the exact value contradicts it.
    Violated(f64),
}

impl Line {
    /// Exact value with as many digits as its error leaves, and its relative error rounded up.
    pub(super) fn exact_text(&self) -> Option<(String, String)> {
        let (value, error) = self.exact?;
        let digits = significant_digits(value, error, EXACT_DIGITS);
        let relative = if error == 0.0 {
            "0".to_string()
        } else {
            round_up((error / value.abs()).next_up(), 1)
        };
        Some((round_nearest(value, digits), relative))
    }
}

/// The theorems with a value in some row that `keep` accepts, in the order of the registry.
pub(super) fn theorems_with(rows: &[&Row], keep: impl Fn(&Bound) -> bool) -> Vec<Theorem> {
    let mut theorems: Vec<Theorem> = Vec::new();
    for bound in rows.iter().flat_map(|row| &row.bounds) {
        if bound.value().is_some() && keep(bound) && !theorems.contains(&bound.theorem()) {
            theorems.push(bound.theorem());
        }
    }
    Theorem::sort(&mut theorems);
    theorems
}
