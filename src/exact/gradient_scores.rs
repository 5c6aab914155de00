//! Powers of Gaussian scores under the weights: `E[x^j y^q e^{-x}]` on a lattice in `tau = ln t`.
//!
//! As in `lognormal.rs`, with `x = e^{tau + ln w}` every expectation is a convolution of a fixed bump with
//! the normal density of `ln w`, here times a power of the score; for small `s` it is a sum over normal atoms.

use super::gradient_nodes::{GradientFactors, PowerMoments, PowerNode, Powers};
use super::integral::may_stop;
use super::lognormal::{ln_one_minus, smallest_deviation};
use super::participation::{check_deviation, range};
use super::weights::{WeightAtoms, kernel, too_wide};
use crate::error::Result;
use crate::law::Resolution;
use crate::parameter::PromptLength;

/// Below this `y` the bumps are replaced by six terms of their series, as in `lognormal.rs`.
const SERIES_BELOW: f64 = -6.0;
/// Above this `y` every bump is below `1e-22`.
const CONSTANT_ABOVE: f64 = 4.35;
/// Moments of the lattice points below the table: order 4 and five terms more.
const ORDERS: usize = 9;
/// Spacing of the centres in standard deviations of a score: with the mean of the weighted scores within 2 of
/// the centre, its fourth power is a small number and little cancels.
const CENTRES: f64 = 4.0;
/// Nodes beyond which a lattice is refused.
const MOST_NODES: usize = 200_000;

