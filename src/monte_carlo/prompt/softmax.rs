//! Sums over the tokens of one prompt with softmax weights, in pieces, without overflow.

use crate::law::exponential;

/// `1`, `w`, ... summed over the tokens of a prompt so far: `w_i = e^{S_i - shift}`.
///
/// `shift` is the largest score so far. When a piece of the prompt has a larger one, everything is
/// multiplied by the matching power of `e^{old - new}`, so weights never exceed 1 and scores may have any
/// size; the largest weight of a prompt is exactly 1.
#[derive(Debug, Clone, Copy)]
pub(in crate::monte_carlo) struct WeightSums {
    /// The largest score so far.
    pub shift: f64,
    /// `sum w`.
    pub one: f64,
    /// `sum w^2`.
    pub two: f64,
    /// `sum w^3`.
    pub three: f64,
}

impl WeightSums {
    pub fn new() -> Self {
        Self {
            shift: f64::NEG_INFINITY,
            one: 0.0,
            two: 0.0,
            three: 0.0,
        }
    }

    /// Makes room for scores up to `largest`; the factor by which sums that are linear in `w` shrink, if
    /// they do.
    pub fn raise(&mut self, largest: f64) -> Option<f64> {
        if !(largest > self.shift) {
            return None;
        }
        let factor = exponential(self.shift - largest);
        self.shift = largest;
        self.one *= factor;
        self.two *= factor * factor;
        self.three *= factor * factor * factor;
        Some(factor)
    }

    /// Adds the weights of a piece.
    pub fn add(&mut self, weights: &[f64]) {
        let (one, two, three) = power_sums(weights);
        self.one += one;
        self.two += two;
        self.three += three;
    }

    /// `P_2`.
    pub fn participation_two(&self) -> f64 {
        self.two / (self.one * self.one)
    }

    /// `P_3`.
    pub fn participation_three(&self) -> f64 {
        self.three / (self.one * self.one * self.one)
    }
}

/// Lanes of a reduction: sums run in this many independent partial sums, in a fixed order, so that the
/// compiler may use vector registers and the result does not depend on which.
const LANES: usize = 8;

