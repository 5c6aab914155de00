//! The only room that sees more than one of exact values, bounds and estimates: it puts them side by
//! side and says whether they agree. [`Study`] is its door.

mod answers;
mod cache;
mod cells;
pub mod claims;
pub mod estimates;
pub mod fit;
mod fixed;
pub mod layer;
pub mod length;
mod length_search;
mod options;
mod question;
pub mod rate;
#[cfg(feature = "cli")]
pub mod recheck;
mod refused;
pub mod sampling;
pub mod scan;
mod setting;
pub mod simulate;
pub mod table;
mod temperature;
pub mod verdict;

pub use options::TableOptions;
pub use question::{MOST_CELLS, Question};
pub use setting::{IntoTokens, Study};
pub use simulate::merge;

pub use crate::progress::{Progress, Silent};
