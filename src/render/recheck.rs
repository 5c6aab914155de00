//! The comparison of a table with the same table computed again.

use crate::record::{Provenance, RecheckAnswer};
use crate::render::json::document;
use crate::text::{shortened, visible};

impl RecheckAnswer {
    /// For a terminal.
    pub fn text(&self, provenance: &Provenance) -> String {
        let mut text = format!(
            "{}\n\n{}: {} values of version {} computed again, {} differ\n",
            self.description,
            visible(&self.file),
            self.compared,
            visible(&self.stored_version),
            self.differences.len()
        );
        let number = |value: Option<f64>| match value {
            None => "nothing".into(),
            Some(x) if x.is_finite() => format!("{x:e}"),
            Some(_) => "more than any float".into(),
        };
        for one in &self.differences {
            let query = one
                .query
                .map_or_else(|| "average".into(), |index| format!("query {index}"));
            let values = match (one.stored, one.computed) {
                (None, None) => String::new(),
                (stored, computed) => {
                    let (stored, computed) = (number(stored), number(computed));
                    format!(": {stored} in the file, {computed} now")
                }
            };
            text.push_str(&format!(
                "DIFFERS: {} of {query}, L = {}, {}{values}\n",
                shortened(&one.metric),
                one.length,
                shortened(&one.what),
            ));
        }
        text.push_str(&provenance.line());
        text.push('\n');
        text
    }

    /// The schema `attention-bounds/recheck/1`.
    pub fn json(&self, provenance: &Provenance) -> String {
        document("attention-bounds/recheck/1", provenance, self)
    }
}
