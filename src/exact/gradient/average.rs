//! The errors of the gradients, averaged over a Gaussian query.

use nalgebra::{DMatrix, DVector, SymmetricEigen};
use rayon::prelude::*;

use crate::attention::Head;
use crate::error::{Error, Result};
use crate::exact::Exact;
use crate::exact::average::output::gaussian_query_average;
use crate::exact::gradient::agreement::{added, halved_until_they_agree};
use crate::exact::gradient::errors::{GaussianGradient, gaussian_gradient_error};
use crate::exact::gradient::query_average::average_over_score_variance;
use crate::exact::output::participation::check_deviation;
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
///
/// # Examples
/// ```
/// use attention_bounds::exact::gaussian_value_gradient_average;
/// use attention_bounds::nalgebra::{self, dmatrix};
/// use attention_bounds::{Gaussian, Head, PromptLength};
///
/// // One token and one row of V: E (X - z)^2 = 2.
/// let one = Gaussian::centred(dmatrix![1.0])?;
/// let head = Head::new(dmatrix![1.0], dmatrix![7.0])?;
/// let found = gaussian_value_gradient_average(&one, &head, &one, &[PromptLength::new(1)?])?[0];
/// assert!((found.value - 2.0).abs() < 1e-12);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
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

/// Step of the first lattice in the query's coordinate, in standard deviations, and its halvings.
const FIRST_STEP: f64 = 0.4;
/// Eigenvalues of the tilt's covariance below this fraction of the largest count as zero.
const NEGLIGIBLE: f64 = 1e-11;

/// `E_z E|V (Chat - C)|_F^2 |z|^2` for Gaussian tokens and a Gaussian query, one result a length.
///
/// Any means, query bias and covariances, singular ones included. A one-dimensional trapezoidal sum in every case
/// (theory, `gradient-query-average`):
///
/// * if `U Sig U^T` has rank 2 or more, over `s^2`, with the laws of `s^2` weighted by `|z|^2` and quadratic forms of the tilt
///   ([`WeightedScoreVarianceLaw`](crate::attention::WeightedScoreVarianceLaw));
/// * if the tilts lie on a line (every query and every token law of dimension 1 is of this kind), over that line: then
///   `a = a_0 + xi c` with `xi` standard normal and `c c^T = U Sig U^T`, and given `xi` the mean of `|z|^2` is
///   `|m + k xi|^2 + tr Sig - |k|^2` with `k = Sig U^T c / |c|^2`.
///
/// # Errors
/// If shapes do not fit, if `s` would have to exceed 200, or if the lattice does not converge.
///
/// # Accuracy
/// Relative `1e-9` or better; each value carries its own error estimate.
///
/// # Examples
/// ```
/// use attention_bounds::exact::gaussian_key_query_gradient_average;
/// use attention_bounds::nalgebra::{self, dmatrix};
/// use attention_bounds::{Gaussian, Head, PromptLength};
///
/// // One token: Chat = 0, and the error is |V Gamma|^2 E z^2.
/// let one = Gaussian::centred(dmatrix![1.0])?;
/// let head = Head::new(dmatrix![1.0], dmatrix![2.0])?;
/// let found = gaussian_key_query_gradient_average(&one, &head, &one, &[PromptLength::new(1)?])?[0];
/// assert!((found.value - 4.0).abs() < 1e-10);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn gaussian_key_query_gradient_average(
    tokens: &Gaussian,
    head: &Head,
    query: &Gaussian,
    lengths: &[PromptLength],
) -> Result<Vec<Exact>> {
    match Line::new(head, query)? {
        Some(line) => average_on_line(&line, tokens, head, lengths),
        None => average_over_score_variance(tokens, head, query, lengths),
    }
}

fn average_on_line(
    line: &Line,
    tokens: &Gaussian,
    head: &Head,
    lengths: &[PromptLength],
) -> Result<Vec<Exact>> {
    let at = |xi: f64| -> Result<Vec<Exact>> {
        let tilt = &line.origin + &line.direction * xi;
        let gradient = GaussianGradient::new(tokens, head.value(), &tilt, line.query_square(xi))?;
        let found = gaussian_gradient_error(&gradient, lengths)?;
        Ok(found.iter().map(|error| error.key_query).collect())
    };
    if line.direction.norm_squared() == 0.0 {
        return at(0.0);
    }
    // The error is at least about 1/L of its largest value, which a bounded function times |z|^2 limits.
    let longest = lengths.iter().map(|l| l.as_f64()).fold(1.0, f64::max);
    let reach = (2.0 * (42.0 + longest.ln())).sqrt();
    // s^2 is convex in xi: whether every node is served is known at the ends.
    for xi in [-reach, reach] {
        let tilt = &line.origin + &line.direction * xi;
        check_deviation(tokens.score_deviation(&tilt))?;
    }
    let sum = |step: f64, shift: f64| -> Result<Vec<Exact>> {
        let count = (reach / step).ceil() as i64;
        let nodes: Result<Vec<Vec<Exact>>> = (-count..=count)
            .into_par_iter()
            .map(|j| {
                let xi = (j as f64 + shift) * step;
                let weight = step * (-0.5 * xi * xi).exp() / (2.0 * std::f64::consts::PI).sqrt();
                Ok(at(xi)?.iter().map(|error| error.scaled(weight)).collect())
            })
            .collect();
        Ok(added(&nodes?, lengths.len()))
    };
    let mut step = FIRST_STEP;
    halved_until_they_agree(sum(step, 0.0)?, || {
        let between = sum(step, 0.5)?;
        step *= 0.5;
        Ok(between)
    })
}

