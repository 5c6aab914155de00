//! What the calculator knows about a token law.

use std::any::Any;
use std::fmt::Debug;

use nalgebra::{DMatrix, DVector};
use rand::Rng;

use super::{LawAccuracy, OutputLaw, Resolution, ScoreAtoms};
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
    ///
    /// # Errors
    /// [`Error::Shape`](crate::Error::Shape) if tilt (`d`) or value (`m x d`) do not fit or the tilt is not finite;
    /// [`Error::Unavailable`](crate::Error::Unavailable) if the law has no such atoms at this tilt.
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

    /// The law as a type, by which [`LawKind::of`](super::LawKind::of) knows the laws of this crate that have closed forms; a law
    /// of one's own leaves it out.
    fn as_any(&self) -> Option<&dyn Any> {
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