/// The score factors of the key-query gradient for scores of deviation `s`, one result a length.
///
/// `s = 0` is served too: the factors are those of uniform weights, and independent of the direction that
/// the standardised score then stands for.
///
/// # Errors
/// If `s` is negative, not finite or above 200.
pub(super) fn gradient_factors(s: f64, lengths: &[PromptLength]) -> Result<Vec<GradientFactors>> {
    check_deviation(s)?;
    let mut results = centred_factors(s, 0.0, lengths)?;
    // Where few tokens have all the weight their scores are about 0, far from the tilted mean s: the
    // factors are small differences unless the scores are taken about E mean = s (1 - r_2).
    let offsets: Vec<f64> = results
        .iter()
        .map(|r| CENTRES * (s * r.participation.value / CENTRES).round())
        .collect();
    let mut centres = offsets.clone();
    centres.sort_by(f64::total_cmp);
    centres.dedup();
    for centre in centres.into_iter().filter(|&centre| centre != 0.0) {
        let places = |offset: f64| offset == centre;
        let group: Vec<PromptLength> = lengths
            .iter()
            .zip(&offsets)
            .filter(|(_, offset)| places(**offset))
            .map(|(length, _)| *length)
            .collect();
        let mut better = centred_factors(s, centre, &group)?.into_iter();
        for (result, offset) in results.iter_mut().zip(&offsets) {
            if places(*offset)
                && let Some(found) = better.next()
            {
                *result = found;
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

/// True if what lies to the left of these expectations does not count: the integrals with a factor of degree
/// `j` fall as `t^j`, and the smallest one that matters is at least `L^{1-j}` times the same power of the score.
fn is_negligible(longest: f64, powers: &Powers) -> bool {
    let [[_, b2, b3, b4], _, _, _, [_, y2, y3, y4]] = powers;
    [(b2 + y2, 2), (b3 + y3, 3), (b4 + y4, 4)]
        .iter()
        .all(|&(bump, order)| bump * longest.powi(order) <= 1e-17)
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

/// `[p, p y, .., p y^4]`.
fn weighted_powers(p: f64, y: f64) -> [f64; 5] {
    let square = y * y;
    [p, p * y, p * square, p * square * y, p * square * square]
}

/// Adds `weight[q] bump[j]` to entry `[q][j]`.
fn add_outer(sums: &mut Powers, weights: &[f64; 5], bumps: &[f64; 4]) {
    for (row, weight) in sums.iter_mut().zip(weights) {
        for (sum, bump) in row.iter_mut().zip(bumps) {
            *sum += weight * bump;
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
    let weights: Vec<([f64; 5], f64)> = atoms
        .iter()
        .zip(&normals)
        .map(|((p, ln_w), z)| (weighted_powers(p, z - (s - offset)), ln_w))
        .collect();
    let tau_step = resolution.score_step;
    let at = |index: i64| {
        let tau = index as f64 * tau_step;
        let mut powers = Powers::default();
        let mut rise = 0.0;
        for (weight, ln_w) in &weights {
            let k = kernel(tau + ln_w);
            let [p, ..] = weight;
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

/// The normal density of `ln w` times powers of the score, and the bumps, on one lattice.
struct Convolution {
    step: f64,
    /// `p y^q` of the lattice points `ln w = -s^2/2 + j step`, `j = first, first + 1, ...`.
    weights: Vec<[f64; 5]>,
    first: i64,
    /// `below[j][q][k-1]`: sum over `i <= j` of `p_i y_i^q e^{k (i - j) step}`, `k = 1..=9`.
    below: Vec<[[f64; ORDERS]; 5]>,
    /// `above[j]`: sum over `i >= j` of `p_i`.
    above: Vec<f64>,
    /// `1 - e^{-x}` and the bumps `x^j e^{-x}`, `x = e^y`, at `y = (first_y + n) step`.
    table: Vec<(f64, [f64; 4])>,
    first_y: i64,
}

impl Convolution {
    fn new(s: f64, offset: f64, resolution: &Resolution) -> Self {
        let step = resolution.score_step;
        let (lower, upper) = resolution.normal_window(s);
        let first = -(lower * s / step).ceil() as i64;
        let last = (upper * s / step).ceil() as i64;
        let norm = step / (s * (2.0 * std::f64::consts::PI).sqrt());
        let weights: Vec<[f64; 5]> = (first..=last)
            .map(|j| {
                let z = j as f64 * step / s;
                weighted_powers(norm * (-0.5 * z * z).exp(), z - (s - offset))
            })
            .collect();
        let mut decay = [0.0; ORDERS];
        for (k, factor) in decay.iter_mut().enumerate() {
            *factor = (-(k as f64 + 1.0) * step).exp();
        }
        let mut running = [[0.0; ORDERS]; 5];
        let below = weights
            .iter()
            .map(|weight| {
                for (row, w) in running.iter_mut().zip(weight) {
                    for (sum, factor) in row.iter_mut().zip(&decay) {
                        *sum = *sum * factor + w;
                    }
                }
                running
            })
            .collect();
        let mut total = 0.0;
        let mut above: Vec<f64> = weights
            .iter()
            .rev()
            .map(|&[p, ..]| {
                total += p;
                total
            })
            .collect();
        above.reverse();
        let first_y = (SERIES_BELOW / step).ceil() as i64;
        let last_y = (CONSTANT_ABOVE / step).floor() as i64;
        let table = (first_y..=last_y)
            .map(|n| {
                let x = (n as f64 * step).exp();
                let bump = x * (-x).exp();
                (
                    -(-x).exp_m1(),
                    [bump, bump * x, bump * x * x, bump * x * x * x],
                )
            })
            .collect();
        Self {
            step,
            weights,
            first,
            below,
            above,
            table,
            first_y,
        }
    }

    /// `1 - phi` and the powers at `tau = s^2/2 + index step`.
    fn at(&self, index: i64) -> (f64, Powers) {
        let count = self.weights.len() as i64;
        // Lattice point j (from 0) has y = (index + first + j) step.
        let offset = index + self.first;
        // j in start..end fall on the table.
        let start = (self.first_y - offset).clamp(0, count);
        let end = (self.first_y + self.table.len() as i64 - offset).clamp(0, count);
        let mut powers = Powers::default();
        let mut rise = 0.0;
        let from = (offset + start - self.first_y).max(0) as usize;
        let on_table = self
            .weights
            .get(start as usize..end as usize)
            .unwrap_or_default();
        for (weight, (share, bumps)) in on_table.iter().zip(self.table.iter().skip(from)) {
            let [p, ..] = weight;
            rise += p * share;
            add_outer(&mut powers, weight, bumps);
        }
        if let Some(tail) = self.above.get(end.max(start) as usize) {
            rise += tail;
        }
        if let Some(last) = (start as usize).checked_sub(1)
            && let Some(below) = self.below.get(last)
        {
            let x = ((offset + last as i64) as f64 * self.step).exp();
            rise += add_series(&mut powers, x, below);
        }
        (rise, powers)
    }
}

/// Adds the contribution of all lattice points up to the one at `x`, below the table; returns that to `1 - phi`.
fn add_series(powers: &mut Powers, x: f64, below: &[[f64; ORDERS]; 5]) -> f64 {
    const FACTORIALS: [f64; 6] = [1.0, -1.0, 0.5, -1.0 / 6.0, 1.0 / 24.0, -1.0 / 120.0];
    let mut power = [0.0; ORDERS];
    let mut product = 1.0;
    for entry in &mut power {
        product *= x;
        *entry = product;
    }
    for (row, sums) in powers.iter_mut().zip(below) {
        let mut moments = [0.0; ORDERS];
        for ((moment, sum), power) in moments.iter_mut().zip(sums).zip(&power) {
            *moment = sum * power;
        }
        // x^j e^{-x}: moments j to j + 5.
        for (entry, terms) in row.iter_mut().zip(moments.windows(6)) {
            *entry += terms
                .iter()
                .zip(&FACTORIALS)
                .map(|(m, f)| m * f)
                .sum::<f64>();
        }
    }
    // 1 - e^{-x} = x - x^2/2 + ...
    let [sums, ..] = below;
    let mut factorial = -1.0;
    let mut rise = 0.0;
    for (k, (sum, power)) in sums.iter().zip(&power).take(6).enumerate() {
        factorial /= -(k as f64 + 1.0);
        rise += sum * power * factorial;
    }
    rise
}
