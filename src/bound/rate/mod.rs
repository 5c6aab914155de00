//! Rates in `L`: uniform over sub-Gaussian laws (T7, T12) and sharp for Gaussian ones (T8).

pub(in crate::bound) mod cells;
mod limiting_constant;
pub(in crate::bound) mod minimax;
pub(in crate::bound) mod sharp;
pub(in crate::bound) mod tilt_scale;
pub(in crate::bound) mod uniform;
pub(in crate::bound) mod uniform_gaussian;
