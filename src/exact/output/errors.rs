//! T2 `laplace-identity`: the output error of any law given by score atoms.

use nalgebra::DVector;

use crate::error::{Error, Result};
use crate::exact::output::centred_atoms::CentredAtoms;
use crate::exact::output::interpolated::Interpolated;
use crate::exact::output::moments::{Integrals, OutputMoments};
use crate::exact::output::output_lattice::OutputLattice;
use crate::exact::output::participation::range;
use crate::exact::value::MARGIN;
use crate::exact::{Exact, ROUNDING};
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

/// Step in `ln t` for finitely supported laws: a dyadic number, at which the lattice errs relatively by 6e-20.
pub(super) const FINITE_STEP: f64 = 0.1875;

/// Error, bias and participation of a law seen through a value matrix, one result a length (T2).
///
/// `E|That - T|^2 = INT [L H phi^{L-1} + L (L-1) |G|^2 phi^{L-2}] dtau` and
/// `E That - T = L INT G phi^{L-1} dtau`, with `x = t w`, `H = E[x^2 |f|^2 e^{-x}]`,
/// `G = E[x f e^{-x}]`, `f = V (X - m(a))`, `phi = E e^{-x}` and `tau = ln t`.
///
/// # Errors
/// If the law has no score atoms, scores spread over thousands of units, or a squared output overflows.
///
/// # Accuracy
/// Relative `1e-10` or better, except where the bias cancels between coordinates of different sign, and where scores
/// or outputs cannot be told apart in floats. Of laws of finite support every value is proved (T16): its error bounds what the lattice
/// and its ends leave out and the rounding of scores, outputs, their mean, every sum over atoms and every power of `phi`, node by node. Of
/// other laws the error is an estimate: the same, and twice the disagreement of two lattices and score atoms.
///
/// # Examples
/// ```
/// use attention_bounds::exact::output_error;
/// use attention_bounds::law::{Rademacher, TokenLaw};
/// use attention_bounds::nalgebra::{self, dmatrix, dvector};
/// use attention_bounds::parameter::PromptLength;
///
/// // Two fair signs: That is -1, T, T or 1 with T = tanh a, so the error is (1 + T^2) / 2.
/// let law = Rademacher::new(1, 1.0)?;
/// let found = &output_error(law.through(&dmatrix![1.0]).as_ref(), &dvector![1.0], &[PromptLength::new(2)?])?[0];
/// assert!((found.squared_error.value - 0.5 * (1.0 + 1f64.tanh().powi(2))).abs() < 1e-12);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn output_error(
    law: &dyn OutputLaw,
    tilt: &DVector<f64>,
    lengths: &[PromptLength],
) -> Result<Vec<ExactOutput>> {
    if range(lengths).is_none() {
        // One token needs no integral.
        let atoms = normalised_atoms(law, tilt, Resolution::fine(0.0))?;
        let alone = CentredAtoms::new(&atoms)?.single();
        return Ok(lengths.iter().map(|_| alone.clone()).collect());
    }
    let curve = OutputErrorCurve::new(law, tilt, lengths)?;
    lengths.iter().map(|&length| curve.at(length)).collect()
}

/// [`output_error`] as a function of the prompt length: what does not depend on it is computed once.
pub struct OutputErrorCurve {
    range: (f64, f64),
    /// One token.
    alone: ExactOutput,
    /// Why the errors are no bounds, if they are not.
    unproved: Option<&'static str>,
    fine: OutputMoments,
    /// Of laws that are discretised.
    coarse: Option<OutputMoments>,
}

