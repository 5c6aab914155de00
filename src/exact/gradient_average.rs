//! The errors of the gradients, averaged over a Gaussian query.

use nalgebra::DMatrix;

use super::Exact;
use super::average::gaussian_query_average;
use crate::attention::Head;
use crate::error::Result;
use crate::law::Gaussian;
use crate::parameter::PromptLength;

/// `m_out E_z E|mhat - m|^2` for Gaussian tokens and a Gaussian query, one result a length.
///
/// It is `m_out` (the number of rows of `V`) times the average output error of the identity matrix, for which
/// `tau = tr Gamma` and `eta = |Gamma a|^2`: see [`gaussian_query_average`].
///
/// # Errors
/// Those of [`gaussian_query_average`].
///
/// # Accuracy
/// Relative `1e-9` or better; each value carries its own error estimate.
pub fn gaussian_value_gradient_average(
    tokens: &Gaussian,
    head: &Head,
    query: &Gaussian,
    lengths: &[PromptLength],
) -> Result<Vec<Exact>> {
    let (outputs, dimension) = head.value().shape();
    let identity = Head::with_tilt_bias(
        head.key_query().clone(),
        DMatrix::identity(dimension, dimension),
        head.tilt_bias().clone(),
    )?;
    let averages = gaussian_query_average(tokens, &identity, query, lengths)?;
    Ok(averages
        .iter()
        .map(|average| average.squared_error.scaled(outputs as f64))
        .collect())
}
