//! The theory pages: every statement that the crate evaluates, with its proof.
//!
//! This is `docs/theory.md`, compiled into the documentation so that the two cannot differ. Which function
//! evaluates which statement, and which test holds it, is in `docs/traceability.md`.
//!
//! ---
#![doc = include_str!("../docs/theory.md")]