impl OutputErrorCurve {
    /// For prompts between the shortest and the longest of these.
    ///
    /// # Errors
    /// As [`output_error`].
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::exact::OutputErrorCurve;
    /// use attention_bounds::law::{Rademacher, TokenLaw};
    /// use attention_bounds::nalgebra::{self, dmatrix, dvector};
    /// use attention_bounds::parameter::PromptLength;
    ///
    /// // Without a tilt the error is Var X / L.
    /// let (law, ends) = (Rademacher::new(1, 1.0)?, [PromptLength::new(10)?, PromptLength::new(1000)?]);
    /// let curve = OutputErrorCurve::new(law.through(&dmatrix![1.0]).as_ref(), &dvector![0.0], &ends)?;
    /// assert!((curve.at(PromptLength::new(50)?)?.squared_error.value - 0.02).abs() < 1e-12);
    /// assert!(curve.at(PromptLength::new(5)?).is_err());
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn new(law: &dyn OutputLaw, tilt: &DVector<f64>, lengths: &[PromptLength]) -> Result<Self> {
        let (shortest, longest) = range(lengths).unwrap_or((2.0, 2.0));
        let fine_resolution = Resolution::fine(longest.ln());
        let atoms = normalised_atoms(law, tilt, fine_resolution)?;
        let many = match atoms.exact {
            true => Interpolated::worth_it(&atoms)?,
            false => None,
        };
        if let Some(many) = many {
            return Ok(Self {
                range: (shortest, longest),
                alone: ExactOutput::single(many.mean_square, many.mean.clone(), many.unproved),
                unproved: many.unproved,
                fine: OutputLattice::new(&many).moments(FINITE_STEP, shortest, longest)?,
                coarse: None,
            });
        }
        let atoms = CentredAtoms::new(&atoms)?;
        let (fine, coarse) = if atoms.exact {
            (atoms.moments(FINITE_STEP, shortest, longest)?, None)
        } else {
            let resolution = Resolution::coarse(longest.ln());
            let coarse = CentredAtoms::new(&law.score_atoms(tilt, resolution)?)?;
            (
                atoms.moments(fine_resolution.score_step, shortest, longest)?,
                Some(coarse.moments(resolution.score_step, shortest, longest)?),
            )
        };
        Ok(Self {
            range: (shortest, longest),
            alone: atoms.single(),
            unproved: atoms.unproved,
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
            return Ok(self.alone.clone());
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
        let fine = self.fine.integrate(length);
        let coarse = self.coarse.as_ref().map(|c| c.integrate(length));
        Ok(ExactOutput::new(&fine, coarse.as_ref(), self.unproved))
    }
}

pub(super) fn normalised_atoms(
    law: &dyn OutputLaw,
    tilt: &DVector<f64>,
    resolution: Resolution,
) -> Result<ScoreAtoms> {
    let atoms = law.score_atoms(tilt, resolution)?;
    if !atoms.exact {
        check_normalisation(&atoms, law.tilted(tilt).cumulant)?;
    }
    Ok(atoms)
}

/// Refuses atoms whose own cumulant is not that of the law: their window or step missed tilted mass.
fn check_normalisation(atoms: &ScoreAtoms, cumulant: f64) -> Result<()> {
    let centred = cumulant - atoms.score_origin;
    let sum: f64 = atoms
        .weights
        .iter()
        .zip(&atoms.scores)
        .map(|(p, s)| p * (s - centred).exp())
        .sum();
    let reached = (sum - 1.0).abs();
    // Of a law far from the origin the cumulant itself is not known better.
    let wanted = NORMALISATION + 32.0 * f64::EPSILON * (cumulant.abs() + atoms.score_origin.abs());
    if reached <= wanted {
        return Ok(());
    }
    Err(Error::Accuracy {
        what: "the score atoms do not reproduce the cumulant generating function",
        reached,
        wanted,
    })
}

/// Largest relative disagreement of the atoms' cumulant with the law's.
const NORMALISATION: f64 = 1e-10;

impl ExactOutput {
    /// With the bounds of one lattice; of a discretised law, and where the bounds do not hold, with an estimate besides.
    pub(super) fn new(
        fine: &Integrals,
        coarse: Option<&Integrals>,
        unproved: Option<&'static str>,
    ) -> Self {
        let of = |fine: f64, coarse: Option<f64>, rounding: f64| match unproved {
            None => Exact::proved(fine, rounding),
            Some(why) => {
                Exact::from_resolutions(fine, coarse.unwrap_or(fine), why).widened(rounding)
            }
        };
        Self {
            squared_error: of(
                fine.squared_error,
                coarse.map(|c| c.squared_error),
                fine.squared_rounding,
            ),
            bias: fine
                .bias
                .iter()
                .enumerate()
                .map(|(place, &value)| {
                    let coarse = coarse.and_then(|c| c.bias.get(place).copied());
                    of(value, coarse, fine.bias_rounding)
                })
                .collect(),
            participation: of(
                fine.participation,
                coarse.map(|c| c.participation),
                fine.participation_rounding,
            ),
        }
    }
}

impl ExactOutput {
    /// One token: `That = V X`, so the error is `E|f|^2` and the bias `E f`, without an integral.
    fn single(
        (square, rounding): (f64, f64),
        (bias, of_bias): (Vec<f64>, f64),
        unproved: Option<&'static str>,
    ) -> Self {
        let allowance = unproved.map_or(0.0, |_| ROUNDING);
        let of = |value: f64, error: f64| Exact {
            value,
            error: MARGIN * error + allowance * value.abs(),
            unproved,
        };
        Self {
            squared_error: of(square, rounding),
            bias: bias.into_iter().map(|value| of(value, of_bias)).collect(),
            participation: Exact::ONE,
        }
    }
}

impl CentredAtoms {
    fn single(&self) -> ExactOutput {
        ExactOutput::single(self.mean_square(), self.mean(), self.unproved)
    }
}
