//! The errors of the gradients of attention: records, and Gaussian tokens in closed form (T3).

use nalgebra::{DMatrix, DVector};

use crate::error::{Error, Result};
use crate::exact::gradient::nodes::GradientFactors;
use crate::exact::gradient::scores::gradient_factors;
use crate::exact::output::gaussian::ErrorFactors;
use crate::exact::{
    Exact, GaussianOutput, ROUNDING, gaussian_output_error, gaussian_participation, output_error,
};
use crate::law::{Gaussian, LawKind, TokenLaw};
use crate::parameter::PromptLength;

/// The exact squared errors of both gradients of one head, query and prompt length (Frobenius norms).
///
/// `mhat = sum p_i X_i` and `Chat = sum p_i (X_i - mhat)(X_i - mhat)^T` are mean and covariance of the prompt under
/// the attention weights, `m` and `C` those of the tilted law.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExactGradient {
    /// Gradient in `V`: `m_out E|mhat - m|^2`, `m_out` the number of rows of `V`.
    pub value: Exact,
    /// Gradient in `U`: `E|V (Chat - C)|_F^2 |z|^2`.
    pub key_query: Exact,
}

/// The error of the gradient in `V`, `outputs E|mhat - m|^2`, one result a length.
///
/// It is `outputs` (the number `m_out` of rows of `V`) times the output error of the identity matrix: T3 for
/// Gaussian tokens, T2 for every other law with score atoms.
///
/// # Errors
/// Those of [`gaussian_output_error`] and [`output_error`].
///
/// # Accuracy
/// That of [`output_error`]: relative `1e-10` or better.
///
/// # Examples
/// ```
/// use attention_bounds::exact::value_gradient_error;
/// use attention_bounds::nalgebra::{self, dvector};
/// use attention_bounds::{PromptLength, Rademacher};
///
/// // Without a tilt mhat is the mean of L signs: m_out / L.
/// let found = value_gradient_error(&Rademacher::new(1, 1.0)?, 3, &dvector![0.0], &[PromptLength::new(10)?])?;
/// assert!((found[0].value - 0.3).abs() < 1e-12);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn value_gradient_error(
    tokens: &dyn TokenLaw,
    outputs: usize,
    tilt: &DVector<f64>,
    lengths: &[PromptLength],
) -> Result<Vec<Exact>> {
    if tilt.len() != tokens.dimension() {
        return Err(Error::shape(
            "the tilt vector",
            tilt.len(),
            format!("{} coordinates", tokens.dimension()),
        ));
    }
    let identity = DMatrix::identity(tokens.dimension(), tokens.dimension());
    let errors = match LawKind::of(tokens).gaussian() {
        Some(law) => gaussian_output_error(&GaussianOutput::new(law, &identity, tilt), lengths)?,
        None => output_error(tokens.through(&identity).as_ref(), tilt, lengths)?,
    };
    Ok(errors
        .iter()
        .map(|error| error.squared_error.scaled(outputs as f64))
        .collect())
}

/// What the gradient errors of Gaussian tokens `N(m0, Gamma)` depend on, besides `L`.
///
/// With `v = Gamma a / s` (zero if `s = 0`) and `G = Gamma - v v^T`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GaussianGradient {
    /// Score variance `s^2 = a^T Gamma a`.
    pub score_variance: f64,
    /// `|v|^2 |V v|^2`, with `E(var - 1)^2`.
    pub fourth: f64,
    /// `|V v|^2 tr G + |v|^2 tr(V G V^T) + 2 <V v, V G v>`, with `E sum p_i^2 (xi_i - mean)^2`.
    pub second: f64,
    /// `tr(V G^2 V^T)`, with `2 E P_2^2 + r_2 - 2 r_3`.
    pub square: f64,
    /// `tr(V G V^T) tr G`, with `r_2 - 2 r_3 + E P_2^2`.
    pub traces: f64,
    /// `<V v, V G v>`, with `-2 E[(var - 1) P_2]`.
    pub cross: f64,
    /// `|z|^2`.
    pub query_square: f64,
    /// Number of rows of `V`.
    pub outputs: usize,
    /// `tr Gamma`, `|Gamma a|^2` and a bound of the rounding of `s^2`, for the gradient in `V`.
    value: (Exact, Exact, f64),
}

