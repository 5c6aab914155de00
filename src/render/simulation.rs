//! The estimates of a simulation.

use crate::monte_carlo::{Reliability, Route};
use crate::record::{Provenance, QueryLabel, SimulationAnswer};
use crate::render::columns::Columns;
use crate::render::decimal::{round_down, round_nearest, round_up};
use crate::render::json::document;

/// Digits of an estimate in text.
const DIGITS: usize = 4;

impl SimulationAnswer {
    /// For a terminal.
    pub fn text(&self, provenance: &Provenance) -> String {
        let header = [
            "query",
            "L",
            "quantity",
            "mean",
            "standard error",
            "lower limit",
            "upper limit",
            "largest 1%",
        ];
        let mut table = Columns::new(header.map(str::to_owned).into());
        for line in &self.lines {
            let mark = match line.reliability {
                Reliability::Reliable => "",
                Reliability::HeavyTail => "!",
                Reliability::Unseen => "?",
            };
            table.push(vec![
                match line.query {
                    QueryLabel::Index(index) => index.to_string(),
                    QueryLabel::Average => "average".into(),
                },
                line.length.to_string(),
                line.quantity.clone(),
                round_nearest(line.mean, DIGITS),
                line.standard_error
                    .map_or_else(|| "-".into(), |e| round_nearest(e, 2)),
                round_down(line.lower, DIGITS),
                round_up(line.upper, DIGITS),
                line.largest_share.map_or_else(
                    || mark.to_owned(),
                    |share| format!("{:.1}%{mark}", 100.0 * share),
                ),
            ]);
        }
        let route = match self.route {
            Route::Plain => "plain",
            Route::RaoBlackwell => "rao-blackwell",
        };
        let mut text = format!(
            "{}\n\n{}\n\n",
            self.description,
            table.lines(false).join("\n")
        );
        text.push_str(&format!(
            "{} prompts a line, route {route}; limits at {}% for each line by itself\n",
            self.prompts,
            100.0 * self.confidence
        ));
        let any = |reliability| self.lines.iter().any(|l| l.reliability == reliability);
        if any(Reliability::HeavyTail) {
            text.push_str(
                "! heavy tail: the largest 1% of the prompts carry so much that the limits are not reliable\n",
            );
        }
        if any(Reliability::Unseen) {
            text.push_str(
                "? unseen: rare tokens or queries that all prompts may have missed can carry more than the limits say\n",
            );
        }
        text.push_str(&provenance.line());
        text.push('\n');
        text
    }

    /// The schema `attention-bounds/simulation/1`.
    pub fn json(&self, provenance: &Provenance) -> String {
        document("attention-bounds/simulation/1", provenance, self)
    }
}
