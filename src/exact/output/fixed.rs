//! T2.fixed `fixed-tokens`: prompts that hold tokens which are always there.

use nalgebra::{DMatrix, DVector};

use crate::error::{Error, Result};
use crate::exact::output::centred_atoms::CentredAtoms;
use crate::exact::output::errors::{FINITE_STEP, normalised_atoms};
use crate::exact::output::fixed_integrals::FixedIntegrals;
use crate::exact::output::fixed_part::FixedPart;
use crate::exact::output::moments::OutputMoments;
use crate::exact::output::participation::range;
use crate::exact::sums::integral::may_stop;
use crate::exact::{Exact, ExactOutput};
use crate::law::{OutputLaw, Resolution};
use crate::parameter::PromptLength;

/// The exact error of prompts with fixed tokens, for one head, query and number of random tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct FixedOutput {
    /// Error, bias and participation; the participation counts the fixed tokens too.
    pub output: ExactOutput,
    /// `E[W0 / (W0 + W)]`, the part of the attention that the fixed tokens take.
    pub share: Exact,
}

/// Error, bias, participation and share of the fixed tokens, one result a length (T2.fixed).
///
/// A prompt is `L` i.i.d. tokens of the law and the columns of `tokens` (`d x n`), seen through the matrix `value` that `law` is seen through too. With
/// `w0_j = e^{<a, x0_j> - Lam(a)}`, `W0 = sum_j w0_j`, `F = sum_j w0_j (V x0_j - T)`, `T = V m(a)` and `phi, g, h` as in T2
///
/// ```text
/// E|That - T|^2 = INT_0^inf t e^{-t W0} [ |F|^2 phi^L + 2 L <F, g> phi^{L-1} + L h phi^{L-1} + L (L-1) |g|^2 phi^{L-2} ] dt
/// E That - T    = INT_0^inf e^{-t W0} [ F phi^L + L g phi^{L-1} ] dt
/// E[W0/(W0+W)]  = W0 INT_0^inf e^{-t W0} phi^L dt
/// ```
///
/// # Errors
/// [`Error::Shape`] if tokens, value matrix, law and tilt do not fit; otherwise as [`output_error`](crate::exact::output_error), or if a score
/// of a fixed token overflows.
///
/// # Accuracy
/// As [`output_error`](crate::exact::output_error): proved for laws of finite support, for any `W0`.
///
/// # Examples
/// ```
/// use attention_bounds::PromptLength;
/// use attention_bounds::exact::fixed_output_error;
/// use attention_bounds::law::{Rademacher, TokenLaw};
/// use attention_bounds::nalgebra::{self, dmatrix, dvector};
///
/// // Without a tilt all weights are equal: three signs and a fixed token at 2 have the mean (S + 2) / 4.
/// let (law, value) = (Rademacher::new(1, 1.0)?, dmatrix![1.0]);
/// let length = [PromptLength::new(3)?];
/// let seen = law.through(&value);
/// let found = &fixed_output_error(seen.as_ref(), &value, &dvector![0.0], &dmatrix![2.0], &length)?[0];
/// assert!((found.output.squared_error.value - (3.0 + 4.0) / 16.0).abs() < 1e-12);
/// assert!((found.share.value - 0.25).abs() < 1e-12);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn fixed_output_error(
    law: &dyn OutputLaw,
    value: &DMatrix<f64>,
    tilt: &DVector<f64>,
    tokens: &DMatrix<f64>,
    lengths: &[PromptLength],
) -> Result<Vec<FixedOutput>> {
    check_shapes(law, value, tilt, tokens)?;
    let seen = Seen {
        law,
        value,
        tilt,
        tokens,
        lengths,
    };
    let reach = seen.reach();
    let fine = seen.lattice(Resolution::fine(reach))?;
    let coarse = if fine.centred.exact {
        None
    } else {
        Some(seen.lattice(Resolution::coarse(reach))?)
    };
    let unproved = fine.centred.unproved.or(fine.part.unproved);
    Ok(lengths
        .iter()
        .map(|&length| {
            let coarse = coarse.as_ref().map(|lattice| lattice.at(length));
            result(&fine.at(length), coarse.as_ref(), unproved)
        })
        .collect())
}

fn check_shapes(
    law: &dyn OutputLaw,
    value: &DMatrix<f64>,
    tilt: &DVector<f64>,
    tokens: &DMatrix<f64>,
) -> Result<()> {
    let dimension = law.dimension();
    let fits = tokens.nrows() == dimension && tilt.len() == dimension;
    if fits && value.ncols() == dimension && tokens.ncols() > 0 {
        return Ok(());
    }
    Err(Error::shape(
        "the matrix of fixed tokens",
        format!("{} x {}", tokens.nrows(), tokens.ncols()),
        format!(
            "{dimension} x n, n at least 1, and tilt and value matrix (here {} and {} x {}) for tokens of that dimension",
            tilt.len(),
            value.nrows(),
            value.ncols()
        ),
    ))
}

