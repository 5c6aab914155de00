//! T17 `lattice-sums`: many atoms of finite support as masses at the points of a lattice in `ln w`.

use nalgebra::DMatrix;

use crate::error::Result;
use crate::exact::output::atom_sums::{Atoms, CellSums, Centre, FEW, Masses};
use crate::exact::output::cells::Cells;
use crate::exact::output::centred_atoms::{overflow, underflow};
use crate::exact::output::node_sums::Size;
use crate::exact::sums::compensated::OF_SUM;
use crate::exact::sums::interpolation::{LEBESGUE, OF_WEIGHT};
use crate::exact::sums::score_weights::errors_of_weights;
use crate::exact::sums::weights::{WIDEST, WeightAtoms, WeightErrors};
use crate::exact::value::UNIT;
use crate::law::ScoreAtoms;

/// Atoms for each lattice point from which sums over the points are the cheaper.
const WORTH: usize = 3;
/// Score atoms with the output centred at `T = V m(a)`, interpolated in `ln w`.
///
/// Sums that make a value take the interpolated masses, which have both signs; sums that bound an error take the mass of every
/// cell at its left end, which is positive.
pub(super) struct Interpolated {
    /// Positive masses by cell, at its left end.
    pub cells: WeightAtoms,
    pub sizes: Vec<Size>,
    pub masses: Vec<Masses>,
    /// Interpolated `p f`, one column a point.
    pub outputs: DMatrix<f64>,
    /// As in [`CentredAtoms`](super::centred_atoms::CentredAtoms).
    pub of_x: f64,
    pub of_ln_weight: f64,
    pub of_norm: f64,
    pub of_spread: f64,
    pub unproved: Option<&'static str>,
    /// Atoms whose output is not the mean.
    pub counted: f64,
    /// `E|f|^2` and `E f`, with bounds of their rounding.
    pub mean_square: (f64, f64),
    pub mean: (Vec<f64>, f64),
}

impl Interpolated {
    /// Of atoms that are many enough for their scores to be worth it.
    ///
    /// # Errors
    /// If the square of an output overflows.
    pub fn worth_it(atoms: &ScoreAtoms) -> Result<Option<Self>> {
        let Some(known) = Atoms::new(atoms).filter(|_| atoms.outputs.nrows() > 0) else {
            return Ok(None);
        };
        let width = known.ends.1 - known.ends.0;
        let enough = Cells::new((0.0, width))
            .is_some_and(|cells| (cells.points + 1).saturating_mul(WORTH) <= atoms.weights.len());
        if !(enough && width <= WIDEST) {
            return Ok(None);
        }
        Self::of(&known)
    }

    /// Whatever their number; none unless probabilities and scores are numbers as they should be.
    #[cfg(test)]
    pub fn new(atoms: &ScoreAtoms) -> Option<Self> {
        Self::of(&Atoms::new(atoms)?).unwrap()
    }

    fn of(known: &Atoms<'_>) -> Result<Option<Self>> {
        let atoms = known.atoms;
        let rows = atoms.outputs.nrows();
        let Some(heaviest) = atoms.scores.get(known.heaviest) else {
            return Ok(None);
        };
        let reference = atoms.outputs.column(known.heaviest).into_owned();
        let (sum, mean) = known.mean(*heaviest, &reference);
        let errors = WeightErrors::new(known.ends, *heaviest, sum, atoms.weights.len());
        let cumulant = libm::log(sum);
        let ln_weight = move |s: f64| s - heaviest - cumulant;
        let Some(cells) = Cells::new((ln_weight(known.ends.0), ln_weight(known.ends.1))) else {
            return Ok(None);
        };
        let (of_x, of_probability, unproved) = errors_of_weights(atoms, known.least, &errors);
        let centre = Centre {
            size: mean.norm(),
            reference,
            mean,
        };
        let found = known.sums(cells, &ln_weight, &centre);
        let square = found.square.value();
        if !square.is_finite() {
            return Err(overflow());
        }
        // What the errors of the tilted probabilities, of the sum that makes the mean, and of the outputs move T by; the tilted mass of a
        // cell is at most its mass at the right end.
        let few = (FEW as f64 + 4.0) * UNIT;
        let relative = of_x + errors.rounding(0.0) + 8.0 * UNIT + few;
        let moved = found.cells.iter().enumerate().map(|(cell, own)| {
            let weight = 1.001 * libm::exp(cells.right_end(cell));
            weight * (relative * own.norm + own.rounding)
        });
        let lost = if found.largest > 0.0 {
            let each = 8.0 * f64::from_bits(1) * (1.0 + 2.0 * found.farthest);
            atoms.weights.len() as f64 * each
        } else {
            0.0
        };
        let of_mean = moved.sum::<f64>() + 1.001 * few * centre.size + lost;
        let mut sizes = Vec::with_capacity(cells.points);
        let mut probability = Vec::with_capacity(cells.points);
        let (mut of_square, mut all) = (0.0, CellSums::default());
        // The masses of a cell are at the point on its left.
        for own in &found.cells {
            let p = own.probability;
            let share = |sum: f64| if p > 0.0 { sum / p } else { 0.0 };
            probability.push(p);
            sizes.push(Size {
                square: share(own.square),
                norm: share(own.norm),
                rounding: if p > 0.0 { own.largest + of_mean } else { 0.0 },
            });
            of_square += own.of_square;
            all.norm += own.norm;
            all.rounding += own.rounding;
            all.probability += p;
        }
        of_square += of_mean * (2.0 * all.norm + 2.0 * all.rounding + of_mean * all.probability);
        let of_norm = (rows as f64 + 4.0) * UNIT;
        let relative = of_probability + of_norm + 8.0 * UNIT + OF_SUM;
        let spread = atoms.rounding.spread;
        let (masses, outputs) = found.masses(rows, cells.points);
        // Lagrange's weights of an atom add up to 1.
        let of_output = of_probability + LEBESGUE * (OF_WEIGHT + 3.0 * OF_SUM);
        let of_output = of_output * all.norm + all.rounding + of_mean * all.probability;
        Ok(Some(Self {
            mean: (outputs.column_sum().as_slice().to_vec(), of_output),
            mean_square: (square, of_square + spread + relative * square),
            cells: WeightAtoms::on_lattice(probability, cells.first),
            sizes,
            masses,
            outputs,
            of_x,
            of_ln_weight: errors.of_ln_weight(),
            of_norm,
            of_spread: spread,
            unproved: unproved.or(underflow(found.largest)),
            counted: found.counted,
        }))
    }
}
