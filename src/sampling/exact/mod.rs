//! Exact errors of sampled attention.

mod bernoulli;
mod circle;
pub(in crate::sampling) mod errors;
mod independent;
mod integral;
#[cfg(test)]
mod lattice_tests;
mod points;
mod quadrature;
mod saddle;
mod subset;
mod tail;
