//! The comparison of a table with the same table computed again.

use serde::Serialize;

use crate::record::Provenance;
use crate::record::{Difference, RecheckAnswer};
use crate::render::json::to_text;

impl RecheckAnswer {
    /// For a terminal.
    pub fn text(&self, provenance: &Provenance) -> String {
        let mut text = format!(
            "{}\n\n{}: {} values of version {} computed again, {} differ\n",
            self.description,
            self.file,
            self.compared,
            self.stored_version,
            self.differences.len()
        );
        let number =
            |value: Option<f64>| value.map_or_else(|| "nothing".into(), |x| format!("{x:e}"));
        for one in &self.differences {
            let query = one
                .query
                .map_or_else(|| "average".into(), |index| format!("query {index}"));
            text.push_str(&format!(
                "DIFFERS: {} of {query}, L = {}, {}: {} in the file, {} now\n",
                one.metric,
                one.length,
                one.what,
                number(one.stored),
                number(one.computed)
            ));
        }
        text.push_str(&provenance.line());
        text.push('\n');
        text
    }

    /// The schema `attention-bounds/recheck/1`.
    pub fn json(&self, provenance: &Provenance) -> String {
        #[derive(Serialize)]
        struct Document<'a> {
            schema: &'static str,
            provenance: &'a Provenance,
            description: &'a str,
            file: &'a str,
            stored_version: &'a str,
            compared: usize,
            differences: &'a [Difference],
        }
        to_text(&Document {
            schema: "attention-bounds/recheck/1",
            provenance,
            description: &self.description,
            file: &self.file,
            stored_version: &self.stored_version,
            compared: self.compared,
            differences: &self.differences,
        })
    }
}
