//! What `config.json` beside the weights says of the head.

use serde_json::Value;

use super::cut::Cut;
use super::request::HeadRequest;

/// Compares the configuration of the model with what was said and cut.
///
/// Returns remarks, or why the head of the model is another one. Only the keys named here are looked at.
pub(super) fn check(
    content: &Value,
    request: &HeadRequest,
    cut: &Cut,
) -> Result<Vec<String>, String> {
    let number = |key: &str| content.get(key).and_then(Value::as_f64);
    if let Some(cap) = number("attn_logit_softcapping") {
        return Err(format!(
            "config.json: attn_logit_softcapping = {cap} caps the scores, so that they are not <U z + b, x>; give key_query and \
             value as matrices if a head without it is meant"
        ));
    }
    for (key, name, used) in [
        ("num_attention_heads", "heads", cut.heads),
        ("n_head", "heads", cut.heads),
        (
            "num_key_value_heads",
            "key_value_heads",
            cut.key_value_heads,
        ),
        ("head_dim", "head_dimension", cut.dimension),
    ] {
        if let Some(said) = number(key).filter(|said| *said != used as f64) {
            return Err(format!(
                "config.json: {key} = {said}, but {name} is {used}; say {name} = {said}, or keep the weights apart from the \
                 config.json of another model"
            ));
        }
    }
    if request.scale.is_none()
        && let Some((key, scale)) = other_scale(content, cut.dimension)
    {
        return Err(format!(
            "config.json: {key}, so that scores are not divided by sqrt({}): say scale = {scale}",
            cut.dimension
        ));
    }
    rotary(content, request)
}

/// A scale of the scores that is not `1 / sqrt(dimension)`, and the key that says so.
fn other_scale(content: &Value, dimension: usize) -> Option<(String, String)> {
    let usual = 1.0 / (dimension as f64).sqrt();
    let number = |key: &str| content.get(key).and_then(Value::as_f64);
    let flag = |key: &str| content.get(key).and_then(Value::as_bool);
    let model = content
        .get("model_type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let differs = |scale: &f64| !((scale / usual - 1.0).abs() < 1e-6);
    if let Some(scalar) = number("query_pre_attn_scalar")
        && let Some(scale) = Some(1.0 / scalar.sqrt()).filter(differs)
    {
        return Some((
            format!("query_pre_attn_scalar = {scalar}"),
            scale.to_string(),
        ));
    }
    if let Some(scale) = number("attention_multiplier").filter(differs) {
        return Some((format!("attention_multiplier = {scale}"), scale.to_string()));
    }
    if flag("scale_attn_by_inverse_layer_idx") == Some(true) {
        return Some((
            "scale_attn_by_inverse_layer_idx = true".into(),
            format!("{usual} / (number of the layer, from 1)"),
        ));
    }
    if flag("scale_attn_weights") == Some(false) {
        return Some(("scale_attn_weights = false".into(), "1".into()));
    }
    let unscaled = ["gpt_neo", "t5", "mt5", "umt5", "longt5"].contains(&model);
    unscaled.then(|| (format!("model_type = {model}"), "1".into()))
}

/// Remarks about rotary positions.
fn rotary(content: &Value, request: &HeadRequest) -> Result<Vec<String>, String> {
    let number = |key: &str| content.get(key).and_then(Value::as_f64);
    let bases = ["rope_theta", "rotary_emb_base"].map(|key| Some((key, number(key)?)));
    let base = bases.into_iter().flatten().next();
    let Some(rotation) = &request.rotation else {
        let remark =
            |(key, base)| format!("config.json: {key} = {base}: the model has rotary positions");
        return Ok(base.map(remark).into_iter().collect());
    };
    let whole = |key: &&str| number(key) != Some(1.0) && number(key).is_some();
    let partial = ["rotary_dim", "rotary_pct", "partial_rotary_factor"]
        .into_iter()
        .find(whole);
    if let (None, Some(key)) = (rotation.dimension, partial) {
        return Err(format!(
            "config.json: {key}: only a part of a key is rotated; say its size, rope = {{ dimension = .. }}"
        ));
    }
    let mut remarks = Vec::new();
    if let Some((key, base)) = base.filter(|(_, base)| *base != rotation.base) {
        remarks.push(format!("config.json: {key} = {base}, not the base of rope"));
    }
    for key in ["rope_scaling", "rope_parameters"] {
        if content.get(key).is_some_and(|value| !value.is_null()) {
            remarks.push(format!("config.json: {key} is not applied"));
        }
    }
    Ok(remarks)
}
