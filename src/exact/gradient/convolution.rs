//! The normal density of the log-weights times powers of the score, convolved with the bumps `x^j e^{-x}`.

use crate::exact::gradient::nodes::Powers;
use crate::law::Resolution;

/// Below this `y` the bumps are replaced by six terms of their series, as in `lognormal.rs`.
const SERIES_BELOW: f64 = -6.0;
/// Above this `y` every bump is below `1e-22`.
const CONSTANT_ABOVE: f64 = 4.35;
/// Moments of the lattice points below the table: order 4 and five terms more.
const ORDERS: usize = 9;
/// `[p, p y, .., p y^4]`.
pub(in crate::exact) fn weighted_powers(p: f64, y: f64) -> [f64; 5] {
    let square = y * y;
    [p, p * y, p * square, p * square * y, p * square * square]
}

/// Adds `weight[q] bump[j]` to entry `[q][j]`.
pub(in crate::exact) fn add_outer(sums: &mut Powers, weights: &[f64; 5], bumps: &[f64; 4]) {
    for (row, weight) in sums.iter_mut().zip(weights) {
        for (sum, bump) in row.iter_mut().zip(bumps) {
            *sum += weight * bump;
        }
    }
}

/// The normal density of `ln w` times powers of the score, and the bumps, on one lattice.
pub(in crate::exact) struct Convolution {
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
    pub fn new(s: f64, offset: f64, resolution: &Resolution) -> Self {
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
    pub fn at(&self, index: i64) -> (f64, Powers) {
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
