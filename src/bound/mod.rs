//! Explicit upper bounds, every constant named: the record of a bound and the registry of theorems.

mod record;
mod theorem;

pub use record::{Bound, Hypothesis, ProofParameter, Status};
pub use theorem::{ProofStatus, Theorem};
