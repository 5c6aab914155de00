//! Tables of numbers: what other writers wrote is read, what is ambiguous is asked, and mangled bytes are refused.

use std::io::Write;
use std::path::{Path, PathBuf};

use attention_bounds::error::Error;
use attention_bounds::file::{NumberTable, TableOptions, open_regular, read_table};
use nalgebra::DMatrix;
use proptest::prelude::*;
use safetensors::tensor::{Dtype, TensorView};
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

use crate::support::command_line::{refused, stdout};

fn write(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (directory, path)
}

fn read_bytes(name: &str, bytes: &[u8], tensor: Option<&str>) -> Result<NumberTable, Error> {
    let (_keep, path) = write(name, bytes);
    let options = TableOptions {
        tensor: tensor.map(str::to_owned),
        ..TableOptions::default()
    };
    read_table(path, &options)
}

fn message(name: &str, bytes: &[u8], tensor: Option<&str>) -> String {
    let error = read_bytes(name, bytes, tensor).unwrap_err();
    assert!(matches!(error, Error::File { .. }), "{error}");
    error.to_string()
}

/// An array that NumPy wrote (`tools/npy_arrays.py`).
fn numpy_file(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/npy");
    std::fs::read(folder.join(name).with_extension("npy")).unwrap()
}

/// Numbers as a `.npy` file of this shape.
fn float_file(shape: &str, numbers: &[f64]) -> Vec<u8> {
    let data: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
    npy_by_hand(1, "<f8", shape, &data)
}

/// By rows; every one of them is a number of every numeric type with a sign.
const ROWS: [f64; 6] = [1.0, -2.0, 0.0, 4.0, -50.0, 127.0];

fn wanted() -> DMatrix<f64> {
    DMatrix::from_row_slice(2, 3, &ROWS)
}

#[test]
fn npy_arrays_of_every_numeric_type_and_order_are_read() {
    for kind in [
        "f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1",
    ] {
        for end in ["little", "big"] {
            for order in ["C", "F"] {
                let name = format!("{kind}-{end}-{order}");
                let found = read_bytes("m.npy", &numpy_file(&name), None).unwrap();
                let unsigned = kind.starts_with('u');
                let rows = if unsigned { wanted().abs() } else { wanted() };
                assert_eq!(found.matrix, rows, "{name}");
                assert!(found.remarks.is_empty());
            }
        }
    }
    // Both byte orders and both memory orders are among them.
    let header = |name: &str| String::from_utf8_lossy(&numpy_file(name)[..128]).into_owned();
    assert!(header("f8-little-C").contains("'<f8', 'fortran_order': False"));
    assert!(header("i4-big-F").contains("'>i4', 'fortran_order': True"));
    let found = read_bytes("m.npy", &numpy_file("b1"), None).unwrap();
    assert_eq!(found.matrix, DMatrix::from_vec(3, 1, vec![1.0, 0.0, 1.0]));
}

