//! Random numbers: streams, normal numbers, and the exponential that they and the weights need.

pub mod exponential;
pub mod normal;
pub mod stream;
mod ziggurat_table;
