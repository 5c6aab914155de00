//! T17 `lattice-sums`: many atoms as few points of a uniform lattice in `ln w`, and their single-token expectations.

use nalgebra::DMatrix;

use crate::error::Result;
use crate::exact::output::cells::Cells;
use crate::exact::output::centred_atoms::{
    BLOCK, CentredAtoms, MOST_NODES, node_count, weighted_outputs,
};
use crate::exact::output::moments::{LeftEnd, OutputMoments, OutputNode, RightEnd};
use crate::exact::output::node_sums::{NodeSums, Size};
use crate::exact::sums::compensated::{GROUP, OF_SUM};
use crate::exact::sums::integral::may_stop;
use crate::exact::sums::interpolation::{
    CELL, POINTS, Remainder, weights as interpolation_weights,
};
use crate::exact::sums::kernel::Kernel;
use crate::exact::sums::weights::{WeightAtoms, too_wide};
use crate::law::Sum;

/// Atoms for each lattice point from which sums over the points are the cheaper.
const WORTH: usize = 3;
/// Numbers that may wait in groups (32 MiB).
const MOST_WAITING: usize = 1 << 22;

/// Score atoms with the output centred, interpolated in `ln w`.
///
/// Sums that make a value take the interpolated masses, which have both signs; sums that bound an error take the mass of every
/// cell at its left end, which is positive, and a factor [`CELL`].
pub(super) struct OutputLattice<'a> {
    atoms: &'a CentredAtoms,
    /// Positive masses by cell, at its left end.
    cells: WeightAtoms,
    sizes: Vec<Size>,
    /// Interpolated `p` and `p |f|^2`.
    masses: Vec<Masses>,
    /// Interpolated `p f`, one column a point.
    outputs: DMatrix<f64>,
    remainder: Remainder,
}

#[derive(Clone, Copy)]
struct Masses {
    probability: f64,
    square: f64,
}

/// Atoms of one cell that are yet to be added.
#[derive(Clone)]
struct Group {
    /// `p f`, `p` and `p |f|^2`, one column an atom.
    numbers: DMatrix<f64>,
    /// One row an atom.
    weights: DMatrix<f64>,
    count: usize,
}

impl Group {
    fn new(rows: usize, size: usize) -> Self {
        Self {
            numbers: DMatrix::zeros(rows + 2, size),
            weights: DMatrix::zeros(size, POINTS),
            count: 0,
        }
    }

    /// An atom at a place of the cell; `write` writes its column.
    fn push(&mut self, place: f64, write: impl FnOnce(&mut [f64])) {
        write(self.numbers.column_mut(self.count).as_mut_slice());
        let interpolated = interpolation_weights(place);
        for (weight, found) in self
            .weights
            .row_mut(self.count)
            .iter_mut()
            .zip(interpolated)
        {
            *weight = found;
        }
        self.count += 1;
    }

    /// Adds the atoms to the sums at their points.
    fn add_to<'a>(&mut self, sums: impl Iterator<Item = &'a mut Sum>) {
        let numbers = self.numbers.columns(0, self.count);
        let product = numbers * self.weights.rows(0, self.count);
        for (sum, term) in sums.zip(product.iter()) {
            sum.add(*term);
        }
        self.count = 0;
    }
}

/// Sums over the lattice at one `t`.
#[derive(Default)]
struct LatticeSums {
    rise: Sum,
    stay: Sum,
    bump: Sum,
    square: Sum,
    /// Over the cells.
    sizes: NodeSums<Sum>,
    /// `E[c x^k e^{-x/4}]` over the cells: of `p` with `k = 0, 2`, of `p |f|` with 1 and of `p |f|^2` with 2.
    wide: [f64; 4],
}

impl<'a> OutputLattice<'a> {
    /// Of atoms that are many enough for their scores to be worth it.
    pub fn worth_it(atoms: &'a CentredAtoms) -> Option<Self> {
        let (_, points) = Cells::span(atoms)?;
        (points.saturating_mul(WORTH) <= atoms.sizes.len()).then(|| Self::new(atoms))?
    }

