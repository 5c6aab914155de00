//! Runs: shared among threads, stopped, resumed, divided into shares and joined.

pub mod control;
mod control_variate;
mod digest;
pub mod partial;
mod partial_file;
pub mod shared;
pub mod simulation;
mod summary;
mod threads;
