//! Exact values and bounds of every query of a question, cell by cell.

mod averages;
pub(super) mod bounds;
pub(super) mod entropy;
pub(super) mod exact;
pub(super) mod exact_gradients;
pub(super) mod fixed;
pub(super) mod gradient_bounds;
pub(super) mod moments;
pub(super) mod results;
