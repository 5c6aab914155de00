//! Gradient flow of a risk, and its minimum: `d theta / d time = - grad R(theta)`.

mod comparison;
mod follow;
pub mod optimum;
mod record;
mod state;

pub use comparison::flows;
pub use follow::{FlowOptions, FlowPoint, Trajectory, follow};
pub use record::{FlowAnswer, FlowCurve, FlowLimit, FlowRow, FlowSample};
pub(super) use state::State;
