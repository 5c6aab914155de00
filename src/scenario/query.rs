//! The `[query]` table: the law of the query.

use std::path::PathBuf;

use crate::error::Result;

use super::matrix::file_name;
use super::section::Section;
use super::tokens::GaussianSpec;

const LAWS: &str = "gaussian, fixed or tokens";

/// A query law of a scenario, not yet built.
#[derive(Debug, Clone, PartialEq)]
pub enum QuerySpec {
    /// `N(mean, covariance)`.
    Gaussian(GaussianSpec),
    /// Queries written out, one a row, equally likely and numbered from 0.
    Rows(Vec<Vec<f64>>),
    /// Queries that are the rows of a `.npy` or `.csv` file.
    File(PathBuf),
    /// The token law.
    Tokens,
}

impl QuerySpec {
    /// Reads the `[query]` table.
    pub(super) fn read(section: &Section) -> Result<Self> {
        let law = section.require("law", LAWS)?;
        match law.text(LAWS)? {
            "gaussian" => {
                section.only(&["law", "mean", "covariance"])?;
                Ok(QuerySpec::Gaussian(GaussianSpec::read(section)?))
            }
            "tokens" => {
                section.only(&["law"])?;
                Ok(QuerySpec::Tokens)
            }
            "fixed" => {
                section.only(&["law", "rows", "file"])?;
                match (section.get("rows"), section.get("file")) {
                    (Some(rows), None) => Ok(QuerySpec::Rows(rows.rows()?)),
                    (None, Some(file)) => {
                        let path = file.text("the path of a .npy or .csv file")?;
                        Ok(QuerySpec::File(section.origin().resolve(path)))
                    }
                    (Some(_), Some(file)) => Err(file.refuse("rows or file, not both")),
                    (None, None) => {
                        Err(section.missing("rows", "rows = [[..], ..] or file = \"queries.npy\""))
                    }
                }
            }
            _ => Err(law.refuse(LAWS)),
        }
    }

    /// The law in a few words.
    pub(super) fn describe(&self) -> String {
        match self {
            QuerySpec::Gaussian(law) => law.describe(),
            QuerySpec::Rows(rows) => format!("{} fixed", rows.len()),
            QuerySpec::File(path) => format!("rows of {}", file_name(path)),
            QuerySpec::Tokens => "distributed as the tokens".into(),
        }
    }
}
