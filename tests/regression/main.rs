//! In-context regression: risks, flows and trained heads.

#[path = "../support/mod.rs"]
mod support;

mod conditional;
mod flow;
mod full_linear;
mod gaussian_transfer;
mod risk;
mod simulation;
mod training;
mod transfer;
