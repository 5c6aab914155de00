//! Numeric files: what another writer wrote is read back, and mangled bytes are refused, never more.

use std::path::PathBuf;

use attention_bounds::error::Error;
use attention_bounds::file::{read_npy_matrix, read_safetensors_head};
use attention_bounds::law::Empirical;
use nalgebra::{DMatrix, DVector};
use npyz::WriterBuilder;
use proptest::prelude::*;
use safetensors::tensor::{Dtype, TensorView};

fn write(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (directory, path)
}

/// A `.npy` file written by the npyz crate, the numbers in the order in which they are stored.
fn npyz_file<T: npyz::AutoSerialize>(
    rows: u64,
    columns: u64,
    order: npyz::Order,
    numbers: Vec<T>,
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = npyz::WriteOptions::new()
        .default_dtype()
        .shape(&[rows, columns])
        .order(order)
        .writer(&mut bytes)
        .begin_nd()
        .unwrap();
    writer.extend(numbers).unwrap();
    writer.finish().unwrap();
    bytes
}

#[test]
fn npy_files_of_another_writer_are_read() {
    let wanted = DMatrix::from_row_slice(2, 3, &[1.0, -2.0, 0.5, 4.0, 5.0, 1e-3]);
    let by_row: Vec<f64> = wanted.transpose().as_slice().to_vec();
    let by_column: Vec<f64> = wanted.as_slice().to_vec();
    let single: Vec<f32> = by_row.iter().map(|x| *x as f32).collect();
    for bytes in [
        npyz_file(2, 3, npyz::Order::C, by_row),
        npyz_file(2, 3, npyz::Order::Fortran, by_column),
    ] {
        let (_keep, path) = write("m.npy", &bytes);
        assert_eq!(read_npy_matrix(&path).unwrap(), wanted);
        assert_eq!(
            Empirical::from_npy(&path).unwrap(),
            Empirical::new(&wanted).unwrap()
        );
    }
    let (_keep, path) = write("m.npy", &npyz_file(2, 3, npyz::Order::C, single));
    assert!((read_npy_matrix(path).unwrap() - wanted).amax() < 1e-9);
    let (_keep, path) = write("m.npy", &npyz_file(1, 2, npyz::Order::C, vec![1_i64, 2]));
    let message = read_npy_matrix(&path).unwrap_err().to_string();
    assert!(message.contains("m.npy") && message.contains("<i8") && message.contains("float64"));
    assert!(read_npy_matrix(path.with_file_name("missing.npy")).is_err());
}

/// Weights of two heads of dimension 2 on tokens of dimension 3.
struct Weights {
    query: Vec<f64>,
    bias: Vec<f64>,
    key: Vec<f64>,
    value: Vec<f64>,
}

impl Weights {
    fn new() -> Self {
        // Multiples of 1/8 below 2 are exact in every format.
        let list =
            |n: usize, seed: usize| (0..n).map(move |i| ((i * 7 + seed) % 23) as f64 / 8.0 - 1.0);
        Self {
            query: list(12, 1).collect(),
            bias: list(4, 5).collect(),
            key: list(12, 9).collect(),
            value: list(12, 14).collect(),
        }
    }

    fn checkpoint(&self, dtype: Dtype, with_bias: bool) -> Vec<u8> {
        let tensors = [
            ("query.weight", vec![4, 3], &self.query),
            ("query.bias", vec![4], &self.bias),
            ("key.weight", vec![4, 3], &self.key),
            ("value.weight", vec![4, 3], &self.value),
        ];
        let encoded: Vec<(String, Vec<usize>, Vec<u8>)> = tensors
            .into_iter()
            .filter(|(name, ..)| with_bias || *name != "query.bias")
            .map(|(name, shape, numbers)| {
                let bytes = numbers.iter().flat_map(|x| encode(dtype, *x)).collect();
                (format!("layer.{name}"), shape, bytes)
            })
            .collect();
        let views = encoded.iter().map(|(name, shape, bytes)| {
            let view = TensorView::new(dtype, shape.clone(), bytes).unwrap();
            (name.clone(), view)
        });
        safetensors::serialize(views, None).unwrap()
    }
}

