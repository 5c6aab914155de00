//! Atoms sorted by the cell of a lattice in `ln w` that they lie in.

use crate::exact::output::centred_atoms::CentredAtoms;
use crate::exact::output::node_sums::Size;
use crate::exact::sums::compensated::GROUP;
use crate::exact::sums::interpolation::{BEFORE, DENSITY, POINTS};

/// The atoms by cell of the lattice.
pub(super) struct Cells {
    /// Place of the first point, in steps.
    first: i64,
    pub(super) points: usize,
    /// Atoms with a probability, sorted by their cell, and that cell.
    order: Vec<(u32, u32)>,
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
        let cell = |y: f64| ((y * DENSITY).floor() as i64 - first - BEFORE as i64) as u32;
        // Sorted by counting: the place at which each cell begins, then one after the other.
        let drawn = || {
            let all = atoms.weights.iter().enumerate();
            all.filter(|(_, (p, _))| *p > 0.0)
                .map(|(atom, (_, y))| (cell(y), atom as u32))
        };
        let mut begins = vec![0_usize; points + 1];
        for (cell, _) in drawn() {
            if let Some(count) = begins.get_mut(cell as usize + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for begin in &mut begins {
            sum += *begin;
            *begin = sum;
        }
        let mut order = vec![(0, 0); sum];
        for (cell, atom) in drawn() {
            if let Some(begin) = begins.get_mut(cell as usize)
                && let Some(entry) = order.get_mut(*begin)
            {
                *entry = (cell, atom);
                *begin += 1;
            }
        }
        Some(Self {
            first,
            points,
            order,
        })
    }

    /// Groups of at most [`GROUP`] atoms of one cell, with the cell.
    pub(super) fn groups(&self) -> impl Iterator<Item = (usize, Vec<usize>)> {
        self.order
            .chunk_by(|one, other| one.0 == other.0)
            .flat_map(|cell| cell.chunks(GROUP))
            .map(|group| {
                let cell = group.first().map_or(0, |(cell, _)| *cell as usize);
                (cell, group.iter().map(|(_, atom)| *atom as usize).collect())
            })
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
        for &(cell, atom) in &self.order {
            let place = cell as usize + BEFORE;
            if let (Some((p, _)), Some(of), Some(all), Some(size)) = (
                atoms.weights.at(atom as usize),
                atoms.sizes.get(atom as usize),
                probability.get_mut(place),
                sizes.get_mut(place),
            ) {
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
