//! Score atoms: the joint law of score and output as a weighted list, and how finely it is made.

use std::sync::Arc;

use nalgebra::{DMatrix, DVector};

use crate::error::{Error, Result};
use crate::parameter::refused;

/// How finely and how far a continuous score law is to be discretised.
///
/// Finitely supported laws ignore it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resolution {
    /// Largest distance between neighbouring scores.
    pub score_step: f64,
    /// Largest distance between neighbouring scores, in standard deviations of a Gaussian score.
    pub standard_step: f64,
    /// `ln` of the longest prompt to be served: the atoms must reach the tokens that dominate it.
    pub ln_length: f64,
    /// Standard deviations kept beyond that reach.
    pub margin: f64,
}

impl Resolution {
    /// The resolution at which results are reported, for prompts of up to `e^{ln_length}` tokens.
    pub fn fine(ln_length: f64) -> Self {
        Self {
            score_step: 0.22,
            standard_step: 0.5,
            ln_length,
            margin: 8.6,
        }
    }

    /// A quarter more step and a narrower window: what a fine result is compared with.
    pub fn coarse(ln_length: f64) -> Self {
        Self {
            score_step: 0.28,
            standard_step: 0.7,
            ln_length,
            margin: 8.0,
        }
    }

    /// Step of a lattice of standard normal nodes `z` for scores `s z`: `min(standard_step, score_step / s)`.
    pub fn normal_step(&self, deviation: f64) -> f64 {
        (self.score_step / deviation).min(self.standard_step)
    }

    /// Window `[-lower, upper]` of standard normal nodes `z` for scores `s z` that a prompt of this
    /// length needs.
    ///
    /// The tokens above the window are negligible for one of two reasons, for participation sums up to
    /// order 4: `E[w^4; z > u]` is in proportion to the probability that a normal law of mean `4 s`
    /// exceeds `u`; and the expected number of such tokens in a prompt is `L P(Z > u)`, compared with
    /// sums that are at least `L^{-3}`. The tilted law itself, a normal law of mean `s`, is always
    /// covered, for it normalises the weights.
    pub fn normal_window(&self, deviation: f64) -> (f64, f64) {
        let tilt = 4.0 * deviation;
        let rare = (8.0 * self.ln_length).sqrt();
        (self.margin, tilt.min(rare.max(deviation)) + self.margin)
    }
}

/// The joint law of score and output, reduced to weighted atoms of the score.
///
/// Atom `i` has probability `weights[i]`, score `S_i = score_origin + scores[i]`, conditional mean output
/// `E[V X | S] = output_origin + outputs.column(i)` and conditional variance
/// `E[|V X - E[V X | S]|^2 | S] = spreads[i]`. Attention errors do not depend on the origins, and scores and
/// outputs far from zero would lose their differences without them.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreAtoms {
    /// Probabilities; they sum to 1 up to rounding.
    pub weights: Arc<Vec<f64>>,
    /// Scores `<a, x>`, less [`ScoreAtoms::score_origin`].
    pub scores: Vec<f64>,
    /// A score that is taken off all scores.
    pub score_origin: f64,
    /// Conditional mean outputs, one column an atom (`m x n`), less [`ScoreAtoms::output_origin`].
    pub outputs: Arc<DMatrix<f64>>,
    /// An output that is taken off all outputs, in `R^m`.
    pub output_origin: DVector<f64>,
    /// Conditional variances of the output, non-negative.
    pub spreads: Vec<f64>,
    /// How far the numbers above may be from the law.
    pub rounding: AtomRounding,
    /// True if the atoms are the law itself, false if they discretise it.
    pub exact: bool,
}

