//! Weight moments of Gaussian scores: `w = e^{s Z - s^2/2}`, `Z` standard normal.
//!
//! With `x = t w = e^y`, `y = tau + ln w`, every expectation is a convolution of a fixed function of `y`
//! (a bump `e^{k y - e^y}`, or `1 - e^{-e^y}`) with the normal density of `ln w`. On one lattice for
//! `tau` and `ln w` the fixed functions are tabulated once. The tilt `e^{k^2 s^2 / 2}` is never formed.

use crate::exact::sums::integral::{Accuracy, WeightMoments, may_stop};
use crate::exact::value::UNIT;
use crate::law::Resolution;

/// Below this `y` the fixed functions are replaced by six terms of their series in `e^y`;
/// the first term left out is at most `e^{6 y} / 720 < 1e-18` of the first.
const SERIES_BELOW: f64 = -6.0;
/// Moments of the lattice points below the table: order 4 and five terms more.
const ORDERS: usize = 9;
/// Above this `y`, `e^{4 y - e^y} < 1e-22` and `1 - e^{-e^y}` is 1 in double precision.
const CONSTANT_ABOVE: f64 = 4.35;

/// Smallest `s` for which the score lattice of a resolution resolves the normal density.
pub(in crate::exact) fn smallest_deviation(resolution: &Resolution) -> f64 {
    resolution.score_step / resolution.standard_step
}

/// Weight moments for Gaussian scores of deviation `s >= smallest_deviation(resolution)`, good for all
/// lengths from `shortest >= 2` to `longest`.
pub(in crate::exact) fn moments(
    s: f64,
    shortest: f64,
    longest: f64,
    resolution: &Resolution,
) -> WeightMoments {
    let convolution = Convolution::new(s, resolution);
    let step = resolution.score_step;
    let mut nodes: Vec<(f64, [f64; 3])> = Vec::new();
    let at = |index: i64| {
        let [rise, b2, b3, b4] = convolution.at(index);
        (ln_one_minus(rise), [b2, b3, b4])
    };
    // tau = s^2/2 + i step. Start at tau = -ln longest, left of the maximum of every bump integral.
    let start = ((-longest.ln() - 0.5 * s * s) / step).floor() as i64;
    // The bump integrals are log-concave in tau (convolutions of log-concave functions), so once
    // L^k E[x^k e^{-x}] is this small the rest to the left is smaller than 1e-16 of L^k r_k >= L.
    let mut index = start;
    loop {
        let node = at(index);
        let [b2, b3, b4] = node.1;
        nodes.push(node);
        let negligible = [(b2, 2), (b3, 3), (b4, 4)]
            .iter()
            .all(|&(bump, k)| bump * longest.powi(k) <= 1e-17);
        if negligible {
            break;
        }
        index -= 1;
    }
    nodes.reverse();
    index = start;
    loop {
        index += 1;
        let node = at(index);
        nodes.push(node);
        if may_stop(shortest, longest, node.0, node.1[0]) {
            break;
        }
    }
    WeightMoments::new(step, &nodes, convolution.accuracy(s, &nodes, resolution))
}

/// Relative errors of a score lattice of step `h` for scores of deviation `s` (`gaussian-lattice`): of `1 - phi`, and integrated over `t`
/// of `r_2, r_3, r_4` and `E P_2^2`; with what is beyond its window, of mass at most `2e-17`: as much of each, and at most 40 times that
/// of `E P_2^2` (`gaussian-enclosure`).
pub(in crate::exact) fn of_score_lattice(s: f64, step: f64) -> (f64, [f64; 4]) {
    const WINDOW: f64 = 2e-17;
    // Any y below pi / (2 s) gives a bound.
    let heights =
        || (1..40).map(|i| f64::from(i) / 40.0 * (std::f64::consts::FRAC_PI_2 / s).min(60.0));
    let alias = |y: f64| 2.0 * (0.5 * y * y).exp() / (std::f64::consts::TAU * y / step).exp_m1();
    let least = |of: &dyn Fn(f64) -> f64| heights().map(of).fold(f64::INFINITY, f64::min);
    // 2 / (1 - 1/e), rounded up.
    let rise = least(&alias) * 3.17;
    let ratio = |order: i32| least(&|y| alias(y) * (s * y).cos().powi(-order)) + WINDOW;
    let squared = least(&|y| alias(y) * (2.0 + alias(y)) * (s * y).cos().powi(-4)) + 40.0 * WINDOW;
    (rise + WINDOW, [ratio(2), ratio(3), ratio(4), squared])
}

