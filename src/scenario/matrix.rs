//! Matrices as a scenario writes them.

use crate::error::Result;
use crate::parameter::Dimension;

use super::section::{Field, Section};
use super::table::TableSpec;

/// What a matrix may be, for messages.
pub(super) const ACCEPTED: &str = "a table with kind = identity, diagonal, toeplitz, matrix or file, for example { kind = \"identity\" }";

/// A matrix of a scenario, not yet built.
#[derive(Debug, Clone, PartialEq)]
pub enum MatrixSpec {
    /// `scale I`; without a dimension it takes that of the tokens.
    Identity {
        /// Rows and columns, if said.
        dimension: Option<Dimension>,
        /// The factor, 1 if not said.
        scale: f64,
    },
    /// A diagonal matrix.
    Diagonal {
        /// Its diagonal.
        values: Vec<f64>,
    },
    /// `scale rho^|i - j|`.
    Toeplitz {
        /// Rows and columns.
        dimension: Dimension,
        /// Correlation of neighbours, from -1 to 1.
        rho: f64,
        /// The factor, 1 if not said.
        scale: f64,
    },
    /// A matrix written out, row by row; all rows have one length.
    Matrix {
        /// Its rows.
        rows: Vec<Vec<f64>>,
    },
    /// A table in a file.
    File(TableSpec),
}

impl MatrixSpec {
    pub(super) fn read(field: &Field) -> Result<Self> {
        let section = field.section(ACCEPTED)?;
        let kind = section.require("kind", "identity, diagonal, toeplitz, matrix or file")?;
        match kind.text(ACCEPTED)? {
            "identity" => {
                section.only(&["kind", "dimension", "scale"])?;
                Ok(MatrixSpec::Identity {
                    dimension: section.optional("dimension", dimension)?,
                    scale: scale(&section)?,
                })
            }
            "diagonal" => {
                section.only(&["kind", "values"])?;
                let accepted = "a list of finite numbers";
                Ok(MatrixSpec::Diagonal {
                    values: section.require("values", accepted)?.numbers(accepted)?,
                })
            }
            "toeplitz" => {
                section.only(&["kind", "dimension", "rho", "scale"])?;
                let accepted = "a number from -1 to 1";
                let rho = section
                    .require("rho", accepted)?
                    .number_where(accepted, |rho| rho.abs() <= 1.0)?;
                Ok(MatrixSpec::Toeplitz {
                    dimension: dimension(&section.require("dimension", DIMENSION)?)?,
                    rho,
                    scale: scale(&section)?,
                })
            }
            "matrix" => {
                section.only(&["kind", "rows"])?;
                let rows = section.require("rows", "a list of rows of finite numbers")?;
                Ok(MatrixSpec::Matrix { rows: rows.rows()? })
            }
            "file" => {
                section.only(&["kind", "path", "header", "index", "tensor"])?;
                TableSpec::read(&section, "path").map(MatrixSpec::File)
            }
            _ => Err(kind.refuse("identity, diagonal, toeplitz, matrix or file")),
        }
    }

    /// Rows and columns, where they are known before a file is read.
    pub(super) fn shape(&self, tokens: Option<Dimension>) -> Option<(usize, usize)> {
        let square = |d: usize| Some((d, d));
        match self {
            MatrixSpec::Identity { dimension, .. } => square(dimension.or(tokens)?.get()),
            MatrixSpec::Diagonal { values } => square(values.len()),
            MatrixSpec::Toeplitz { dimension, .. } => square(dimension.get()),
            MatrixSpec::Matrix { rows } => Some((rows.len(), rows.first()?.len())),
            MatrixSpec::File(_) => None,
        }
    }

    pub(super) fn describe(&self) -> String {
        let scaled = |scale: f64, name: String| {
            if scale == 1.0 {
                name
            } else {
                format!("{scale} x {name}")
            }
        };
        match self {
            MatrixSpec::Identity { scale, .. } => scaled(*scale, "identity".into()),
            MatrixSpec::Diagonal { .. } => "diagonal matrix".into(),
            MatrixSpec::Toeplitz { rho, scale, .. } => scaled(*scale, format!("toeplitz({rho})")),
            MatrixSpec::Matrix { rows } => {
                format!(
                    "{} x {} matrix",
                    rows.len(),
                    rows.first().map_or(0, Vec::len)
                )
            }
            MatrixSpec::File(table) => format!("matrix of {}", table.describe()),
        }
    }
}

pub(super) const DIMENSION: &str = "an integer from 1 to 65536";

pub(super) fn dimension(field: &Field) -> Result<Dimension> {
    let integer = field.integer(1, Dimension::MAX as u64, DIMENSION)?;
    usize::try_from(integer)
        .ok()
        .and_then(|integer| Dimension::new(integer).ok())
        .ok_or_else(|| field.refuse(DIMENSION))
}

fn scale(section: &Section) -> Result<f64> {
    let given = section.optional("scale", |field| field.number("a finite number"))?;
    Ok(given.unwrap_or(1.0))
}
