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

    /// How far cumulant, tilted mean and covariance may be from the truth, see [`LawAccuracy`].
    fn accuracy(&self, _tilt: &DVector<f64>) -> LawAccuracy {
        LawAccuracy::ASSUMED
    }

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

    /// The law as a Gaussian mixture, whose moments are closed forms (T9).
    fn as_mixture(&self) -> Option<&Mixture> {
        None
    }
}

/// A variance proxy and the argument that proves it.
#[derive(Debug, Clone, PartialEq)]
pub struct SourcedProxy {
    /// The proxy of the centred law.
    pub proxy: VarianceProxy,
    /// Where it comes from, in words.
    pub source: &'static str,
}

mod atoms;
mod bessel;
mod compensated;
mod cube;
mod empirical;
mod finite;
mod gaussian;
mod hyperbolic;
mod lattice;
mod linear_algebra;
mod mixture;
mod output;
mod rademacher;
mod rare_atom;
mod sphere;

pub(crate) use compensated::Sum;
use compensated::centred_score;
pub(crate) use finite::centred_scores;

pub use atoms::{AtomRounding, Resolution, ScoreAtoms};
pub use cube::Cube;
pub use empirical::Empirical;
pub use finite::FiniteOutput;
pub use gaussian::Gaussian;
pub use mixture::Mixture;
pub use output::{CLOSED_FORM, LawAccuracy, OutputLaw, Through, TiltedError, TiltedOutput};
pub use rademacher::Rademacher;
pub use rare_atom::RareAtom;
pub use sphere::Sphere;
