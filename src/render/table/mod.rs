//! A table in every format.

#[cfg(feature = "files")]
mod csv;
mod document;
mod formats;
mod heading;
mod json;
mod latex;
mod markdown;
#[cfg(feature = "cli")]
mod plot;
mod remarks;
mod sheet;
mod style;
mod text;

pub use formats::render;
pub(super) use json::{BoundRecord, bound as bound_record};
pub use latex::escape as escape_latex;
pub(super) use latex::{row as row_latex, written as written_latex};
pub(super) use markdown::{escape as escape_markdown, row as row_markdown};
pub use style::{Format, QuerySelection, Style};
pub use text::wrap;

#[cfg(test)]
mod json_tests;
#[cfg(test)]
mod simulated_tests;
#[cfg(test)]
pub(in crate::render) mod tests;
