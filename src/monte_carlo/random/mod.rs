//! Random numbers: streams and normal numbers.

pub mod normal;
pub mod stream;
mod ziggurat_table;
