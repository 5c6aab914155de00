//! Exact errors of sampled attention.

pub(in crate::sampling) mod errors;
