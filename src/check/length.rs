//! length
