//! MPFR references: numbers, formulas, and the tally of a comparison.

mod draw;
mod formula;
pub mod formulas;
pub mod operations;
pub mod records;
pub mod tally;

use rug::Float;

/// Bits of a reference value.
const BITS: u32 = 400;
/// Bits in which the sum of any two floats is exact.
const SUM_BITS: u32 = 2200;

/// A float, exactly.
pub fn float(x: f64) -> Float {
    Float::with_val(BITS, x)
}

/// `x + y`, exactly.
pub fn sum(x: f64, y: f64) -> Float {
    Float::with_val(SUM_BITS, x) + y
}
