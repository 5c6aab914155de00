//! The weights of the score atoms of a law, with the errors of its scores and probabilities.

use crate::error::Result;
use crate::exact::sums::compensated::normalised;
use crate::exact::sums::weights::{WeightAtoms, WeightErrors};
use crate::exact::value::UNIT;
use crate::law::ScoreAtoms;
use crate::parameter::refused;

/// The weights of score atoms, and how well they are known.
pub(in crate::exact) struct ScoreWeights {
    pub weights: WeightAtoms,
    /// Bounds of the relative errors of an `x` but for the roundings that made it a weight, and of a probability.
    pub of_x: f64,
    pub of_probability: f64,
    /// Why the errors of integrals are no bounds, if they are not.
    pub unproved: Option<&'static str>,
}

/// Relative errors of `x` up to which a margin covers terms of second order.
const LARGEST_OF_X: f64 = 1e-9;

/// Below it a probability, divided by their sum, may not be a normal float.
const LEAST_PROBABILITY: f64 = 1e-305;

/// Refuses a list of numbers that are no probabilities, or all 0.
pub(in crate::exact) fn check_probabilities(probability: &[f64]) -> Result<()> {
    if !probability.iter().any(|p| *p > 0.0) {
        return refused(
            "a list of probabilities",
            "no positive number",
            "one at least",
        );
    }
    match probability
        .iter()
        .find(|p| !(**p >= 0.0 && **p < f64::INFINITY))
    {
        None => Ok(()),
        Some(p) => refused("a probability", p, "a finite number, at least 0"),
    }
}

impl ScoreWeights {
    /// # Errors
    /// If two scores differ by more than 2000, or a probability is negative or not a number.
    pub fn new(atoms: &ScoreAtoms) -> Result<Self> {
        check_probabilities(&atoms.weights)?;
        let weights = if atoms.exact {
            WeightAtoms::new(&normalised(&atoms.weights), &atoms.scores)
        } else {
            WeightAtoms::new(&atoms.weights, &atoms.scores)
        };
        weights.check_spread()?;
        let positive = || atoms.weights.iter().filter(|p| **p > 0.0);
        let (of_x, of_probability, unproved) = errors_of_weights(
            atoms,
            positive().fold(f64::INFINITY, |least, p| least.min(*p)),
            &weights.errors,
        );
        Ok(Self {
            weights,
            of_x,
            of_probability,
            unproved,
        })
    }
}

/// Bounds of the relative errors of an `x` and of a probability of score atoms, as in [`ScoreWeights`], and why those of integrals are
/// none, if they are not.
pub(in crate::exact) fn errors_of_weights(
    atoms: &ScoreAtoms,
    least_probability: f64,
    errors: &WeightErrors,
) -> (f64, f64, Option<&'static str>) {
    // Normalising is a sum and a quotient. A weight has the error of its score and, by the normaliser, of all scores and
    // probabilities.
    let of_probability = atoms.rounding.score + 3.0 * UNIT;
    let of_x = 2.0 * atoms.rounding.score + of_probability;
    let unproved = if !atoms.exact {
        Some(
            "the score atoms discretise the law, and what that does is estimated by a second lattice",
        )
    } else if least_probability < LEAST_PROBABILITY {
        Some("a probability is so small that it has lost digits")
    } else if !(of_x + errors.rounding(f64::INFINITY) <= LARGEST_OF_X) {
        Some("the scores are not known well enough")
    } else {
        None
    };
    (of_x, of_probability, unproved)
}
