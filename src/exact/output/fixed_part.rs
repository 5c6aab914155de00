//! What the tokens that are in every prompt add to the sums of a prompt.

use nalgebra::{DMatrix, DVector};

use crate::error::{Error, Result};
use crate::exact::output::centred_atoms::CentredAtoms;
use crate::exact::value::UNIT;
use crate::law::{ScoreAtoms, Sum};

/// The fixed tokens relative to the score atoms: `W0 = sum_j w0_j` in logarithms, for it may be out of the range of floats, and what
/// is of moderate size for any `W0`.
pub(super) struct FixedPart {
    /// `ln W0`, and a bound of its error.
    pub ln_total: f64,
    pub of_total: f64,
    /// `c = F / W0 = sum_j (w0_j / W0) (y_j - T)`, and a bound of its error in norm.
    pub centre: DVector<f64>,
    pub of_centre: f64,
    /// `sum_j (w0_j / W0)^2`, and a bound of its relative error.
    pub participation: f64,
    pub of_participation: f64,
    /// Why nothing is proved, if that is so.
    pub unproved: Option<&'static str>,
}

/// Errors of `ln W0` up to which a margin covers terms of second order.
const LARGEST_ERROR: f64 = 1e-9;

impl FixedPart {
    /// For the columns of `tokens`, the law of `atoms` seen through `value`, and its atoms `centred`.
    ///
    /// Weights and outputs are taken relative to the atom with most tilted mass, of which `ln w` and `f` are known.
    ///
    /// # Errors
    /// If a score or the square of an output overflows.
    pub fn new(
        atoms: &ScoreAtoms,
        centred: &CentredAtoms,
        value: &DMatrix<f64>,
        tilt: &DVector<f64>,
        tokens: &DMatrix<f64>,
    ) -> Result<Self> {
        let tilted = centred.weights.tilted();
        let heaviest = tilted
            .iter()
            .enumerate()
            .max_by(|x, y| x.1.total_cmp(y.1))
            .map(|(place, _)| place);
        let known = heaviest.and_then(|place| {
            Some(Anchor {
                score: *atoms.scores.get(place)?,
                ln_weight: centred.weights.iter().nth(place)?.1,
                of_ln_weight: centred.of_x + centred.weights.of_ln_weight(),
                shift: centred.outputs.column(place) - atoms.outputs.column(place),
                size: atoms.outputs.column(place).norm() + centred.outputs.column(place).norm(),
                of_shift: centred.sizes.get(place)?.rounding + atoms.rounding.outputs.get(place)?,
            })
        });
        let Some(anchor) = known else {
            return Err(overflow());
        };
        let weights: Vec<(f64, f64)> = tokens
            .column_iter()
            .map(|token| anchor.ln_weight(atoms, tilt, &token.into_owned()))
            .collect();
        let most = weights.iter().fold(f64::NEG_INFINITY, |m, w| m.max(w.0));
        if !(most.abs() < f64::INFINITY && weights.iter().all(|w| w.0.is_finite())) {
            return Err(overflow());
        }
        // A difference counts up to the size at which its exponential vanishes.
        let of_weight = weights.iter().fold(0.0_f64, |m, w| m.max(w.1)) + 760.0 * UNIT;
        let parts: Vec<f64> = weights.iter().map(|w| libm::exp(w.0 - most)).collect();
        let total = parts.iter().copied().collect::<Sum>().value();
        let ln_total = most + libm::log(total);
        let of_total = of_weight + UNIT * (8.0 + 2.0 * most.abs() + ln_total.abs());
        let of_part = 2.0 * of_weight + 8.0 * UNIT;
        let of_sum = UNIT * (tokens.ncols() as f64 + 4.0);
        let value_norm = value.norm();
        let mut centre = DVector::zeros(value.nrows());
        let (mut of_centre, mut participation) = (0.0, 0.0);
        for (token, part) in tokens.column_iter().zip(parts) {
            let share = part / total;
            let (output, rounding) = anchor.output(atoms, value, value_norm, &token.into_owned());
            centre.axpy(share, &output, 1.0);
            of_centre += share * (rounding + (of_part + of_sum) * output.norm());
            participation += share * share;
        }
        if !centre.norm_squared().is_finite() {
            return Err(overflow());
        }
        Ok(Self {
            ln_total,
            of_total,
            centre,
            of_centre,
            participation,
            of_participation: 2.0 * of_part + of_sum,
            unproved: (!(of_total <= LARGEST_ERROR))
                .then_some("the scores of the fixed tokens are not known well enough"),
        })
    }
}

/// The atom that fixed tokens are compared with.
struct Anchor {
    score: f64,
    ln_weight: f64,
    of_ln_weight: f64,
    /// `f - y`, `y` the output less its origin.
    shift: DVector<f64>,
    size: f64,
    of_shift: f64,
}

impl Anchor {
    /// `ln w` of a token, and a bound of its error.
    fn ln_weight(
        &self,
        atoms: &ScoreAtoms,
        tilt: &DVector<f64>,
        token: &DVector<f64>,
    ) -> (f64, f64) {
        let score = tilt.dot(token);
        let absolute: f64 = tilt.iter().zip(token).map(|(a, x)| (a * x).abs()).sum();
        let ln_weight = (score - atoms.score_origin) - self.score + self.ln_weight;
        let sizes =
            absolute + 2.0 * atoms.score_origin.abs() + self.score.abs() + self.ln_weight.abs();
        let rounding = UNIT * ((tilt.len() as f64 + 8.0) * absolute + 6.0 * sizes);
        (
            ln_weight,
            rounding + atoms.rounding.origin.0 + self.of_ln_weight,
        )
    }

    /// `V x - T` of a token, and a bound of its error in norm.
    fn output(
        &self,
        atoms: &ScoreAtoms,
        value: &DMatrix<f64>,
        value_norm: f64,
        token: &DVector<f64>,
    ) -> (DVector<f64>, f64) {
        let output = (value * token - &atoms.output_origin) + &self.shift;
        let size = value_norm * token.norm();
        let sizes = size + atoms.output_origin.norm() + self.size;
        let rounding = UNIT * ((token.len() as f64 + 8.0) * size + 6.0 * sizes);
        (output, rounding + atoms.rounding.origin.1 + self.of_shift)
    }
}

fn overflow() -> Error {
    Error::Unavailable {
        what: "the exact error of prompts with fixed tokens",
        why: "a score or the square of an output of a fixed token overflows; the tokens must be smaller"
            .into(),
    }
}
