//! Reading a TOML table key by key, so that every refusal names its key.
//!
//! Why not a derived deserialiser: inside a table whose shape depends on one of its own keys (`law`,
//! `kind`), a derived one forgets where it was, and its message names neither key nor value.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::error::{Error, Result};
use crate::text::visible;

/// Longest piece of an offending value that a message repeats.
const SHOWN: usize = 60;

/// Where a scenario comes from: how messages name it, and the folder its paths are relative to.
#[derive(Debug, Clone, PartialEq)]
pub struct Origin {
    /// The file as the user named it, or `command line`.
    pub name: String,
    /// Folder that relative paths start from.
    pub folder: PathBuf,
}

impl Origin {
    /// The refusal of `value` at the dotted `key`.
    pub(super) fn refuse(
        &self,
        key: impl Into<String>,
        value: impl ToString,
        accepted: impl Into<String>,
    ) -> Error {
        self.refuse_in_full(key, one_line(&value.to_string()), accepted)
    }

    /// The same, the value not shortened: it is a path or a message.
    pub(super) fn refuse_in_full(
        &self,
        key: impl Into<String>,
        value: impl ToString,
        accepted: impl Into<String>,
    ) -> Error {
        Error::Scenario {
            source_name: self.name.clone(),
            key: key.into(),
            value: value.to_string(),
            accepted: accepted.into(),
        }
    }

    /// A path of the scenario, from its folder.
    pub(super) fn resolve(&self, path: &str) -> PathBuf {
        let path = Path::new(path);
        if path.is_absolute() {
            path.to_path_buf()
        } else {
            self.folder.join(path)
        }
    }
}

/// Control characters and line ends written out, cut to a length that fits a message.
pub(super) fn one_line(text: &str) -> String {
    let line = visible(text.trim());
    if line.chars().count() <= SHOWN {
        return line;
    }
    let mut cut: String = line.chars().take(SHOWN).collect();
    cut.push_str("...");
    cut
}

/// A table of the scenario with its dotted path.
#[derive(Debug, Clone)]
pub(super) struct Section<'a> {
    origin: &'a Origin,
    path: String,
    table: &'a Table,
}

impl<'a> Section<'a> {
    /// The whole scenario.
    pub(super) fn root(origin: &'a Origin, table: &'a Table) -> Self {
        Self {
            origin,
            path: String::new(),
            table,
        }
    }

    pub(super) fn origin(&self) -> &'a Origin {
        self.origin
    }

    /// Dotted path of a key of this table.
    pub(super) fn key(&self, key: &str) -> String {
        // A key that is not a bare one is quoted, so that `a.b` stays different from `"a.b"`.
        let bare = !key.is_empty()
            && key
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        let key = if bare {
            key.to_string()
        } else {
            one_line(&format!("{key:?}"))
        };
        if self.path.is_empty() {
            key
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// Refuses every key outside `accepted`.
    pub(super) fn only(&self, accepted: &[&str]) -> Result<()> {
        match self
            .table
            .iter()
            .find(|(key, _)| !accepted.contains(&key.as_str()))
        {
            None => Ok(()),
            Some((key, value)) => Err(self.origin.refuse(
                self.key(key),
                render(value),
                format!(
                    "the key is unknown; the keys here are {}",
                    accepted.join(", ")
                ),
            )),
        }
    }

    /// The value of a key that may be left out.
    pub(super) fn get(&self, key: &str) -> Option<Field<'a>> {
        let value = self.table.get(key)?;
        Some(Field {
            origin: self.origin,
            path: self.key(key),
            value,
        })
    }

    /// What `read` makes of the value of a key, if it is there.
    pub(super) fn optional<T>(
        &self,
        key: &str,
        read: impl FnOnce(&Field<'a>) -> Result<T>,
    ) -> Result<Option<T>> {
        self.get(key).map(|field| read(&field)).transpose()
    }

    /// The value of a key that must be there.
    pub(super) fn require(&self, key: &str, accepted: &str) -> Result<Field<'a>> {
        self.get(key).ok_or_else(|| self.missing(key, accepted))
    }

    /// The error of a key that must be there and is not.
    pub(super) fn missing(&self, key: &str, accepted: &str) -> Error {
        self.origin.refuse(
            self.key(key),
            "nothing",
            format!("the key is required; accepted: {accepted}"),
        )
    }
}

/// A value of the scenario with its dotted path.
#[derive(Debug, Clone)]
pub(super) struct Field<'a> {
    origin: &'a Origin,
    path: String,
    value: &'a Value,
}

