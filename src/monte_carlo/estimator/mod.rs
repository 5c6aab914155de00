//! Sums and counts over prompts, and the estimates they become.

pub mod estimate;
pub mod histogram;
pub mod moments;
pub mod tally;