impl GaussianGradient {
    /// For a token law in `R^d`, a value matrix `V` (`m x d`), a tilt `a` in `R^d` and `|z|^2`.
    ///
    /// # Errors
    /// If the shapes do not fit.
    pub fn new(
        tokens: &Gaussian,
        value: &DMatrix<f64>,
        tilt: &DVector<f64>,
        query_square: f64,
    ) -> Result<Self> {
        let covariance = tokens.covariance();
        check_shapes(covariance.nrows(), value, tilt)?;
        let response = covariance * tilt;
        let score_variance = tilt.dot(&response).max(0.0);
        let direction = if score_variance > 0.0 {
            &response / score_variance.sqrt()
        } else {
            DVector::zeros(tilt.len())
        };
        let rest = covariance - &direction * direction.transpose();
        let seen = value * &direction;
        let seen_rest = value * &rest;
        let (along, out) = (direction.norm_squared(), seen.norm_squared());
        let trace = rest.trace().max(0.0);
        // tr(V G V^T): non-negative, the maximum removes a rounding error only.
        let spread = seen_rest.dot(value).max(0.0);
        let cross = seen.dot(&(&seen_rest * &direction));
        Ok(Self {
            score_variance,
            fourth: along * out,
            second: out * trace + along * spread + 2.0 * cross,
            square: seen_rest.norm_squared(),
            traces: spread * trace,
            cross,
            query_square,
            outputs: value.nrows(),
            value: GaussianOutput::new(tokens, &DMatrix::identity(tilt.len(), tilt.len()), tilt)
                .sizes(),
        })
    }

    /// The error of the gradient in `U` for given factors of the scores.
    fn combine(&self, factors: &GradientFactors) -> Exact {
        let pairs = factors
            .participation
            .plus(factors.third.scaled(-2.0))
            .plus(factors.squared);
        let sum = factors
            .fourth
            .scaled(self.fourth)
            .plus(factors.second.scaled(self.second))
            .plus(factors.squared.plus(pairs).scaled(self.square))
            .plus(pairs.scaled(self.traces))
            .plus(factors.cross.scaled(2.0 * self.cross));
        sum.widened(ROUNDING * sum.value.abs())
            .non_negative()
            .scaled(self.query_square)
    }
}

/// Both gradient errors of Gaussian tokens, one result a length (`gaussian-gradient`).
///
/// `E|V (Chat - Gamma)|_F^2 = E(var - 1)^2 |v|^2 |V v|^2 + E kk [ |V v|^2 tr G + |v|^2 tr(V G V^T) + 2 <V v, V G v> ]`
/// `+ (E P_2^2 + ea) tr(V G^2 V^T) + ea tr(V G V^T) tr G - 2 E[(var - 1) P_2] <V v, V G v>`, with the weights of scores
/// `s xi_i`, `xi_i` standard normal, `mean = sum p_i xi_i`, `var = sum p_i xi_i^2 - mean^2`,
/// `kk = sum p_i^2 (xi_i - mean)^2` and `ea = r_2 - 2 r_3 + E P_2^2`. The four expectations that are not
/// participation sums are Laplace integrals like these (T2).
///
/// # Errors
/// If the score deviation `s` is above 200.
///
/// # Accuracy
/// Within `1e-11` relative (measured: for `s` up to 3.5 and `L` up to `1e9` 2e-13, for two tokens and `s` up to 200 9e-12). Each
/// value of the gradient in `U` carries its own error estimate (that of the gradient in `V` is proved, T16), which counts what cancels and is larger: below `1e-9` for `s` up to 3.5,
/// `3e-8` up to 12 and `2e-7` up to 200.
///
/// # Examples
/// ```
/// use attention_bounds::exact::{GaussianGradient, gaussian_gradient_error};
/// use attention_bounds::nalgebra::{self, dmatrix, dvector};
/// use attention_bounds::{Gaussian, PromptLength};
///
/// // One token: E|X - Gamma a|^2 = 2 + 4 in V, |V Gamma|^2 |z|^2 = 36 * 5 in U.
/// let tokens = Gaussian::centred(dmatrix![2.0])?;
/// let gradient = GaussianGradient::new(&tokens, &dmatrix![3.0], &dvector![1.0], 5.0)?;
/// let found = gaussian_gradient_error(&gradient, &[PromptLength::new(1)?])?[0];
/// assert!((found.value.value - 6.0).abs() < 1e-11 && (found.key_query.value - 180.0).abs() < 1e-9);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn gaussian_gradient_error(
    gradient: &GaussianGradient,
    lengths: &[PromptLength],
) -> Result<Vec<ExactGradient>> {
    let (trace, response, of_variance) = gradient.value;
    let deviation = gradient.score_variance.sqrt();
    let ratios = gaussian_participation(deviation, lengths)?;
    let factors = gradient_factors(deviation, lengths)?;
    Ok(ratios
        .iter()
        .zip(&factors)
        .map(|(ratios, factors)| ExactGradient {
            value: ErrorFactors::from(&ratios.at_variance_within(of_variance))
                .combine(trace, response)
                .scaled(gradient.outputs as f64),
            key_query: gradient.combine(factors),
        })
        .collect())
}

/// Refuses a value matrix or a tilt that does not fit tokens of this dimension.
pub(in crate::exact) fn check_shapes(
    dimension: usize,
    value: &DMatrix<f64>,
    tilt: &DVector<f64>,
) -> Result<()> {
    if value.ncols() == dimension && tilt.len() == dimension {
        return Ok(());
    }
    Err(Error::shape(
        "the value matrix or the tilt",
        format!("{} x {} and {}", value.nrows(), value.ncols(), tilt.len()),
        format!("m x {dimension} and {dimension} (the dimension of a token)"),
    ))
}
