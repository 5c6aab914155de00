//! What the bounds of outputs and of gradients rest on.

use nalgebra::{DMatrix, DVector};

use crate::bound::{Bound, GaussianOutput, KnownMoments, Theorem, ValueSpectrum, mean_tilt_norm};
use crate::error::Result;
use crate::law::{CLOSED_FORM, Gaussian, TokenLaw};
use crate::parameter::VarianceProxy;
use crate::study::Question;

pub(in crate::study) fn gaussian_moments(
    tokens: &Gaussian,
    value: &DMatrix<f64>,
    tilt: &DVector<f64>,
) -> Result<KnownMoments> {
    GaussianOutput::of(tokens.covariance(), value, tilt).map(KnownMoments::gaussian)
}

/// Tokens of bounded support: `|V(x - m(a))| <= |V x - V m(0)| + |V m(a) - V m(0)| <= 2 r` for every query.
pub(in crate::study) fn bounded_support(tokens: &dyn TokenLaw, value: &DMatrix<f64>) -> Bound {
    let centre = value * tokens.tilted_mean(&DVector::zeros(tokens.dimension()));
    let zero = DVector::zeros(tokens.dimension());
    let seen = tokens.through(value);
    let error = seen.error(&zero, &seen.tilted(&zero)).mean;
    match tokens.output_radius(value, &centre) {
        Some(radius) => {
            // The centre is as accurate as the mean, the radius as a closed form; four roundings besides.
            let error = 2.0 * error + 2.0 * CLOSED_FORM * radius;
            let bound = 4.0 * (radius + error).powi(2) * (1.0 + 8.0 * f64::EPSILON);
            Bound::proved(
                Theorem::TRIVIAL_BOUND,
                bound,
                bound,
                "bounded support: (2 sup |V(x - m(0))|)^2",
            )
        }
        None => Bound::not_applicable(
            Theorem::TRIVIAL_BOUND,
            "the support of the tokens is unbounded",
        ),
    }
}

/// The value of the first record, the trivial bound; infinite if it has none.
pub(in crate::study) fn first_value(records: &[Bound]) -> f64 {
    let value = records.first().and_then(Bound::value);
    value.unwrap_or(f64::INFINITY)
}

/// A float that is at least the square root; 0 of 0.
pub(in crate::study) fn square_root_above(square: f64) -> f64 {
    if square == 0.0 {
        0.0
    } else {
        square.sqrt().next_up()
    }
}

/// `|U|` of the head, `varsigma^2` of the query, and `|U m_z + b|`, each rounded up.
pub(in crate::study) fn tilt_norms(
    question: &Question<'_>,
    query: &Gaussian,
) -> Result<(f64, VarianceProxy, f64)> {
    // The operator norm is the root of the largest eigenvalue of the square, of which this is an upper bound.
    let covariance = ValueSpectrum::new(query.covariance())?.largest();
    let norm = ValueSpectrum::new(question.head.key_query())?.largest();
    let head = question.head;
    let offset = mean_tilt_norm(head.key_query(), query.mean(), head.tilt_bias());
    Ok((
        square_root_above(norm),
        VarianceProxy::new(square_root_above(covariance))?,
        offset,
    ))
}
