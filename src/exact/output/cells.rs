//! The cells of a lattice in `ln w` that atoms lie in.

use crate::exact::output::centred_atoms::CentredAtoms;
use crate::exact::output::node_sums::Size;
use crate::exact::sums::interpolation::{BEFORE, DENSITY, POINTS};

/// The cells that hold all atoms with a probability, and the points around them.
pub(super) struct Cells {
    /// Place of the first point, in steps.
    first: i64,
    pub(super) points: usize,
}

impl Cells {
    /// The first point and the number of points.
    pub(super) fn span(atoms: &CentredAtoms) -> Option<(i64, usize)> {
        let places = atoms.weights.iter().filter(|(p, _)| *p > 0.0);
        let (low, high) = places.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (_, y)| {
            (low.min(y), high.max(y))
        });
        let (low, high) = ((low * DENSITY).floor(), (high * DENSITY).floor());
        // Scores differ by thousands at most.
        (low <= high && high - low < 1e7)
            .then(|| (low as i64 - BEFORE as i64, (high - low) as usize + POINTS))
    }

    pub(super) fn new(atoms: &CentredAtoms) -> Option<Self> {
        let (first, points) = Self::span(atoms)?;
        Some(Self { first, points })
    }

    /// The cell of this `ln w`, and the place in it from 0 to 1.
    pub(super) fn of(&self, ln_w: f64) -> (usize, f64) {
        let scaled = ln_w * DENSITY;
        let cell = scaled.floor() as i64 - self.first - BEFORE as i64;
        (cell as usize, scaled - scaled.floor())
    }

    /// `ln w` of the points.
    pub(super) fn places(&self) -> Vec<f64> {
        (0..self.points)
            .map(|point| (self.first + point as i64) as f64 / DENSITY)
            .collect()
    }

    /// The probability and the mean sizes of the atoms of each cell, at the point on its left; of their roundings the largest.
    pub(super) fn sizes(&self, atoms: &CentredAtoms) -> (Vec<f64>, Vec<Size>) {
        let zero = Size {
            square: 0.0,
            norm: 0.0,
            rounding: 0.0,
        };
        let mut sizes = vec![zero; self.points];
        let mut probability = vec![0.0; self.points];
        for ((p, ln_w), of) in atoms.weights.iter().zip(&atoms.sizes) {
            let place = self.of(ln_w).0.saturating_add(BEFORE);
            if let (true, Some(all), Some(size)) =
                (p > 0.0, probability.get_mut(place), sizes.get_mut(place))
            {
                *all += p;
                size.square += p * of.square;
                size.norm += p * of.norm;
                size.rounding = size.rounding.max(of.rounding);
            }
        }
        for (size, p) in sizes.iter_mut().zip(&probability) {
            if *p > 0.0 {
                size.square /= p;
                size.norm /= p;
            }
        }
        (probability, sizes)
    }
}