/// What is asked.
struct Seen<'a> {
    law: &'a dyn OutputLaw,
    value: &'a DMatrix<f64>,
    tilt: &'a DVector<f64>,
    tokens: &'a DMatrix<f64>,
    lengths: &'a [PromptLength],
}

/// Single-token expectations of one resolution and the fixed part beside them.
struct Lattice {
    centred: CentredAtoms,
    part: FixedPart,
    /// The first node and the expectations; none if no length needs an integral.
    moments: Option<(f64, OutputMoments)>,
}

/// `ln` of the ratio of the total weight of the random tokens and `W0` beyond which the share of the fixed tokens need not be known relatively.
const MOST_LACK: f64 = 640.0;
/// The lattice starts where `t (W0 + L)` is at most the exponential of this.
const LEFT: f64 = -46.0;
/// Beyond this `e^{-u}` vanishes.
const LARGEST: f64 = 745.0;

impl Seen<'_> {
    /// About `ln(W0 + L)` of the longest prompt: at its inverse are the integrals.
    fn reach(&self) -> f64 {
        let cumulant = self.law.tilted(self.tilt).cumulant;
        let scores = self.tokens.column_iter().map(|x| x.dot(self.tilt));
        let largest = scores.fold(f64::NEG_INFINITY, f64::max);
        let total = largest - cumulant + (self.tokens.ncols() as f64).ln();
        let lengths = self.lengths.iter().map(|l| l.as_f64().ln());
        // A window for scores beyond this is not larger.
        lengths.fold(0.0_f64, f64::max).max(total.min(1e6)) + std::f64::consts::LN_2
    }

    fn lattice(&self, resolution: Resolution) -> Result<Lattice> {
        let atoms = normalised_atoms(self.law, self.tilt, resolution)?;
        let centred = CentredAtoms::new(&atoms)?;
        let part = FixedPart::new(&atoms, &centred, self.value, self.tilt, self.tokens)?;
        let step = if centred.exact {
            FINITE_STEP
        } else {
            resolution.score_step
        };
        let moments = match range(self.lengths) {
            None => None,
            Some((shortest, longest)) => {
                let total = part.ln_total;
                let with = |length: f64| ln_add(total, length.ln());
                // A weight beyond the floats moves the integrals to where nothing of the random tokens is left.
                let cut = |length: f64| with(length).min(600.0).exp();
                let left = centred
                    .leftmost(cut(shortest), cut(longest))?
                    .min(LEFT - with(longest));
                // A multiple of a dyadic step, so that every node is a float.
                let left = (left / step).floor() * step;
                let lack = (longest.ln() - total).clamp(0.0, MOST_LACK);
                let moments = centred.moments_from(left, step, &|tau, node| {
                    let u = libm::exp(tau + total);
                    u > LARGEST
                        || (shortest * node.ln_phi - u <= -50.0 - lack
                            && may_stop(shortest, longest, node.ln_phi, node.bump))
                })?;
                Some((left, moments))
            }
        };
        Ok(Lattice {
            centred,
            part,
            moments,
        })
    }
}

impl Lattice {
    fn at(&self, length: PromptLength) -> FixedIntegrals {
        match &self.moments {
            Some((first, moments)) if length.get() > 1 => {
                self.part.integrate(moments, *first, length.as_f64())
            }
            _ => self.part.single_token(&self.centred),
        }
    }
}

fn result(
    fine: &FixedIntegrals,
    coarse: Option<&FixedIntegrals>,
    unproved: Option<&'static str>,
) -> FixedOutput {
    let mut output = ExactOutput::new(&fine.output, coarse.map(|c| &c.output), unproved);
    output.squared_error = output.squared_error.non_negative();
    let (share, error) = fine.share;
    let share = match unproved {
        None => Exact::proved(share, error),
        Some(why) => {
            let coarse = coarse.map_or(share, |coarse| coarse.share.0);
            Exact::from_resolutions(share, coarse, why).widened(error)
        }
    };
    FixedOutput { output, share }
}

/// `ln(e^x + e^y)`.
fn ln_add(x: f64, y: f64) -> f64 {
    let (small, large) = if x < y { (x, y) } else { (y, x) };
    large + (small - large).exp().ln_1p()
}
