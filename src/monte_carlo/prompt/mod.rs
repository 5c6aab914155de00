//! One prompt: what is drawn, its weighted sums, and what is measured on it.

pub mod draw;
mod fixed;
mod gaussian_scores;
mod measured;
mod plain;
pub mod problem;
mod rao_blackwell;
pub mod softmax;
