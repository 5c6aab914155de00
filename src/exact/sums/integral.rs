//! Integrals over `t` of single-token expectations, as trapezoidal sums in `tau = ln t`.

use crate::exact::value::{MARGIN, UNIT};

/// Single-token expectations of the normalised weight `w` on the lattice `tau_i = origin + i step`.
///
/// With `x = t w` and `t = e^tau`: `ln phi = ln E e^{-x}` and the bumps `E[x^k e^{-x}]`, `k = 2, 3, 4`.
/// The lattice reaches so far that what lies beyond its ends is negligible for every length it was
/// made for.
#[derive(Debug, Clone)]
pub(in crate::exact) struct WeightMoments {
    step: f64,
    /// Nodes in blocks of [`LANES`], so that sums over them run in parallel lanes; the last block is
    /// filled up with nodes that count for nothing.
    blocks: Vec<Block>,
    /// Sums of the bumps and of the square of the first over the blocks up to each one.
    below: Vec<[f64; 4]>,
    accuracy: Accuracy,
}

/// How far the single-token expectations may be from the truth (theory, `gaussian-enclosure`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::exact) struct Accuracy {
    /// Bounds of the relative errors of every `x`, of a probability and of a sum of terms that are not negative.
    pub of_x: f64,
    pub of_probability: f64,
    pub of_sum: f64,
    /// Relative errors of the score lattice and its window in `1 - phi` and, integrated over `t`, in the ratios.
    pub of_rise: f64,
    pub of_ratios: [f64; 4],
    /// Bounds of the sums of the bumps over all lattice points to the left of the first node.
    pub left: [f64; 3],
}

/// Nodes evaluated side by side.
const LANES: usize = 4;

/// The expectations at [`LANES`] nodes.
#[derive(Debug, Clone, Copy)]
struct Block {
    ln_phi: [f64; LANES],
    phi: [f64; LANES],
    /// A bound of the error of `ln phi`.
    of_ln_phi: [f64; LANES],
    bumps: [[f64; LANES]; 3],
}

impl Block {
    fn new(nodes: &[(f64, [f64; 3])], accuracy: &Accuracy) -> Self {
        let mut block = Self {
            ln_phi: [f64::NEG_INFINITY; LANES],
            phi: [0.0; LANES],
            of_ln_phi: [f64::INFINITY; LANES],
            bumps: [[0.0; LANES]; 3],
        };
        for (lane, (ln_phi, bumps)) in nodes.iter().enumerate().take(LANES) {
            let phi = exp_non_positive(*ln_phi);
            block.ln_phi[lane] = *ln_phi;
            block.phi[lane] = phi;
            // 1 - phi is at most -ln phi and at most 1.
            block.of_ln_phi[lane] = accuracy.relative_of_rise() * ln_phi.abs().min(1.0) / phi
                + 4.0 * UNIT * ln_phi.abs();
            for (column, bump) in block.bumps.iter_mut().zip(bumps) {
                column[lane] = *bump;
            }
        }
        block
    }

    /// `phi^{length - 2}` at the nodes, and its exponents.
    fn power(&self, length: f64) -> ([f64; LANES], [f64; LANES]) {
        // For two tokens the power is 1 even where ln phi is -inf.
        let exponent = self.ln_phi.map(|ln_phi| {
            if length > 2.0 {
                (length - 2.0) * ln_phi
            } else {
                0.0
            }
        });
        let power = if exponent.iter().all(|&y| y > SERIES_ABOVE) {
            exponent.map(exp_series)
        } else {
            exponent.map(libm::exp)
        };
        (power, exponent)
    }

    /// Adds bounds of the errors of the terms of the four sums that come from the powers of `phi`.
    fn add_errors(
        &self,
        length: f64,
        power: &[f64; LANES],
        exponent: &[f64; LANES],
        to: &mut [f64; 4],
    ) {
        let [b2, b3, b4] = &self.bumps;
        for lane in 0..LANES {
            let relative = (length - 1.0) * self.of_ln_phi[lane] + UNIT * (12.0 - exponent[lane]);
            let full = power[lane] * self.phi[lane];
            let (one, two) = if relative < FIRST_ORDER {
                (full * relative, power[lane] * relative)
            } else {
                // The largest powers that phi can have: it is off by at most its own error times phi.
                let ln_phi = self.most_ln_phi(lane);
                let two = if length > 2.0 {
                    libm::exp((length - 2.0) * ln_phi)
                } else {
                    UNIT
                };
                (libm::exp((length - 1.0) * ln_phi), two)
            };
            to[0] += b2[lane] * one;
            to[1] += b3[lane] * one;
            to[2] += b4[lane] * one;
            to[3] += b2[lane] * b2[lane] * two;
        }
    }

