//! Bounds that are not theorems: formulas of one's own, and the paper's propositions as printed.

mod average;
mod fit;
mod formula;
mod parser;
mod printed;
mod printed_form;
mod tree;
mod variables;

pub use average::FormulaAverage;
pub use fit::{MOST_STEPS, read_range, smallest, uniform_exponent};
pub use formula::Formula;
pub use printed::{Printed, PrintedHypotheses, check_length, hypotheses};
pub use printed_form::PrintedForm;
pub use variables::{OF_THE_QUERY, VARIABLES, of_query, of_setting};
