//! Arrays of NumPy `.npz` archives.

use std::io::{BufReader, Read};
use std::path::Path;

use nalgebra::DMatrix;
use zip::ZipArchive;

use super::npy;
use super::numbers::choose;
use super::regular::{open_regular, refuse};
use crate::error::Result;

/// Reads one array of an archive, or its transpose: the one of this name, or the only one.
///
/// The array is decompressed while it is read, so that memory holds the matrix and little else.
pub(super) fn read(path: &Path, tensor: Option<&str>, transposed: bool) -> Result<DMatrix<f64>> {
    let (file, _) = open_regular(path)?;
    let foreign = |error| {
        refuse(
            path,
            format!("this is not a complete .npz archive: {error}"),
        )
    };
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(foreign)?;
    let arrays: Vec<String> = archive
        .file_names()
        .filter_map(|name| name.ok()?.strip_suffix(".npy").map(str::to_owned))
        .collect();
    let name = choose(path, tensor, &arrays)?;
    let mut entry = archive.by_name(&format!("{name}.npy")).map_err(foreign)?;
    let length = entry.size();
    let of_array = |reason: String| refuse(path, format!("array {name}: {reason}"));
    let matrix = npy::read(&mut entry, length, transposed).map_err(of_array)?;
    // The end of the stream is where the archive compares the checksum.
    match entry.read(&mut [0]) {
        Ok(0) => Ok(matrix),
        Ok(_) => Err(of_array(
            "there are more bytes than the archive says".into(),
        )),
        Err(error) => Err(of_array(error.to_string())),
    }
}
