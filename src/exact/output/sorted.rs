//! Atoms in the order of the cells of a lattice in `ln w`, and their sums at its points.

use std::ops::Range;

use rayon::prelude::*;

use crate::exact::output::atom_sums::{Atoms, CellSums, Centre, Part};
use crate::exact::output::cells::Cells;
use crate::exact::output::group::Group;
use crate::exact::sums::compensated::GROUP;
use crate::law::Sum;

/// Most parts of the atoms that have sums of their own, and atoms for each lattice point that a part has at least.
const PARTS: (usize, usize) = (8, 64);
/// Numbers of atoms that are sorted by cells together (4 MiB), and the least and the largest number of such atoms.
const SORTED: usize = 1 << 19;
const TOGETHER: (usize, usize) = (1 << 10, 1 << 16);

impl Atoms<'_> {
    /// All sums over the atoms, in parts whose number does not depend on that of the threads.
    pub(super) fn sums(
        &self,
        cells: Cells,
        ln_weight: &(dyn Fn(f64) -> f64 + Sync),
        centre: &Centre,
    ) -> Part {
        let count = self.atoms.weights.len();
        let (most, least) = PARTS;
        let parts = (count / cells.points.saturating_mul(least)).clamp(1, most);
        let size = count.div_ceil(parts);
        let parts: Vec<Part> = (0..parts)
            .into_par_iter()
            .map(|part| {
                let end = count.min((part + 1) * size);
                self.sums_of(part * size..end, cells, ln_weight, centre)
            })
            .collect();
        let joined = parts.into_iter().reduce(|mut all, part| {
            for (sum, part) in all.points.iter_mut().zip(&part.points) {
                sum.add(part.value());
            }
            for (sum, part) in all.cells.iter_mut().zip(&part.cells) {
                sum.add(part);
            }
            all.square.add(part.square.value());
            all.counted += part.counted;
            all.largest = all.largest.max(part.largest);
            all.farthest = all.farthest.max(part.farthest);
            all
        });
        joined.unwrap_or_else(|| self.sums_of(0..0, cells, ln_weight, centre))
    }

    fn sums_of(
        &self,
        part: Range<usize>,
        cells: Cells,
        ln_weight: &(dyn Fn(f64) -> f64 + Sync),
        centre: &Centre,
    ) -> Part {
        let rows = centre.mean.len();
        let mut sums = Part {
            points: vec![Sum::default(); cells.points * (rows + 2)],
            cells: vec![CellSums::default(); cells.points],
            square: Sum::default(),
            counted: 0.0,
            largest: 0.0,
            farthest: 0.0,
        };
        let mut group = Group::new(rows + 2);
        let (least, most) = TOGETHER;
        let together = (SORTED / (rows + 2)).clamp(least, most);
        let mut sorted = Sorted::default();
        for first in part.clone().step_by(together) {
            let chunk = first..part.end.min(first + together);
            sorted.sort(self, chunk, cells, ln_weight, centre, &mut sums);
            let mut start = 0;
            for (cell, end) in sorted.ends.iter().enumerate() {
                let run = start..*end as usize;
                start = run.end;
                for first in run.clone().step_by(GROUP) {
                    let atoms = first..run.end.min(first + GROUP);
                    let places = sorted.places.get(atoms.clone()).unwrap_or_default();
                    let numbers = atoms.start * (rows + 2)..atoms.end * (rows + 2);
                    let numbers = sorted.numbers.get(numbers).unwrap_or_default();
                    group.add(
                        numbers,
                        places,
                        sums.points.iter_mut().skip(cell * (rows + 2)),
                    );
                }
            }
        }
        sums
    }
}

/// Atoms in the order of their cells, so that those of one cell are added together.
#[derive(Default)]
struct Sorted {
    /// The end of each cell.
    ends: Vec<u32>,
    /// Places in the cell.
    places: Vec<f64>,
    /// `p f`, `p` and `p |f|^2`, one column an atom.
    numbers: Vec<f64>,
}

impl Sorted {
    /// The atoms of a chunk that have a probability; adds to the sums over cells and over all.
    fn sort(
        &mut self,
        atoms: &Atoms<'_>,
        chunk: Range<usize>,
        cells: Cells,
        ln_weight: &(dyn Fn(f64) -> f64 + Sync),
        centre: &Centre,
        sums: &mut Part,
    ) {
        let rows = centre.mean.len();
        let scores = atoms.atoms.scores.get(chunk.clone()).unwrap_or_default();
        let weights = atoms.atoms.weights.get(chunk.clone()).unwrap_or_default();
        self.ends.clear();
        self.ends.resize(cells.points + 1, 0);
        for (s, _) in scores.iter().zip(weights).filter(|(_, p)| **p > 0.0) {
            let cell = cells.of(ln_weight(*s)).0;
            if let Some(count) = self.ends.get_mut(cell.saturating_add(1)) {
                *count += 1;
            }
        }
        let mut count = 0;
        for end in &mut self.ends {
            count += *end;
            *end = count;
        }
        self.places.resize(chunk.len(), 0.0);
        self.numbers.resize(chunk.len() * (rows + 2), 0.0);
        for (atom, (s, p, output)) in chunk.clone().zip(atoms.part(chunk)) {
            let (cell, place) = cells.of(ln_weight(s));
            let Some(end) = self.ends.get_mut(cell).filter(|_| p > 0.0) else {
                continue;
            };
            let to = *end as usize;
            *end += 1;
            let numbers = self.numbers.get_mut(to * (rows + 2)..(to + 1) * (rows + 2));
            if let (Some(column), Some(to)) = (numbers, self.places.get_mut(to)) {
                *to = place;
                atoms.add(atom, (p, output), centre, column, sums, cell);
            }
        }
    }
}