    /// None if no atom has a probability.
    pub(super) fn new(atoms: &'a CentredAtoms) -> Option<Self> {
        let cells = Cells::new(atoms)?;
        let rows = atoms.outputs.shape().0;
        let mut sums = vec![Sum::default(); cells.points * (rows + 2)];
        // Atoms wait in groups of one cell, so that they are read in order.
        let size = (MOST_WAITING / (cells.points * (rows + 2 + POINTS))).clamp(8, GROUP);
        let mut groups: Vec<Option<Group>> = vec![None; cells.points];
        let all = atoms.weights.iter().zip(&atoms.sizes).enumerate();
        for (atom, ((p, ln_w), of)) in all.filter(|(_, ((p, _), _))| *p > 0.0) {
            let (cell, place) = cells.of(ln_w);
            let Some(group) = groups.get_mut(cell) else {
                continue;
            };
            let group = group.get_or_insert_with(|| Group::new(rows, size));
            group.push(place, |column| {
                let (output, others) = column.split_at_mut(rows);
                atoms.outputs.write(atom, output);
                output.iter_mut().for_each(|entry| *entry *= p);
                others.copy_from_slice(&[p, p * of.square]);
            });
            if group.count == size {
                group.add_to(sums.iter_mut().skip(cell * (rows + 2)));
            }
        }
        for (cell, group) in groups.iter_mut().enumerate() {
            if let Some(group) = group {
                group.add_to(sums.iter_mut().skip(cell * (rows + 2)));
            }
        }
        let columns = || sums.chunks(rows + 2);
        let masses = columns()
            .map(|column| {
                let mut last = column.iter().skip(rows).map(|sum| sum.value());
                Masses {
                    probability: last.next().unwrap_or(0.0),
                    square: last.next().unwrap_or(0.0),
                }
            })
            .collect();
        let outputs = columns().flat_map(|column| column.iter().take(rows).map(|sum| sum.value()));
        let outputs = DMatrix::from_iterator(rows, cells.points, outputs);
        let (probability, sizes) = cells.sizes(atoms);
        Some(Self {
            atoms,
            cells: WeightAtoms::on_lattice(probability, cells.places()),
            sizes,
            masses,
            outputs,
            remainder: Remainder::new(),
        })
    }

    /// As [`CentredAtoms::moments`].
    pub fn moments(&self, step: f64, shortest: f64, longest: f64) -> Result<OutputMoments> {
        let tau = CentredAtoms::leftmost_of(&self.cells, &self.sizes, shortest, longest)?;
        let mut tau = (tau / step).floor() * step;
        let left = CentredAtoms::left_end_of(&self.cells, &self.sizes, tau);
        let mut moments = OutputMoments {
            step,
            nodes: Vec::new(),
            bias: Vec::new(),
            left: LeftEnd {
                reach: CELL * left.reach,
                square: CELL * left.square,
                bump: CELL * left.bump,
            },
            right: RightEnd::default(),
            // What underflows: terms of the atoms at their points, and of the points.
            outputs: (POINTS + 1) as f64 * node_count(&self.atoms.sizes) + self.masses.len() as f64,
            mean_square: self.atoms.mean_square().0,
        };
        loop {
            if let Some(last) = self.block(tau, step, (shortest, longest), &mut moments) {
                moments.right = CentredAtoms::right_end_of(&self.cells, &self.sizes, last);
                return Ok(moments);
            }
            if moments.nodes.len() > MOST_NODES {
                return Err(too_wide());
            }
            tau += BLOCK as f64 * step;
        }
    }

    /// Appends up to [`BLOCK`] nodes from `tau` on; the last of them if it may end the lattice.
    fn block(
        &self,
        tau: f64,
        step: f64,
        (shortest, longest): (f64, f64),
        to: &mut OutputMoments,
    ) -> Option<f64> {
        let mut factors = DMatrix::zeros(self.masses.len(), BLOCK);
        let mut others = vec![0.0; self.masses.len()];
        let mut last = None;
        let mut count = 0;
        for (place, mut column) in factors.column_iter_mut().enumerate() {
            let tau = tau + place as f64 * step;
            let mut sums = LatticeSums::default();
            let mut terms = self
                .cells
                .kernels(tau)
                .zip(self.sizes.iter().zip(&self.masses))
                .zip(column.iter_mut().zip(&mut others));
            let mut taken = GROUP;
            while taken == GROUP {
                let mut part = Part::default();
                taken = 0;
                for (((p, k), (size, masses)), (factor, other)) in terms.by_ref().take(GROUP) {
                    part.add(p, &k, size, masses);
                    *factor = k.x * k.decay;
                    *other = -k.finite() * k.rise;
                    taken += 1;
                }
                sums.add(&part);
            }
            let Some((node, of_other)) = self.node(&sums) else {
                // Here `phi` is lost in the rounding; what lies to the right is nothing beside what came before.
                last = Some(tau - step);
                break;
            };
            if of_other {
                column.copy_from_slice(&others);
            }
            to.nodes.push(node);
            count += 1;
            if may_stop(shortest, longest, node.ln_phi, node.bump) {
                last = Some(tau);
                break;
            }
        }
        to.bias.extend(weighted_outputs(
            self.outputs.shape(),
            |first, size| self.outputs.columns(first, size).into_owned(),
            &factors,
            count,
        ));
        last
    }

