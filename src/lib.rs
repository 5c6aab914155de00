//! How far is softmax attention over a prompt of `L` tokens from its infinite-prompt limit?
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod attention;
pub mod bound;
pub mod check;
pub mod cli;

pub mod error;
pub mod exact;
pub mod file;
pub mod law;
pub mod monte_carlo;
pub mod parameter;
pub mod report;
pub mod scenario;
