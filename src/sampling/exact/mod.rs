//! Exact errors of sampled attention.

mod bernoulli;
mod circle;
pub(in crate::sampling) mod errors;
mod independent;
mod integral;
mod points;
mod quadrature;
mod saddle;
mod subset;
mod tail;
