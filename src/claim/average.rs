//! A user's formula averaged over a Gaussian query.
//!
//! For a Gaussian query the tilt `a = U z + b` is Gaussian, so `q = s^2 = a^T Gamma a` has the law of [`ScoreVarianceLaw`], for
//! tokens of any law with covariance `Gamma`; with `Gamma = I` it is the law of `|a|^2`. For Gaussian tokens `rho = kap = e^q`,
//! `F0 = tau_V + eta` and `A2 = e^q F0`, where `eta` is known through `E[eta; q in dq]`: enough for a formula that is linear in
//! `A2` and `F0`.

use nalgebra::{DMatrix, DVector};

use super::formula::Formula;
use super::variables::{OF_THE_QUERY, VARIABLES};
use crate::attention::{Head, ScoreVarianceLaw, integrate};
use crate::error::{Error, Result};
use crate::law::{Gaussian, LawKind, TokenLaw};

/// Places in [`VARIABLES`].
const S: usize = OF_THE_QUERY;
const NORM_A: usize = S + 1;
const RHO: usize = S + 2;
const A2: usize = S + 4;
const F0: usize = S + 5;

/// The law of the one number that a formula depends on, and how its variables follow from it.
pub struct FormulaAverage<'a> {
    formula: &'a Formula,
    law: ScoreVarianceLaw,
    /// `|a|^2 = q times` this; NaN where it is not a function of `q`.
    norm_scale: f64,
    /// `s^2 = q times` this, likewise.
    score_scale: f64,
    /// `tau_V = tr(V Gamma V^T)`.
    output_variance: f64,
}

impl<'a> FormulaAverage<'a> {
    /// # Errors
    /// [`Error::Unavailable`] if the joint law of what the formula contains is not known here; the message says what is
    /// possible.
    ///
    /// # Examples
    /// ```
    /// use attention_bounds::claim::{Formula, FormulaAverage, VARIABLES};
    /// use attention_bounds::nalgebra::{self, dmatrix};
    /// use attention_bounds::{Gaussian, Head};
    ///
    /// // With s = |z|, E 3 s^2 / L = 3 / L. The values are those of L, d, sigma, norm_U, norm_V.
    /// let one = Gaussian::centred(dmatrix![1.0])?;
    /// let head = Head::new(dmatrix![1.0], dmatrix![1.0])?;
    /// let formula = Formula::new("3*s^2/L", &VARIABLES)?;
    /// let (averages, _) = FormulaAverage::new(&one, &head, &one, &formula)?.values(&[vec![10.0, 1.0, 1.0, 1.0, 1.0]])?;
    /// assert!((averages[0] - 0.3).abs() < 1e-6);
    /// # Ok::<(), attention_bounds::Error>(())
    /// ```
    pub fn new(
        tokens: &dyn TokenLaw,
        head: &Head,
        query: &Gaussian,
        formula: &'a Formula,
    ) -> Result<Self> {
        let mentions = |places: std::ops::RangeInclusive<usize>| {
            places.into_iter().find(|place| formula.mentions(*place))
        };
        let refuse = |place: usize, why: String| {
            Err(Error::Unavailable {
                what: "the average of the formula over a Gaussian query",
                why: format!(
                    "`{}` contains {}{why}",
                    formula.text(),
                    VARIABLES.get(place).unwrap_or(&"")
                ),
            })
        };
        let size = tokens.dimension();
        let covariance = tokens.tilted_covariance(&DVector::zeros(size));
        if let (Some(place), None) = (mentions(RHO..=F0), LawKind::of(tokens).gaussian()) {
            return refuse(
                place,
                format!(
                    ", whose law is not known for {} tokens; possible are {}, s alone and norm_a alone (or give fixed queries)",
                    tokens.name(),
                    VARIABLES[..OF_THE_QUERY].join(", ")
                ),
            );
        }
        if let Some(place) = mentions(A2..=F0).filter(|_| !formula.is_linear_in(&[A2, F0])) {
            return refuse(
                place,
                ", which may only be added and be multiplied by or divided by what contains neither A2 nor F0 (or give fixed queries)"
                    .into(),
            );
        }
        // For a multiple of the identity |a| and s are multiples of each other.
        let scale = covariance[(0, 0)];
        let isotropic =
            scale > 0.0 && covariance == DMatrix::from_diagonal_element(size, size, scale);
        let of_norm = formula.mentions(NORM_A) && !isotropic;
        if of_norm && let Some(other) = mentions(S..=S).or(mentions(RHO..=F0)) {
            return refuse(
                other,
                " beside norm_a, and their joint law is not known here: the covariance of the tokens is not a multiple of the \
                 identity (or give fixed queries)"
                    .into(),
            );
        }
        let value = head.value();
        let output_variance = (value * &covariance).dot(value).max(0.0);
        let (matrix, norm_scale, score_scale) = if of_norm {
            (DMatrix::identity(size, size), 1.0, f64::NAN)
        } else {
            (
                covariance,
                if isotropic { 1.0 / scale } else { f64::NAN },
                1.0,
            )
        };
        let law = ScoreVarianceLaw::new(&Gaussian::centred(matrix)?, head, query)?;
        Ok(Self {
            formula,
            law,
            norm_scale,
            score_scale,
            output_variance,
        })
    }

    /// The average for each of these values of what does not depend on the query, and the relative error of the quadrature, which
    /// has been added.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if an average is infinite, not a number, or cannot be computed to a relative `1e-6`.
    pub fn values(&self, fixed: &[Vec<f64>]) -> Result<(Vec<f64>, f64)> {
        let response = self.law.mean_response();
        let at = |q: f64, eta: f64, fixed: &[f64]| self.at(q, eta, fixed);
        if !(self.law.largest_eigenvalue() > 0.0) {
            let q = self.law.offset();
            return Ok((
                fixed.iter().map(|known| at(q, response, known)).collect(),
                0.0,
            ));
        }
        let linear = self.formula.mentions(A2) || self.formula.mentions(F0);
        let found = integrate(&self.law, fixed.len(), |q, density, sums| {
            for (sum, known) in sums.iter_mut().zip(fixed) {
                let without = at(q, 0.0, known);
                *sum = without * density.density;
                if linear && response > 0.0 {
                    let slope = (at(q, response, known) - without) / response;
                    *sum += slope * density.response;
                }
            }
        });
        found.map_err(|why| Error::Unavailable {
            what: "the average of the formula over a Gaussian query",
            why: format!("`{}`: {why}", self.formula.text()),
        })
    }

    fn at(&self, q: f64, eta: f64, fixed: &[f64]) -> f64 {
        let f0 = self.output_variance + eta;
        let query = [
            (q * self.score_scale).sqrt(),
            (q * self.norm_scale).sqrt(),
            q.exp(),
            q.exp(),
            q.exp() * f0,
            f0,
        ];
        self.formula.value(&[fixed, &query].concat())
    }
}
