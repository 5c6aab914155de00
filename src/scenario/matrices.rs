//! From the matrices of a scenario to numbers: what laws, heads and tasks are built with.

use nalgebra::{DMatrix, DVector};

use crate::error::{Error, Result};
use crate::file::{NumberTable, read_columns, read_table};
use crate::law::toeplitz;
use crate::parameter::Dimension;

use super::budget::Budget;
use super::matrix::MatrixSpec;
use super::section::Origin;
use super::table::TableSpec;

/// Builds what a scenario describes; counts the memory, names the key in every refusal.
pub(super) struct Builder<'a> {
    pub origin: &'a Origin,
    pub budget: Budget<'a>,
    /// What readers of files decided by themselves, with the key of the file.
    pub remarks: Vec<String>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(origin: &'a Origin) -> Self {
        Self {
            origin,
            budget: Budget::new(origin),
            remarks: Vec::new(),
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
        if let MatrixSpec::File(table) = spec {
            let matrix = self.read(table, &format!("{key}.path"))?;
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
            MatrixSpec::File(_) => DMatrix::zeros(0, 0),
        })
    }

    pub(super) fn read(&mut self, table: &TableSpec, key: &str) -> Result<DMatrix<f64>> {
        self.found(read_table(&table.path, &table.options), key)
    }

    /// The rows of a table, one a column.
    pub(super) fn columns(&mut self, table: &TableSpec, key: &str) -> Result<DMatrix<f64>> {
        self.found(read_columns(&table.path, &table.options), key)
    }

    fn found(&mut self, table: Result<NumberTable>, key: &str) -> Result<DMatrix<f64>> {
        let table = table.map_err(|error| self.at(key, error))?;
        self.remark(key, table.remarks);
        Ok(table.matrix)
    }

    pub(super) fn remark(&mut self, key: &str, remarks: Vec<String>) {
        let said = remarks.into_iter().map(|remark| format!("{key}: {remark}"));
        self.remarks.extend(said);
    }

    /// A description with the remarks behind it.
    pub(super) fn described(&self, description: String) -> String {
        let parts = std::iter::once(&description).chain(&self.remarks);
        parts.cloned().collect::<Vec<_>>().join("; ")
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
