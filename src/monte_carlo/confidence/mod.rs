//! Confidence limits and p-values of estimates.

pub mod interval;
#[cfg(test)]
mod interval_tests;
pub mod tails;
#[cfg(test)]
mod tails_tests;