    /// The expectations at one `t`, and whether `e^{-x} - 1` is to stand for `e^{-x}` in that with the output; none where `phi` is
    /// not known to a quarter.
    fn node(&self, sums: &LatticeSums) -> Option<(OutputNode, bool)> {
        let atoms = self.atoms;
        let sizes = sums.sizes.value();
        let of_x = atoms.of_x + atoms.weights.of_ln_weight();
        let [of_stay, of_first, of_second] = self.remainder.powers;
        let [stay, direct, bump, square] = sums.wide.map(|sum| CELL * sum);
        let rise = sums.rise.value();
        let (ln_phi, of_ln_phi) = if rise < 0.5 {
            let of_rise = CELL * sizes.rise * (2.0 * of_x + self.remainder.rise);
            (libm::log1p(-rise), of_rise / (1.0 - rise))
        } else {
            let found = sums.stay.value();
            let of = of_stay * stay + of_x * CELL * (sizes.stay + sizes.near);
            if !(found > 4.0 * of) {
                return None;
            }
            (libm::log(found), of / (found - of))
        };
        let (of_direct, of_other) = sizes.of_bias(of_x);
        let of_direct = CELL * of_direct + of_first * direct;
        let of_other = CELL * of_other + self.remainder.other * CELL * sizes.other[0];
        let node = OutputNode {
            ln_phi,
            of_ln_phi: of_ln_phi + f64::EPSILON * ln_phi.abs(),
            phi: libm::exp(ln_phi),
            bump: sums.bump.value(),
            of_bump: of_x * CELL * (3.0 * sizes.bump + sizes.third_bump) + of_second * bump,
            square: sums.square.value(),
            of_square: CELL
                * (of_x * (3.0 * sizes.square + sizes.third)
                    + (OF_SUM + atoms.of_norm) * sizes.square
                    + 2.0 * (sizes.square * sizes.of_square).sqrt()
                    + sizes.of_square
                    + atoms.of_spread * sizes.bump)
                + of_second * square,
            of_bias: of_direct.min(of_other),
        };
        Some((node, of_other < of_direct))
    }
}

/// Plain sums over a few points.
#[derive(Default)]
struct Part {
    rise: f64,
    stay: f64,
    bump: f64,
    square: f64,
    sizes: NodeSums<f64>,
    wide: [f64; 4],
}

impl Part {
    fn add(&mut self, p: f64, k: &Kernel, size: &Size, masses: &Masses) {
        let second = k.x * k.x * k.decay;
        self.rise += masses.probability * k.rise;
        self.stay += masses.probability * k.decay;
        self.bump += masses.probability * second;
        self.square += masses.square * second;
        if p > 0.0 {
            self.sizes.add(p, k, size);
            let wide = if k.decay > 0.0 {
                p * k.decay.sqrt().sqrt()
            } else {
                p * libm::exp(-0.25 * k.whole)
            };
            // An infinite x has no exponential.
            let x = k.finite();
            self.wide[0] += wide;
            self.wide[1] += wide * x * size.norm;
            self.wide[2] += wide * x * x;
            self.wide[3] += wide * x * x * size.square;
        }
    }
}

impl LatticeSums {
    fn add(&mut self, part: &Part) {
        self.rise.add(part.rise);
        self.stay.add(part.stay);
        self.bump.add(part.bump);
        self.square.add(part.square);
        self.sizes.add(&part.sizes);
        for (sum, part) in self.wide.iter_mut().zip(part.wide) {
            *sum += part;
        }
    }
}