impl<'a> Field<'a> {
    /// The error of a value outside what is accepted.
    pub(super) fn refuse(&self, accepted: impl Into<String>) -> Error {
        self.origin
            .refuse(self.path.clone(), render(self.value), accepted)
    }

    pub(super) fn section(&self, accepted: &str) -> Result<Section<'a>> {
        match self.value {
            Value::Table(table) => Ok(Section {
                origin: self.origin,
                path: self.path.clone(),
                table,
            }),
            _ => Err(self.refuse(accepted)),
        }
    }

    pub(super) fn origin(&self) -> &'a Origin {
        self.origin
    }

    pub(super) fn is_table(&self) -> bool {
        self.value.is_table()
    }

    /// True if the value is a text.
    pub(super) fn is_text(&self) -> bool {
        self.value.is_str()
    }

    pub(super) fn text(&self, accepted: &str) -> Result<&'a str> {
        self.value.as_str().ok_or_else(|| self.refuse(accepted))
    }

    pub(super) fn truth(&self) -> Result<bool> {
        let accepted = "true or false";
        self.value.as_bool().ok_or_else(|| self.refuse(accepted))
    }

    /// A finite number; integers are accepted.
    pub(super) fn number(&self, accepted: &str) -> Result<f64> {
        let number = match self.value {
            Value::Float(x) => *x,
            Value::Integer(i) => *i as f64,
            _ => return Err(self.refuse(accepted)),
        };
        if number.is_finite() {
            Ok(number)
        } else {
            Err(self.refuse(accepted))
        }
    }

    /// A number for which `holds`.
    pub(super) fn number_where(
        &self,
        accepted: &str,
        holds: impl FnOnce(f64) -> bool,
    ) -> Result<f64> {
        let number = self.number(accepted)?;
        if holds(number) {
            Ok(number)
        } else {
            Err(self.refuse(accepted))
        }
    }

    /// An integer from `least` to `most`; a float with an integer value is one (`1e6`).
    pub(super) fn integer(&self, least: u64, most: u64, accepted: &str) -> Result<u64> {
        let integer = match self.value {
            Value::Integer(i) => u64::try_from(*i).ok(),
            // Above 2^53 a float no longer says which integer was meant.
            Value::Float(x) if *x >= 0.0 && *x <= 9_007_199_254_740_992.0 && x.fract() == 0.0 => {
                Some(*x as u64)
            }
            _ => None,
        };
        integer
            .filter(|i| (least..=most).contains(i))
            .ok_or_else(|| self.refuse(accepted))
    }

    /// The items of a list that is not empty.
    pub(super) fn list(&self, accepted: &str) -> Result<Vec<Field<'a>>> {
        match self.value {
            Value::Array(items) if !items.is_empty() => Ok(items
                .iter()
                .enumerate()
                .map(|(index, value)| Field {
                    origin: self.origin,
                    path: format!("{}[{index}]", self.path),
                    value,
                })
                .collect()),
            _ => Err(self.refuse(accepted)),
        }
    }

    /// A list of finite numbers that is not empty.
    pub(super) fn numbers(&self, accepted: &str) -> Result<Vec<f64>> {
        self.list(accepted)?
            .iter()
            .map(|item| item.number("a finite number"))
            .collect()
    }

    /// Rows of finite numbers, all of one length.
    pub(super) fn rows(&self) -> Result<Vec<Vec<f64>>> {
        let accepted = "a list of rows of finite numbers, all of one length";
        let items = self.list(accepted)?;
        let mut rows: Vec<Vec<f64>> = Vec::with_capacity(items.len());
        for item in &items {
            let row = item.numbers(accepted)?;
            if let Some(first) = rows.first()
                && first.len() != row.len()
            {
                return Err(item.refuse(format!(
                    "a row of {} numbers, as many as the first row has",
                    first.len()
                )));
            }
            rows.push(row);
        }
        Ok(rows)
    }
}

/// A value as a message repeats it; only its beginning is formatted when it is long.
fn render(value: &Value) -> String {
    match value {
        Value::Float(x) => x.to_string(),
        // A long list would be formatted whole only to be cut.
        Value::Array(items) if items.len() > SHOWN => {
            let head: Vec<String> = items.iter().take(4).map(render).collect();
            format!("[{}, ...]", head.join(", "))
        }
        _ => one_line(&value.to_string()),
    }
}
