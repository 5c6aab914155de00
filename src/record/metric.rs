//! What is measured, for which query, and a value or the reason why there is none.

use std::fmt;

use serde::{Serialize, Serializer};

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// `E |That - T|^2`.
    Output,
    /// `E (That - T)_j` for one output coordinate `j`, from 0.
    Bias {
        /// The coordinate `j`.
        coordinate: usize,
    },
    /// `E P_2`, the expected sum of squared attention weights.
    Participation,
    /// `E H`, the expected entropy of the attention weights in nats.
    Entropy,
    /// `E[W0 / (W0 + W)]`, the share of the attention that fixed tokens take.
    FixedShare,
    /// Squared Frobenius norm of the error of the gradient in `V`: `m E|mhat - m|^2`.
    ValueGradient,
    /// Squared Frobenius norm of the error of the gradient in `U`: `E |V (Chat - C)|_F^2 |z|^2`.
    KeyQueryGradient,
    /// The same in operator norm.
    KeyQueryGradientOperator,
    /// `P(|That - T| >= eps)`.
    Tail,
    /// A quantile of `|That - T|` (not squared).
    Quantile {
        /// Which one, from 0: its order is that entry of [`Request::quantiles`](crate::record::Request::quantiles).
        index: usize,
    },
}

impl Metric {
    /// Its name in JSON and CSV.
    pub fn name(self) -> &'static str {
        match self {
            Metric::Output => "output",
            Metric::Bias { .. } => "bias",
            Metric::Participation => "participation",
            Metric::Entropy => "entropy",
            Metric::FixedShare => "fixed_share",
            Metric::ValueGradient => "value_gradient",
            Metric::KeyQueryGradient => "key_query_gradient",
            Metric::KeyQueryGradientOperator => "key_query_gradient_operator",
            Metric::Tail => "tail",
            Metric::Quantile { .. } => "quantile",
        }
    }
}

/// Which query a row speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QueryLabel {
    /// One query of a list, numbered from 0.
    Index(usize),
    /// The average over the query law.
    Average,
}

/// A value, or the reason why there is none.
pub type Cell<T> = std::result::Result<T, String>;

/// One entry of a list that may not be there.
pub(crate) fn cell<T: Clone>(list: &Cell<Vec<T>>, place: usize) -> Cell<T> {
    let list = list.as_ref().map_err(Clone::clone)?;
    let found = list.get(place).cloned();
    found.ok_or_else(|| "no value was computed".to_owned())
}

impl Serialize for Metric {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// The number of a query, or `average`.
impl Serialize for QueryLabel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            QueryLabel::Index(index) => index.serialize(serializer),
            QueryLabel::Average => serializer.serialize_str("average"),
        }
    }
}

impl fmt::Display for QueryLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            QueryLabel::Index(index) => write!(f, "query {index}"),
            QueryLabel::Average => f.write_str("average over queries"),
        }
    }
}
