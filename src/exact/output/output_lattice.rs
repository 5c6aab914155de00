//! T17 `lattice-sums`: many atoms as few points of a uniform lattice in `ln w`, and their single-token expectations.

use nalgebra::DMatrix;

use crate::error::Result;
use crate::exact::output::atom_sums::Masses;
use crate::exact::output::centred_atoms::{BLOCK, CentredAtoms, MOST_NODES, weighted_outputs};
use crate::exact::output::interpolated::Interpolated;
use crate::exact::output::moments::{LeftEnd, OutputMoments, OutputNode, RightEnd};
use crate::exact::output::node_sums::{NodeSums, Size};
use crate::exact::sums::compensated::{GROUP, OF_SUM};
use crate::exact::sums::integral::may_stop;
use crate::exact::sums::interpolation::{CELL, DENSITY, POINTS, Remainder};
use crate::exact::sums::kernel::{LatticeKernel, lattice_kernel};
use crate::exact::sums::weights::too_wide;
use crate::law::Sum;

/// Sums over interpolated score atoms.
///
/// Sums that make a value take the interpolated masses; sums that bound an error take the mass of every cell at its left end and a
/// factor [`CELL`].
pub(super) struct OutputLattice<'a> {
    atoms: &'a Interpolated,
    remainder: Remainder,
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
    pub(super) fn new(atoms: &'a Interpolated) -> Self {
        Self {
            atoms,
            remainder: Remainder::new(),
        }
    }

    /// As [`CentredAtoms::moments`], on a lattice of which every point is one of that in `ln w`.
    pub fn moments(&self, step: f64, shortest: f64, longest: f64) -> Result<OutputMoments> {
        let atoms = self.atoms;
        let tau = CentredAtoms::leftmost_of(&atoms.cells, &atoms.sizes, shortest, longest)?;
        let mut tau = (tau / step).floor() * step;
        let left = CentredAtoms::left_end_of(&atoms.cells, &atoms.sizes, tau);
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
            outputs: (POINTS + 1) as f64 * atoms.counted + atoms.masses.len() as f64,
            mean_square: atoms.mean_square.0,
        };
        loop {
            if let Some(last) = self.block(tau, step, (shortest, longest), &mut moments) {
                moments.right = CentredAtoms::right_end_of(&atoms.cells, &atoms.sizes, last);
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
        let atoms = self.atoms;
        let mut factors = DMatrix::zeros(atoms.masses.len(), BLOCK);
        let mut others = vec![0.0; atoms.masses.len()];
        let mut last = None;
        let mut count = 0;
        for (place, mut column) in factors.column_iter_mut().enumerate() {
            let tau = tau + place as f64 * step;
            let mut sums = LatticeSums::default();
            let first = atoms.cells.first() + (tau * DENSITY) as i64;
            let mut terms = (atoms.cells.probability().iter())
                .zip((first..).map(lattice_kernel))
                .zip(atoms.sizes.iter().zip(&atoms.masses))
                .zip(column.iter_mut().zip(&mut others));
            let mut taken = GROUP;
            while taken == GROUP {
                let mut part = Part::default();
                taken = 0;
                for (((p, k), (size, masses)), (factor, other)) in terms.by_ref().take(GROUP) {
                    part.add(*p, &k, size, masses);
                    let k = k.kernel;
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
            atoms.outputs.shape(),
            |first, size| atoms.outputs.columns(first, size).into_owned(),
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
        let of_x = atoms.of_x + atoms.of_ln_weight;
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
    fn add(&mut self, p: f64, k: &LatticeKernel, size: &Size, masses: &Masses) {
        let (k, wide) = (&k.kernel, p * k.wide);
        let second = k.x * k.x * k.decay;
        self.rise += masses.probability * k.rise;
        self.stay += masses.probability * k.decay;
        self.bump += masses.probability * second;
        self.square += masses.square * second;
        if p > 0.0 {
            self.sizes.add(p, k, size);
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
