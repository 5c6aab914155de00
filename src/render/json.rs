//! Records as JSON text.

use serde::Serialize;

use crate::text::visible_json;

/// Serialises a record of this room, none of which can fail: no maps with keys that are not texts.
pub(crate) fn to_text(record: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(record)
        .unwrap_or_else(|error| format!("{{\"error\": {:?}}}", error.to_string()));
    text.push('\n');
    visible_json(&text)
}
