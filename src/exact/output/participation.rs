//! Participation ratios of Gaussian scores: `E P_k`, the expected power sums of attention weights.

use crate::error::{Error, Result};
use crate::exact::Exact;
use crate::exact::sums::integral::WeightMoments;
use crate::exact::sums::lognormal;
use crate::exact::sums::weights::{WeightAtoms, too_wide};
use crate::law::Resolution;
use crate::parameter::PromptLength;

/// `r_k = E P_k = E sum_i p_i^k` and `E P_2^2`, for the attention weights of one prompt length.
///
/// `1 / P_2` is the effective prompt length (effective sample size).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ParticipationRatios {
    /// `r_2 = E P_2`.
    pub second: Exact,
    /// `r_3 = E P_3`.
    pub third: Exact,
    /// `r_4 = E P_4`.
    pub fourth: Exact,
    /// `E P_2^2`.
    pub squared_second: Exact,
}

/// Largest score deviation accepted; attention is one-hot long before it.
const LARGEST_DEVIATION: f64 = 200.0;

/// Participation ratios of `L` i.i.d. Gaussian scores of standard deviation `s`, one result a length.
///
/// Scores `S_i ~ N(0, s^2)`, weights `p_i = e^{S_i} / sum_j e^{S_j}` (theory T3). They depend on `(s, L)`
/// alone and a shift of all scores changes nothing.
///
/// # Errors
/// If `s` is negative, not finite or above 200.
///
/// # Accuracy
/// Within `1e-10` relative for `s` up to 12 and `L` up to `1e12` (measured against a 30-digit reference:
/// better than `1e-12`); each value carries its own error estimate.
///
/// # Examples
/// ```
/// use attention_bounds::PromptLength;
/// use attention_bounds::exact::gaussian_participation;
///
/// // Equal weights 1/L.
/// let found = &gaussian_participation(0.0, &[PromptLength::new(10)?])?[0];
/// assert!((found.second.value - 0.1).abs() < 1e-13 && (found.third.value - 0.01).abs() < 1e-14);
/// # Ok::<(), attention_bounds::Error>(())
/// ```
pub fn gaussian_participation(
    s: f64,
    lengths: &[PromptLength],
) -> Result<Vec<ParticipationRatios>> {
    check_deviation(s)?;
    let Some((shortest, longest)) = range(lengths) else {
        return Ok(lengths.iter().map(|_| single_token()).collect());
    };
    let fine = moments(s, shortest, longest, &Resolution::fine(longest.ln()))?;
    let coarse = moments(s, shortest, longest, &Resolution::coarse(longest.ln()))?;
    Ok(lengths
        .iter()
        .map(|&length| ratios(length, &fine, &coarse))
        .collect())
}

/// Refuses a score deviation that is not a number from 0 to [`LARGEST_DEVIATION`].
pub(in crate::exact) fn check_deviation(s: f64) -> Result<()> {
    if (0.0..=LARGEST_DEVIATION).contains(&s) {
        return Ok(());
    }
    Err(Error::Parameter {
        parameter: "s",
        value: s.to_string(),
        required: "a number from 0 to 200 (beyond, attention is one-hot in double precision)",
        theorem: Some("T3"),
    })
}

/// Shortest and longest of the lengths that need an integral (2 and more), as floats.
pub(in crate::exact) fn range(lengths: &[PromptLength]) -> Option<(f64, f64)> {
    let needed = || lengths.iter().filter(|l| l.get() > 1).map(|l| l.as_f64());
    Some((needed().reduce(f64::min)?, needed().reduce(f64::max)?))
}

/// Weight moments of Gaussian scores, by convolution or, for small `s`, over normal atoms.
fn moments(s: f64, shortest: f64, longest: f64, resolution: &Resolution) -> Result<WeightMoments> {
    if s >= lognormal::smallest_deviation(resolution) {
        return Ok(lognormal::moments(s, shortest, longest, resolution));
    }
    let (lower, upper) = resolution.normal_window(s);
    let step = resolution.normal_step(s);
    if !(step > 0.0) {
        return Err(too_wide());
    }
    let nodes =
        || (-(lower / step).ceil() as i64..=(upper / step).ceil() as i64).map(|j| j as f64 * step);
    let norm = step / (2.0 * std::f64::consts::PI).sqrt();
    let probability: Vec<f64> = nodes().map(|z| norm * (-0.5 * z * z).exp()).collect();
    let scores: Vec<f64> = nodes().map(|z| s * z).collect();
    WeightAtoms::new(&probability, &scores).moments(resolution.score_step, shortest, longest)
}

fn ratios(
    length: PromptLength,
    fine: &WeightMoments,
    coarse: &WeightMoments,
) -> ParticipationRatios {
    if length.get() == 1 {
        return single_token();
    }
    let fine = fine.ratios(length.as_f64());
    let coarse = coarse.ratios(length.as_f64());
    ParticipationRatios {
        second: Exact::from_resolutions(fine.second, coarse.second),
        third: Exact::from_resolutions(fine.third, coarse.third),
        fourth: Exact::from_resolutions(fine.fourth, coarse.fourth),
        squared_second: Exact::from_resolutions(fine.squared_second, coarse.squared_second),
    }
}

/// One token has all the weight.
fn single_token() -> ParticipationRatios {
    let one = Exact {
        value: 1.0,
        error: 0.0,
    };
    ParticipationRatios {
        second: one,
        third: one,
        fourth: one,
        squared_second: one,
    }
}
