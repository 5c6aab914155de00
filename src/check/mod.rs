//! Where exact values and bounds meet.

mod progress;

pub use progress::{Progress, Silent};
