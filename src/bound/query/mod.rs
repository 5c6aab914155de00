//! Bounds averaged over the query law: lists, integrals over a Gaussian query, and upper sums (T5, T6, T7 and T9).

pub(in crate::bound) mod average;
pub(in crate::bound) mod candidates;
pub(in crate::bound) mod gauss_legendre;
pub(in crate::bound) mod integral;
pub(in crate::bound) mod list;
pub(in crate::bound) mod staircase;
pub(in crate::bound) mod survival;
