//! What one head brings into the integrals with the others.

use std::sync::Arc;

use nalgebra::DMatrix;

use super::lattice::{Basis, Lattice};
use crate::error::{Error, Result};
use crate::exact::sums::compensated::Centred;
use crate::exact::sums::score_weights::ScoreWeights;
use crate::exact::sums::weights::{WeightAtoms, too_wide};
use crate::law::ScoreAtoms;

/// Tokens used at a time.
const BLOCK: usize = 256;
/// Sizes of `ln w` that are served: products of two weights are floats.
const LARGEST_LN: f64 = 300.0;
/// `phi^L` where the nodes end.
const LN_NEGLIGIBLE: f64 = -38.0;
/// Steps in `ln t` after which the search for that place ends.
const MOST_STEPS: usize = 4000;

/// The tokens as one head weighs them at one query.
pub(super) struct WeighedTokens {
    pub atoms: WeightAtoms,
    pub weights: Vec<f64>,
    /// `f = R V (X - m(a))`, one column a token.
    pub outputs: DMatrix<f64>,
}

impl WeighedTokens {
    /// # Errors
    /// If scores are so far apart that weights are no floats.
    pub fn new(atoms: &ScoreAtoms) -> Result<Self> {
        let weighed = ScoreWeights::new(atoms)?.weights;
        let (low, high) = range(&weighed);
        if !(-low <= LARGEST_LN && high <= LARGEST_LN) {
            return Err(Error::Unavailable {
                what: "the exact error of the layer",
                why: format!(
                    "two scores <a, x> of a head differ by more than {:.0}, and products of the weights of two heads must be floats; queries or \
                     key-query matrices must be smaller",
                    high - low
                ),
            });
        }
        let centred = Centred::new(Arc::clone(&atoms.outputs), &weighed.tilted());
        let (_, count) = centred.shape();
        Ok(Self {
            weights: weighed.iter().map(|(_, y)| libm::exp(y)).collect(),
            outputs: centred.columns(0, count),
            atoms: weighed,
        })
    }

    /// The ends of `ln w`.
    pub fn range(&self) -> (f64, f64) {
        range(&self.atoms)
    }

    /// `ln t` from which on `phi(t)^length` is negligible.
    ///
    /// # Errors
    /// If it is nowhere.
    pub fn right_end(&self, length: f64) -> Result<f64> {
        let mut tau = -self.range().1 - length.ln();
        for _ in 0..MOST_STEPS {
            let rise = self.atoms.kernels(tau).map(|(p, k)| p * k.rise).sum();
            if length * self.atoms.ln_phi(rise, tau) <= LN_NEGLIGIBLE {
                return Ok(tau);
            }
            tau += 0.25;
        }
        Err(too_wide())
    }
}

/// The ends of `ln w`.
fn range(atoms: &WeightAtoms) -> (f64, f64) {
    let ends = (f64::INFINITY, f64::NEG_INFINITY);
    let possible = atoms.iter().filter(|(p, _)| *p > 0.0);
    possible.fold(ends, |(low, high), (_, y)| (low.min(y), high.max(y)))
}

/// Expectations of one head at the nodes.
pub(super) struct HeadSums {
    /// The kernels of every token in the basis, `rank x tokens`.
    pub coefficients: DMatrix<f64>,
    /// `E[1 - e^{-x}]`.
    pub rise: Vec<f64>,
    /// `E[x f e^{-x}]`, one column a node.
    pub bias: DMatrix<f64>,
}

impl HeadSums {
    pub fn new(tokens: &WeighedTokens, lattice: &Lattice, basis: &Basis) -> Self {
        let (rows, count) = tokens.outputs.shape();
        let nodes = lattice.t.len();
        let mut sums = Self {
            coefficients: DMatrix::zeros(basis.rank(), count),
            rise: vec![0.0; nodes],
            bias: DMatrix::zeros(rows, nodes),
        };
        // E[x f e^{-x}], and the same as E[x f (e^{-x} - 1)], because E[w f] = 0; with the sizes of their terms.
        let mut other = DMatrix::zeros(rows, nodes);
        let mut sizes = vec![[0.0; 2]; nodes];
        for first in (0..count).step_by(BLOCK) {
            let size = BLOCK.min(count - first);
            let weights = tokens.weights.get(first..first + size).unwrap_or_default();
            let outputs = tokens.outputs.columns(first, size);
            let probability = tokens.atoms.probability().iter().skip(first);
            let kernels = lattice.kernels(weights);
            let found = basis.coefficients(&kernels);
            sums.coefficients.columns_mut(first, size).copy_from(&found);
            let (mut near, mut far) = (DMatrix::zeros(nodes, size), DMatrix::zeros(nodes, size));
            let columns = near.column_iter_mut().zip(far.column_iter_mut());
            let tokens = weights.iter().zip(probability).zip(outputs.column_iter());
            for (((w, p), output), (kernels, (mut near, mut far))) in
                tokens.zip(kernels.column_iter().zip(columns))
            {
                let norm = output.norm();
                let nodes = lattice
                    .t
                    .iter()
                    .zip(kernels.iter().zip(kernels.iter().skip(nodes)));
                let sums = sums.rise.iter_mut().zip(&mut sizes);
                let places = near.iter_mut().zip(far.iter_mut());
                let scale = p * Lattice::of_weight(*w);
                for (((t, (bump, step)), (near, far)), (rise, sizes)) in nodes.zip(places).zip(sums)
                {
                    let scale = scale * Lattice::of_node(*t);
                    *rise += scale * step;
                    *near = scale * bump;
                    *far = -scale * step * t * w;
                    sizes[0] += *near * norm;
                    sizes[1] -= *far * norm;
                }
            }
            sums.bias.gemm(1.0, &outputs, &near.transpose(), 1.0);
            other.gemm(1.0, &outputs, &far.transpose(), 1.0);
        }
        for ((mut bias, other), [near, far]) in sums
            .bias
            .column_iter_mut()
            .zip(other.column_iter())
            .zip(sizes)
        {
            if far < near {
                bias.copy_from(&other);
            }
        }
        sums
    }
}
