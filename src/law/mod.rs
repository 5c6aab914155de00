//! Token laws `mu`: what the calculator knows about one prompt token.
//!
//! Notation of the theory pages: for a tilt vector `a` in `R^d`, `Lam(a) = ln E e^{<a, X>}` is the
//! cumulant generating function, `m(a) = grad Lam(a)` and `C(a) = Hess Lam(a)` the mean and covariance
//! of the tilted law `dmu_a = e^{<a, x> - Lam(a)} dmu`.

use std::fmt::Debug;

use nalgebra::{DMatrix, DVector};
use rand::Rng;

use crate::error::Result;
use crate::parameter::VarianceProxy;

/// A law of one prompt token in `R^d`, with its cumulant generating function finite everywhere.
pub trait TokenLaw: Debug + Send + Sync {
    /// Name of the family, as the scenario file writes it.
    fn name(&self) -> &'static str;

    /// Dimension `d` of a token.
    fn dimension(&self) -> usize;

    /// Cumulant generating function `Lam(tilt)`.
    fn cumulant(&self, tilt: &DVector<f64>) -> f64;

    /// Mean `m(tilt) = grad Lam(tilt)` of the tilted law; the mean of the law itself at zero.
    fn tilted_mean(&self, tilt: &DVector<f64>) -> DVector<f64>;

    /// Covariance `C(tilt) = Hess Lam(tilt)` of the tilted law; the covariance of the law itself at zero.
    fn tilted_covariance(&self, tilt: &DVector<f64>) -> DMatrix<f64>;

    /// The best variance proxy of `X - E X` that this crate can prove, with its source.
    fn variance_proxy(&self) -> SourcedProxy;

    /// Writes one draw of the law to `token`, which has length [`TokenLaw::dimension`].
    fn sample(&self, random: &mut dyn Rng, token: &mut [f64]);

    /// The law of (score, output): score `<tilt, X>`, output `value X`, as weighted score atoms.
    fn score_atoms(
        &self,
        tilt: &DVector<f64>,
        value: &DMatrix<f64>,
        resolution: Resolution,
    ) -> Result<ScoreAtoms>;

    /// `sup |value x - centre|` over the support, or an upper bound of it; `None` if it is unbounded.
    fn output_radius(&self, value: &DMatrix<f64>, centre: &DVector<f64>) -> Option<f64>;

    /// The law seen through a value matrix (`m x d`), ready for many tilts.
    fn through<'a>(&'a self, value: &DMatrix<f64>) -> Box<dyn OutputLaw + 'a>;

    /// Points (columns) and probabilities, for a law with few enough points to list.
    fn support(&self) -> Option<(DMatrix<f64>, Vec<f64>)> {
        None
    }

    /// The law as a Gaussian, for which closed forms (T1, T3) apply.
    fn as_gaussian(&self) -> Option<&Gaussian> {
        None
    }
}

/// A token law together with a value matrix: everything an attention output depends on.
pub trait OutputLaw: Send + Sync {
    /// Cumulant generating function, output mean and output variance under the tilted law.
    fn tilted(&self, tilt: &DVector<f64>) -> TiltedOutput;

    /// See [`TokenLaw::score_atoms`].
    fn score_atoms(&self, tilt: &DVector<f64>, resolution: Resolution) -> Result<ScoreAtoms>;

    /// See [`TokenLaw::output_radius`].
    fn radius(&self, centre: &DVector<f64>) -> Option<f64>;
}

/// What the output `V X` looks like under the tilted law `mu_a`.
#[derive(Debug, Clone, PartialEq)]
pub struct TiltedOutput {
    /// `Lam(a)`.
    pub cumulant: f64,
    /// `V m(a)`, in `R^m`.
    pub mean: DVector<f64>,
    /// `tr(V C(a) V^T)`.
    pub variance: f64,
}

/// A variance proxy and the argument that proves it.
#[derive(Debug, Clone, PartialEq)]
pub struct SourcedProxy {
    /// The proxy of the centred law.
    pub proxy: VarianceProxy,
    /// Where it comes from, in words.
    pub source: &'static str,
}

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
            score_step: 0.18,
            standard_step: 0.5,
            ln_length,
            margin: 9.5,
        }
    }

    /// A third more step and a narrower window: what a fine result is compared with.
    pub fn coarse(ln_length: f64) -> Self {
        Self {
            score_step: 0.24,
            standard_step: 0.7,
            ln_length,
            margin: 8.5,
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
/// Atom `i` has probability `weights[i]`, score `scores[i]`, conditional mean output
/// `E[V X | S] = outputs.column(i)` and conditional variance
/// `E[|V X - E[V X | S]|^2 | S] = spreads[i]`.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreAtoms {
    /// Probabilities; they sum to 1 up to rounding.
    pub weights: Vec<f64>,
    /// Scores `<a, x>`.
    pub scores: Vec<f64>,
    /// Conditional mean outputs, one column an atom (`m x n`).
    pub outputs: DMatrix<f64>,
    /// Conditional variances of the output, non-negative.
    pub spreads: Vec<f64>,
    /// True if the atoms are the law itself, false if they discretise it.
    pub exact: bool,
}

/// The default [`OutputLaw`]: a law and a value matrix, nothing precomputed.
#[derive(Debug)]
pub struct Through<'a, L> {
    law: &'a L,
    value: DMatrix<f64>,
}

impl<'a, L: TokenLaw> Through<'a, L> {
    /// Pairs a law with a value matrix of shape `m x d`.
    pub fn new(law: &'a L, value: &DMatrix<f64>) -> Self {
        Self {
            law,
            value: value.clone(),
        }
    }
}

impl<L: TokenLaw> OutputLaw for Through<'_, L> {
    fn tilted(&self, tilt: &DVector<f64>) -> TiltedOutput {
        let covariance = self.law.tilted_covariance(tilt);
        TiltedOutput {
            cumulant: self.law.cumulant(tilt),
            mean: &self.value * self.law.tilted_mean(tilt),
            variance: (&self.value * covariance).dot(&self.value).max(0.0),
        }
    }

    fn score_atoms(&self, tilt: &DVector<f64>, resolution: Resolution) -> Result<ScoreAtoms> {
        self.law.score_atoms(tilt, &self.value, resolution)
    }

    fn radius(&self, centre: &DVector<f64>) -> Option<f64> {
        self.law.output_radius(&self.value, centre)
    }
}

mod gaussian;
pub use gaussian::Gaussian;
