//! T2 `laplace-identity`: the output error of any law given by score atoms.

use nalgebra::{DMatrix, DVector};

use super::Exact;
use super::integral::may_stop;
use super::output_moments::{Integrals, OutputMoments, OutputNode};
use super::participation::range;
use super::weights::{WeightAtoms, kernel, too_wide};
use crate::error::{Error, Result};
use crate::law::{OutputLaw, Resolution, ScoreAtoms};
use crate::parameter::PromptLength;

/// The exact finite-prompt error of one head, query and prompt length.
#[derive(Debug, Clone, PartialEq)]
pub struct ExactOutput {
    /// `E |That - T|^2`.
    pub squared_error: Exact,
    /// `E That - T`, in `R^m`.
    pub bias: Vec<Exact>,
    /// `E P_2`.
    pub participation: Exact,
}

/// Step in `ln t` for finitely supported laws; every second node makes the comparison.
const FINITE_STEP: f64 = 0.125;

/// Error, bias and participation of a law seen through a value matrix, one result a length (T2).
///
/// `E|That - T|^2 = INT [L H phi^{L-1} + L (L-1) |G|^2 phi^{L-2}] dtau` and
/// `E That - T = L INT G phi^{L-1} dtau`, with `x = t w`, `H = E[x^2 |f|^2 e^{-x}]`,
/// `G = E[x f e^{-x}]`, `f = V (X - m(a))`, `phi = E e^{-x}` and `tau = ln t`.
///
/// # Errors
/// If the law has no score atoms, or scores spread over thousands of units.
///
/// # Accuracy
/// Relative `1e-10` or better, except where the bias cancels between coordinates of different sign;
/// every value carries its own error estimate.
pub fn output_error(
    law: &dyn OutputLaw,
    tilt: &DVector<f64>,
    lengths: &[PromptLength],
) -> Result<Vec<ExactOutput>> {
    let curve = OutputErrorCurve::new(law, tilt, lengths)?;
    lengths.iter().map(|&length| curve.at(length)).collect()
}

/// [`output_error`] as a function of the prompt length: what does not depend on it is computed once.
pub struct OutputErrorCurve {
    range: (f64, f64),
    atoms: CentredAtoms,
    fine: OutputMoments,
    coarse: OutputMoments,
}

impl OutputErrorCurve {
    /// For single tokens, and prompts between the shortest and the longest of these that is longer than 1.
    ///
    /// # Errors
    /// As [`output_error`].
    pub fn new(law: &dyn OutputLaw, tilt: &DVector<f64>, lengths: &[PromptLength]) -> Result<Self> {
        let (shortest, longest) = range(lengths).unwrap_or((2.0, 2.0));
        let fine_resolution = Resolution::fine(longest.ln());
        let atoms = law.score_atoms(tilt, fine_resolution)?;
        if !atoms.exact {
            check_normalisation(&atoms, law.tilted(tilt).cumulant)?;
        }
        let atoms = CentredAtoms::new(&atoms);
        let (fine, coarse) = if atoms.exact {
            let fine = atoms.moments(FINITE_STEP, shortest, longest)?;
            let coarse = fine.every_second();
            (fine, coarse)
        } else {
            let resolution = Resolution::coarse(longest.ln());
            let coarse = CentredAtoms::new(&law.score_atoms(tilt, resolution)?);
            (
                atoms.moments(fine_resolution.score_step, shortest, longest)?,
                coarse.moments(resolution.score_step, shortest, longest)?,
            )
        };
        Ok(Self {
            range: (shortest, longest),
            atoms,
            fine,
            coarse,
        })
    }

    /// Error, bias and participation at one length.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a length that the curve was not made for: its integrals stop too early there.
    pub fn at(&self, length: PromptLength) -> Result<ExactOutput> {
        if length.get() == 1 {
            return Ok(self.atoms.single_token());
        }
        let (shortest, longest) = self.range;
        let length = length.as_f64();
        if !(length >= shortest && length <= longest) {
            return Err(Error::Parameter {
                parameter: "L",
                value: length.to_string(),
                required: "between the lengths that the curve of errors was made for",
                theorem: None,
            });
        }
        Ok(ExactOutput::from_resolutions(
            self.fine.integrate(length),
            self.coarse.integrate(length),
            self.atoms.centring,
        ))
    }
}

/// Refuses atoms whose own cumulant is not that of the law: their window or step missed tilted mass.
fn check_normalisation(atoms: &ScoreAtoms, cumulant: f64) -> Result<()> {
    let sum: f64 = atoms
        .weights
        .iter()
        .zip(&atoms.scores)
        .map(|(p, s)| p * (s - cumulant).exp())
        .sum();
    let reached = (sum - 1.0).abs();
    if reached <= NORMALISATION {
        return Ok(());
    }
    Err(Error::Accuracy {
        what: "the score atoms do not reproduce the cumulant generating function",
        reached,
        wanted: NORMALISATION,
    })
}

/// Largest relative disagreement of the atoms' cumulant with the law's.
const NORMALISATION: f64 = 1e-10;

/// Score atoms with the output centred at `T = V m(a)`.
struct CentredAtoms {
    weights: WeightAtoms,
    /// `f`, one column an atom.
    outputs: DMatrix<f64>,
    /// `E[|f|^2 | S]`.
    squares: Vec<f64>,
    /// Bound of the rounding error in `T`, which every `f` inherits.
    centring: f64,
    exact: bool,
}