    /// An upper bound of `ln phi`, from `phi` and the error of `1 - phi`.
    fn most_ln_phi(&self, lane: usize) -> f64 {
        let phi = self.phi[lane];
        let most = phi * (1.0 + self.of_ln_phi[lane]);
        // Where phi is 0 its error is that of 1 - phi, which is below 1e-9 for every s that is served.
        let most = if most.is_nan() { 1e-9 } else { most };
        libm::log(most.min(1.0)).min(0.0)
    }
}

/// `r_2, r_3, r_4` and `E P_2^2`, and bounds of their errors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::exact) struct RawRatios {
    pub values: [f64; 4],
    pub errors: [f64; 4],
}

/// Relative errors up to which [`MARGIN`] covers terms of second order.
const FIRST_ORDER: f64 = 1e-4;
/// A lattice sum of `y^k e^{-y}`, `k = 1` to 4, beyond a node is at most this many times the integral (`lattice-ends`): the function of
/// `ln y` has one maximum.
pub(in crate::exact) const OF_END: f64 = 1.5;
/// The relative error of the lattice in `ln t` (`outer-lattice`) up to order 4, at steps of at most 3/16.
const OUTER_LATTICE: f64 = 2e-17;
/// What may be left out of a ratio, relatively.
const NEGLIGIBLE: f64 = 1e-18;

impl Accuracy {
    fn relative_of_rise(&self) -> f64 {
        self.of_x + self.of_probability + self.of_sum + self.of_rise
    }

    /// Of the ratios by the errors of the bumps: an error of every `x` changes `x^k e^{-x}` by `(k + x) x^k e^{-x}`, of which the
    /// integral is at most `2 k` times that of `x^k e^{-x}`, since `E P_{k+1} <= E P_k`.
    fn relative(&self) -> [f64; 4] {
        let other = self.of_probability + self.of_sum + OUTER_LATTICE;
        let [second, third, fourth, squared] = self.of_ratios;
        [
            4.0 * self.of_x + other + second,
            6.0 * self.of_x + other + third,
            8.0 * self.of_x + other + fourth,
            12.0 * self.of_x + 2.0 * other + squared,
        ]
    }
}

impl WeightMoments {
    /// Collects nodes `(ln phi, bumps)` in increasing order of `tau`.
    pub fn new(step: f64, nodes: &[(f64, [f64; 3])], accuracy: Accuracy) -> Self {
        let blocks: Vec<Block> = nodes
            .chunks(LANES)
            .map(|nodes| Block::new(nodes, &accuracy))
            .collect();
        let below = blocks
            .iter()
            .scan([0.0; 4], |sums, block| {
                let [b2, b3, b4] = &block.bumps;
                for lane in 0..LANES {
                    sums[0] += b2[lane];
                    sums[1] += b3[lane];
                    sums[2] += b4[lane];
                    sums[3] += b2[lane] * b2[lane];
                }
                Some(*sums)
            })
            .collect();
        Self {
            step,
            blocks,
            below,
            accuracy,
        }
    }

