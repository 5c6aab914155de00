//! The error of a whole layer: the sum over all pairs of its heads.

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use super::head::{HeadSums, WeighedTokens};
use super::lattice::{Basis, Lattice};
use super::pair::Pair;
use crate::attention::Layer;
use crate::error::{Error, Result};
use crate::exact::Exact;
use crate::exact::output::errors::output_error;
use crate::exact::output::participation::range;
use crate::law::{Empirical, FiniteOutput, OutputLaw, Resolution};
use crate::parameter::PromptLength;

/// The exact error of a layer at one query and prompt length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LayerError {
    /// `E|sum_h O_h (That_h - T_h)|^2`.
    pub total: Exact,
    /// `sum_h E|O_h (That_h - T_h)|^2`: what the error would be if the heads read prompts of their own.
    pub alone: Exact,
    /// `2 sum_{h<h'} E<O_h (That_h - T_h), O_h' (That_h' - T_h')>`, the rest.
    pub cross: Exact,
}

/// Why single heads behind an output projection have no bound.
const PROJECTED: &str =
    "the output projection is applied with roundings that the error does not bound";

/// The errors of a layer whose heads read the same prompt of i.i.d. tokens of finite support (T14 `two-heads`); what does not depend on the query is
/// computed once.
///
/// `E|sum_h D_h|^2 = sum_h E|D_h|^2 + 2 sum_{h<h'} E<D_h, D_h'>` with `D_h = O_h (That_h - T_h)`. Single heads are those of
/// [`output_error`]; a pair is a double integral of single-token expectations whose cost does not grow with `L`.
///
/// # Accuracy
/// Relative `1e-12` of the sizes of the terms, measured against enumeration of all prompts (tests/exact/layer.rs); where the heads cancel, not of their
/// sum. The error of a pair is an estimate, twice the difference of two lattices and an allowance for rounding; without an
/// output projection there are no pairs and everything is proved (T16).
///
/// # Examples
/// ```
/// use attention_bounds::attention::Layer;
/// use attention_bounds::exact::LayerErrors;
/// use attention_bounds::nalgebra::{self, dmatrix, dvector};
/// use attention_bounds::{Empirical, Head, PromptLength};
///
/// // Two equal heads that are added up: four times the error of one.
/// let tokens = Empirical::new(&dmatrix![-1.0; 1.0])?;
/// let head = Head::new(dmatrix![1.0], dmatrix![1.0])?;
/// let layer = Layer::projected(vec![(head.clone(), dmatrix![1.0]), (head, dmatrix![1.0])])?;
/// let found = LayerErrors::new(&tokens, &layer)?.at(&dvector![1.0], &[PromptLength::new(100)?])?[0];
/// assert!((found.total.value - 2.0 * found.alone.value).abs() <= found.total.error);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub struct LayerErrors<'a> {
    layer: &'a Layer,
    /// The tokens through `R_h V_h`, where `O_h = Q_h R_h` with orthonormal `Q_h`; through `V_h` without an output projection.
    seen: Vec<FiniteOutput<'a>>,
    /// `Q_h`.
    frames: Vec<DMatrix<f64>>,
}

impl<'a> LayerErrors<'a> {
    /// Tokens in `R^d` and a layer of heads that read them.
    ///
    /// # Errors
    /// [`Error::Shape`] if tokens and heads do not fit.
    pub fn new(tokens: &'a Empirical, layer: &'a Layer) -> Result<Self> {
        let (dimension, _) = layer.shape();
        if tokens.points().nrows() != dimension {
            return Err(Error::shape(
                "the token law",
                format!("dimension {}", tokens.points().nrows()),
                format!("dimension {dimension} (columns of the value matrices)"),
            ));
        }
        let (frames, triangles): (Vec<_>, Vec<_>) = layer
            .outputs()
            .iter()
            .map(|o| o.clone().qr().unpack())
            .unzip();
        let seen = layer
            .heads()
            .par_iter()
            .enumerate()
            .map(|(place, head)| match triangles.get(place) {
                Some(triangle) => FiniteOutput::new(tokens, &(triangle * head.value())),
                None => FiniteOutput::new(tokens, head.value()),
            })
            .collect();
        Ok(Self {
            layer,
            seen,
            frames,
        })
    }

