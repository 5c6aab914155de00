//! Tensors of a layer that are not part of its head: harmless, worth a remark, or a reason to refuse.

use crate::file::regular::listed;

use super::layout::Layout;
use super::source::Source;

/// Projections of the output, and buffers that hold no weights: causal masks, frequencies of rotary positions.
const HARMLESS: [&str; 14] = [
    "o_proj",
    "out_proj",
    "c_proj",
    "proj",
    "dense",
    "out_lin",
    "wo",
    "to_out",
    "bias",
    "masked_bias",
    "rotary_emb",
    "rotary_pos_emb",
    "q_bias",
    "v_bias",
];

/// Looks at every tensor under the prefix that is no projection.
///
/// Returns remarks, or why the scores of the layer are not those of the projections.
pub(super) fn check(source: &Source, prefix: &str, layout: &Layout) -> Result<Vec<String>, String> {
    let read = |name: &str| {
        let mut projections = layout.projections().iter();
        projections.any(|projection| {
            [
                layout.weight(prefix, projection),
                layout.bias(prefix, projection),
            ]
            .iter()
            .any(|own| own == name)
        })
    };
    let mut others = Vec::new();
    for name in source.names().filter(|name| !read(name)) {
        let Some(inside) = name.strip_prefix(prefix) else {
            continue;
        };
        let first = inside.split('.').next().unwrap_or_default();
        if let Some(reason) = changes_scores(first) {
            return Err(format!(
                "{name}: {reason}, so that the score is not <U z + b, x>; give key_query and value as matrices if a head \
                 without it is meant"
            ));
        }
        if layout.projections().contains(&first) {
            return Err(format!(
                "{name} changes the projection {first} (an adapter or a quantisation): merge it into the weight first"
            ));
        }
        // A prefix that is empty has every other layer of the model under it.
        if !prefix.is_empty() && !HARMLESS.contains(&first) {
            others.push(name.to_owned());
        }
    }
    if others.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![format!(
        "not read, and left out if it acts on scores or values: {}",
        listed(&others)
    )])
}

/// What a tensor of this name does to the scores, if they are no longer bilinear.
fn changes_scores(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let words: Vec<&str> = name.split('_').collect();
    let has = |accepted: &[&str]| words.iter().any(|word| accepted.contains(word));
    let norm = has(&["norm", "layernorm", "rmsnorm", "ln"])
        || words.iter().any(|word| word.ends_with("norm"));
    if norm
        && (has(&["q", "k", "qk", "query", "key"])
            || name.starts_with("qnorm")
            || name.starts_with("knorm"))
    {
        return Some("queries or keys are normalised");
    }
    if has(&["sink", "sinks"]) {
        return Some("attention sinks take part in the softmax");
    }
    match name.as_str() {
        "bias_k" | "bias_v" => Some("a token is added to every prompt"),
        "logit_scale" | "temperature" | "softcap" | "logit_cap" => {
            Some("scores are rescaled or capped")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_change_scores() {
        for name in [
            "q_norm",
            "k_norm",
            "query_norm",
            "norm_k",
            "q_layernorm",
            "query_layer_norm",
            "q_ln",
            "sinks",
            "attn_sink",
            "bias_k",
            "logit_scale",
            "qk_norm",
        ] {
            assert!(changes_scores(name).is_some(), "{name}");
        }
        for name in [
            "norm",
            "inner_attn_ln",
            "o_proj",
            "key",
            "query",
            "relative_position_bias_table",
            "bias",
            "linking",
        ] {
            assert!(changes_scores(name).is_none(), "{name}");
        }
    }
}
