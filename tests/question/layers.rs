//! All heads of a layer with their output projection, in the layouts of several models.

use std::collections::BTreeMap;
use std::path::Path;

use attention_bounds::file::{HeadRequest, read_head, read_layer};
use nalgebra::DMatrix;
use safetensors::tensor::Dtype;

use super::checkpoints::{Tensors, serialised};

/// Numbers that no two entries of a matrix share.
fn numbers(rows: usize, columns: usize, seed: usize) -> DMatrix<f64> {
    DMatrix::from_fn(rows, columns, |i, j| {
        ((i * columns + j) * 7 + seed) as f64 / 64.0
    })
}

fn write(path: &Path, tensors: &Tensors) {
    std::fs::write(path, serialised(tensors, Dtype::F64)).unwrap();
}

fn request(path: &Path, prefix: &str, heads: usize) -> HeadRequest {
    HeadRequest {
        weights: path.to_path_buf(),
        prefix: prefix.into(),
        head: 0,
        heads,
        key_value_heads: None,
        head_dimension: None,
        scale: None,
        layout: None,
        rotation: None,
    }
}

/// Width of a token, number of heads, and dimension of each.
const WIDTH: usize = 6;
const HEADS: usize = 3;
const OWN: usize = 2;

/// Prefix, projections with their shapes, the output projection with its shape, and whether it is `input x output`.
type Model<'a> = (&'a str, &'a [(&'a str, usize, usize)], &'a str, bool);

const MODELS: [Model<'static>; 6] = [
    (
        "bert.attention.self",
        &[
            ("query.weight", 6, 6),
            ("key.weight", 6, 6),
            ("value.weight", 6, 6),
        ],
        "bert.attention.output.dense",
        false,
    ),
    (
        "vit.attention.attention",
        &[
            ("query.weight", 6, 6),
            ("key.weight", 6, 6),
            ("value.weight", 6, 6),
        ],
        "vit.attention.output.dense",
        false,
    ),
    (
        "h.0.attn",
        &[("c_attn.weight", 6, 18), ("c_attn.bias", 18, 1)],
        "h.0.attn.c_proj",
        true,
    ),
    (
        "blocks.0.attn",
        &[("qkv.weight", 18, 6)],
        "blocks.0.attn.proj",
        false,
    ),
    (
        "layers.0.self_attn",
        &[("in_proj_weight", 18, 6)],
        "layers.0.self_attn.out_proj",
        false,
    ),
    (
        "llama.self_attn",
        &[
            ("q_proj.weight", 6, 6),
            ("k_proj.weight", 2, 6),
            ("v_proj.weight", 2, 6),
        ],
        "llama.self_attn.o_proj",
        false,
    ),
];

#[test]
fn every_head_gets_its_columns_of_the_output_projection() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    for (prefix, projections, output, transposed) in MODELS {
        let mut tensors = BTreeMap::new();
        for (seed, (name, rows, columns)) in projections.iter().enumerate() {
            tensors.insert(format!("{prefix}.{name}"), numbers(*rows, *columns, seed));
        }
        // Four outputs of the layer, so that nothing is square; another layer; and a bias, which is not read.
        let projection = numbers(4, WIDTH, 11);
        let stored = if transposed {
            projection.transpose()
        } else {
            projection.clone()
        };
        tensors.insert(format!("{output}.weight"), stored);
        tensors.insert(format!("{output}.bias"), numbers(4, 1, 3));
        tensors.insert(format!("other.{output}.weight"), numbers(4, WIDTH, 5));
        write(&path, &tensors);
        let mut asked = request(&path, prefix, HEADS);
        asked.key_value_heads = prefix.starts_with("llama").then_some(1);
        let found = read_layer(&asked).unwrap();
        let outputs = found.outputs.unwrap();
        assert_eq!(
            (found.heads.len(), outputs.len()),
            (HEADS, HEADS),
            "{prefix}"
        );
        for (head, (weights, own)) in found.heads.iter().zip(&outputs).enumerate() {
            asked.head = head;
            assert_eq!(*weights, read_head(&asked).unwrap(), "{prefix}");
            assert_eq!(
                *own,
                projection.columns(head * OWN, OWN),
                "{prefix}: {head}"
            );
        }
    }
}

#[test]
fn output_projections_that_do_not_fit_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let projections =
        ["q_proj", "k_proj", "v_proj"].map(|name| (format!("a.{name}.weight"), numbers(6, 6, 1)));
    let mut tensors: BTreeMap<_, _> = projections.into_iter().collect();
    let asked = request(&path, "a", HEADS);
    write(&path, &tensors);
    let found = read_layer(&asked).unwrap();
    assert!(found.outputs.is_none());
    assert!(
        found
            .remarks
            .iter()
            .any(|remark| remark.contains("no output projection"))
    );

    tensors.insert("a.o_proj.weight".into(), numbers(6, 5, 1));
    write(&path, &tensors);
    let text = read_layer(&asked).unwrap_err().to_string();
    assert!(
        text.contains("a.o_proj.weight has 5 columns") && text.contains("need 6"),
        "{text}"
    );

    tensors.insert("a.out_proj.weight".into(), numbers(6, 6, 1));
    write(&path, &tensors);
    let text = read_layer(&asked).unwrap_err().to_string();
    assert!(
        text.contains("a.o_proj.weight and a.out_proj.weight"),
        "{text}"
    );

    let mut bad = numbers(6, 6, 1);
    bad[(5, 5)] = f64::NAN;
    tensors.remove("a.out_proj.weight");
    tensors.insert("a.o_proj.weight".into(), bad);
    write(&path, &tensors);
    let text = read_layer(&asked).unwrap_err().to_string();
    assert!(text.contains("o_proj"), "{text}");
}