/// `ln phi` from `1 - phi`. Rounding may carry `1 - phi` to or past 1 where `phi` is below `1e-16`: it is zero
/// there. Where `1 - phi` is small, as at most nodes, five terms of the series do.
pub(in crate::exact) fn ln_one_minus(rise: f64) -> f64 {
    if rise < 5e-4 {
        -rise * (1.0 + rise * (0.5 + rise * (1.0 / 3.0 + rise * (0.25 + rise * 0.2))))
    } else if rise < 1.0 {
        libm::log1p(-rise)
    } else {
        f64::NEG_INFINITY
    }
}

/// Bounds of the sums of each bump over the lattice to the left of the first node: convolutions of log-concave sequences are
/// log-concave, so that they fall at least geometrically.
fn left_of(nodes: &[(f64, [f64; 3])]) -> [f64; 3] {
    let [(_, first), (_, second), ..] = nodes else {
        return [f64::INFINITY; 3];
    };
    [0, 1, 2].map(|k| {
        let ratio = first[k] / second[k] * (1.0 + 1e-9);
        if ratio < 1.0 {
            first[k] * ratio / (1.0 - ratio) * (1.0 + 1e-9)
        } else if second[k] == 0.0 {
            0.0
        } else {
            f64::INFINITY
        }
    })
}

/// The normal density of `ln w` and the fixed functions, on one lattice.
struct Convolution {
    step: f64,
    /// Probabilities of the lattice points `ln w = -s^2/2 + j step`, `j = first, first + 1, ...`.
    probability: Vec<f64>,
    first: i64,
    /// `below[k-1][j]`: sum over `i <= j` of `probability[i] e^{k (i - j) step}`, `k = 1..=9`.
    below: Vec<[f64; ORDERS]>,
    /// `above[j]`: sum over `i >= j` of `probability[i]`.
    above: Vec<f64>,
    /// `[1 - e^{-e^y}, e^{2y - e^y}, e^{3y - e^y}, e^{4y - e^y}]` at `y = (first_y + n) step`.
    table: Vec<[f64; 4]>,
    first_y: i64,
}

impl Convolution {
    fn new(s: f64, resolution: &Resolution) -> Self {
        let step = resolution.score_step;
        let (lower, upper) = resolution.normal_window(s);
        let first = -(lower * s / step).ceil() as i64;
        let last = (upper * s / step).ceil() as i64;
        let norm = step / (s * (2.0 * std::f64::consts::PI).sqrt());
        let probability: Vec<f64> = (first..=last)
            .map(|j| {
                let z = j as f64 * step / s;
                norm * libm::exp(-0.5 * z * z)
            })
            .collect();
        let mut decay = [0.0; ORDERS];
        for (k, factor) in decay.iter_mut().enumerate() {
            *factor = libm::exp(-(k as f64 + 1.0) * step);
        }
        let mut running = [0.0; ORDERS];
        let below = probability
            .iter()
            .map(|&p| {
                for (sum, factor) in running.iter_mut().zip(&decay) {
                    *sum = *sum * factor + p;
                }
                running
            })
            .collect();
        let mut total = 0.0;
        let mut above: Vec<f64> = probability
            .iter()
            .rev()
            .map(|&p| {
                total += p;
                total
            })
            .collect();
        above.reverse();
        let first_y = (SERIES_BELOW / step).ceil() as i64;
        let last_y = (CONSTANT_ABOVE / step).floor() as i64;
        let table = (first_y..=last_y)
            .map(|n| {
                let y = n as f64 * step;
                let x = libm::exp(y);
                let bump = x * x * libm::exp(-x);
                [-libm::expm1(-x), bump, bump * x, bump * x * x]
            })
            .collect();
        Self {
            step,
            probability,
            first,
            below,
            above,
            table,
            first_y,
        }
    }