    /// Participation ratios of `length >= 2` tokens.
    ///
    /// `E P_k = L INT E[x^k e^{-x}] / (k-1)! phi^{L-1} dtau` and
    /// `E P_2^2 = E P_4 + L (L-1) INT E[x^2 e^{-x}]^2 / 6 phi^{L-2} dtau` (T2).
    pub fn ratios(&self, length: f64) -> RawRatios {
        let scale = self.step * length;
        let factors = [
            scale,
            scale / 2.0,
            scale / 6.0,
            scale * (length - 1.0) / 6.0,
        ];
        // r_k is at least L^{1-k}: what adds up to less than 1e-18 of that is left out; so are the nodes from which on
        // phi^{L-2} is below e^{-60} L^{-4}.
        let least = [1.0, 2.0, 3.0, 2.0].map(|k| NEGLIGIBLE * length.powf(-k));
        let start = self
            .below
            .partition_point(|sums| (0..4).all(|k| sums[k] * factors[k] <= least[k]));
        let last_exponent = -60.0 - 4.0 * length.ln();
        let end = self.blocks.partition_point(|block| {
            length <= 2.0 || (length - 2.0) * block.ln_phi[0] > last_exponent
        });
        let mut sums = [[0.0; LANES]; 4];
        let mut errors = [0.0; 4];
        for block in self.blocks.get(start..end).unwrap_or_default() {
            let (power, exponent) = block.power(length);
            let [b2, b3, b4] = &block.bumps;
            for lane in 0..LANES {
                let full = power[lane] * block.phi[lane];
                sums[0][lane] += b2[lane] * full;
                sums[1][lane] += b3[lane] * full;
                sums[2][lane] += b4[lane] * full;
                sums[3][lane] += b2[lane] * b2[lane] * power[lane];
            }
            block.add_errors(length, &power, &exponent, &mut errors);
        }
        let sums = sums.map(|lanes| lanes.iter().sum::<f64>());
        let of_sum = UNIT * ((end.saturating_sub(start) as f64) + 12.0);
        let relative = self.accuracy.relative();
        let ends = self.ends(length, start, end);
        let mut values = [0.0; 4];
        for k in 0..4 {
            values[k] = sums[k] * factors[k];
            errors[k] = errors[k] * factors[k] + ends[k] + (of_sum + relative[k]) * values[k];
        }
        values[3] += values[2];
        errors[3] += errors[2];
        RawRatios {
            values,
            errors: errors.map(|error| MARGIN * error),
        }
    }

    /// Bounds of what the nodes before and after these blocks add to the four terms (`lattice-ends`).
    fn ends(&self, length: f64, start: usize, end: usize) -> [f64; 4] {
        let scale = self.step * length;
        let before = match start.checked_sub(1) {
            Some(last) => self.below.get(last).copied().unwrap_or_default(),
            None => [0.0; 4],
        };
        let [left_2, left_3, left_4] = self.accuracy.left;
        // To the left of the lattice the first bump is at most what it is at its first node.
        let first = self.blocks.first().map_or(0.0, |block| block.bumps[0][0]);
        let after = match self.blocks.get(end) {
            // By phi^{L-2} and E Q_k <= 1.
            Some(next) => {
                OF_END * length * ((length - 2.0) * self.most_ln_phi(next.ln_phi[0])).exp()
            }
            None => self.right_end(length),
        };
        [
            scale * (before[0] + left_2) + after,
            0.5 * scale * (before[1] + left_3) + after,
            scale / 6.0 * (before[2] + left_4) + after,
            length * scale / 6.0 * (before[3] + first * left_2) + length * after,
        ]
    }

    /// An upper bound of `ln phi`, which is known as well as `1 - phi`.
    fn most_ln_phi(&self, ln_phi: f64) -> f64 {
        (ln_phi.exp_m1() * (1.0 - self.accuracy.relative_of_rise())).ln_1p()
    }

    /// `L phi^{L-1} E Q_4(x)` beyond the last node, `Q_4(x) = e^{-x} (1 + x + x^2/2 + x^3/6)`, which bounds the ends of all
    /// ratios; `E[x e^{-x}]^2 <= E[x^2 e^{-x}] phi`.
    fn right_end(&self, length: f64) -> f64 {
        let nodes = self.blocks.iter().rev().flat_map(|block| {
            (0..LANES)
                .rev()
                .map(|lane| (block.ln_phi[lane], block.bumps.map(|bump| bump[lane])))
        });
        // Blocks are filled up with nodes at -inf.
        let Some((ln_phi, [b2, b3, _])) = nodes.into_iter().find(|(_, bumps)| bumps[0] > 0.0)
        else {
            return f64::INFINITY;
        };
        let ln_phi = self.most_ln_phi(ln_phi);
        let phi = ln_phi.exp();
        let cut = phi + (b2 * phi).sqrt() + 0.5 * b2 + b3 / 6.0;
        OF_END * length * ((length - 1.0) * ln_phi).exp() * cut
    }
}

