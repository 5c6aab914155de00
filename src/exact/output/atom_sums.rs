//! Passes over many atoms of finite support, whose sums go to the points of a lattice in `ln w`.

use std::ops::Range;

use nalgebra::{DMatrix, DVector};

use crate::exact::output::group::Sums;
use crate::exact::sums::interpolation::BEFORE;
use crate::exact::sums::weights::tilted;
use crate::exact::value::UNIT;
use crate::law::{ScoreAtoms, Sum, by_parts};

/// Sums side by side.
const LANES: usize = 8;
/// Atoms whose products with the outputs are added plainly.
pub(super) const FEW: usize = 8;

/// Interpolated `p` and `p |f|^2` at one lattice point.
#[derive(Clone, Copy)]
pub(super) struct Masses {
    pub probability: f64,
    pub square: f64,
}

/// What is known of the atoms before any exponential.
pub(super) struct Atoms<'a> {
    pub(super) atoms: &'a ScoreAtoms,
    /// The sum of the probabilities, and the least of them that is positive.
    total: f64,
    pub(super) least: f64,
    /// The least and the largest score with a probability.
    pub(super) ends: (f64, f64),
    /// The atom of most tilted mass.
    pub(super) heaviest: usize,
}

impl<'a> Atoms<'a> {
    /// None unless probabilities and scores are numbers as they should be.
    pub(super) fn new(atoms: &'a ScoreAtoms) -> Option<Self> {
        let (weights, scores) = (&atoms.weights, &atoms.scores);
        let fine = |p: f64, s: f64| p >= 0.0 && p < f64::INFINITY && s.abs() < f64::INFINITY;
        let parts = by_parts(weights.len(), |part| {
            let all = weights.get(part.clone())?.iter().zip(scores.get(part)?);
            let mut found = (
                Sum::default(),
                f64::INFINITY,
                (f64::INFINITY, f64::NEG_INFINITY),
            );
            for (p, s) in all {
                if !fine(*p, *s) {
                    return None;
                }
                if *p > 0.0 {
                    found.0.add(*p);
                    found.1 = found.1.min(*p);
                    found.2 = (found.2.0.min(*s), found.2.1.max(*s));
                }
            }
            Some(found)
        });
        let mut total = Sum::default();
        let (mut least, mut ends) = (f64::INFINITY, (f64::INFINITY, f64::NEG_INFINITY));
        for part in parts {
            let (sum, smallest, (low, high)) = part?;
            total.add(sum.value());
            least = least.min(smallest);
            ends = (ends.0.min(low), ends.1.max(high));
        }
        let equal = weights.iter().all(|p| *p == least);
        let mass = |(p, s): (&f64, &f64)| if equal { *s } else { libm::log(*p) + s };
        let heaviest = weights.iter().zip(scores).map(mass).enumerate();
        let heaviest = heaviest.max_by(|x, y| x.1.total_cmp(&y.1))?.0;
        Some(Self {
            atoms,
            total: total.value(),
            least,
            ends,
            heaviest,
        })
    }

    /// Score, probability and output of the atoms of a part.
    pub(super) fn part(&self, part: Range<usize>) -> impl Iterator<Item = (f64, f64, &[f64])> {
        let rows = self.atoms.outputs.nrows();
        let outputs = self
            .atoms
            .outputs
            .as_slice()
            .get(part.start * rows..part.end * rows);
        let weights = self.atoms.weights.get(part.clone()).unwrap_or_default();
        let scores = self.atoms.scores.get(part).unwrap_or_default();
        let outputs = outputs.unwrap_or_default().chunks_exact(rows.max(1));
        let atoms = scores.iter().zip(weights).zip(outputs);
        atoms.map(|((s, p), output)| (*s, p / self.total, output))
    }
}

/// Where outputs are taken from: `f = y - reference - mean`.
pub(super) struct Centre {
    pub(super) reference: DVector<f64>,
    pub(super) mean: DVector<f64>,
    /// `|mean|`.
    pub(super) size: f64,
}

/// Sums over the atoms of a cell: of `p`, `p |f|^2`, `p |f|`, of `p e` and `p e (2 |f| + e)` with `e` the rounding error of `f` but for that of
/// the mean; the largest `e`.
#[derive(Clone, Copy, Default)]
pub(super) struct CellSums {
    pub(super) probability: f64,
    pub(super) square: f64,
    pub(super) norm: f64,
    pub(super) rounding: f64,
    pub(super) of_square: f64,
    pub(super) largest: f64,
}

impl CellSums {
    pub(super) fn add(&mut self, other: &Self) {
        self.probability += other.probability;
        self.square += other.square;
        self.norm += other.norm;
        self.rounding += other.rounding;
        self.of_square += other.of_square;
        self.largest = self.largest.max(other.largest);
    }
}

