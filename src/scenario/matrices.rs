//! From the matrices of a scenario to numbers: what laws, heads and tasks are built with.

use nalgebra::{DMatrix, DVector};

use crate::error::{Error, Result};
use crate::file::{read_csv_matrix, read_npy_matrix};
use crate::law::toeplitz;
use crate::parameter::Dimension;

use super::budget::Budget;
use super::{MatrixSpec, Origin};

/// Builds what a scenario describes; counts the memory, names the key in every refusal.
pub(super) struct Builder<'a> {
    pub origin: &'a Origin,
    pub budget: Budget<'a>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(origin: &'a Origin) -> Self {
        Self {
            origin,
            budget: Budget::new(origin),
        }
    }

    /// A matrix; `copies` of its size are counted.
    pub(super) fn matrix(
        &mut self,
        spec: &MatrixSpec,
        key: &str,
        dimension: Option<Dimension>,
        copies: u64,
    ) -> Result<DMatrix<f64>> {
        if let MatrixSpec::File { path } = spec {
            let matrix = self.read(path, &format!("{key}.path"))?;
            self.budget
                .matrices(key, copies, matrix.nrows(), matrix.ncols())?;
            return Ok(matrix);
        }
        let Some((rows, columns)) = spec.shape(dimension) else {
            return Err(self.origin.refuse(
                format!("{key}.dimension"),
                "nothing",
                "the key is required here: nothing else says the dimension",
            ));
        };
        self.budget.matrices(key, copies, rows, columns)?;
        Ok(match spec {
            MatrixSpec::Identity { scale, .. } => {
                DMatrix::from_diagonal_element(rows, columns, *scale)
            }
            MatrixSpec::Diagonal { values } => {
                DMatrix::from_diagonal(&DVector::from_column_slice(values))
            }
            MatrixSpec::Toeplitz { rho, scale, .. } => *scale * toeplitz(rows, *rho),
            MatrixSpec::Matrix { rows } => dense(rows),
            MatrixSpec::File { .. } => DMatrix::zeros(0, 0),
        })
    }

    /// A matrix file, by its extension.
    pub(super) fn read(&self, path: &std::path::Path, key: &str) -> Result<DMatrix<f64>> {
        self.budget.file(key, path)?;
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("");
        match extension.to_ascii_lowercase().as_str() {
            "npy" => read_npy_matrix(path).map_err(|error| self.at(key, error)),
            "csv" => read_csv_matrix(path).map_err(|error| self.at(key, error)),
            _ => Err(self.origin.refuse_in_full(
                key,
                path.display(),
                "a file whose name ends in .npy or .csv",
            )),
        }
    }

    /// An error of a law, matrix or file, with the key it belongs to.
    pub(super) fn at(&self, key: &str, error: Error) -> Error {
        match error {
            Error::Parameter {
                parameter,
                value,
                required,
                ..
            } => self
                .origin
                .refuse_in_full(key, value, format!("{parameter} must be {required}")),
            Error::Shape {
                what,
                found,
                required,
            } => self
                .origin
                .refuse_in_full(key, found, format!("{what} must be {required}")),
            Error::File { path, reason } => self.origin.refuse_in_full(key, path.display(), reason),
            Error::Unavailable { what, why } => {
                self.origin
                    .refuse_in_full(key, what, format!("it is not available: {why}"))
            }
            other => other,
        }
    }
}

/// Rows of one length, as a matrix.
pub(super) fn dense(rows: &[Vec<f64>]) -> DMatrix<f64> {
    let columns = rows.first().map_or(0, Vec::len);
    DMatrix::from_row_iterator(rows.len(), columns, rows.iter().flatten().copied())
}
