//! In-context regression: transfer of risk, flows and training.

pub mod regression;
pub mod reproduce;
pub mod transfer;