    /// With a dyadic step, at which every `y` is a float: `x = e^y` is off by an exponential, a probability by that of the square
    /// of its `z`, which has three roundings; a sum by one rounding a term, those of the table's terms and those of the geometric
    /// sums below it, three a point.
    fn accuracy(&self, s: f64, nodes: &[(f64, [f64; 3])], resolution: &Resolution) -> Accuracy {
        let count = self.probability.len() as f64;
        let first = self.first as f64;
        let farthest = self.step / s * (-first).max(first + count);
        let (of_rise, of_ratios) = of_score_lattice(s, resolution.normal_step(s));
        Accuracy {
            of_x: 2.0 * UNIT,
            of_probability: UNIT * (2.0 * farthest * farthest + 12.0),
            of_sum: UNIT * (4.0 * count + 64.0),
            of_rise,
            of_ratios,
            left: left_of(nodes),
        }
    }

    /// `[1 - phi, E[x^2 e^{-x}], E[x^3 e^{-x}], E[x^4 e^{-x}]]` at `tau = s^2/2 + index step`.
    fn at(&self, index: i64) -> [f64; 4] {
        let count = self.probability.len() as i64;
        // Lattice point j (from 0) has y = (index + first + j) step.
        let offset = index + self.first;
        // j in window_start..window_end fall on the table.
        let window_start = (self.first_y - offset).clamp(0, count);
        let window_end = (self.first_y + self.table.len() as i64 - offset).clamp(0, count);
        let mut sums = [0.0; 4];
        if window_start < window_end {
            let weights = &self.probability[window_start as usize..window_end as usize];
            let from = (offset + window_start - self.first_y) as usize;
            sums = product(weights, &self.table[from..]);
        }
        if let Some(tail) = self.above.get(window_end as usize) {
            sums[0] += tail;
        }
        if let Some(last) = (window_start as usize).checked_sub(1)
            && let Some(below) = self.below.get(last)
        {
            self.add_series(&mut sums, (offset + last as i64) as f64 * self.step, below);
        }
        sums
    }

    /// Adds the contribution of all lattice points up to the one at `y`, below the table.
    fn add_series(&self, sums: &mut [f64; 4], y: f64, below: &[f64; ORDERS]) {
        let x = libm::exp(y);
        // moment[k] = E[x^{k+1}] over those points.
        let mut moment = [0.0; ORDERS];
        let mut power = 1.0;
        for (m, sum) in moment.iter_mut().zip(below) {
            power *= x;
            *m = power * sum;
        }
        let [m1, m2, m3, m4, m5, m6, m7, m8, m9] = moment;
        // x^k e^{-x} for k = 2, 3, 4, and 1 - e^{-x}.
        let exponential = |m: [f64; 6]| {
            let [a, b, c, d, e, f] = m;
            a - b + c / 2.0 - d / 6.0 + e / 24.0 - f / 120.0
        };
        sums[0] += m1 - m2 / 2.0 + m3 / 6.0 - m4 / 24.0 + m5 / 120.0 - m6 / 720.0;
        sums[1] += exponential([m2, m3, m4, m5, m6, m7]);
        sums[2] += exponential([m3, m4, m5, m6, m7, m8]);
        sums[3] += exponential([m4, m5, m6, m7, m8, m9]);
    }
}

/// `sum_j weights[j] rows[j]`, in four interleaved partial sums so that additions overlap.
fn product(weights: &[f64], rows: &[[f64; 4]]) -> [f64; 4] {
    let mut partial = [[0.0; 4]; 4];
    let mut weight_blocks = weights.chunks_exact(4);
    let mut row_blocks = rows[..weights.len()].chunks_exact(4);
    for (block, lines) in weight_blocks.by_ref().zip(row_blocks.by_ref()) {
        for ((sums, p), row) in partial.iter_mut().zip(block).zip(lines) {
            for (sum, entry) in sums.iter_mut().zip(row) {
                *sum += p * entry;
            }
        }
    }
    for (p, row) in weight_blocks.remainder().iter().zip(row_blocks.remainder()) {
        for (sum, entry) in partial[0].iter_mut().zip(row) {
            *sum += p * entry;
        }
    }
    let [a, b, c, d] = partial;
    [0, 1, 2, 3].map(|k| (a[k] + b[k]) + (c[k] + d[k]))
}