/// Exponents above this are served by [`exp_series`].
const SERIES_ABOVE: f64 = -0.05;

/// `e^y` for `-0.05 < y <= 0`, as at most nodes: nine terms of the series do within `1e-17` and cost less
/// than an exponential.
fn exp_series(y: f64) -> f64 {
    let last = 1.0 / 5_040.0 + y / 40_320.0;
    let tail = 1.0 / 24.0 + y * (1.0 / 120.0 + y * (1.0 / 720.0 + y * last));
    1.0 + y * (1.0 + y * (0.5 + y * (1.0 / 6.0 + y * tail)))
}

/// `e^y` for `y <= 0`.
pub(in crate::exact) fn exp_non_positive(y: f64) -> f64 {
    if y > SERIES_ABOVE {
        exp_series(y)
    } else {
        libm::exp(y)
    }
}

/// Natural logarithm of a bound of what a participation integral of `length` tokens loses beyond a
/// node: `E[(1 + t W) e^{-t W}] = phi^L + L E[x e^{-x}] phi^{L-1}`, with
/// `E[x e^{-x}]^2 <= E[x^2 e^{-x}] phi`.
fn ln_right_tail(length: f64, ln_phi: f64, bump: f64) -> f64 {
    let none = length * ln_phi;
    let one = length.ln() + 0.5 * bump.ln() + (length - 0.5) * ln_phi;
    none.max(one) + std::f64::consts::LN_2
}

/// True if integrals for all lengths from `shortest` to `longest` may stop at a node on the right.
///
/// The remainder is then below `1e-19 / L^3`, and the smallest integral, `r_4`, is at least `1 / L^3`.
pub(in crate::exact) fn may_stop(shortest: f64, longest: f64, ln_phi: f64, bump: f64) -> bool {
    // The remainder is at least phi^L: at most nodes that settles it without a logarithm.
    if !(shortest * ln_phi <= -44.0) {
        return false;
    }
    // A phi that rounded to zero gives -inf, and a NaN bump cannot stop anything.
    [shortest, longest]
        .iter()
        .all(|&length| ln_right_tail(length, ln_phi, bump) <= -44.0 - 3.0 * length.ln())
}

#[cfg(test)]
mod tests {
    use crate::exact::sums::integral::*;

    #[test]
    fn equal_weights_have_closed_form_ratios() {
        // w = 1: E[x^k e^{-x}] = t^k e^{-t}, phi = e^{-t}; r_k = L^{1-k} and E P_2^2 = L^{-2}.
        let step = 0.15;
        let nodes: Vec<(f64, [f64; 3])> = (-200..40)
            .map(|i| {
                let t = (f64::from(i) * step).exp();
                (-t, [2, 3, 4].map(|k| t.powi(k) * (-t).exp()))
            })
            .collect();
        let exact = Accuracy {
            of_x: 0.0,
            of_probability: 0.0,
            of_sum: UNIT,
            of_rise: 0.0,
            of_ratios: [0.0; 4],
            left: [0.0; 3],
        };
        let moments = WeightMoments::new(step, &nodes, exact);
        for length in [2.0, 3.0, 17.0, 1000.0] {
            let r = moments.ratios(length);
            for (place, exponent) in [1, 2, 3, 2].into_iter().enumerate() {
                let truth = length.powi(-exponent);
                let (value, error) = (r.values[place], r.errors[place]);
                assert!(
                    (value - truth).abs() <= error && error <= 1e-11 * truth,
                    "{value} {error} {truth}"
                );
            }
        }
    }

    #[test]
    fn the_right_tail_is_bounded() {
        // w = 1 and L = 2: the remainder of r_2 beyond t0 is 2 INT t e^{-2t} dt = (t0 + 1/2) e^{-2 t0}.
        let t0: f64 = 3.0;
        let bound = ln_right_tail(2.0, -t0, t0 * t0 * (-t0).exp()).exp();
        assert!(bound >= (t0 + 0.5) * (-2.0 * t0).exp());
    }
}