    /// The errors at one query, one a length.
    ///
    /// # Errors
    /// [`Error::Shape`] if the query does not fit; [`Error::Unavailable`] if scores are so far apart that the integrals cannot be
    /// evaluated, or a squared output overflows.
    pub fn at(&self, query: &DVector<f64>, lengths: &[PromptLength]) -> Result<Vec<LayerError>> {
        let (_, width) = self.layer.shape();
        if query.len() != width {
            return Err(Error::shape(
                "the query",
                format!("{} coordinates", query.len()),
                format!("{width} (columns of the key-query matrices)"),
            ));
        }
        let tilts: Vec<DVector<f64>> = self.layer.heads().iter().map(|h| h.tilt(query)).collect();
        let single = self
            .seen
            .par_iter()
            .zip(&tilts)
            .map(|(law, tilt)| output_error(law, tilt, lengths))
            .collect::<Result<Vec<_>>>()?;
        let cross = self.cross(&tilts, lengths)?;
        let errors = cross.into_iter().enumerate().map(|(place, cross)| {
            let heads = single.iter().filter_map(|errors| errors.get(place));
            let alone = heads.fold(Exact::ZERO, |sum, found| sum.plus(found.squared_error));
            let alone = Exact {
                unproved: alone.unproved.or(self.unproved()),
                ..alone
            };
            LayerError {
                total: cross.plus(alone).non_negative(),
                alone,
                cross,
            }
        });
        Ok(errors.collect())
    }

    fn unproved(&self) -> Option<&'static str> {
        (!self.frames.is_empty()).then_some(PROJECTED)
    }

    /// Twice the sum over the pairs, one a length.
    fn cross(&self, tilts: &[DVector<f64>], lengths: &[PromptLength]) -> Result<Vec<Exact>> {
        let pairs: Vec<(usize, usize)> = (0..self.frames.len())
            .flat_map(|one| (0..one).map(move |other| (other, one)))
            .collect();
        let none = vec![Exact::ZERO; lengths.len()];
        if pairs.is_empty() {
            return Ok(none);
        }
        let tokens = self
            .seen
            .par_iter()
            .zip(tilts)
            .map(|(law, tilt)| WeighedTokens::new(&law.score_atoms(tilt, Resolution::fine(0.0))?))
            .collect::<Result<Vec<_>>>()?;
        let lattice = lattice(&tokens, lengths)?;
        let ranges = tokens.iter().map(WeighedTokens::range);
        let whole = ranges.fold((f64::INFINITY, f64::NEG_INFINITY), |all, own| {
            (all.0.min(own.0), all.1.max(own.1))
        });
        let basis = Basis::new(&lattice, whole)?;
        let sums: Vec<HeadSums> = tokens
            .par_iter()
            .map(|tokens| HeadSums::new(tokens, &lattice, &basis))
            .collect();
        let lengths: Vec<f64> = lengths.iter().map(|length| length.as_f64()).collect();
        let both = |place: (usize, usize)| -> Option<Vec<Exact>> {
            let pair = Pair {
                tokens: [tokens.get(place.0)?, tokens.get(place.1)?],
                sums: [sums.get(place.0)?, sums.get(place.1)?],
                between: &self.frames.get(place.0)?.tr_mul(self.frames.get(place.1)?),
                lattice: &lattice,
                basis: &basis,
            };
            Some(pair.values(&lengths))
        };
        // Added in order, so that the sum does not depend on the threads.
        let found: Vec<Vec<Exact>> = pairs.into_par_iter().filter_map(both).collect();
        Ok(found.iter().fold(none, |sums, pair| {
            let terms = sums.into_iter().zip(pair);
            terms
                .map(|(sum, term)| sum.plus(term.scaled(2.0)))
                .collect()
        }))
    }
}

/// Nodes that serve every head and length.
fn lattice(tokens: &[WeighedTokens], lengths: &[PromptLength]) -> Result<Lattice> {
    let (shortest, longest) = range(lengths).unwrap_or((2.0, 2.0));
    let heaviest = tokens.iter().map(|tokens| tokens.range().1);
    let left = -heaviest.fold(longest.ln(), f64::max);
    let ends = tokens.iter().map(|tokens| tokens.right_end(shortest));
    let right = ends.collect::<Result<Vec<f64>>>()?;
    Lattice::new(left, right.into_iter().fold(left, f64::max))
}
