//! In-context regression: how bounds of the output and its gradients pass to the risk of a trained head (T10).

pub mod gaussian;
pub(in crate::bound) mod risk_transfer;
mod statements;
