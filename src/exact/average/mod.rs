//! Averages over the query law: lists, lattices over a Gaussian query, tokens on a line.

pub(in crate::exact) mod output;
pub(in crate::exact) mod query_lattice;
pub(in crate::exact) mod scalar;
