//! Special functions of the laws: ratios of Bessel functions, hyperbolic functions at any size.

pub(super) mod bessel;
pub(super) mod hyperbolic;
