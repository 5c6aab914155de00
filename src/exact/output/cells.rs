//! The cells of a lattice in `ln w` that atoms lie in.

use crate::exact::sums::interpolation::{BEFORE, DENSITY, POINTS};

/// The cells that hold all atoms, and the points around them.
#[derive(Clone, Copy)]
pub(super) struct Cells {
    /// Place of the first point, in steps.
    pub(super) first: i64,
    pub(super) points: usize,
}

impl Cells {
    /// Of atoms between these ends of `ln w`, which differ by thousands at most.
    pub(super) fn new((low, high): (f64, f64)) -> Option<Self> {
        let (low, high) = ((low * DENSITY).floor(), (high * DENSITY).floor());
        (low <= high && high - low < 1e7).then(|| Self {
            first: low as i64 - BEFORE as i64,
            points: (high - low) as usize + POINTS,
        })
    }

    /// The cell of this `ln w`, and the place in it from 0 to 1.
    pub(super) fn of(&self, ln_w: f64) -> (usize, f64) {
        let scaled = ln_w * DENSITY;
        let cell = scaled.floor() as i64 - self.first - BEFORE as i64;
        (cell as usize, scaled - scaled.floor())
    }

    /// `ln w` at the right end of the cell whose left end is this point.
    pub(super) fn right_end(&self, point: usize) -> f64 {
        (self.first + point as i64 + 1) as f64 / DENSITY
    }
}
