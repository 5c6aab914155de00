//! Heads of checkpoints: the same layer, kept in every layout, gives the same heads; what is no bilinear head is refused.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use attention_bounds::error::Error;
use attention_bounds::file::{
    HeadRequest, HeadWeights, Layout, Pairing, Rotation, layout_names, read_head,
};
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;
use safetensors::tensor::{Dtype, TensorView};

/// Tensors by name.
pub(super) type Tensors = BTreeMap<String, DMatrix<f64>>;

/// Weight and bias of a head.
type Part = (DMatrix<f64>, DVector<f64>);

/// A layer of attention, head by head.
struct Layer {
    /// Query rows of each head, and their biases.
    queries: Vec<Part>,
    /// Key rows of each key-value head, and their biases.
    keys: Vec<Part>,
    values: Vec<Part>,
}

/// Dimension of a token.
const WIDTH: usize = 12;

impl Layer {
    /// Multiples of 1/8 below 2, which are exact in every format.
    fn new(heads: usize, groups: usize, dimension: usize) -> Self {
        let projections = |count: usize, seed: usize| {
            let number = move |i: usize| ((i * i * 7 + i * 5 + seed) % 23) as f64 / 8.0 - 1.0;
            let size = dimension * WIDTH;
            let one = |head: usize| {
                let weight = (0..size).map(|i| number(head * size + i));
                let bias = (0..dimension).map(|i| number(head * dimension + i + 3));
                (
                    DMatrix::from_iterator(dimension, WIDTH, weight),
                    DVector::from_iterator(dimension, bias),
                )
            };
            (0..count).map(one).collect()
        };
        Self {
            queries: projections(heads, 1),
            keys: projections(groups, 9),
            values: projections(groups, 14),
        }
    }

    fn scale(&self) -> f64 {
        1.0 / (self.queries[0].0.nrows() as f64).sqrt()
    }

    /// Which key-value head a head uses.
    fn group(&self, head: usize) -> usize {
        head / (self.queries.len() / self.keys.len())
    }

    fn assert_head(&self, head: usize, found: &HeadWeights, biased: bool, what: &str) {
        let (query, bias) = &self.queries[head];
        let key = &self.keys[self.group(head)].0;
        let key_query = key.transpose() * query * self.scale();
        assert!(
            (&found.key_query - key_query).amax() < 1e-13,
            "{what}: head {head}"
        );
        let tilt = key.transpose() * bias * if biased { self.scale() } else { 0.0 };
        assert!(
            (&found.query_bias - tilt).amax() < 1e-13,
            "{what}: bias of head {head}"
        );
        assert_eq!(
            found.value,
            self.values[self.group(head)].0,
            "{what}: head {head}"
        );
    }

    /// The layer under `prefix`, kept in this layout.
    fn tensors(&self, layout: &str, prefix: &str, biased: bool) -> Tensors {
        let all = |parts: &[Part]| parts.to_vec();
        let mut kept: Vec<(String, Vec<Part>)> = Vec::new();
        let blocks = [all(&self.queries), all(&self.keys), all(&self.values)].concat();
        let mut groups = Vec::new();
        for (group, key) in self.keys.iter().enumerate() {
            let own = (0..self.queries.len()).filter(|head| self.group(*head) == group);
            groups.extend(own.map(|head| self.queries[head].clone()));
            groups.extend([key.clone(), self.values[group].clone()]);
        }
        match layout {
            "c_attn" | "qkv" | "in_proj" | "qkv_proj" | "Wqkv" => {
                kept.push((layout.into(), blocks))
            }
            "query_key_value" | "wqkv" => kept.push((layout.into(), groups)),
            _ => {
                let parts = [&self.queries, &self.keys, &self.values];
                let names = layout.split('|').zip(parts);
                kept.extend(names.map(|(name, part)| (name.to_owned(), part.clone())));
            }
        }
        let mut tensors = Tensors::new();
        for (name, parts) in kept {
            let separator = if layout == "in_proj" { '_' } else { '.' };
            let rows: Vec<_> = parts.iter().flat_map(|(m, _)| m.row_iter()).collect();
            let weight = DMatrix::from_rows(&rows);
            let weight = if layout == "c_attn" {
                weight.transpose()
            } else {
                weight
            };
            tensors.insert(format!("{prefix}.{name}{separator}weight"), weight);
            if biased {
                let bias: Vec<f64> = parts.iter().flat_map(|(_, b)| b.iter().copied()).collect();
                let bias = DMatrix::from_vec(bias.len(), 1, bias);
                tensors.insert(format!("{prefix}.{name}{separator}bias"), bias);
            }
        }
        tensors
    }
}

