//! The attention head and the queries it is asked with.
mod head;
mod query;
pub use head::Head;
pub use query::QueryLaw;
