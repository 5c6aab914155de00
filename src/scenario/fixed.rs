//! The keys of `[head]` that say which tokens are in every prompt.

use crate::attention::{FixedTokens, Head};
use crate::error::{Error, Result};

use super::matrices::{Builder, dense};
use super::section::Section;
use super::table::TableSpec;

/// The keys.
pub(super) const KEYS: [&str; 2] = [TOKENS, QUERY];
const TOKENS: &str = "fixed_tokens";
const QUERY: &str = "query_in_prompt";
const ACCEPTED: &str = "the path of a table of numbers, a table { file, header, index, tensor }, or a list of rows of finite numbers, one token each";

/// The tokens that every prompt of a scenario holds, not yet built.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FixedSpec {
    /// Tokens that are given.
    pub tokens: Option<FixedRows>,
    /// Is the query's own token one of them?
    pub query: bool,
}

/// Where fixed tokens come from, one a row.
#[derive(Debug, Clone, PartialEq)]
pub enum FixedRows {
    /// Written out; all rows have one length.
    Rows(Vec<Vec<f64>>),
    /// A table in a file.
    File(TableSpec),
}

impl FixedSpec {
    /// Reads the two keys of the `[head]` table.
    pub(super) fn read(head: &Section) -> Result<Self> {
        let query = head.get(QUERY).map(|field| field.truth()).transpose()?;
        let tokens = head.get(TOKENS).map(|field| {
            if field.is_table() || field.is_text() {
                return TableSpec::of_field(&field, ACCEPTED).map(FixedRows::File);
            }
            field.list(ACCEPTED)?;
            field.rows().map(FixedRows::Rows)
        });
        Ok(Self {
            tokens: tokens.transpose()?,
            query: query.unwrap_or(false),
        })
    }

    /// The tokens in a few words, behind a description; nothing if there are none.
    pub(super) fn describe(&self) -> String {
        let tokens = self.tokens.as_ref().map(|tokens| match tokens {
            FixedRows::Rows(rows) => match rows.len() {
                1 => "1 fixed token".to_owned(),
                many => format!("{many} fixed tokens"),
            },
            FixedRows::File(table) => format!("the fixed tokens of {}", table.describe()),
        });
        match (tokens, self.query) {
            (None, false) => String::new(),
            (None, true) => "; every prompt holds the query's own token".to_owned(),
            (Some(tokens), false) => format!("; every prompt holds {tokens}"),
            (Some(tokens), true) => {
                format!("; every prompt holds {tokens} and the query's own token")
            }
        }
    }
}

impl Builder<'_> {
    /// The fixed tokens, if there are any, for this head.
    pub(super) fn fixed(&mut self, spec: &FixedSpec, head: &Head) -> Result<Option<FixedTokens>> {
        let (d, e) = head.key_query().shape();
        let key = format!("head.{TOKENS}");
        if spec.query && d != e {
            return Err(self.origin.refuse(
                format!("head.{QUERY}"),
                "true",
                format!(
                    "false: the query has dimension {e} and tokens have {d}, so that it is no token"
                ),
            ));
        }
        let rows = match &spec.tokens {
            None => return Ok(spec.query.then(|| FixedTokens::of_query(d))),
            Some(FixedRows::Rows(rows)) => {
                let columns = rows.first().map_or(0, Vec::len);
                self.budget.matrices(&key, 2, rows.len(), columns)?;
                dense(rows)
            }
            Some(FixedRows::File(table)) => {
                let rows = self.read(table, &key)?;
                self.budget.matrices(&key, 2, rows.nrows(), rows.ncols())?;
                rows
            }
        };
        if rows.ncols() != d {
            return Err(self.origin.refuse(
                key,
                format!("tokens of shape {} x {}", rows.nrows(), rows.ncols()),
                format!("n x {d}, one token a row: tokens have dimension {d}"),
            ));
        }
        let fixed = FixedTokens::new(&rows).map_err(|error| match error {
            // The name of the parameter is that of the key.
            Error::Parameter {
                value, required, ..
            } => self.origin.refuse_in_full(&key, value, required),
            other => other,
        })?;
        self.remark(
            &key,
            match fixed.count() {
                _ if matches!(spec.tokens, Some(FixedRows::Rows(_))) => Vec::new(),
                1 => vec!["1 token".to_owned()],
                count => vec![format!("{count} tokens")],
            },
        );
        Ok(Some(if spec.query { fixed.and_query() } else { fixed }))
    }
}
