//! Participation ratios of Gaussian scores: `E P_k`, the expected power sums of attention weights.

use crate::error::{Error, Result};
use crate::exact::Exact;
use crate::exact::sums::integral::{Accuracy, WeightMoments};
use crate::exact::sums::lognormal;
use crate::exact::sums::weights::{WeightAtoms, too_wide};
use crate::exact::value::UNIT;
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

impl ParticipationRatios {
    /// The same for a score variance that is known up to `error` only (`variance-sensitivity`): by the heat equation
    /// `d r_k / d(s^2) = E (Laplacian of P_k) / 2` in the scores, which is at most `k^2 r_k` in size, and of `E P_2^2` at most 16 times.
    pub(in crate::exact) fn at_variance_within(&self, error: f64) -> Self {
        let widened =
            |x: Exact, factor: f64| x.widened((factor * error).exp_m1() * (x.value + x.error));
        Self {
            second: widened(self.second, 4.0),
            third: widened(self.third, 9.0),
            fourth: widened(self.fourth, 16.0),
            squared_second: widened(self.squared_second, 16.0),
        }
    }
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
/// Proved (T16): every value carries a bound of its error, from the score lattice and its window, the lattice in `ln t` and its ends, and
/// every rounding (theory, `gaussian-enclosure`); relative `1e-10` or less for `s` up to 12 (tests/exact/participation.rs).
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
    let moments = moments(s, shortest, longest, &resolution(longest.ln()))?;
    Ok(lengths
        .iter()
        .map(|&length| ratios(length, &moments))
        .collect())
}

/// Steps at which the lattices err by less than the roundings; that of the scores is a dyadic number, so that every `ln x` is a float.
fn resolution(ln_length: f64) -> Resolution {
    Resolution {
        score_step: 0.1875,
        standard_step: 0.4,
        ln_length,
        margin: 8.6,
    }
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
    let probability: Vec<f64> = nodes().map(|z| norm * libm::exp(-0.5 * z * z)).collect();
    let scores: Vec<f64> = nodes().map(|z| s * z).collect();
    let atoms = WeightAtoms::new(&probability, &scores);
    // A product of j and the step; the square of it and the exponential; a score.
    let farthest = lower.max(upper) + step;
    let of_score = 2.0 * UNIT * s * farthest;
    let of_probability = UNIT * (2.0 * farthest * farthest + 12.0);
    let (of_rise, of_ratios) = lognormal::of_score_lattice(s, step);
    let accuracy = Accuracy {
        // The weights are normalised by the atoms' own sum, as good as 1 - phi.
        of_x: 2.0 * of_score + of_probability + of_rise + atoms.rounding(0.0),
        of_probability,
        of_sum: UNIT * (probability.len() as f64 + 64.0),
        of_rise,
        of_ratios,
        left: [0.0; 3],
    };
    atoms.moments(resolution.score_step, shortest, longest, accuracy)
}

fn ratios(length: PromptLength, moments: &WeightMoments) -> ParticipationRatios {
    if length.get() == 1 {
        return single_token();
    }
    let raw = moments.ratios(length.as_f64());
    let at = |place: usize| Exact::proved(raw.values[place], raw.errors[place]);
    ParticipationRatios {
        second: at(0),
        third: at(1),
        fourth: at(2),
        squared_second: at(3),
    }
}

/// One token has all the weight.
fn single_token() -> ParticipationRatios {
    ParticipationRatios {
        second: Exact::ONE,
        third: Exact::ONE,
        fourth: Exact::ONE,
        squared_second: Exact::ONE,
    }
}
