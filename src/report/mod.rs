//! Rows in, text out: no mathematics and no input or output here.

mod row;

pub use row::{Best, Cell, Metric, QueryLabel, Row, Table, Verdict};