impl ScoreAtoms {
    /// Atoms at points of the law, each `(probability, score <a, x>, output V x)`: for a law of finitely many points
    /// (`exact`), or the nodes of a quadrature rule.
    ///
    /// What an exact value needs of a rule: `E[g(S, V X)]` to about 1e-13 of `E|g|` for `g = e^{j S}` times a polynomial of degree
    /// 2 in the output, `j = 0` to 4 (the same as [`Resolution::fine`] asks of a lattice). The atoms are taken once at
    /// [`Resolution::fine`] and once at [`Resolution::coarse`]; where both are the same, their difference says nothing about
    /// the error of the rule.
    ///
    /// Numbers are taken to be rounded a few times only (8 units of `2^-53`).
    ///
    /// ```
    /// use attention_bounds::law::ScoreAtoms;
    /// use attention_bounds::nalgebra::dmatrix;
    ///
    /// // A fair coin, scores +-1, output twice the score.
    /// let points = [(0.5, -1.0, dmatrix![-2.0]), (0.5, 1.0, dmatrix![2.0])];
    /// let atoms = ScoreAtoms::of_points(points, true).unwrap();
    /// assert_eq!(*atoms.outputs, dmatrix![-2.0, 2.0]);
    /// ```
    ///
    /// # Errors
    /// [`Error::Shape`] if there is no point or an output is not a column of the same length; [`Error::Unavailable`] if a
    /// number is not finite.
    pub fn of_points(
        points: impl IntoIterator<Item = (f64, f64, DMatrix<f64>)>,
        exact: bool,
    ) -> Result<Self> {
        let mut points = points.into_iter().peekable();
        let rows = points.peek().map_or(0, |(_, _, output)| output.nrows());
        let mut atoms = AtomList::new(rows);
        for (weight, score, output) in points {
            if output.shape() != (rows, 1) {
                return Err(Error::shape(
                    "the output of a score atom",
                    format!("{} x {}", output.nrows(), output.ncols()),
                    format!("{rows} x 1, as the first"),
                ));
            }
            atoms.widen(8.0 * UNIT * (1.0 + score.abs()), 0.0);
            atoms.rounding.outputs.push(8.0 * UNIT * output.norm());
            atoms.weights.push(weight);
            atoms.scores.push(score);
            atoms.outputs.extend(output.iter());
            atoms.spreads.push(0.0);
        }
        if atoms.weights.is_empty() {
            return Err(Error::shape(
                "the list of score atoms",
                "no atom",
                "at least one atom",
            ));
        }
        atoms.finish(exact)
    }
}

/// Bounds of the rounding errors in [`ScoreAtoms`], by the standard error analysis, without the errors of a discretisation.
#[derive(Debug, Clone, PartialEq)]
pub struct AtomRounding {
    /// Of every difference of two scores, absolutely, and of every probability, relatively.
    pub score: f64,
    /// Of the mean outputs, in norm, one number an atom; an error that all atoms share is left out.
    pub outputs: Vec<f64>,
    /// Of the conditional variances, absolutely.
    pub spread: f64,
    /// Of the score and, in norm, of the output that are taken off all others, [`ScoreAtoms::score_origin`] and [`ScoreAtoms::output_origin`].
    pub origin: (f64, f64),
}

/// Half the distance of 1 and the next float: the relative error of one rounding.
pub(super) const UNIT: f64 = 0.5 * f64::EPSILON;

/// Largest number of matrix entries that a list of atoms may take (2 GiB of floats).
const MAX_ENTRIES: f64 = (1u64 << 28) as f64;

/// Score atoms under construction.
pub(super) struct AtomList {
    /// Number of output coordinates.
    pub(super) rows: usize,
    /// Probabilities.
    pub(super) weights: Vec<f64>,
    /// Scores.
    pub(super) scores: Vec<f64>,
    /// Conditional mean outputs, one after the other.
    pub(super) outputs: Vec<f64>,
    /// Conditional variances.
    pub(super) spreads: Vec<f64>,
    /// The origins of [`ScoreAtoms`].
    pub(super) origin: (f64, DVector<f64>),
    pub(super) rounding: AtomRounding,
}

impl AtomList {
    pub(super) fn new(rows: usize) -> Self {
        Self {
            rows,
            weights: Vec::new(),
            scores: Vec::new(),
            outputs: Vec::new(),
            spreads: Vec::new(),
            origin: (0.0, DVector::zeros(rows)),
            rounding: AtomRounding {
                score: 0.0,
                outputs: Vec::new(),
                spread: 0.0,
                origin: (0.0, 0.0),
            },
        }
    }

    /// Appends one atom whose conditional mean output is `centre + shift * direction`.
    ///
    /// Its output is off by at most `of_centre + |shift| of_direction`; scores and spreads are the caller's, see
    /// [`AtomList::widen`].
    pub(super) fn push(
        &mut self,
        weight: f64,
        score: f64,
        (centre, direction, shift): (&DVector<f64>, &DVector<f64>, f64),
        (of_centre, of_direction): (f64, f64),
        spread: f64,
    ) {
        self.weights.push(weight);
        self.scores.push(score);
        self.outputs.extend(
            centre
                .iter()
                .zip(direction.iter())
                .map(|(c, e)| c + shift * e),
        );
        self.spreads.push(spread);
        self.rounding
            .outputs
            .push(of_centre + shift.abs() * of_direction);
    }

