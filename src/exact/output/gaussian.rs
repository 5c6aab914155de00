//! T3 `gaussian-exact`: the error of Gaussian tokens in closed form.

use nalgebra::{DMatrix, DVector};

use crate::error::Result;
use crate::exact::output::participation::{ParticipationRatios, gaussian_participation};
use crate::exact::{Exact, ExactOutput};
use crate::law::Gaussian;
use crate::parameter::PromptLength;

/// What the error of Gaussian tokens `N(m0, Gamma)` depends on, besides `L`.
#[derive(Debug, Clone, PartialEq)]
pub struct GaussianOutput {
    /// Score variance `s^2 = a^T Gamma a`.
    pub score_variance: f64,
    /// Output variance `tau_V = tr(V Gamma V^T)`.
    pub output_variance: f64,
    /// `V Gamma a`, the population attention output less `V m0`.
    pub response: DVector<f64>,
}

impl GaussianOutput {
    /// For a token law, a value matrix `V` (`m x d`) and a tilt `a`.
    pub fn new(tokens: &Gaussian, value: &DMatrix<f64>, tilt: &DVector<f64>) -> Self {
        let response = tokens.covariance() * tilt;
        Self {
            score_variance: tilt.dot(&response).max(0.0),
            output_variance: (value * tokens.covariance()).dot(value).max(0.0),
            response: value * response,
        }
    }

    /// `eta = |V Gamma a|^2`.
    pub fn response_squared(&self) -> f64 {
        self.response.norm_squared()
    }
}

/// The factors of `tau_V` and `eta` in `E|That - T|^2 = r_2 tau_V + (r_2 - 6 r_3 + 6 E P_2^2) eta`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::exact) struct ErrorFactors {
    pub variance: Exact,
    pub response: Exact,
}

impl From<&ParticipationRatios> for ErrorFactors {
    fn from(r: &ParticipationRatios) -> Self {
        Self {
            variance: r.second,
            response: Exact {
                value: r.second.value + 6.0 * (r.squared_second.value - r.third.value),
                error: r.second.error + 6.0 * (r.squared_second.error + r.third.error),
            },
        }
    }
}

impl ErrorFactors {
    /// The error for given `tau_V` and `eta`.
    pub fn combine(&self, output_variance: f64, response_squared: f64) -> Exact {
        Exact {
            value: self.variance.value * output_variance + self.response.value * response_squared,
            error: self.variance.error * output_variance + self.response.error * response_squared,
        }
        .non_negative()
    }
}

/// Error, bias and participation of Gaussian tokens, one result a length (T3).
///
/// `E|That - T|^2 = r_2 tau_V + (r_2 - 6 r_3 + 6 E P_2^2) eta` and `E That - T = -r_2 V Gamma a`.
///
/// # Errors
/// If the score deviation `s` is above 200.
///
/// # Examples
/// ```
/// use attention_bounds::exact::{GaussianOutput, gaussian_output_error};
/// use attention_bounds::nalgebra::{self, dmatrix, dvector};
/// use attention_bounds::{Gaussian, PromptLength};
///
/// // One token has all the weight: tau_V + eta = 2 + 9.
/// let output = GaussianOutput::new(&Gaussian::centred(dmatrix![2.0])?, &dmatrix![1.0], &dvector![1.5]);
/// let alone = &gaussian_output_error(&output, &[PromptLength::new(1)?])?[0];
/// assert!((alone.squared_error.value - 11.0).abs() < 1e-12 && (alone.bias[0].value + 3.0).abs() < 1e-12);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn gaussian_output_error(
    output: &GaussianOutput,
    lengths: &[PromptLength],
) -> Result<Vec<ExactOutput>> {
    let ratios = gaussian_participation(output.score_variance.sqrt(), lengths)?;
    Ok(ratios
        .iter()
        .map(|r| ExactOutput {
            squared_error: ErrorFactors::from(r)
                .combine(output.output_variance, output.response_squared()),
            bias: output
                .response
                .iter()
                .map(|t| Exact {
                    value: -r.second.value * t,
                    error: r.second.error * t.abs(),
                })
                .collect(),
            participation: r.second,
        })
        .collect())
}
