//! Exact errors of the gradients in `V` and `U`.

pub(in crate::exact) mod agreement;
pub(in crate::exact) mod average;
pub(in crate::exact) mod convolution;
pub(in crate::exact) mod errors;
pub(in crate::exact) mod features;
pub(in crate::exact) mod finite;
pub(in crate::exact) mod node;
pub(in crate::exact) mod nodes;
pub(in crate::exact) mod query_average;
pub(in crate::exact) mod scores;
pub(in crate::exact) mod terms;
