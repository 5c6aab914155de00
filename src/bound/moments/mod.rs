//! What a pointwise bound uses of a known token law at one tilt.

pub(in crate::bound) mod fractional;
pub(in crate::bound) mod gaussian_output;
mod known;
mod logarithms;
pub(in crate::bound) mod value_spectrum;
pub(in crate::bound) mod weight_staircase;

pub use known::KnownMoments;
pub(in crate::bound) use logarithms::{
    LARGEST_EXPONENT, LogMoments, check_delta, check_exponent, check_non_negative,
};
