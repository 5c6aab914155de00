//! Integrals over `t` of single-token expectations, as trapezoidal sums in `tau = ln t`.

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
    /// Sums of `E[x^2 e^{-x}]` over the blocks up to each one.
    second_below: Vec<f64>,
}

/// Nodes evaluated side by side.
const LANES: usize = 4;

/// The expectations at [`LANES`] nodes.
#[derive(Debug, Clone, Copy)]
struct Block {
    ln_phi: [f64; LANES],
    phi: [f64; LANES],
    bumps: [[f64; LANES]; 3],
}

impl Block {
    fn new(nodes: &[(f64, [f64; 3])]) -> Self {
        let mut block = Self {
            ln_phi: [f64::NEG_INFINITY; LANES],
            phi: [0.0; LANES],
            bumps: [[0.0; LANES]; 3],
        };
        for (lane, (ln_phi, bumps)) in nodes.iter().enumerate().take(LANES) {
            block.ln_phi[lane] = *ln_phi;
            block.phi[lane] = exp_non_positive(*ln_phi);
            for (column, bump) in block.bumps.iter_mut().zip(bumps) {
                column[lane] = *bump;
            }
        }
        block
    }

    /// `phi^{length - 2}` at the nodes.
    fn power(&self, length: f64) -> [f64; LANES] {
        // For two tokens the power is 1 even where ln phi is -inf.
        let exponent = self.ln_phi.map(|ln_phi| {
            if length > 2.0 {
                (length - 2.0) * ln_phi
            } else {
                0.0
            }
        });
        if exponent.iter().all(|&y| y > SERIES_ABOVE) {
            exponent.map(exp_series)
        } else {
            exponent.map(f64::exp)
        }
    }
}

/// `r_2, r_3, r_4` and `E P_2^2` as plain numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::exact) struct RawRatios {
    pub second: f64,
    pub third: f64,
    pub fourth: f64,
    pub squared_second: f64,
}

impl WeightMoments {
    /// Collects nodes `(ln phi, bumps)` in increasing order of `tau`.
    pub fn new(step: f64, nodes: &[(f64, [f64; 3])]) -> Self {
        let blocks: Vec<Block> = nodes.chunks(LANES).map(Block::new).collect();
        let second_below = blocks
            .iter()
            .scan(0.0, |sum, block| {
                *sum += block.bumps[0].iter().sum::<f64>();
                Some(*sum)
            })
            .collect();
        Self {
            step,
            blocks,
            second_below,
        }
    }

    /// Participation ratios of `length >= 2` tokens.
    ///
    /// `E P_k = L INT E[x^k e^{-x}] / (k-1)! phi^{L-1} dtau` and
    /// `E P_2^2 = E P_4 + L (L-1) INT E[x^2 e^{-x}]^2 / 6 phi^{L-2} dtau` (T2).
    pub fn ratios(&self, length: f64) -> RawRatios {
        let mut sums = [[0.0; LANES]; 4];
        // r_2 is at least 1/L, so nodes that add up to less than 1e-15 of that are left out; so are
        // those where phi^{L-2} is below e^{-50}, for phi only decreases.
        let negligible = 1e-15 / (length * length * self.step);
        let start = self.second_below.partition_point(|&sum| sum < negligible);
        let end = self
            .blocks
            .partition_point(|block| length <= 2.0 || (length - 2.0) * block.ln_phi[0] > -50.0);
        for block in self.blocks.get(start..end).unwrap_or_default() {
            let power = block.power(length);
            let [b2, b3, b4] = &block.bumps;
            for lane in 0..LANES {
                let full = power[lane] * block.phi[lane];
                sums[0][lane] += b2[lane] * full;
                sums[1][lane] += b3[lane] * full;
                sums[2][lane] += b4[lane] * full;
                sums[3][lane] += b2[lane] * b2[lane] * power[lane];
            }
        }
        let [second, third, fourth, pairs] = sums.map(|lanes| lanes.iter().sum::<f64>());
        let scale = self.step * length;
        let fourth = fourth * scale / 6.0;
        RawRatios {
            second: second * scale,
            third: third * scale / 2.0,
            fourth,
            squared_second: fourth + pairs * scale * (length - 1.0) / 6.0,
        }
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
        y.exp()
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
        let moments = WeightMoments::new(step, &nodes);
        for length in [2.0, 3.0, 17.0, 1000.0] {
            let r = moments.ratios(length);
            for (value, exponent) in [
                (r.second, 1),
                (r.third, 2),
                (r.fourth, 3),
                (r.squared_second, 2),
            ] {
                approx::assert_relative_eq!(value, length.powi(-exponent), max_relative = 1e-13);
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
