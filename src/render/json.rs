//! Records as JSON text.

use serde::Serialize;

use crate::record::Provenance;
use crate::text::visible_json;

/// A record under the name of its schema and with where it comes from; none of this room's can fail to be written: no maps with
/// keys that are not texts. JSON has no infinity: such a number is null.
pub(super) fn document(
    schema: &'static str,
    provenance: &Provenance,
    record: &impl Serialize,
) -> String {
    #[derive(Serialize)]
    struct Document<'a, T> {
        schema: &'static str,
        provenance: &'a Provenance,
        #[serde(flatten)]
        record: &'a T,
    }
    let document = Document {
        schema,
        provenance,
        record,
    };
    let mut text = serde_json::to_string_pretty(&document)
        .unwrap_or_else(|error| format!("{{\"error\": {:?}}}", error.to_string()));
    text.push('\n');
    visible_json(&text)
}

/// A value, or why there is none.
#[derive(Serialize)]
pub(super) struct ValueRecord<'a> {
    pub value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'a str>,
}
