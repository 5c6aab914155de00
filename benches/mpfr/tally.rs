//! How many enclosures contain the true value, and how wide they are.

use attention_bounds::interval::Interval;
use rug::Float;

/// The comparisons of one function.
pub struct Tally {
    name: String,
    cases: usize,
    failures: usize,
    /// Relative widths, where the true value and the ends are normal numbers.
    widths: Vec<f32>,
}

impl Tally {
    /// Heading of [`Tally::line`].
    pub const HEADING: &'static str =
        "function                     cases  failures   median width    worst width";

    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            cases: 0,
            failures: 0,
            widths: Vec::new(),
        }
    }

    pub fn cases(&self) -> usize {
        self.cases
    }

    pub fn failures(&self) -> usize {
        self.failures
    }

    /// Compares an enclosure with the true value.
    pub fn check(&mut self, found: Interval, truth: &Float, show: impl Fn() -> String) {
        let contained = found.lower() <= *truth && *truth <= found.upper();
        self.record(contained, found.lower(), found.upper(), truth, show);
    }

    /// Compares an upper bound with the true value; its width is the excess.
    pub fn check_upper(&mut self, upper: f64, truth: &Float, show: impl Fn() -> String) {
        let contained = *truth <= upper;
        let lower = truth.to_f64_round(rug::float::Round::Down);
        self.record(contained, lower, upper, truth, show);
    }

    fn record(
        &mut self,
        contained: bool,
        lower: f64,
        upper: f64,
        truth: &Float,
        show: impl Fn() -> String,
    ) {
        self.cases += 1;
        // NaN of the reference is a failure, too.
        if !contained || truth.is_nan() {
            self.failures += 1;
            if self.failures <= 5 {
                println!(
                    "FAILURE {}: [{lower:e}, {upper:e}] and {truth:.25} at {}",
                    self.name,
                    show()
                );
            }
            return;
        }
        let size = truth.to_f64().abs();
        if size >= f64::MIN_POSITIVE && upper.is_finite() && lower.is_finite() {
            let width = (Float::with_val(200, upper) - lower) / truth;
            self.widths.push(width.to_f32().abs());
        }
    }

    /// One line of the report.
    pub fn line(&mut self) -> String {
        self.widths.sort_by(f32::total_cmp);
        let median = self
            .widths
            .get(self.widths.len() / 2)
            .copied()
            .unwrap_or(0.0);
        let worst = self.widths.last().copied().unwrap_or(0.0);
        format!(
            "{:<24} {:>9} {:>9}   {median:>12.2e}   {worst:>12.2e}",
            self.name, self.cases, self.failures
        )
    }
}
