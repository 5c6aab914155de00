//! The answers of `sample`: a table by budget, and the smallest budgets.

mod budgets;
#[cfg(feature = "files")]
mod csv;
mod json;
mod page;
#[cfg(feature = "cli")]
mod plot;
mod table;

use crate::exact::Exact;
use crate::render::decimal::{round_nearest, significant_digits};

/// Most digits of a value for people.
const DIGITS: usize = 7;
/// Digits of a ratio.
const FEW_DIGITS: usize = 4;

/// An exact value with the digits that its error leaves.
fn exact_text(exact: &Exact) -> String {
    round_nearest(
        exact.value,
        significant_digits(exact.value, exact.error, DIGITS),
    )
}

/// A ratio, or a hyphen.
fn ratio_text(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| "-".to_owned(), |ratio| round_nearest(ratio, FEW_DIGITS))
}
