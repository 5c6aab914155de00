//! The tensors of a checkpoint: one file, the files of an index, or all of a folder.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use nalgebra::DMatrix;

use crate::error::{Error, Result};
use crate::file::regular::{listed, read_text, refuse};
use crate::file::tensors::TensorFile;

/// Largest JSON file that is read.
const MAX_JSON: u64 = 1 << 26;
/// How the name of an index ends.
const INDEX: &str = ".safetensors.index.json";

/// Tensors by name, wherever they are.
#[derive(Debug)]
pub(super) struct Source {
    /// The file or folder that was named.
    path: PathBuf,
    /// The folder of its files.
    folder: PathBuf,
    files: Vec<TensorFile>,
    /// Which file holds a tensor.
    places: BTreeMap<String, usize>,
}

impl Source {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let is_folder = path.is_dir();
        let folder = if is_folder { Some(path) } else { path.parent() };
        let mut source = Self {
            path: path.to_path_buf(),
            folder: folder.unwrap_or(Path::new("")).to_path_buf(),
            files: Vec::new(),
            places: BTreeMap::new(),
        };
        let index = if is_folder {
            only_index(path)?
        } else {
            Some(path.to_path_buf()).filter(|path| ends(path, ".json"))
        };
        match index {
            Some(index) => source.add_shards(&index)?,
            None if is_folder => {
                for file in files_of(path, ".safetensors")? {
                    source.add_file(&file)?;
                }
            }
            None if ["pt", "pth", "bin", "ckpt"]
                .iter()
                .any(|end| path.extension().is_some_and(|e| e == *end)) =>
            {
                return Err(source.refuse(
                    "this is no safetensors file; safetensors.torch.save_file(torch.load(..), ..) in Python writes one",
                ));
            }
            None => source.add_file(path)?,
        }
        if source.places.is_empty() {
            return Err(source.refuse("there are no tensors in it; accepted is a safetensors file, an index of such files, or their folder"));
        }
        Ok(source)
    }

    /// Every tensor of one file.
    fn add_file(&mut self, path: &Path) -> Result<()> {
        let file = TensorFile::open(path)?;
        for name in file.names() {
            if self.places.insert(name.clone(), self.files.len()).is_some() {
                return Err(file.refuse(format!(
                    "tensor {name} is in another file of the folder too"
                )));
            }
        }
        self.files.push(file);
        Ok(())
    }

    /// The tensors that an index names, in the files that it names.
    fn add_shards(&mut self, index: &Path) -> Result<()> {
        let content = json(index)?;
        let places = content
            .get("weight_map")
            .and_then(serde_json::Value::as_object);
        let Some(places) = places.filter(|places| !places.is_empty()) else {
            return Err(refuse(
                index,
                "there is no weight_map in it; accepted is the index of a sharded checkpoint",
            ));
        };
        let mut opened: BTreeMap<&str, usize> = BTreeMap::new();
        for (tensor, file) in places {
            let plain = |name: &&str| {
                let mut parts = Path::new(name).components();
                matches!(parts.next(), Some(Component::Normal(_))) && parts.next().is_none()
            };
            let Some(name) = file.as_str().filter(plain) else {
                let reason = format!(
                    "tensor {tensor} is in {file}, which is not the name of a file beside it"
                );
                return Err(refuse(index, reason));
            };
            let place = match opened.get(name) {
                Some(place) => *place,
                None => {
                    self.files.push(TensorFile::open(&self.folder.join(name))?);
                    opened.insert(name, self.files.len() - 1);
                    self.files.len() - 1
                }
            };
            self.places.insert(tensor.clone(), place);
        }
        Ok(())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    /// All names, sorted.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }

    pub(super) fn refuse(&self, reason: impl ToString) -> Error {
        refuse(&self.path, reason)
    }

    /// Rows and columns of a tensor of floating-point numbers.
    pub(super) fn shape(&self, name: &str) -> Result<(usize, usize)> {
        let place = self.places.get(name);
        let file = place.and_then(|place| self.files.get(*place));
        let file = file.ok_or_else(|| self.refuse(format!("there is no tensor {name}")))?;
        if file.is_float(name)? {
            file.shape(name)
        } else {
            Err(file.refuse(format!(
                "{name} does not hold F16, BF16, F32 or F64: write the weights as one of these"
            )))
        }
    }

    pub(super) fn block(
        &mut self,
        name: &str,
        rows: Range<usize>,
        columns: Range<usize>,
    ) -> Result<DMatrix<f64>> {
        let missing = self.refuse(format!("there is no tensor {name}"));
        let place = self.places.get(name);
        let file = place.and_then(|place| self.files.get_mut(*place));
        file.ok_or(missing)?.block(name, rows, columns)
    }

    /// The configuration of the model, if it lies beside the weights.
    pub(super) fn configuration(&self) -> Result<Option<serde_json::Value>> {
        let path = self.folder.join("config.json");
        path.exists().then(|| json(&path)).transpose()
    }
}

fn json(path: &Path) -> Result<serde_json::Value> {
    serde_json::from_str(&read_text(path, MAX_JSON)?)
        .map_err(|error| refuse(path, format!("this is not JSON: {error}")))
}

/// The index in a folder, if there is one.
fn only_index(folder: &Path) -> Result<Option<PathBuf>> {
    let mut found = files_of(folder, INDEX)?;
    if found.len() > 1 {
        let names: Vec<String> = found.iter().map(|p| p.display().to_string()).collect();
        let listed = listed(&names);
        let reason = format!("there are several indices in it: say one of {listed}");
        return Err(refuse(folder, reason));
    }
    Ok(found.pop())
}

/// The files of a folder whose names end like this, sorted.
fn files_of(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).map_err(|error| refuse(folder, error))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| refuse(folder, error))?.path();
        if ends(&path, ending) {
            found.push(path);
        }
    }
    found.sort_unstable();
    Ok(found)
}

fn ends(path: &Path, ending: &str) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().ends_with(ending))
}
