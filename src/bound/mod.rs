//! Explicit upper bounds, every constant named: the record of a bound, the theorems, their registry.
//!
//! | theory | functions |
//! |---|---|
//! | T4, T5, T6, trivial | [`output_bounds`] |
//! | T4 tail, T4 fourth moment | [`tail_bound`], [`fourth_moment_bound`] |
//! | T5 participation | [`participation_bounds`] |
//! | T6 entropy form | [`chernoff_entropy_bound`] |
//! | T7 | [`UniformRate`] |
//! | T8 | [`GaussianSpectrum`] |
//! | T9 in `V` | [`value_gradient_bounds`] |
//! | T9 in `U` | [`key_query_bounds`], [`KeyQueryAverage`], [`UniformKeyQueryGradient`] |
//! | T10.gaussian | [`gaussian_transfer`] |
//! | T12 | [`minimax_lower_bound`], below which no such bound can be |
//!
//! Every proof parameter (`del`, `th`, `lam`) is minimised over, in plain floats and in logarithms. Each
//! admissible parameter gives a valid bound, so the minimiser needs no certificate. The value of a record is
//! then evaluated once more, in interval arithmetic ([`crate::interval`]), at the floats that the record
//! reports: it is the upper end of an enclosure of the formula.

#![allow(
    clippy::neg_cmp_op_on_partial_ord,
    reason = "guards are written so that NaN fails them"
)]

mod capped_gradient;
mod chernoff;
mod chernoff_entropy;
mod chernoff_fourth;
mod chernoff_tail;
mod component_law;
mod component_moments;
mod enclosure;
mod formula;
mod gauss_legendre;
mod gaussian_gradient;
mod gaussian_output;
pub mod gaussian_transfer;
mod gradient_uniform;
mod gradient_uniform_gaussian;
mod inverse_moment;
mod key_query_average;
mod key_query_average_masses;
mod key_query_gradient;
mod laplace;
mod logarithm;
mod minimax_rate;
mod minimise;
mod moments;
mod norm_moment;
mod output;
mod query_average;
mod query_survival;
mod record;
mod risk_transfer;
mod sharp_rate;
mod staircase;
mod statements;
mod sub_gaussian;
mod sub_gaussian_gradient;
mod theorem;
mod uniform_rate;
mod uniform_rate_gaussian;
mod value_gradient;
mod value_spectrum;

pub use chernoff_entropy::chernoff_entropy_bound;
pub use chernoff_fourth::{FourthMoments, fourth_moment_bound};
pub use chernoff_tail::tail_bound;
pub use component_law::{ComponentLaw, LawComponent};
pub use enclosure::MomentConstants;
pub use formula::{Formula, InverseMomentForm, Part, SecondMoment, SubGaussianClass};
pub use gaussian_gradient::GaussianGradient;
pub use gaussian_output::{GaussianOutput, output_variance};
pub use gradient_uniform::UniformKeyQueryGradient;
pub use key_query_average::KeyQueryAverage;
pub use key_query_gradient::{
    GradientMoments, key_query_average_trivial_bound, key_query_trivial_bound,
};
pub use laplace::participation_bounds;
pub use minimax_rate::minimax_lower_bound;
pub use moments::KnownMoments;
pub use output::{output_bounds, trivial_bound};
pub use query_average::{GaussianQueryAverage, list_average};
pub use query_survival::mean_tilt_norm;
pub use record::{Bound, Hypothesis, ProofParameter, Status};
pub use risk_transfer::{HeadSizes, RegressionClass, RegressionErrors};
pub use sharp_rate::{GaussianSetting, GaussianSpectrum, sharp_exponent};
pub use sub_gaussian::SubGaussianMoments;
pub use sub_gaussian_gradient::{SubGaussianGradient, key_query_bounds};
pub use theorem::{Constant, Location, ProofStatus, Statement, Theorem};
pub use uniform_rate::UniformRate;
pub use value_gradient::{value_gradient_bounds, value_gradient_spectrum};
pub use value_spectrum::ValueSpectrum;
