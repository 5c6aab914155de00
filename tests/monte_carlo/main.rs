//! Simulation: estimates, runs that are shared out or interrupted, and what it catches.

#[path = "../support/mod.rs"]
mod support;

mod deviations;
mod estimates;
mod fixed_tokens;
mod layer;
mod runs;
mod sampling;
