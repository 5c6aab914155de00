//! The answer of `scan`: one row a head.

#[cfg(feature = "files")]
mod csv;
mod json;
mod people;
#[cfg(feature = "cli")]
mod plot;
mod reasons;