fn encode(dtype: Dtype, x: f64) -> Vec<u8> {
    match dtype {
        Dtype::F64 => x.to_le_bytes().to_vec(),
        Dtype::F32 => (x as f32).to_le_bytes().to_vec(),
        Dtype::BF16 => (x as f32).to_le_bytes()[2..].to_vec(),
        Dtype::I8 => (x as i8).to_le_bytes().to_vec(),
        _ => {
            // Half precision of a normal number: rebias the exponent, keep 10 fraction bits.
            let bits = x.to_bits();
            let sign = (bits >> 48) as u16 & 0x8000;
            let exponent = ((bits >> 52) & 0x7ff) as i32 - 1023 + 15;
            let rest = ((exponent as u16) << 10) | ((bits >> 42) & 0x3ff) as u16;
            (if x == 0.0 { sign } else { sign | rest })
                .to_le_bytes()
                .to_vec()
        }
    }
}

/// The bytes of a safetensors file; a column becomes a vector.
pub(super) fn serialised(tensors: &Tensors, dtype: Dtype) -> Vec<u8> {
    let encoded: Vec<(&String, Vec<usize>, Vec<u8>)> = tensors
        .iter()
        .map(|(name, matrix)| {
            let shape = if matrix.ncols() == 1 {
                vec![matrix.nrows()]
            } else {
                vec![matrix.nrows(), matrix.ncols()]
            };
            let by_rows = matrix.transpose();
            let bytes = by_rows.iter().flat_map(|x| encode(dtype, *x)).collect();
            (name, shape, bytes)
        })
        .collect();
    let views = encoded.iter().map(|(name, shape, bytes)| {
        let view = TensorView::new(dtype, shape.clone(), bytes).unwrap();
        ((*name).clone(), view)
    });
    safetensors::serialize(views, None).unwrap()
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

fn request(weights: &Path, head: usize, heads: usize) -> HeadRequest {
    HeadRequest {
        weights: weights.to_path_buf(),
        prefix: "layer.0.attention".into(),
        head,
        heads,
        key_value_heads: None,
        head_dimension: None,
        scale: None,
        layout: None,
        rotation: None,
    }
}

const PREFIX: &str = "layer.0.attention";

#[test]
fn every_layout_gives_the_same_heads() {
    // Three times as many outputs as inputs, fewer keys, one key for all, and a dimension of its own.
    for (heads, groups, dimension) in [(4, 4, 3), (4, 2, 3), (4, 1, 3), (2, 2, 4), (6, 3, 4)] {
        let layer = Layer::new(heads, groups, dimension);
        let plain = heads == groups && heads * dimension == WIDTH;
        for layout in layout_names() {
            for biased in [false, true] {
                let folder = Folder::new();
                let mut tensors = layer.tensors(layout, PREFIX, biased);
                // Other layers, and what belongs to no head.
                tensors.extend(Layer::new(2, 2, 2).tensors(layout, "layer.1.attention", true));
                tensors.insert(format!("{PREFIX}.o_proj.weight"), DMatrix::identity(3, 3));
                let path = folder.write("w.safetensors", serialised(&tensors, Dtype::F64));
                for head in 0..heads {
                    let what = format!("{layout}, {heads} on {groups}");
                    let mut asked = request(&path, head, heads);
                    if !plain {
                        let unsaid = read_head(&asked);
                        // Separate projections of as many keys say everything; others must be asked.
                        assert_eq!(
                            unsaid.is_ok(),
                            heads == groups && layout.contains('|'),
                            "{what}"
                        );
                        asked.key_value_heads = Some(groups);
                    }
                    let found = read_head(&asked).unwrap();
                    layer.assert_head(head, &found, biased, &what);
                    asked.head_dimension = Some(dimension);
                    asked.layout = Layout::named(layout);
                    assert_eq!(read_head(&asked).unwrap(), found, "{what}");
                    if !plain && !layout.contains('|') {
                        asked.key_value_heads = None;
                        assert_eq!(read_head(&asked).unwrap(), found, "{what}");
                    }
                    asked.key_value_heads = Some(groups);
                    asked.head_dimension = Some(dimension + 1);
                    assert!(read_head(&asked).is_err(), "{what}");
                }
            }
        }
    }
}

#[test]
fn every_float_format_is_exact() {
    let layer = Layer::new(4, 4, 3);
    for dtype in [Dtype::F64, Dtype::F32, Dtype::BF16, Dtype::F16] {
        for layout in ["query|key|value", "c_attn"] {
            let folder = Folder::new();
            let path = folder.write(
                "w.safetensors",
                serialised(&layer.tensors(layout, PREFIX, true), dtype),
            );
            let found = read_head(&request(&path, 2, 4)).unwrap();
            layer.assert_head(2, &found, true, &format!("{dtype:?}"));
        }
    }
    let folder = Folder::new();
    let path = folder.write(
        "w.safetensors",
        serialised(&layer.tensors("qkv", PREFIX, true), Dtype::I8),
    );
    let found = read_head(&request(&path, 2, 4)).unwrap_err().to_string();
    assert!(found.contains("F16, BF16, F32 or F64"), "{found}");
}

#[test]
fn a_fused_projection_may_be_stored_either_way() {
    // Conv1D keeps input x output; Qwen's c_attn is a linear layer. A query bias may lie beside the weight.
    let layer = Layer::new(4, 4, 3);
    let folder = Folder::new();
    let mut tensors = layer.tensors("qkv", PREFIX, true);
    let bias = tensors.remove(&format!("{PREFIX}.qkv.bias")).unwrap();
    tensors.insert(format!("{PREFIX}.q_bias"), bias.rows(0, 12).into_owned());
    let path = folder.write("w.safetensors", serialised(&tensors, Dtype::F64));
    layer.assert_head(
        1,
        &read_head(&request(&path, 1, 4)).unwrap(),
        true,
        "q_bias",
    );
    let mut tensors = layer.tensors("c_attn", PREFIX, true);
    for matrix in tensors.values_mut().filter(|m| m.ncols() > 1) {
        *matrix = matrix.transpose();
    }
    let path = folder.write("w.safetensors", serialised(&tensors, Dtype::F64));
    let found = read_head(&request(&path, 1, 4)).unwrap();
    layer.assert_head(1, &found, true, "linear c_attn");
    assert!(
        found.remarks[0].contains("layout c_attn: 4 heads of dimension 3"),
        "{:?}",
        found.remarks
    );
}

#[test]
fn a_stated_scale_is_used() {
    let layer = Layer::new(4, 4, 3);
    let folder = Folder::new();
    let path = folder.write(
        "w.safetensors",
        serialised(
            &layer.tensors("q_lin|k_lin|v_lin", PREFIX, true),
            Dtype::F64,
        ),
    );
    let usual = read_head(&request(&path, 1, 4)).unwrap();
    let asked = HeadRequest {
        scale: Some(1.0),
        ..request(&path, 1, 4)
    };
    let found = read_head(&asked).unwrap();
    let root = 3.0_f64.sqrt();
    assert!((usual.key_query * root - found.key_query).amax() < 1e-13);
    assert!((usual.query_bias * root - found.query_bias).amax() < 1e-13);
    let asked = HeadRequest {
        scale: Some(f64::NAN),
        ..asked
    };
    assert!(read_head(&asked).is_err());
}

/// `R_position` by complex numbers, pair by pair.
fn rotated(
    vector: &DVector<f64>,
    position: f64,
    base: f64,
    size: usize,
    pairing: Pairing,
) -> DVector<f64> {
    let mut turned = vector.clone();
    for pair in 0..size / 2 {
        let angle = position / base.powf(2.0 * pair as f64 / size as f64);
        let (first, second) = match pairing {
            Pairing::Halves => (pair, pair + size / 2),
            Pairing::Neighbours => (2 * pair, 2 * pair + 1),
        };
        let number =
            nalgebra::Complex::new(vector[first], vector[second]) * nalgebra::Complex::cis(angle);
        (turned[first], turned[second]) = (number.re, number.im);
    }
    turned
}

/// Scores of a model with rotary positions, both ends rotated and with all biases, differ from those of the head by the
/// same number for every token: the key bias.
#[test]
fn rotary_positions_are_those_of_the_model() {
    let layer = Layer::new(4, 2, 6);
    let folder = Folder::new();
    let (head, base, at, offset) = (3, 50.0, 11.0, -4.0);
    let query = DVector::from_fn(WIDTH, |i, _| (i as f64 * 0.7).sin());
    for layout in ["q_proj|k_proj|v_proj", "wq|wk|wv"] {
        let path = folder.write(
            "w.safetensors",
            serialised(&layer.tensors(layout, PREFIX, true), Dtype::F64),
        );
        let usual = if layout == "wq|wk|wv" {
            Pairing::Neighbours
        } else {
            Pairing::Halves
        };
        for (pairing, dimension) in [
            (None, None),
            (Some(Pairing::Neighbours), Some(4)),
            (Some(Pairing::Halves), Some(4)),
        ] {
            let rotation = Rotation {
                base,
                offset,
                dimension,
                pairing,
            };
            let asked = HeadRequest {
                key_value_heads: Some(2),
                rotation: Some(rotation),
                ..request(&path, head, 4)
            };
            let found = read_head(&asked).unwrap();
            assert!(
                found
                    .remarks
                    .iter()
                    .any(|r| r.contains("offset -4") && r.contains("pairing"))
            );
            let (size, pairing) = (dimension.unwrap_or(6), pairing.unwrap_or(usual));
            let turn = |v: DVector<f64>, position| rotated(&v, position, base, size, pairing);
            let (weight, bias) = &layer.queries[head];
            let asking = turn(weight * &query + bias, at);
            let (weight, bias) = &layer.keys[1];
            let differences: Vec<f64> = (0..5)
                .map(|token| {
                    let token = DVector::from_fn(WIDTH, |i, _| ((i + 3 * token) as f64).cos());
                    let key = turn(weight * &token + bias, at + offset);
                    key.dot(&asking) * layer.scale()
                        - (&found.key_query * &query + &found.query_bias).dot(&token)
                })
                .collect();
            for difference in &differences {
                assert!(
                    (difference - differences[0]).abs() < 1e-12,
                    "{layout} {differences:?}"
                );
            }
        }
    }
    // Without a rotation the head is that of the weights, and says so.
    let path = folder.write(
        "w.safetensors",
        serialised(
            &layer.tensors("q_proj|k_proj|v_proj", PREFIX, true),
            Dtype::F64,
        ),
    );
    let asked = HeadRequest {
        key_value_heads: Some(2),
        ..request(&path, head, 4)
    };
    let found = read_head(&asked).unwrap();
    layer.assert_head(head, &found, true, "no rotation");
    assert!(
        found
            .remarks
            .iter()
            .any(|r| r.contains("positions (rotary or other) are left out"))
    );
    let odd = Rotation {
        base,
        offset,
        dimension: Some(5),
        pairing: None,
    };
    assert!(
        read_head(&HeadRequest {
            rotation: Some(odd),
            ..asked
        })
        .is_err()
    );
}

#[test]
fn shards_are_found_by_their_index_or_their_folder() {
    let layer = Layer::new(4, 4, 3);
    let tensors = layer.tensors("query|key|value", PREFIX, true);
    let (mut one, mut two) = (Tensors::new(), Tensors::new());
    for (place, (name, matrix)) in tensors.iter().enumerate() {
        let shard = if place % 2 == 0 { &mut one } else { &mut two };
        shard.insert(name.clone(), matrix.clone());
    }
    let folder = Folder::new();
    folder.write("one.safetensors", serialised(&one, Dtype::F32));
    folder.write("two.safetensors", serialised(&two, Dtype::F64));
    let assert_read = |weights: &Path| {
        let found = read_head(&request(weights, 2, 4)).unwrap();
        layer.assert_head(2, &found, true, "shards");
    };
    assert_read(folder.0.path());
    let places = |file: &str| {
        let places: BTreeMap<&String, &str> = tensors
            .keys()
            .map(|name| {
                (
                    name,
                    if one.contains_key(name) {
                        "one.safetensors"
                    } else {
                        file
                    },
                )
            })
            .collect();
        serde_json::json!({ "metadata": {}, "weight_map": places }).to_string()
    };
    let index = folder.write("model.safetensors.index.json", places("two.safetensors"));
    assert_read(&index);
    assert_read(folder.0.path());
    let message = |weights: &Path| read_head(&request(weights, 2, 4)).unwrap_err().to_string();
    for (content, part) in [
        (places("three.safetensors"), "three.safetensors"),
        (
            places("../two.safetensors"),
            "not the name of a file beside it",
        ),
        (places("one.safetensors"), "there is no tensor"),
        ("{}".into(), "weight_map"),
        ("[".into(), "not JSON"),
    ] {
        let index = folder.write("model.safetensors.index.json", content);
        let found = message(&index);
        assert!(found.contains(part), "{part:?} is not in {found:?}");
    }
    std::fs::remove_file(index).unwrap();
    folder.write("three.safetensors", serialised(&two, Dtype::F64));
    assert!(message(folder.0.path()).contains("in another file of the folder too"));
    assert!(message(&folder.write("w.bin", b"PK")).contains("save_file"));
    let empty = Folder::new();
    assert!(message(empty.0.path()).contains("no tensors"));
}

#[test]
fn what_is_no_bilinear_head_is_refused_with_its_name() {
    let layer = Layer::new(4, 4, 3);
    let with = |name: &str| {
        let folder = Folder::new();
        let mut tensors = layer.tensors("q_proj|k_proj|v_proj", PREFIX, false);
        tensors.insert(format!("{PREFIX}.{name}"), DMatrix::identity(2, 2));
        let path = folder.write("w.safetensors", serialised(&tensors, Dtype::F32));
        read_head(&request(&path, 0, 4))
    };
    for (name, part) in [
        ("q_norm.weight", "normalised"),
        ("k_layernorm.bias", "normalised"),
        ("sinks", "sinks"),
        ("bias_k", "added to every prompt"),
        ("q_proj.lora_A.weight", "merge"),
        ("k_proj.weight_scale", "merge"),
    ] {
        let found = with(name).unwrap_err().to_string();
        assert!(
            found.contains(part) && found.contains(&format!("{PREFIX}.{name}")),
            "{found}"
        );
    }
    let unread = |name: &str| {
        let remarks = with(name).unwrap().remarks;
        remarks
            .iter()
            .any(|r| r.contains("not read") && r.contains(name))
    };
    assert!(unread("relative_position_bias_table") && unread("distance_embedding.weight"));
    assert!(!unread("o_proj.weight") && !unread("rotary_emb.inv_freq"));
}

#[test]
fn what_a_checkpoint_lacks_is_named() {
    let layer = Layer::new(4, 4, 3);
    let folder = Folder::new();
    let mut tensors = layer.tensors("query|key|value", PREFIX, true);
    tensors.extend(layer.tensors("qkv", "vision.attn", true));
    let bytes = serialised(&tensors, Dtype::F32);
    let path = folder.write("w.safetensors", &bytes);
    let message = |asked: HeadRequest| read_head(&asked).unwrap_err().to_string();
    let other = |prefix: &str| HeadRequest {
        prefix: prefix.into(),
        ..request(&path, 0, 4)
    };
    let missing = message(other("layr.0.attention"));
    assert!(
        missing.contains("query|key|value under layer.0.attention"),
        "{missing}"
    );
    assert!(missing.contains("qkv under vision.attn"), "{missing}");
    // A dot at the end of a prefix changes nothing.
    assert_eq!(
        read_head(&other("layer.0.attention.")),
        read_head(&request(&path, 0, 4))
    );
    let asked = HeadRequest {
        layout: Layout::named("c_attn"),
        ..request(&path, 0, 4)
    };
    let missing = message(asked);
    assert!(
        missing.contains("layer.0.attention.c_attn.weight") && missing.contains("the names are"),
        "{missing}"
    );
    assert!(message(request(&path, 0, 5)).contains("5 heads"));
    let outside = read_head(&request(&path, 4, 4)).unwrap_err();
    assert!(matches!(outside, Error::Parameter { .. }) && outside.to_string().contains("4 of 4"));
    assert!(message(request(&path, 0, 0)).contains("0 of 0"));
    // Two layouts under one prefix.
    tensors.extend(layer.tensors("qkv", PREFIX, true));
    let both = folder.write("both.safetensors", serialised(&tensors, Dtype::F32));
    let found = message(request(&both, 0, 4));
    assert!(
        found.contains("say layout = one of query|key|value, qkv"),
        "{found}"
    );
    let asked = HeadRequest {
        layout: Layout::named("qkv"),
        ..request(&both, 0, 4)
    };
    layer.assert_head(0, &read_head(&asked).unwrap(), true, "said");
    // Fewer keys than queries: what would fit is said.
    let grouped = Layer::new(4, 2, 3);
    let path = folder.write(
        "g.safetensors",
        serialised(&grouped.tensors("wq|wk|wv", PREFIX, true), Dtype::F32),
    );
    assert!(message(request(&path, 0, 4)).contains("say key_value_heads = 2"));
    let path = folder.write(
        "g.safetensors",
        serialised(&grouped.tensors("qkv_proj", PREFIX, true), Dtype::F32),
    );
    assert!(message(request(&path, 0, 4)).contains("say key_value_heads or head_dimension"));
    let asked = HeadRequest {
        key_value_heads: Some(3),
        ..request(&path, 0, 4)
    };
    assert!(message(asked).contains("3 key-value heads"));
    for cut in [0, 4, 9, 100, bytes.len() - 1] {
        let path = folder.write("cut.safetensors", &bytes[..cut]);
        let error = read_head(&request(&path, 0, 4)).unwrap_err();
        assert!(matches!(error, Error::File { .. }), "{error}");
    }
    let mut huge = bytes.clone();
    huge[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    let path = folder.write("huge.safetensors", &huge);
    assert!(message(request(&path, 0, 4)).contains("header"));
}

#[test]
fn the_configuration_beside_the_weights_is_heard() {
    let layer = Layer::new(4, 4, 6);
    let folder = Folder::new();
    let path = folder.write(
        "w.safetensors",
        serialised(
            &layer.tensors("q_proj|k_proj|v_proj", PREFIX, true),
            Dtype::F64,
        ),
    );
    let asked = request(&path, 1, 4);
    let turned = HeadRequest {
        rotation: Some(Rotation {
            base: 1e4,
            offset: 0.0,
            dimension: Some(2),
            pairing: None,
        }),
        ..asked.clone()
    };
    let whole = HeadRequest {
        rotation: Some(Rotation {
            base: 1e4,
            offset: 0.0,
            dimension: None,
            pairing: None,
        }),
        ..asked.clone()
    };
    for (content, asked, part) in [
        (
            "{\"attn_logit_softcapping\": 50.0}",
            &asked,
            "attn_logit_softcapping = 50",
        ),
        ("{\"num_attention_heads\": 8}", &asked, "say heads = 8"),
        (
            "{\"num_key_value_heads\": 2}",
            &asked,
            "say key_value_heads = 2",
        ),
        ("{\"head_dim\": 8}", &asked, "say head_dimension = 8"),
        ("{\"query_pre_attn_scalar\": 4}", &asked, "say scale = 0.5"),
        (
            "{\"attention_multiplier\": 0.25}",
            &asked,
            "say scale = 0.25",
        ),
        ("{\"model_type\": \"gpt_neo\"}", &asked, "say scale = 1"),
        ("{\"scale_attn_weights\": false}", &asked, "say scale = 1"),
        (
            "{\"scale_attn_by_inverse_layer_idx\": true}",
            &asked,
            "number of the layer",
        ),
        (
            "{\"partial_rotary_factor\": 0.5}",
            &whole,
            "partial_rotary_factor",
        ),
        ("{", &asked, "config.json"),
    ] {
        folder.write("config.json", content);
        let found = read_head(asked).unwrap_err().to_string();
        assert!(found.contains(part), "{part:?} is not in {found:?}");
    }
    let remarks = |content: &str, asked: &HeadRequest| {
        folder.write("config.json", content);
        read_head(asked).unwrap().remarks.join("\n")
    };
    let rotary = "{\"num_attention_heads\": 4, \"rope_theta\": 500.0, \"rope_scaling\": {}, \"attn_logit_softcapping\": null}";
    assert!(remarks(rotary, &asked).contains("rope_theta = 500: the model has rotary positions"));
    let found = remarks(rotary, &turned);
    assert!(
        found.contains("rope_theta = 500, not the base")
            && found.contains("rope_scaling is not applied"),
        "{found}"
    );
    let scaled = HeadRequest {
        scale: Some(0.5),
        ..asked
    };
    assert!(!remarks("{\"model_type\": \"gpt_neo\"}", &scaled).contains("config"));
}

#[test]
fn tensor_sizes_near_the_end_of_the_integers_are_refused() {
    // Seven tensors of 2^61 bytes, one after the other, and nothing behind the header.
    let size = 1_u64 << 61;
    let entries: Vec<String> = (0..7_u64)
        .map(|i| {
            let (start, end) = (i * size, (i + 1) * size);
            format!(
                "\"t{i}\":{{\"dtype\":\"U8\",\"shape\":[{size}],\"data_offsets\":[{start},{end}]}}"
            )
        })
        .collect();
    let header = format!("{{{}}}", entries.join(","));
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    let folder = Folder::new();
    let path = folder.write("w.safetensors", bytes);
    assert!(read_head(&request(&path, 0, 1)).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn mangled_checkpoints_are_read_or_refused(
        layout in prop::sample::select(vec!["query|key|value", "c_attn", "in_proj"]),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = serialised(&Layer::new(4, 4, 3).tensors(layout, PREFIX, true), Dtype::F32);
        for (at, byte) in flips {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let folder = Folder::new();
        let path = folder.write("w.safetensors", bytes);
        match read_head(&request(&path, 1, 4)) {
            Ok(head) => prop_assert!(head.value.iter().all(|x| x.is_finite())),
            Err(error) => {
                let from_file = matches!(error, Error::File { .. });
                prop_assert!(from_file, "{}", error);
            }
        }
    }
}
