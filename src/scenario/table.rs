//! Tables of numbers in files, as a scenario names them.

use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::file::TableOptions;

use super::section::{Field, Section};

/// What a message says is accepted.
pub(super) const ACCEPTED: &str = "the path of a .npy, .npz, .csv, .tsv or .safetensors file";

/// A table of numbers that a file holds.
#[derive(Debug, Clone, PartialEq)]
pub struct TableSpec {
    /// Its path.
    pub path: PathBuf,
    /// What cannot be told from the file alone: the keys `header`, `index` and `tensor`.
    pub options: TableOptions,
}

impl TableSpec {
    /// The keys beside the path.
    pub(super) const KEYS: [&'static str; 3] = ["header", "index", "tensor"];

    /// Reads the path under `key` and the keys beside it.
    pub(super) fn read(section: &Section, key: &str) -> Result<Self> {
        let path = section.require(key, ACCEPTED)?.text(ACCEPTED)?;
        Ok(Self {
            path: section.origin().resolve(path),
            options: TableOptions {
                header: section.optional("header", Field::truth)?,
                index: section.optional("index", Field::truth)?,
                tensor: section
                    .optional("tensor", |f| f.text("the name of an array or tensor"))?
                    .map(str::to_owned),
            },
        })
    }

    /// Reads a path alone, or a table `{ file, header, index, tensor }`.
    pub(super) fn of_field(field: &Field, accepted: &str) -> Result<Self> {
        if !field.is_table() {
            return Ok(Self {
                path: field.origin().resolve(field.text(accepted)?),
                options: TableOptions::default(),
            });
        }
        let section = field.section(accepted)?;
        section.only(&["file", "header", "index", "tensor"])?;
        Self::read(&section, "file")
    }

    /// Refuses the keys beside the path where there is no path.
    pub(super) fn none(section: &Section) -> Result<()> {
        match Self::KEYS.iter().find_map(|key| section.get(key)) {
            None => Ok(()),
            Some(field) => Err(field.refuse("the key is said of a file only")),
        }
    }

    /// The name of the file, and what is taken of it.
    pub(super) fn describe(&self) -> String {
        match &self.options.tensor {
            None => file_name(&self.path),
            Some(tensor) => format!("{tensor} of {}", file_name(&self.path)),
        }
    }
}

/// The last part of a path, for descriptions.
pub(super) fn file_name(path: &Path) -> String {
    path.file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}