    /// The token that scores and outputs are taken relative to.
    pub(super) fn set_origin(
        &mut self,
        token: &DVector<f64>,
        tilt: &DVector<f64>,
        value: &DMatrix<f64>,
    ) {
        self.origin = (tilt.dot(token), value * token);
        // Products of d terms, whose absolute values add up to at most the product of the norms.
        let of_sum = (token.len() as f64 + 4.0) * UNIT * token.norm();
        self.rounding.origin = (of_sum * tilt.norm(), of_sum * value.norm());
    }

    /// Widens the rounding of scores and of spreads to at least this.
    pub(super) fn widen(&mut self, score: f64, spread: f64) {
        self.rounding.score = self.rounding.score.max(score);
        self.rounding.spread = self.rounding.spread.max(spread);
    }

    /// The finished list; an error if a weight, score or output is not finite.
    pub(super) fn finish(self, exact: bool) -> Result<ScoreAtoms> {
        let finite = |list: &[f64]| list.iter().all(|x| x.is_finite());
        if !(finite(&self.weights)
            && finite(&self.scores)
            && finite(&self.outputs)
            && finite(&self.spreads))
        {
            return Err(Error::Unavailable {
                what: "the list of score atoms",
                why: "a score or an output overflows; tilt, tokens and values must be smaller"
                    .into(),
            });
        }
        Ok(ScoreAtoms {
            outputs: Arc::new(DMatrix::from_vec(
                self.rows,
                self.weights.len(),
                self.outputs,
            )),
            score_origin: self.origin.0,
            output_origin: self.origin.1,
            rounding: self.rounding,
            weights: Arc::new(self.weights),
            scores: self.scores,
            spreads: self.spreads,
            exact,
        })
    }
}

/// Refuses a list of `count` atoms with `rows` output coordinates each if it would not fit in memory.
pub(super) fn check_atom_count(count: f64, rows: usize) -> Result<()> {
    if count * (rows as f64 + 4.0) <= MAX_ENTRIES {
        Ok(())
    } else {
        Err(Error::Unavailable {
            what: "the list of score atoms",
            why: format!(
                "{count:e} atoms with {rows} output coordinates are needed and at most 2^28 numbers are \
                 stored; smaller scores or a coarser resolution need fewer"
            ),
        })
    }
}

/// Largest distance of tokens from their mean, or standard deviation along a direction.
pub(super) const LARGEST_SIZE: f64 = 1e75;
/// Smallest radius, half width or scale; the reciprocal of the largest is above `1e-75` by a rounding.
const SMALLEST_SIZE: f64 = 1e-75;
/// The square of the largest.
pub(super) const LARGEST_SQUARE: f64 = 1e150;

/// Accepts the size of a law (radius, half width, scale) if its fourth power, which the gradient in `U` is made of, is a normal
/// float, with room for a dimension.
pub(super) fn check_size(name: &'static str, size: f64) -> Result<f64> {
    if (SMALLEST_SIZE..=LARGEST_SIZE).contains(&size) {
        return Ok(size);
    }
    refused(name, size, "a number greater than 0, from 1e-75 to 1e75")
}

/// Refuses a tilt or value matrix that does not fit tokens of dimension `dimension`, and a tilt that is
/// not finite.
pub(super) fn check_tilt_and_value(
    dimension: usize,
    tilt: &DVector<f64>,
    value: &DMatrix<f64>,
) -> Result<()> {
    if tilt.len() != dimension {
        return Err(Error::shape(
            "the tilt vector",
            tilt.len(),
            format!("{dimension} coordinates (the dimension of a token)"),
        ));
    }
    if value.ncols() != dimension {
        return Err(Error::shape(
            "the value matrix",
            format!("{} x {}", value.nrows(), value.ncols()),
            format!("m x {dimension} (the dimension of a token)"),
        ));
    }
    if !tilt.iter().all(|x| x.is_finite()) {
        return Err(Error::shape(
            "the tilt vector",
            "a coordinate that is not finite",
            "finite coordinates",
        ));
    }
    Ok(())
}
