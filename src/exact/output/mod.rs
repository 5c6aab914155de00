//! Exact errors of the output, its bias and participation, at one query.

mod atom_sums;
mod cells;
pub(in crate::exact) mod centred_atoms;
pub(in crate::exact) mod entropy;
pub(in crate::exact) mod errors;
pub(in crate::exact) mod fixed;
mod fixed_integrals;
mod fixed_part;
pub(in crate::exact) mod gaussian;
mod group;
mod interpolated;
pub(in crate::exact) mod moments;
mod node_sums;
mod output_lattice;
#[cfg(test)]
mod output_lattice_tests;
pub(in crate::exact) mod participation;
mod sorted;
