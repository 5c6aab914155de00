//! Numerical methods that know nothing of regression.

pub(super) mod newton;
pub(super) mod rosenbrock;