/// The tilts `origin + xi direction`, `xi` standard normal, and the query given `xi`.
struct Line {
    origin: DVector<f64>,
    direction: DVector<f64>,
    mean: DVector<f64>,
    /// `k`.
    slope: DVector<f64>,
    /// `tr Sig - |k|^2`.
    rest: f64,
}

impl Line {
    /// `None` if the tilts do not lie on a line.
    fn new(head: &Head, query: &Gaussian) -> Result<Option<Self>> {
        let key_query = head.key_query();
        if query.mean().len() != key_query.ncols() {
            return Err(Error::shape(
                "the query",
                query.mean().len(),
                format!(
                    "{} coordinates (columns of the key-query matrix)",
                    key_query.ncols()
                ),
            ));
        }
        let seen = key_query * query.covariance();
        let covariance = &seen * key_query.transpose();
        if !covariance.iter().all(|x| x.is_finite()) {
            return Err(Error::shape(
                "the covariance of the tilt",
                "an entry that is not finite",
                "finite entries",
            ));
        }
        let steps = 200 * key_query.nrows();
        let eigen =
            SymmetricEigen::try_new(covariance, f64::EPSILON, steps).ok_or(Error::Unavailable {
                what: "the spectrum of the covariance of the tilt",
                why: "the iteration did not converge".into(),
            })?;
        let largest = eigen.eigenvalues.iter().copied().fold(0.0, f64::max);
        let moved = eigen
            .eigenvalues
            .iter()
            .filter(|value| **value > NEGLIGIBLE * largest)
            .count();
        if moved > 1 {
            return Ok(None);
        }
        let (direction, slope) = if largest > 0.0 {
            let unit = eigen
                .eigenvectors
                .column(eigen.eigenvalues.imax())
                .into_owned();
            let slope = seen.tr_mul(&unit) / largest.sqrt();
            (unit * largest.sqrt(), slope)
        } else {
            let zero = |size| DVector::zeros(size);
            (zero(key_query.nrows()), zero(key_query.ncols()))
        };
        Ok(Some(Self {
            origin: head.tilt(query.mean()),
            direction,
            mean: query.mean().clone(),
            rest: (query.covariance().trace() - slope.norm_squared()).max(0.0),
            slope,
        }))
    }

    /// `E[|z|^2 | xi]`.
    fn query_square(&self, xi: f64) -> f64 {
        (&self.mean + &self.slope * xi).norm_squared() + self.rest
    }
}

#[cfg(test)]
mod tests {
    use crate::exact::gradient::average::*;

    /// Both routes serve a tilt on a line: a trapezoidal sum over the line, and one over `s^2`.
    #[test]
    fn on_a_line_both_routes_agree() {
        let gamma = DMatrix::from_row_slice(2, 2, &[0.8, 0.3, 0.3, 0.6]);
        let tokens = Gaussian::centred(gamma).unwrap();
        let lengths: Vec<PromptLength> = [1, 2, 9, 3000, 1_000_000_000_000]
            .iter()
            .map(|&l| PromptLength::new(l).unwrap())
            .collect();
        let value = DMatrix::from_row_slice(2, 2, &[1.0, -0.5, 0.2, 0.7]);
        let root = DMatrix::from_row_slice(2, 2, &[0.7, 0.0, 0.2, 0.5]);
        let spread = &root * root.transpose();
        // U of rank 1, with and without means; then a query that does not move the tilt.
        for (key_query, bias, mean) in [
            ([0.9, -0.6, 0.45, -0.3], [0.0, 0.0], [0.0, 0.0]),
            ([0.9, -0.6, 0.45, -0.3], [0.5, -0.4], [0.3, 0.7]),
            ([0.0; 4], [0.5, -0.4], [0.3, 0.7]),
        ] {
            let head = Head::with_tilt_bias(
                DMatrix::from_row_slice(2, 2, &key_query),
                value.clone(),
                DVector::from_row_slice(&bias),
            )
            .unwrap();
            let query = Gaussian::new(DVector::from_row_slice(&mean), spread.clone()).unwrap();
            let line = Line::new(&head, &query).unwrap().expect("rank 1");
            let on_line = average_on_line(&line, &tokens, &head, &lengths).unwrap();
            let other = average_over_score_variance(&tokens, &head, &query, &lengths).unwrap();
            for (a, b) in on_line.iter().zip(&other) {
                let difference = (a.value - b.value).abs();
                assert!(
                    difference <= (a.error + b.error).min(1e-12 * a.value),
                    "{a:?} {b:?}"
                );
            }
        }
    }
}
