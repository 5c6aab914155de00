//! Explicit upper bounds, every constant named: the record of a bound, the theorems, their registry.
//!
//! | theory | functions |
//! |---|---|
//! | T4, T5, T6, trivial | [`output_bounds`] |
//! | T4 tail, T4 fourth moment | [`tail_bound`], [`fourth_moment_bound`] |
//! | T4 for prompts with fixed tokens | [`fixed_tokens_bound`] |
//! | T5 participation | [`participation_bounds`] |
//! | T6 entropy form | [`chernoff_entropy_bound`] |
//! | T7 | [`UniformRate`] |
//! | T8 | [`GaussianSpectrum`] |
//! | T9 in `V` | [`value_gradient_bounds`] |
//! | T9 in `U` | [`key_query_bounds`], [`KeyQueryAverage`], [`UniformKeyQueryGradient`] |
//! | T10.gaussian | [`regression::gaussian`] |
//! | T12 | [`minimax_lower_bound`], below which no such bound can be |
//!
//! Every proof parameter (`del`, `th`, `lam`) is minimised over, in plain floats and in logarithms. Each
//! admissible parameter gives a valid bound, so the minimiser needs no certificate. The value of a record is
//! then evaluated once more, in interval arithmetic ([`crate::interval`]), at the floats that the record
//! reports: it is the upper end of an enclosure of the formula.

mod chernoff;
mod enclosure;
mod exact_enclosure;
mod expected_entropy;
mod formula;
mod foundations;
mod gradient;
mod laplace;
mod lattice_sums;
mod logarithm;
mod lower;
mod minimise;
mod moments;
mod output;
mod query;
mod rate;
mod record;
mod registry;
pub mod regression;
mod sampled;
mod slow_growth;
mod sub_gaussian;
mod theorem;
mod vocabulary;

pub use chernoff::entropy::chernoff_entropy_bound;
pub use chernoff::fixed::{FixedMoments, fixed_tokens_bound};
pub use chernoff::fourth_moment::{FourthMoments, fourth_moment_bound};
pub use chernoff::tail::tail_bound;
pub use enclosure::MomentConstants;
pub use formula::{Formula, InverseMomentForm, Part, SecondMoment, SubGaussianClass};
pub use gradient::component_law::{ComponentLaw, LawComponent};
pub use gradient::gaussian::GaussianGradient;
pub use gradient::key_query::{
    GradientMoments, key_query_average_trivial_bound, key_query_trivial_bound,
};
pub use gradient::key_query_average::KeyQueryAverage;
pub use gradient::sub_gaussian::{SubGaussianGradient, key_query_bounds};
pub use gradient::uniform::UniformKeyQueryGradient;
pub use gradient::value::{value_gradient_bounds, value_gradient_spectrum};
pub use laplace::participation_bounds;
pub use lower::{LowerBound, lower_bound};
pub(crate) use minimise::minimise;
pub use moments::KnownMoments;
pub use moments::gaussian_output::{GaussianOutput, output_variance};
pub use moments::value_spectrum::ValueSpectrum;
pub use output::{output_bounds, trivial_bound};
pub use query::average::GaussianQueryAverage;
pub use query::list::list_average;
pub use query::survival::mean_tilt_norm;
pub use rate::minimax::minimax_lower_bound;
pub use rate::sharp::{GaussianSetting, GaussianSpectrum, sharp_exponent};
pub use rate::uniform::UniformRate;
pub use record::{Bound, Hypothesis, ProofParameter, Status};
pub use regression::risk_transfer::{HeadSizes, RegressionClass, RegressionErrors};
pub use slow_growth::lasts_until;
pub use sub_gaussian::SubGaussianMoments;
pub use theorem::{Constant, Location, ProofStatus, Statement, Theorem};
