//! Powers of Gaussian scores under the weights: `E[x^j y^q e^{-x}]` on a lattice in `tau = ln t`.
//!
//! As in `lognormal.rs`, with `x = e^{tau + ln w}` every expectation is a convolution of a fixed bump with
//! the normal density of `ln w`, here times a power of the score; for small `s` it is a sum over normal atoms.

use crate::error::Result;
use crate::exact::gradient::convolution::{Convolution, add_outer, weighted_powers};
use crate::exact::gradient::nodes::{
    GradientFactors, PowerMoments, PowerNode, Powers, is_negligible,
};
use crate::exact::output::participation::{check_deviation, gaussian_participation, range};
use crate::exact::sums::integral::may_stop;
use crate::exact::sums::lognormal::{ln_one_minus, smallest_deviation};
use crate::exact::sums::weights::{WeightAtoms, too_wide};
use crate::law::Resolution;
use crate::parameter::PromptLength;

/// Spacing of the centres in standard deviations of a score: with the mean of the weighted scores within 8 of
/// the centre, its fourth power is at most 4096, and no more cancels.
const CENTRES: f64 = 16.0;
/// Nodes beyond which a lattice is refused.
const MOST_NODES: usize = 200_000;

/// The score factors of the key-query gradient for scores of deviation `s`, one result a length.
///
/// `s = 0` is served too: the factors are those of uniform weights, and independent of the direction that
/// the standardised score then stands for.
///
/// # Errors
/// If `s` is negative, not finite or above 200.
pub(in crate::exact) fn gradient_factors(
    s: f64,
    lengths: &[PromptLength],
) -> Result<Vec<GradientFactors>> {
    check_deviation(s)?;
    // Where few tokens have all the weight their scores are about 0, far from the tilted mean s: the
    // factors are small differences unless the scores are taken about E mean = s (1 - r_2). The
    // participation ratios are cheap beside the factors, and say it first.
    let offsets: Vec<f64> = if s < 0.5 * CENTRES {
        // E mean is at most s below the tilted mean.
        vec![0.0; lengths.len()]
    } else if s <= CENTRES {
        // The middle is near enough to every mean: one pass serves all lengths.
        vec![0.5 * s; lengths.len()]
    } else {
        gaussian_participation(s, lengths)?
            .iter()
            .map(|r| CENTRES * (s * r.second.value / CENTRES).round())
            .collect()
    };
    let mut centres = offsets.clone();
    centres.sort_by(f64::total_cmp);
    centres.dedup();
    let mut results = vec![GradientFactors::single_token(); lengths.len()];
    for centre in centres {
        let places = |offset: f64| offset == centre;
        let group: Vec<PromptLength> = lengths
            .iter()
            .zip(&offsets)
            .filter(|(_, offset)| places(**offset))
            .map(|(length, _)| *length)
            .collect();
        let mut found = centred_factors(s, centre, &group)?.into_iter();
        for (result, offset) in results.iter_mut().zip(&offsets) {
            if places(*offset)
                && let Some(factors) = found.next()
            {
                *result = factors;
            }
        }
    }
    Ok(results)
}

/// The factors from scores centred at `s - offset` (the tilted mean is `s`).
fn centred_factors(s: f64, offset: f64, lengths: &[PromptLength]) -> Result<Vec<GradientFactors>> {
    let Some((shortest, longest)) = range(lengths) else {
        return Ok(vec![GradientFactors::single_token(); lengths.len()]);
    };
    let at = |resolution: Resolution| {
        if s >= smallest_deviation(&resolution) {
            by_convolution(s, offset, shortest, longest, &resolution)
        } else {
            by_atoms(s, offset, shortest, longest, &resolution)
        }
    };
    let fine = at(Resolution::fine(longest.ln()))?;
    let coarse = at(Resolution::coarse(longest.ln()))?;
    Ok(lengths
        .iter()
        .map(|length| match length.get() {
            1 => GradientFactors::single_token(),
            _ => GradientFactors::from_resolutions(
                &fine.integrate(length.as_f64()),
                &coarse.integrate(length.as_f64()),
            ),
        })
        .collect())
}

/// Walks from `start` to the left until nothing counts and to the right until every integral may stop.
fn walk(
    start: i64,
    (shortest, longest): (f64, f64),
    at: &dyn Fn(i64) -> PowerNode,
) -> Result<Vec<PowerNode>> {
    let mut nodes = Vec::new();
    let mut index = start;
    loop {
        let node = at(index);
        nodes.push(node);
        if is_negligible(longest, &node.powers) {
            break;
        }
        if nodes.len() > MOST_NODES {
            return Err(too_wide());
        }
        index -= 1;
    }
    nodes.reverse();
    index = start;
    loop {
        index += 1;
        let node = at(index);
        nodes.push(node);
        let [[_, bump, ..], ..] = node.powers;
        if may_stop(shortest, longest, node.ln_phi, bump) {
            return Ok(nodes);
        }
        if nodes.len() > MOST_NODES {
            return Err(too_wide());
        }
    }
}

fn by_atoms(
    s: f64,
    offset: f64,
    shortest: f64,
    longest: f64,
    resolution: &Resolution,
) -> Result<PowerMoments> {
    let (lower, upper) = resolution.normal_window(s);
    let step = resolution.normal_step(s);
    if !(step > 0.0) {
        return Err(too_wide());
    }
    let normals: Vec<f64> = (-(lower / step).ceil() as i64..=(upper / step).ceil() as i64)
        .map(|j| j as f64 * step)
        .collect();
    let norm = step / (2.0 * std::f64::consts::PI).sqrt();
    let probability: Vec<f64> = normals
        .iter()
        .map(|z| norm * (-0.5 * z * z).exp())
        .collect();
    let scores: Vec<f64> = normals.iter().map(|z| s * z).collect();
    let atoms = WeightAtoms::new(&probability, &scores);
    let weights: Vec<[f64; 5]> = probability
        .iter()
        .zip(&normals)
        .map(|(p, z)| weighted_powers(*p, z - (s - offset)))
        .collect();
    let tau_step = resolution.score_step;
    let at = |index: i64| {
        let tau = index as f64 * tau_step;
        let mut powers = Powers::default();
        let mut rise = 0.0;
        for (weight, (p, k)) in weights.iter().zip(atoms.kernels(tau)) {
            rise += p * k.rise;
            let first = k.x * k.decay;
            let square = k.x * k.x;
            add_outer(
                &mut powers,
                weight,
                &[first, first * k.x, first * square, first * square * k.x],
            );
        }
        PowerNode {
            ln_phi: atoms.ln_phi(rise, tau),
            powers,
        }
    };
    let start = (-longest.ln() / tau_step).floor() as i64;
    Ok(PowerMoments {
        step: tau_step,
        nodes: walk(start, (shortest, longest), &at)?,
    })
}

fn by_convolution(
    s: f64,
    offset: f64,
    shortest: f64,
    longest: f64,
    resolution: &Resolution,
) -> Result<PowerMoments> {
    let convolution = Convolution::new(s, offset, resolution);
    let step = resolution.score_step;
    let at = |index: i64| {
        let (rise, powers) = convolution.at(index);
        PowerNode {
            ln_phi: ln_one_minus(rise),
            powers,
        }
    };
    // tau = s^2/2 + i step.
    let start = ((-longest.ln() - 0.5 * s * s) / step).floor() as i64;
    Ok(PowerMoments {
        step,
        nodes: walk(start, (shortest, longest), &at)?,
    })
}