/// The sum of the lanes, in pairs.
#[inline(always)]
fn across(lanes: [f64; LANES]) -> f64 {
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

/// `sum x_i y_i` over the shorter of the two.
#[inline]
pub(in crate::monte_carlo) fn dot(x: &[f64], y: &[f64]) -> f64 {
    // Cut to one length first: the groups of both must begin and end together.
    let length = x.len().min(y.len());
    let ((x, _), (y, _)) = (x.split_at(length), y.split_at(length));
    let (x_groups, x_rest) = x.as_chunks::<LANES>();
    let (y_groups, y_rest) = y.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for (x, y) in x_groups.iter().zip(y_groups) {
        for k in 0..LANES {
            lanes[k] += x[k] * y[k];
        }
    }
    let rest: f64 = x_rest.iter().zip(y_rest).map(|(x, y)| x * y).sum();
    across(lanes) + rest
}

/// The largest number; NaN is passed over and shows up in the weights instead.
#[inline]
pub(in crate::monte_carlo) fn largest(x: &[f64]) -> f64 {
    let (groups, rest) = x.as_chunks::<LANES>();
    let mut lanes = [f64::NEG_INFINITY; LANES];
    for group in groups {
        for (lane, x) in lanes.iter_mut().zip(group) {
            *lane = if *x > *lane { *x } else { *lane };
        }
    }
    lanes
        .iter()
        .chain(rest)
        .fold(f64::NEG_INFINITY, |m, x| if *x > m { *x } else { m })
}

/// `(sum w, sum w^2, sum w^3)`.
#[inline]
fn power_sums(weights: &[f64]) -> (f64, f64, f64) {
    let (groups, rest) = weights.as_chunks::<LANES>();
    let (mut one, mut two, mut three) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
    for group in groups {
        for k in 0..LANES {
            let w = group[k];
            one[k] += w;
            two[k] += w * w;
            three[k] += w * w * w;
        }
    }
    let mut sums = (across(one), across(two), across(three));
    for w in rest {
        sums.0 += w;
        sums.1 += w * w;
        sums.2 += w * w * w;
    }
    sums
}

/// Replaces each `x` by `e^{scale x - shift}`, within two units in the last place of the exponential of that
/// argument; see the conditions of the exponential: the argument is at most 0.
#[inline]
pub fn exponentials(numbers: &[f64], scale: f64, shift: f64, weights: &mut [f64]) {
    for (weight, x) in weights.iter_mut().zip(numbers) {
        *weight = exponential(scale * x - shift);
    }
}

/// Weighted sums over the tokens of one prompt, all coordinates: the plain route.
///
/// Tokens come in pieces, coordinate by coordinate: `piece[j T + t]` is coordinate `j` of token `t`.
#[derive(Debug)]
pub(in crate::monte_carlo) struct TokenSums {
    dimension: usize,
    capacity: usize,
    piece: Vec<f64>,
    scores: Vec<f64>,
    weights: Vec<f64>,
    /// Weight times one coordinate.
    weighted: Vec<f64>,
    /// Sums of the weights.
    pub weight_sums: WeightSums,
    /// `sum w x`.
    pub first: Vec<f64>,
    /// `sum w x x^T`, columns of the upper triangle; empty if it is not wanted.
    pub second: Vec<f64>,
}

/// Numbers in a piece, about: half of a first-level cache.
const PIECE: usize = 2048;

impl TokenSums {
    /// For tokens of this dimension, with or without second moments.
    pub fn new(dimension: usize, second: bool) -> Self {
        let capacity = (PIECE / dimension.max(1) / LANES * LANES).clamp(LANES, 256);
        Self {
            dimension,
            capacity,
            piece: vec![0.0; dimension * capacity],
            scores: vec![0.0; capacity],
            weights: vec![0.0; capacity],
            weighted: vec![0.0; capacity],
            weight_sums: WeightSums::new(),
            first: vec![0.0; dimension],
            second: vec![0.0; if second { dimension * dimension } else { 0 }],
        }
    }

    /// Runs through a prompt of `length` tokens with scores `<tilt, x>`.
    ///
    /// `fill(piece, capacity, count)` writes `count` tokens, coordinate `j` of token `t` to
    /// `piece[j capacity + t]`.
    pub fn prompt(
        &mut self,
        length: u64,
        tilt: &[f64],
        mut fill: impl FnMut(&mut [f64], usize, usize),
    ) {
        self.weight_sums = WeightSums::new();
        self.first.fill(0.0);
        self.second.fill(0.0);
        let mut left = length;
        while left > 0 {
            let count = left.min(self.capacity as u64) as usize;
            fill(&mut self.piece, self.capacity, count);
            self.add_piece(tilt, count);
            left -= count as u64;
        }
    }

    fn add_piece(&mut self, tilt: &[f64], count: usize) {
        // All slices have the capacity or more, so none of these splits can fail.
        let (scores, _) = self.scores.split_at_mut(count);
        let (weights, _) = self.weights.split_at_mut(count);
        let (weighted, _) = self.weighted.split_at_mut(count);
        scores_of(&self.piece, self.capacity, tilt, scores);
        if let Some(factor) = self.weight_sums.raise(largest(scores)) {
            self.first.iter_mut().for_each(|sum| *sum *= factor);
            self.second.iter_mut().for_each(|sum| *sum *= factor);
        }
        exponentials(scores, 1.0, self.weight_sums.shift, weights);
        self.weight_sums.add(weights);
        let rows = || self.piece.chunks_exact(self.capacity);
        for (sum, row) in self.first.iter_mut().zip(rows()) {
            *sum += dot(weights, row);
        }
        let columns = self.second.chunks_exact_mut(self.dimension);
        for (place, (row, column)) in rows().zip(columns).enumerate() {
            for ((product, weight), x) in weighted.iter_mut().zip(weights.iter()).zip(row) {
                *product = weight * x;
            }
            // The column ends at the diagonal: `x_j x_k` for `k <= j` only.
            for (sum, other) in column.iter_mut().zip(rows()).take(place + 1) {
                *sum += dot(weighted, other);
            }
        }
    }
}

/// `scores[t] = sum_j tilt_j x_jt`, four coordinates at a time.
fn scores_of(piece: &[f64], capacity: usize, tilt: &[f64], scores: &mut [f64]) {
    scores.fill(0.0);
    let (quads, rest) = tilt.as_chunks::<4>();
    let mut rows = piece.chunks_exact(capacity);
    for [a, b, c, d] in quads {
        let (Some(u), Some(v), Some(w), Some(x)) =
            (rows.next(), rows.next(), rows.next(), rows.next())
        else {
            return;
        };
        let four = u.iter().zip(v).zip(w.iter().zip(x));
        for (score, ((u, v), (w, x))) in scores.iter_mut().zip(four) {
            *score += (a * u + b * v) + (c * w + d * x);
        }
    }
    for (a, row) in rest.iter().zip(rows) {
        for (score, x) in scores.iter_mut().zip(row) {
            *score += a * x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reductions_are_right_for_every_length() {
        let x: Vec<f64> = (0..40).map(|k| (0.3 + f64::from(k)).sin()).collect();
        let y: Vec<f64> = (0..40).map(|k| (1.7 * f64::from(k)).cos()).collect();
        for n in 0..33 {
            let wanted: f64 = x[..n].iter().zip(&y).map(|(x, y)| x * y).sum();
            assert!((dot(&x[..n], &y) - wanted).abs() < 1e-14);
            assert!((dot(&y, &x[..n]) - wanted).abs() < 1e-14);
            let top = x[..n].iter().copied().fold(f64::NEG_INFINITY, f64::max);
            assert_eq!(largest(&x[..n]), top);
            let powers = power_sums(&x[..n]);
            let power = |k: i32| x[..n].iter().map(|x| x.powi(k)).sum::<f64>();
            assert!((powers.0 - power(1)).abs() < 1e-14);
            assert!((powers.1 - power(2)).abs() < 1e-14);
            assert!((powers.2 - power(3)).abs() < 1e-14);
        }
    }

    /// Tokens in increasing order of score, so that every piece moves the shift, against one plain pass.
    #[test]
    fn pieces_are_joined_with_their_shifts() {
        for (dimension, length) in [(1, 1), (1, 700), (3, 257), (5, 1000), (300, 20)] {
            let tilt: Vec<f64> = (0..dimension).map(|j| 1.0 / (1.0 + j as f64)).collect();
            let token = |t: usize, j: usize| ((t * 31 + j * 17) as f64).sin() + 3e-3 * t as f64;
            let mut sums = TokenSums::new(dimension, true);
            let mut done = 0;
            sums.prompt(length as u64, &tilt, |piece, capacity, count| {
                for t in 0..count {
                    for j in 0..dimension {
                        piece[j * capacity + t] = token(done + t, j);
                    }
                }
                done += count;
            });
            assert_eq!(done, length);
            let score = |t: usize| (0..dimension).map(|j| tilt[j] * token(t, j)).sum::<f64>();
            let top = (0..length).map(score).fold(f64::NEG_INFINITY, f64::max);
            assert!((sums.weight_sums.shift - top).abs() < 1e-12);
            let sum = |f: &dyn Fn(usize, f64) -> f64| -> f64 {
                (0..length).map(|t| f(t, (score(t) - top).exp())).sum()
            };
            let close =
                |x: f64, y: f64| assert!((x - y).abs() < 1e-11 * (1.0 + y.abs()), "{x} {y}");
            close(sums.weight_sums.one, sum(&|_, w| w));
            close(sums.weight_sums.two, sum(&|_, w| w * w));
            close(sums.weight_sums.three, sum(&|_, w| w * w * w));
            for j in 0..dimension {
                close(sums.first[j], sum(&|t, w| w * token(t, j)));
                for k in j..dimension.min(j + 3) {
                    let wanted = sum(&|t, w| w * token(t, j) * token(t, k));
                    close(sums.second[k * dimension + j], wanted);
                }
            }
        }
    }
}
