//! Bounds of the errors of the gradients in `V` and `U` (T9).

pub(in crate::bound) mod capped;
pub(in crate::bound) mod component_law;
mod component_moments;
pub(in crate::bound) mod gaussian;
pub(in crate::bound) mod key_query;
pub(in crate::bound) mod key_query_average;
pub(in crate::bound) mod key_query_masses;
pub(in crate::bound) mod sub_gaussian;
pub(in crate::bound) mod uniform;
pub(in crate::bound) mod uniform_gaussian;
pub(in crate::bound) mod value;
