//! Token laws `mu`: what the calculator knows about one prompt token.
//!
//! Notation of the theory pages: for a tilt vector `a` in `R^d`, `Lam(a) = ln E e^{<a, X>}` is the
//! cumulant generating function, `m(a) = grad Lam(a)` and `C(a) = Hess Lam(a)` the mean and covariance
//! of the tilted law `dmu_a = e^{<a, x> - Lam(a)} dmu`.

mod atoms;
mod centred_scores;
mod compensated;
mod cube;
mod exponential;
mod finite;
mod gaussian;
mod kind;
mod lattice;
mod linear_algebra;
mod mixture;
mod output;
mod rademacher;
mod rare_atom;
mod special;
mod sphere;
mod through;
mod token_law;

pub(crate) use centred_scores::centred_scores;
pub(crate) use compensated::{Sum, by_parts};
pub(crate) use exponential::exponential;

pub use atoms::{AtomRounding, Resolution, ScoreAtoms};
pub use cube::Cube;
pub use finite::{Empirical, FiniteOutput};
pub use gaussian::Gaussian;
pub use kind::LawKind;
pub(crate) use linear_algebra::{norm_above, squared_singular_values_above};
pub use linear_algebra::{operator_norm, toeplitz};
pub use mixture::Mixture;
pub use output::{
    CLOSED_FORM, Deviation, LawAccuracy, OutputAbout, OutputLaw, TiltedError, TiltedOutput,
    WeightStep,
};
pub use rademacher::Rademacher;
pub use rare_atom::RareAtom;
pub use sphere::Sphere;
pub use through::Through;
pub use token_law::{SourcedProxy, TokenLaw};
