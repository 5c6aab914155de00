//! The commands of in-context regression.

pub(super) mod flow;
pub(super) mod reproduce;
pub(super) mod transfer;