impl CentredAtoms {
    fn new(atoms: &ScoreAtoms) -> Self {
        let weights = WeightAtoms::new(&atoms.weights, &atoms.scores);
        let tilted: DVector<f64> = DVector::from_iterator(
            atoms.weights.len(),
            weights.iter().map(|(p, ln_w)| p * ln_w.exp()),
        );
        // Outputs are first taken relative to the atom with most tilted mass: where nearly all mass is
        // on one atom, its f would otherwise be lost in the rounding of T.
        let mut outputs = atoms.outputs.clone();
        if outputs.ncols() > 0 {
            let reference = outputs.column(tilted.imax()).into_owned();
            for mut column in outputs.column_iter_mut() {
                column -= &reference;
            }
        }
        // The mean is taken over the very atoms that are integrated, so that E[w f] = 0 holds for them.
        let mean = &outputs * (&tilted / tilted.sum());
        let size: f64 = outputs
            .column_iter()
            .zip(&tilted)
            .map(|(v, p)| p * v.norm_squared())
            .sum();
        for mut column in outputs.column_iter_mut() {
            column -= &mean;
        }
        let squares = outputs
            .column_iter()
            .zip(&atoms.spreads)
            .map(|(f, spread)| f.norm_squared() + spread)
            .collect();
        Self {
            weights,
            outputs,
            squares,
            centring: 4.0 * f64::EPSILON * size.sqrt(),
            exact: atoms.exact,
        }
    }

    /// One token: `That = V X`, so the error is `E|f|^2` and the bias `E f`, without an integral.
    fn single_token(&self) -> ExactOutput {
        let square = self
            .weights
            .iter()
            .zip(&self.squares)
            .map(|((p, _), q)| p * q)
            .sum();
        let probability =
            DVector::from_iterator(self.squares.len(), self.weights.iter().map(|(p, _)| p));
        let bias = &self.outputs * &probability;
        let magnitude = self.outputs.abs() * &probability;
        let from_atoms = |value: f64, scale: f64| Exact {
            value,
            error: super::ROUNDING * scale,
        };
        ExactOutput {
            squared_error: from_atoms(square, square + self.centring),
            bias: bias
                .iter()
                .zip(&magnitude)
                .map(|(&b, &m)| from_atoms(b, m + self.centring))
                .collect(),
            participation: Exact {
                value: 1.0,
                error: 0.0,
            },
        }
    }

    fn moments(&self, step: f64, shortest: f64, longest: f64) -> Result<OutputMoments> {
        let mut tau = self.weights.left_end(&self.squares, shortest, longest)?;
        tau = tau.min(
            self.weights
                .left_end(&vec![1.0; self.squares.len()], shortest, longest)?,
        );
        let mut moments = OutputMoments {
            step,
            nodes: Vec::new(),
            first: Vec::new(),
            bias: Vec::new(),
        };
        loop {
            if self.block(tau, step, shortest, longest, &mut moments) {
                return Ok(moments);
            }
            if moments.nodes.len() > 20_000 {
                return Err(too_wide());
            }
            tau += BLOCK as f64 * step;
        }
    }

    /// Appends up to [`BLOCK`] nodes from `tau` on; true if the last of them may end the lattice.
    fn block(
        &self,
        tau: f64,
        step: f64,
        shortest: f64,
        longest: f64,
        to: &mut OutputMoments,
    ) -> bool {
        let atoms = self.squares.len();
        let mut factors = DMatrix::zeros(atoms, BLOCK);
        let mut done = false;
        let mut count = 0;
        for (node, mut column) in factors.column_iter_mut().enumerate() {
            let tau = tau + node as f64 * step;
            let (mut rise, mut bump, mut size, mut square) = (0.0, 0.0, 0.0, 0.0);
            for (((p, ln_w), q), factor) in self
                .weights
                .iter()
                .zip(&self.squares)
                .zip(column.iter_mut())
            {
                let k = kernel(tau + ln_w);
                rise += p * k.rise;
                let first = p * k.x * k.decay;
                bump += first * k.x;
                size += first * q;
                square += first * k.x * q;
                // E[w f] = 0, so e^{-x} - 1 may stand for e^{-x}: for t < 1 it cancels less.
                *factor = if tau < 0.0 {
                    -p * (tau + ln_w).exp() * k.rise
                } else {
                    first
                };
            }
            let ln_phi = self.weights.ln_phi(rise, tau);
            to.nodes.push(OutputNode {
                ln_phi,
                phi: ln_phi.exp(),
                bump,
                size,
                square,
            });
            count += 1;
            done = may_stop(shortest, longest, ln_phi, bump);
            if done {
                break;
            }
        }
        let first = &self.outputs * factors.columns(0, count);
        for column in first.column_iter() {
            to.first.push(column.norm_squared());
            to.bias.push(column.into_owned());
        }
        done
    }
}

/// Nodes evaluated together, so that the sums over atoms are one matrix product.
const BLOCK: usize = 32;

impl ExactOutput {
    /// `centring` is the rounding error of `T`.
    fn from_resolutions(fine: Integrals, coarse: Integrals, centring: f64) -> Self {
        // The bias is a sum of terms of this size that may cancel.
        let cancelled = 8.0 * f64::EPSILON * fine.size.sqrt() + centring;
        let bias = fine
            .bias
            .iter()
            .zip(&coarse.bias)
            .map(|(&f, &c)| {
                let resolved = Exact::from_resolutions(f, c);
                Exact {
                    error: resolved.error + cancelled,
                    ..resolved
                }
            })
            .collect();
        let mut squared_error = Exact::from_resolutions(fine.squared_error, coarse.squared_error);
        squared_error.error += centring * (2.0 * squared_error.value.max(0.0).sqrt() + centring);
        Self {
            squared_error,
            bias,
            participation: Exact::from_resolutions(fine.participation, coarse.participation),
        }
    }
}
