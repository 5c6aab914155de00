//! The answers of `flow`, `transfer` and `reproduce` as text, JSON, CSV and pictures.

mod flow;
#[cfg(feature = "cli")]
mod flow_plot;
mod gaussian_transfer;
mod reproduce;
#[cfg(feature = "cli")]
mod reproduce_plot;
mod transfer;

pub use gaussian_transfer::length_text;
#[cfg(feature = "cli")]
pub use reproduce_plot::Curve;
