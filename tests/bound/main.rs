//! Bounds: their formulas, their rounding, and that none is below the truth.

#[path = "../support/mod.rs"]
mod support;

mod bounds_hold;
mod capped_gradient;
mod certificates;
mod fixed_tokens;
mod formula_average;
mod fractional_moments;
mod gradient_bounds;
mod key_query_average;
mod lower_bound;
mod offset_queries;
mod oracles;
mod query_integrals;
mod rounding;
mod rounding_moments;
mod sampling;
