//! Exact values against references of other methods.

#[path = "../support/mod.rs"]
mod support;

mod cache;
mod enclosure;
mod entropy;
mod fixed_tokens;
mod gradient;
mod gradient_average;
mod layer;
mod length_search;
mod output;
mod participation;
mod query_average;
mod rare_atom;
mod sampling;
