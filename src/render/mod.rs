//! Records in, text and pictures out.

mod fit_plot;
mod plot;
pub mod regression;
