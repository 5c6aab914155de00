//! The text of a scenario file as a TOML table.

use std::path::Path;

use toml::Table;

use super::section::{Origin, one_line};
use crate::error::{Error, Result};
use crate::file::read_text;

/// Largest scenario file that is read; larger data belongs into `.npy` files.
const MAX_BYTES: u64 = 1 << 24;

/// A scenario file as a table, whatever kind of scenario it is.
///
/// # Errors
/// [`Error::File`] if the file cannot be read, is larger than 16 MiB, or is not TOML in UTF-8.
pub(super) fn read_table(path: &Path) -> Result<(Origin, Table)> {
    let file_error = |reason: String| Error::File {
        path: path.to_path_buf(),
        reason: one_line_reason(&reason),
    };
    let text = read_text(path, MAX_BYTES)?;
    let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
    let origin = Origin {
        name: path.display().to_string(),
        folder,
    };
    let table = parse(&text).map_err(file_error)?;
    Ok((origin, table))
}

/// TOML text to a table; the error says in one line where and why not.
pub(super) fn parse(text: &str) -> std::result::Result<Table, String> {
    text.parse::<Table>().map_err(|error| {
        let place = error
            .span()
            .and_then(|span| text.get(..span.start))
            .map(|before| {
                let line = before.matches('\n').count() + 1;
                let column = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
                format!("line {line}, column {column}: ")
            });
        format!(
            "{}not valid TOML: {}",
            place.unwrap_or_default(),
            error.message()
        )
    })
}

fn one_line_reason(reason: &str) -> String {
    reason
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|line| {
            if line.chars().count() > 300 {
                one_line(line)
            } else {
                line.to_string()
            }
        })
        .collect::<Vec<_>>()
        .join(", ")
}
