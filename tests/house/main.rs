//! The house itself: which room imports which, the pages against the code, the library as another crate sees it.

mod layering;
mod library;
mod page;
mod readme;
mod theory;
mod traceability;
