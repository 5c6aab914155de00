//! Records in, text out: no mathematics and no input or output here.

mod answer;
mod columns;
pub(crate) mod decimal;
mod fit;
#[cfg(feature = "cli")]
mod fit_plot;
#[cfg(feature = "cli")]
mod heat_map;
mod json;
#[cfg(feature = "files")]
mod layer;
#[cfg(feature = "cli")]
mod plot;
mod recheck;
pub mod regression;
mod sampling;
mod scan;
mod simulation;
mod table;

pub use decimal::{Decimal, round_down, round_nearest, round_up, significant_digits};
pub use table::{Format, QuerySelection, Style, escape_latex, render, wrap};

#[cfg(test)]
mod answer_tests;
