//! The exact finite-prompt error, by the Laplace identity (T2) and its Gaussian closed form (T3).
//!
//! For a prompt of `L` i.i.d. tokens with normalised weights `w_i = e^{S_i - Lam(a)}` every quantity
//! here is an expectation of a ratio with `(w_1 + ... + w_L)^k` below. `1/W^k` is a Laplace integral in
//! `t`, and under the integral the tokens separate, so that only expectations of a single token appear:
//! the cost does not grow with `L`, and one pass over `t` serves every `L`.
//!
//! The integrals over `t` are trapezoidal sums in `tau = ln t` ([`Exact::error`] says how they are
//! checked); single-token expectations are sums over score atoms.

mod average;
mod gradient;
mod layer;
mod output;
mod sums;
mod value;

pub use average::output::{AverageOutput, gaussian_query_average, list_average};
pub use average::scalar::scalar_query_average;
pub use gradient::average::{gaussian_key_query_gradient_average, gaussian_value_gradient_average};
pub use gradient::errors::{
    ExactGradient, GaussianGradient, gaussian_gradient_error, value_gradient_error,
};
pub use gradient::finite::finite_gradient_error;
pub use layer::errors::{LayerError, LayerErrors};
pub use output::entropy::expected_entropy;
pub use output::errors::{ExactOutput, OutputErrorCurve, output_error};
pub use output::fixed::{FixedOutput, fixed_output_error};
pub use output::gaussian::{GaussianOutput, gaussian_output_error};
pub use output::participation::{ParticipationRatios, gaussian_participation};
pub(crate) use sums::interpolation::{
    BEFORE, DENSITY, POINTS, weights_at as interpolation_weights,
};
pub(crate) use sums::kernel::kernel;
pub use value::Exact;
pub(crate) use value::{ExactRecord, ROUNDING, UNIT};
