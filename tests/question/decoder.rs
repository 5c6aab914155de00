//! The example of a decoder (rotary positions, grouped queries) against attention written out from its tensors.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use attention_bounds::file::{TableOptions, read_table};
use attention_bounds::record::QueryLabel;
use attention_bounds::scenario::Scenario;
use nalgebra::DMatrix;

const LONGEST: u64 = 1 << 53;

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(name)
}

/// The tensors of a safetensors file of 32-bit floats.
fn tensors(path: &Path) -> HashMap<String, DMatrix<f64>> {
    let bytes = std::fs::read(path).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let number = |value: &serde_json::Value| value.as_u64().unwrap() as usize;
    let tensor = |(name, of): (&String, &serde_json::Value)| {
        let (rows, columns) = (number(&of["shape"][0]), number(&of["shape"][1]));
        let start = 8 + length + number(&of["data_offsets"][0]);
        let numbers = bytes[start..].chunks_exact(4);
        let numbers = numbers.map(|b| f64::from(f32::from_le_bytes(b.try_into().unwrap())));
        let short = name.split('.').nth_back(1).unwrap().to_owned();
        let matrix = DMatrix::from_row_iterator(rows, columns, numbers.take(rows * columns));
        (short, matrix)
    };
    header.as_object().unwrap().iter().map(tensor).collect()
}

/// One token: `E|V X - T|^2`; very many: `L` times the error is `E[w^2 |V X - T|^2]`.
#[test]
fn the_decoder_is_attention_written_out() {
    let all = tensors(&example("decoder/attention.safetensors"));
    let rows = |name| {
        let path = example("decoder").join(name);
        read_table(path, &TableOptions::default())
            .unwrap()
            .matrix
            .transpose()
    };
    let (tokens, queries) = (rows("tokens.npy"), rows("queries.npy"));
    // Query head 1 reads the first key-value head.
    let mut keys = all["k_proj"].rows(0, 16) * &tokens;
    let values = all["v_proj"].rows(0, 16) * &tokens;
    let asked = all["q_proj"].rows(16, 16) * &queries;
    for mut key in keys.column_iter_mut() {
        for i in 0..8 {
            let angle = -16.0 * 10_000f64.powf(-2.0 * i as f64 / 16.0);
            let (x, y) = (key[i], key[i + 8]);
            key[i] = x * angle.cos() - y * angle.sin();
            key[i + 8] = y * angle.cos() + x * angle.sin();
        }
    }
    let count = tokens.ncols() as f64;
    let (mut single, mut limit) = (0.0, 0.0);
    for query in asked.column_iter() {
        let scores = keys.tr_mul(&query) / 4.0;
        let weights = scores.map(f64::exp);
        let weights = &weights / weights.mean();
        let mean = &values * &weights / count;
        for (value, w) in values.column_iter().zip(weights.iter()) {
            let square = (value - &mean).norm_squared() / (count * queries.ncols() as f64);
            single += square;
            limit += w * w * square;
        }
    }
    let study = Scenario::load(&example("decoder.toml"))
        .unwrap()
        .study()
        .unwrap();
    let table = study.lengths([1, LONGEST]).unwrap().table().unwrap();
    let exact = |length| {
        let mut rows = table.rows.iter();
        let row = rows.find(|row| row.query == QueryLabel::Average && row.length == length);
        row.unwrap().exact.as_ref().unwrap().value
    };
    let near =
        |found: f64, wanted: f64| assert!((found / wanted - 1.0).abs() < 1e-10, "{found} {wanted}");
    near(exact(1), single);
    near(exact(LONGEST) * LONGEST as f64, limit);
}