fn encode(dtype: Dtype, x: f64) -> Vec<u8> {
    match dtype {
        Dtype::F64 => x.to_le_bytes().to_vec(),
        Dtype::F32 => (x as f32).to_le_bytes().to_vec(),
        Dtype::BF16 => (x as f32).to_le_bytes()[2..].to_vec(),
        _ => {
            // Half precision of a normal number: rebias the exponent, keep 10 fraction bits.
            let bits = x.to_bits();
            let sign = (bits >> 48) as u16 & 0x8000;
            let half = if x == 0.0 {
                sign
            } else {
                let exponent = ((bits >> 52) & 0x7ff) as i32 - 1023 + 15;
                sign | ((exponent as u16) << 10) | ((bits >> 42) & 0x3ff) as u16
            };
            half.to_le_bytes().to_vec()
        }
    }
}

#[test]
fn a_head_is_cut_from_every_float_format() {
    let weights = Weights::new();
    let rows = |numbers: &[f64]| {
        DMatrix::from_row_slice(4, 3, numbers)
            .rows(2, 2)
            .into_owned()
    };
    let (q, k, v) = (
        rows(&weights.query),
        rows(&weights.key),
        rows(&weights.value),
    );
    let bias = DVector::from_column_slice(&weights.bias[2..]);
    for dtype in [Dtype::F64, Dtype::F32, Dtype::BF16, Dtype::F16] {
        let (_keep, path) = write("w.safetensors", &weights.checkpoint(dtype, true));
        let head = read_safetensors_head(&path, "layer", 1, 2).unwrap();
        let scale = 2.0_f64.sqrt();
        assert!((head.key_query() - k.transpose() * &q / scale).amax() < 1e-14);
        assert!((head.tilt_bias() - k.transpose() * &bias / scale).amax() < 1e-14);
        assert_eq!(head.value(), &v);
    }
    let (_keep, path) = write("w.safetensors", &weights.checkpoint(Dtype::F32, false));
    let head = read_safetensors_head(path, "layer", 1, 2).unwrap();
    assert_eq!(head.tilt_bias(), &DVector::zeros(3));
}

#[test]
fn what_a_checkpoint_lacks_is_named() {
    let bytes = Weights::new().checkpoint(Dtype::F32, true);
    let (_keep, path) = write("w.safetensors", &bytes);
    let message = |prefix: &str, head: usize, heads: usize| {
        read_safetensors_head(&path, prefix, head, heads)
            .unwrap_err()
            .to_string()
    };
    let missing = message("layr", 0, 2);
    assert!(missing.contains("layr.query.weight") && missing.contains("layer.query.weight"));
    assert!(message("layer", 0, 3).contains("3 heads"));
    assert!(message("layer", 2, 2).contains("2 of 2"));
    assert!(message("layer", 0, 0).contains("0 of 0"));
    for cut in [0, 4, 9, 100, bytes.len() - 1] {
        let (_keep, path) = write("w.safetensors", &bytes[..cut]);
        let error = read_safetensors_head(path, "layer", 0, 2).unwrap_err();
        assert!(matches!(error, Error::File { .. }), "{error}");
    }
    let mut huge = bytes.clone();
    huge[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    let (_keep, path) = write("w.safetensors", &huge);
    assert!(read_safetensors_head(path, "layer", 0, 2).is_err());
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
    let (_keep, path) = write("w.safetensors", &bytes);
    assert!(read_safetensors_head(path, "t", 0, 1).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn mangled_npy_files_are_read_or_refused(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        in_header in any::<bool>(),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = npyz_file(3, 2, npyz::Order::C, vec![1.0_f64, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let range = if in_header { 80 } else { bytes.len() };
        for (at, byte) in flips {
            bytes[at.index(range)] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let (_keep, path) = write("m.npy", &bytes);
        match read_npy_matrix(path) {
            Ok(matrix) => prop_assert!(matrix.len() <= 30 && matrix.iter().all(|x| x.is_finite())),
            Err(error) => {
                let from_file = matches!(error, Error::File { .. });
                prop_assert!(from_file, "{}", error);
            }
        }
    }

    #[test]
    fn mangled_checkpoints_are_read_or_refused(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = Weights::new().checkpoint(Dtype::F32, true);
        for (at, byte) in flips {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let (_keep, path) = write("w.safetensors", &bytes);
        match read_safetensors_head(path, "layer", 1, 2) {
            Ok(head) => prop_assert!(head.value().iter().all(|x| x.is_finite())),
            Err(error) => {
                let from_file = matches!(error, Error::File { .. });
                prop_assert!(from_file, "{}", error);
            }
        }
    }
}
