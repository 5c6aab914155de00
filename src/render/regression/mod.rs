//! The answers of `flow`, `transfer` and `reproduce` as text, JSON, CSV and pictures.

mod flow;
mod flow_plot;
mod gaussian_transfer;
mod reproduce;
mod reproduce_plot;
mod transfer;

pub use gaussian_transfer::length_text;
pub use reproduce_plot::Curve;
