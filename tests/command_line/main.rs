//! The program as a user meets it.

#[path = "../support/mod.rs"]
mod support;

mod cache;
mod check;
mod extremes;
mod fixed_tokens;
mod flow;
mod layer;
mod printed;
mod printed_gradients;
mod program;
mod refusals;
mod reproduce;
mod sample;
mod scan;
mod transfer;