/// A `.npy` file put together here: any version, any element type.
fn npy_by_hand(version: u8, code: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{code}', 'fortran_order': False, 'shape': ({shape}), }}\n");
    let mut bytes = b"\x93NUMPY".to_vec();
    bytes.extend([version, 0]);
    let length = (header.len() as u32).to_le_bytes();
    bytes.extend(&length[..if version == 1 { 2 } else { 4 }]);
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

#[test]
fn half_precision_and_all_versions_are_read() {
    // 1, -2, 2^-24 (the smallest) and 65504 (the largest).
    let halves: [u16; 4] = [0x3c00, 0xc000, 0x0001, 0x7bff];
    let wanted = DMatrix::from_row_slice(2, 2, &[1.0, -2.0, 2.0_f64.powi(-24), 65504.0]);
    for version in [1, 2, 3] {
        for (code, bytes) in [
            ("<f2", halves.map(u16::to_le_bytes)),
            (">f2", halves.map(u16::to_be_bytes)),
        ] {
            let file = npy_by_hand(version, code, "2, 2", bytes.as_flattened());
            assert_eq!(read_bytes("m.npy", &file, None).unwrap().matrix, wanted);
        }
    }
}

#[test]
fn numbers_that_are_not_finite_or_not_exact_are_refused_with_their_place() {
    let found = message("m.npy", &numpy_file("inexact-i8"), None);
    assert!(
        found.contains("9007199254740993") && found.contains("row 1, column 0"),
        "{found}"
    );
    let found = message("m.npy", &numpy_file("infinite-f4"), None);
    assert!(found.contains("-inf in row 1, column 1"), "{found}");
    for (code, part) in [
        ("|O", "|O"),
        ("<c16", "<c16"),
        ("<U3", "<U3"),
        ("<f16", "<f16"),
    ] {
        let found = message("m.npy", &npy_by_hand(1, code, "1,", &[0; 16]), None);
        assert!(found.contains(part) && found.contains("float64"), "{found}");
    }
    let batch = message("m.npy", &npy_by_hand(1, "<f8", "1, 2, 3", &[0; 48]), None);
    assert!(
        batch.contains("3 dimensions") && batch.contains("reshape"),
        "{batch}"
    );
}

fn npz(arrays: &[(&str, Vec<u8>)], method: CompressionMethod) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    // NumPy writes the large form of sizes.
    let options = SimpleFileOptions::default()
        .compression_method(method)
        .large_file(true);
    for (name, bytes) in arrays {
        writer.start_file(format!("{name}.npy"), options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn one_array_of_an_archive_is_read() {
    let one = float_file("2, 3", &ROWS);
    let two = float_file("1,", &[7.0]);
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let both = npz(&[("one", one.clone()), ("a.two", two.clone())], method);
        assert_eq!(
            read_bytes("m.npz", &both, Some("one")).unwrap().matrix,
            wanted()
        );
        assert_eq!(
            read_bytes("m.npz", &both, Some("a.two")).unwrap().matrix[0],
            7.0
        );
        let found = message("m.npz", &both, None);
        assert!(
            found.contains("say tensor = one of") && found.contains("a.two"),
            "{found}"
        );
        assert!(message("m.npz", &both, Some("three")).contains("no array three"));
        let single = npz(&[("arr_0", one.clone())], method);
        assert_eq!(read_bytes("m.npz", &single, None).unwrap().matrix, wanted());
        // A flipped bit of the data breaks the checksum, if not the numbers.
        let mut broken = single.clone();
        let place = broken
            .windows(8)
            .position(|w| w == (-2.0_f64).to_le_bytes());
        if let Some(place) = place {
            broken[place] ^= 1;
            let found = message("m.npz", &broken, None);
            assert!(found.contains("arr_0"), "{found}");
        }
    }
    let text = npz(&[("arr_0", b"hello".to_vec())], CompressionMethod::Stored);
    assert!(message("m.npz", &text, None).contains("not a .npy file"));
    assert!(message("m.npz", b"PK\x03\x04", None).contains(".npz archive"));
}

#[test]
fn one_tensor_of_a_safetensors_file_is_read() {
    let single: Vec<u8> = ROWS
        .iter()
        .flat_map(|x| (*x as f32).to_le_bytes())
        .collect();
    let whole: Vec<u8> = ROWS
        .iter()
        .flat_map(|x| (*x as i64).to_le_bytes())
        .collect();
    let views = [
        (
            "hidden",
            TensorView::new(Dtype::F32, vec![2, 3], &single).unwrap(),
        ),
        (
            "counts",
            TensorView::new(Dtype::I64, vec![6], &whole).unwrap(),
        ),
    ];
    let bytes = safetensors::serialize(views.clone(), None).unwrap();
    assert_eq!(
        read_bytes("t.safetensors", &bytes, Some("hidden"))
            .unwrap()
            .matrix,
        wanted()
    );
    let counts = read_bytes("t.safetensors", &bytes, Some("counts"))
        .unwrap()
        .matrix;
    assert_eq!(counts.as_slice(), ROWS);
    assert!(message("t.safetensors", &bytes, None).contains("counts, hidden"));
    let alone = safetensors::serialize([views[0].clone()], None).unwrap();
    assert_eq!(
        read_bytes("t.safetensors", &alone, None).unwrap().matrix,
        wanted()
    );
    for cut in [0, 4, 9, alone.len() - 1] {
        message("t.safetensors", &alone[..cut], None);
    }
}

#[test]
fn text_is_read_whatever_separates_it() {
    for (name, text) in [
        ("t.csv", "a,b,c\n1,-2,0\n4,-50,127\n"),
        ("t.tsv", "\ta\tb\tc\n0\t1\t-2\t0\n1\t4\t-50\t127\n"),
        ("T.CSV", "1,-2,0\n4,-50,127"),
    ] {
        let table = read_bytes(name, text.as_bytes(), None).unwrap();
        assert_eq!(table.matrix, wanted(), "{name}");
    }
}

#[test]
fn other_formats_are_refused_with_a_way_out() {
    let parquet = message("t.parquet", b"PAR1", None);
    assert!(
        parquet.contains("pandas.read_parquet") && !parquet.contains('\n'),
        "{parquet}"
    );
    assert!(message("t.txt", b"1", None).contains(".npy, .npz, .csv, .tsv or .safetensors"));
    assert!(message("t.npy", b"1", Some("a")).contains("tensor is chosen from"));
    let (_keep, path) = write("t.npy", b"1");
    let options = TableOptions {
        header: Some(true),
        ..TableOptions::default()
    };
    let found = read_table(path, &options).unwrap_err().to_string();
    assert!(found.contains("header and index"), "{found}");
}

#[test]
fn what_is_no_regular_file_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe.npy");
    // Without this tool there is no pipe to test with.
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    if made.is_ok_and(|status| status.success()) {
        for name in ["pipe.npy", "pipe.npz", "pipe.csv", "pipe.safetensors"] {
            let path = folder.path().join(name);
            if name != "pipe.npy" {
                std::fs::rename(folder.path().join("pipe.npy"), &path).unwrap();
            }
            let found = read_table(&path, &TableOptions::default())
                .unwrap_err()
                .to_string();
            assert!(found.contains("not a regular file"), "{found}");
            if name != "pipe.npy" {
                std::fs::rename(&path, folder.path().join("pipe.npy")).unwrap();
            }
        }
    }
    for path in [folder.path(), Path::new("/dev/null")] {
        let found = open_regular(path).unwrap_err().to_string();
        assert!(found.contains("not a regular file"), "{found}");
    }
    assert!(open_regular(&folder.path().join("none")).is_err());
}

/// The same tokens as text with and without header and index, and as an array, give the same table; what was left out
/// is said in the description.
#[test]
fn a_header_is_no_token_and_an_index_no_coordinate() {
    let folder = tempfile::tempdir().unwrap();
    let rows = [[0.5, -1.25], [0.25, 2.0], [-0.75, 0.125]];
    let lines = |start: &str, index: bool| {
        let mut text = start.to_owned();
        for (place, [x, y]) in rows.iter().enumerate() {
            let index = if index {
                format!("{place},")
            } else {
                String::new()
            };
            text.push_str(&format!("{index}{x},{y}\n"));
        }
        text
    };
    let path = folder.path().join("s.toml");
    let command = format!("table {} --format json", path.display());
    let scenario = |name: &str, content: &[u8], more: &str| {
        std::fs::write(folder.path().join(name), content).unwrap();
        let scenario = format!(
            "[tokens]\nlaw = 'empirical'\nfile = '{name}'\n{more}\n[query]\nlaw = 'fixed'\nrows = [[1, 0.5]]\n\
             [head]\nkey_query = {{ kind = 'identity' }}\nvalue = {{ kind = 'identity' }}\n[grid]\nlengths = [10]\n"
        );
        std::fs::write(&path, scenario).unwrap();
    };
    let table = |name: &str, content: &[u8], more: &str| {
        scenario(name, content, more);
        let found: serde_json::Value = serde_json::from_str(&stdout(&command)).unwrap();
        found
    };
    let array = float_file("3, 2", rows.as_flattened());
    let wanted = table("t.npy", &array, "");
    let value = |json: &serde_json::Value| json["rows"][0]["exact"]["value"].as_f64().unwrap();
    for (start, index, more, remarks) in [
        ("", false, "", &[][..]),
        (
            "a,b\n",
            false,
            "",
            &["first line is read as a header: a, b"],
        ),
        (
            ",a,b\n",
            true,
            "",
            &["header: , a, b", "first column is an index"],
        ),
        (
            ",0,1\n",
            true,
            "",
            &["header: , 0, 1", "first column is an index"],
        ),
        ("0,1\n", false, "header = true", &["header: 0, 1"]),
        ("", true, "index = true", &["first column is an index"]),
    ] {
        let found = table("t.csv", lines(start, index).as_bytes(), more);
        assert_eq!(value(&found), value(&wanted), "{start:?} {index} {more}");
        let description = found["description"].as_str().unwrap();
        for remark in remarks {
            assert!(
                description.contains(remark),
                "{remark:?} is not in {description:?}"
            );
        }
        assert_eq!(description.contains("tokens.file"), !remarks.is_empty());
    }
    for (start, index, way_out) in [
        ("0,1\n", false, "header = true"),
        ("", true, "index = true"),
    ] {
        scenario("t.csv", lines(start, index).as_bytes(), "");
        refused(&command, &["tokens.file", way_out]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn mangled_tables_are_read_or_refused(
        format in 0..3_usize,
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        in_header in any::<bool>(),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let array = float_file("3, 2", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let (name, mut bytes) = match format {
            0 => ("m.npy", array),
            1 => ("m.npz", npz(&[("a", array)], CompressionMethod::Deflated)),
            _ => ("m.csv", b"x,y\n1.5,2\n3,4e2\n-5,6\n".to_vec()),
        };
        let range = if in_header { bytes.len().min(80) } else { bytes.len() };
        for (at, byte) in flips {
            bytes[at.index(range)] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        match read_bytes(name, &bytes, None) {
            Ok(table) => {
                let finite = table.matrix.iter().all(|x| x.is_finite());
                prop_assert!(table.matrix.len() <= 60 && finite);
            }
            Err(error) => {
                let from_file = matches!(error, Error::File { .. });
                prop_assert!(from_file, "{}", error);
            }
        }
    }
}
