//! Texts and figures of in-context regression.

mod flow;
mod flow_plot;
mod gaussian_transfer;
mod reproduce;
mod reproduce_plot;
mod transfer;

pub use flow::{FlowAnswer, FlowCurve, FlowLimit, FlowRow, FlowSample};
pub use gaussian_transfer::{GaussianLength, GaussianTransfer, length_text};
pub use reproduce::{LossPoint, ReproduceAnswer, TrainedHead};
pub use reproduce_plot::Curve;
pub use transfer::{TransferAnswer, TransferBound};
