//! Laws, heads and the files they are read from.

#[path = "../support/mod.rs"]
mod support;

mod checkpoints;
mod decoder;
mod files;
mod formula;
mod gradients;
mod laws;
mod laws_extremes;
mod layers;
