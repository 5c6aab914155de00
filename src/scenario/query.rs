//! The `[query]` table: the law of the query.

use crate::error::Result;

use super::section::Section;
use super::table::TableSpec;
use super::tokens::GaussianSpec;

const LAWS: &str = "gaussian, fixed or tokens";

/// A query law of a scenario, not yet built.
#[derive(Debug, Clone, PartialEq)]
pub enum QuerySpec {
    /// `N(mean, covariance)`.
    Gaussian(GaussianSpec),
    /// Queries written out, one a row, equally likely and numbered from 0.
    Rows(Vec<Vec<f64>>),
    /// Queries that are the rows of a table in a file.
    File(TableSpec),
    /// The token law.
    Tokens,
}

impl QuerySpec {
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
                section.only(&["law", "rows", "file", "header", "index", "tensor"])?;
                match (section.get("rows"), section.get("file")) {
                    (Some(rows), None) => {
                        TableSpec::none(section)?;
                        Ok(QuerySpec::Rows(rows.rows()?))
                    }
                    (None, Some(_)) => TableSpec::read(section, "file").map(QuerySpec::File),
                    (Some(_), Some(file)) => Err(file.refuse("rows or file, not both")),
                    (None, None) => {
                        Err(section.missing("rows", "rows = [[..], ..] or file = \"queries.npy\""))
                    }
                }
            }
            _ => Err(law.refuse(LAWS)),
        }
    }

    pub(super) fn describe(&self) -> String {
        match self {
            QuerySpec::Gaussian(law) => law.describe(),
            QuerySpec::Rows(rows) => format!("{} fixed", rows.len()),
            QuerySpec::File(table) => format!("rows of {}", table.describe()),
            QuerySpec::Tokens => "distributed as the tokens".into(),
        }
    }
}