/// Sums over a part of the atoms.
pub(super) struct Part {
    /// Of what is interpolated, point by point.
    pub(super) points: Sums,
    /// At the points on their left.
    pub(super) cells: Vec<CellSums>,
    /// `E|f|^2`.
    pub(super) square: Sum,
    /// Atoms whose output is not the mean.
    pub(super) counted: f64,
    /// The largest coordinate of an `f`, and the largest `|f|`.
    pub(super) largest: f64,
    pub(super) farthest: f64,
}

impl Part {
    pub(super) fn masses(&self, rows: usize, points: usize) -> (Vec<Masses>, DMatrix<f64>) {
        let columns = || self.points.chunks(rows + 2);
        let masses = columns().map(|column| {
            let mut last = column.iter().skip(rows).map(|sum| sum.value());
            Masses {
                probability: last.next().unwrap_or(0.0),
                square: last.next().unwrap_or(0.0),
            }
        });
        let outputs = columns().flat_map(|column| column.iter().take(rows).map(|sum| sum.value()));
        (
            masses.collect(),
            DMatrix::from_iterator(rows, points, outputs),
        )
    }
}

impl Atoms<'_> {
    /// The sum of `p e^{S - heaviest}`, and the mean output under the tilted law less `reference`.
    pub(super) fn mean(&self, heaviest: f64, reference: &DVector<f64>) -> (f64, DVector<f64>) {
        let rows = reference.len();
        let parts = by_parts(self.atoms.weights.len(), |part| {
            let (mut total, mut sums) = (Sum::default(), vec![Sum::default(); rows]);
            let mut few = vec![0.0; rows];
            let last = part.len().saturating_sub(1);
            for (place, (s, p, output)) in self.part(part).enumerate() {
                let weight = tilted(p, s - heaviest);
                total.add(weight);
                for ((to, y), reference) in few.iter_mut().zip(output).zip(reference.iter()) {
                    *to += weight * (y - reference);
                }
                if place % FEW == FEW - 1 || place == last {
                    for (sum, few) in sums.iter_mut().zip(&mut few) {
                        sum.add(*few);
                        *few = 0.0;
                    }
                }
            }
            (total, sums)
        });
        let (mut total, mut sums) = (Sum::default(), vec![Sum::default(); rows]);
        for (part, of_part) in parts {
            total.add(part.value());
            for (sum, part) in sums.iter_mut().zip(of_part) {
                sum.add(part.value());
            }
        }
        let total = total.value();
        let sums = sums.iter().map(|sum| sum.value() / total);
        (total, DVector::from_iterator(rows, sums))
    }

    /// Writes what is interpolated of one atom, and adds the rest to the sums.
    pub(super) fn add(
        &self,
        atom: usize,
        (p, output): (f64, &[f64]),
        centre: &Centre,
        column: &mut [f64],
        sums: &mut Part,
        cell: usize,
    ) {
        let (to, others) = column.split_at_mut(output.len());
        let (square, largest) = centre.take_off(output, p, to);
        let norm = square.sqrt();
        let mut square = square;
        sums.largest = sums.largest.max(largest);
        if let Some(spread) = self.atoms.spreads.get(atom).filter(|spread| **spread > 0.0) {
            square += spread;
            sums.largest = sums.largest.max(spread.sqrt());
        }
        if let [of_probability, of_square] = others {
            (*of_probability, *of_square) = (p, p * square);
        }
        // Two differences, the mean and the quotient that it is.
        let own = self
            .atoms
            .rounding
            .outputs
            .get(atom)
            .copied()
            .unwrap_or(0.0);
        let rounding = own + UNIT * (8.0 * norm + 4.0 * centre.size);
        if let Some(sums) = sums.cells.get_mut(cell + BEFORE) {
            sums.add(&CellSums {
                probability: p,
                square: p * square,
                norm: p * norm,
                rounding: p * rounding,
                of_square: p * rounding * (2.0 * norm + rounding),
                largest: rounding,
            });
        }
        sums.square.add(p * square);
        sums.counted += f64::from(u8::from(norm > 0.0));
        sums.farthest = sums.farthest.max(norm);
    }
}

impl Centre {
    /// Writes `p f`; `|f|^2`, in sums side by side, and the largest coordinate of `f`.
    fn take_off(&self, output: &[f64], p: f64, to: &mut [f64]) -> (f64, f64) {
        let (mut squares, mut largest) = ([0.0; LANES], [0.0_f64; LANES]);
        let shifts = self.reference.as_slice().chunks(LANES);
        let shifts = shifts.zip(self.mean.as_slice().chunks(LANES));
        let chunks = to.chunks_mut(LANES).zip(output.chunks(LANES)).zip(shifts);
        for ((to, output), (reference, mean)) in chunks {
            let shifts = reference.iter().zip(mean);
            let all = to.iter_mut().zip(output).zip(shifts);
            let lanes = squares.iter_mut().zip(&mut largest);
            for (((to, y), (reference, mean)), (square, largest)) in all.zip(lanes) {
                let f = y - reference - mean;
                *square += f * f;
                *largest = largest.max(f.abs());
                *to = p * f;
            }
        }
        let largest = largest.iter().fold(0.0_f64, |most, x| most.max(*x));
        (squares.iter().sum(), largest)
    }
}
