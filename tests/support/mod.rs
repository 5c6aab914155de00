//! What the tests of several rooms share. Each room uses a part of it.
#![allow(dead_code)]

pub mod command_line;
pub mod compositions;
pub mod golden;
pub mod random_laws;
pub mod regression_heads;
pub mod regression_losses;
pub mod sampled_draws;
pub mod simulation;
pub mod tools;
