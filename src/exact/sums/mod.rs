//! Single-token sums and the integrals over `t` of the Laplace identity.

pub(in crate::exact) mod compensated;
pub(in crate::exact) mod integral;
pub(in crate::exact) mod interpolation;
pub(in crate::exact) mod kernel;
pub(in crate::exact) mod lognormal;
pub(in crate::exact) mod score_weights;
pub(in crate::exact) mod weights;
