//! T3 `gaussian-exact`: the error of Gaussian tokens in closed form.

use nalgebra::{DMatrix, DVector};

use crate::error::Result;
use crate::exact::output::participation::{ParticipationRatios, gaussian_participation};
use crate::exact::value::UNIT;
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
    /// Bounds of the rounding of the three, of the last in norm.
    rounding: [f64; 3],
    /// Why they are no bounds, if they are not.
    unproved: Option<&'static str>,
}

/// Sizes of covariance, values and tilt for which no product of them that counts underflows.
const SIZES: std::ops::RangeInclusive<f64> = 1e-50..=1e100;

impl GaussianOutput {
    /// For a token law, a value matrix `V` (`m x d`) and a tilt `a`.
    pub fn new(tokens: &Gaussian, value: &DMatrix<f64>, tilt: &DVector<f64>) -> Self {
        let covariance = tokens.covariance();
        let response = covariance * tilt;
        // Dot products of d terms, twice; the absolute terms add up to at most products of Frobenius norms, and in the variance of
        // the score to |a|^T |Gamma| |a|.
        let (rows, columns) = value.shape();
        let of_sum = UNIT * (2.0 * columns as f64 + 8.0);
        let (size, spread) = (value.norm(), covariance.norm());
        let absolute = tilt.abs();
        let amax = [value.amax(), covariance.amax(), tilt.amax()];
        let served = amax.iter().all(|size| *size == 0.0 || SIZES.contains(size));
        let of_variance = of_sum * absolute.dot(&(covariance.abs() * &absolute));
        Self {
            score_variance: tilt.dot(&response).max(0.0),
            output_variance: (value * covariance).dot(value).max(0.0),
            response: value * &response,
            rounding: [
                of_variance,
                (of_sum + UNIT * (rows * columns) as f64) * size * size * spread,
                of_sum * size * spread * tilt.norm(),
            ],
            unproved: (!served).then_some("products of covariance, values and tilt may underflow"),
        }
    }

    /// `eta = |V Gamma a|^2`.
    pub fn response_squared(&self) -> f64 {
        self.response.norm_squared()
    }

    /// `tau_V` and `eta` with bounds of their rounding, and such a bound of `s^2` that covers its square root.
    pub(in crate::exact) fn sizes(&self) -> (Exact, Exact, f64) {
        let [of_score, of_variance, of_response] = self.rounding;
        let eta = self.response_squared();
        let relative = UNIT * (self.response.len() as f64 + 4.0);
        let variance = Exact {
            unproved: self.unproved,
            ..Exact::proved(self.output_variance, of_variance)
        };
        (
            variance,
            Exact::proved(
                eta,
                relative * eta + of_response * (2.0 * eta.sqrt() + of_response),
            ),
            of_score + 3.0 * UNIT * self.score_variance,
        )
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
        let rest = r.squared_second.plus(r.third.scaled(-1.0)).scaled(6.0);
        Self {
            variance: r.second,
            response: r.second.plus(rest),
        }
    }
}

impl ErrorFactors {
    /// The error for given `tau_V` and `eta`.
    pub fn combine(&self, output_variance: Exact, response_squared: Exact) -> Exact {
        self.variance
            .times(output_variance)
            .plus(self.response.times(response_squared))
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
    let [.., of_response] = output.rounding;
    let (output_variance, response_squared, of_variance) = output.sizes();
    let ratios = gaussian_participation(output.score_variance.sqrt(), lengths)?;
    Ok(ratios
        .iter()
        .map(|r| {
            let r = r.at_variance_within(of_variance);
            ExactOutput {
                squared_error: ErrorFactors::from(&r).combine(output_variance, response_squared),
                bias: output
                    .response
                    .iter()
                    .map(|&t| Exact {
                        unproved: output.unproved,
                        ..r.second.times(Exact::proved(-t, of_response))
                    })
                    .collect(),
                participation: r.second,
            }
        })
        .collect())
}
