//! Integrals over `t` of single-token expectations with the output, as trapezoidal sums in `tau = ln t`.

use nalgebra::DVector;

use crate::exact::sums::integral::{OF_END, exp_non_positive};
use crate::exact::value::{MARGIN, UNIT};

/// Single-token expectations with the output on a lattice in `tau`.
pub(in crate::exact) struct OutputMoments {
    pub step: f64,
    pub nodes: Vec<OutputNode>,
    /// `G` at the nodes.
    pub bias: Vec<DVector<f64>>,
    /// At the first and the last node.
    pub left: LeftEnd,
    pub right: RightEnd,
    /// Number of atoms whose output is not the mean.
    pub outputs: f64,
    /// `E|f|^2`.
    pub mean_square: f64,
}

/// What bounds the lattice sums to the left of a node.
#[derive(Clone, Copy, Default)]
pub(in crate::exact) struct LeftEnd {
    /// `E[x |f| (1 - e^{-x})]`.
    pub reach: f64,
    /// `E[|f|^2 (1 - (1 + x) e^{-x})]` and `E[1 - (1 + x) e^{-x}]`.
    pub square: f64,
    pub bump: f64,
}

/// What bounds the lattice sums to the right of a node.
#[derive(Clone, Copy, Default)]
pub(in crate::exact) struct RightEnd {
    /// `E[|f|^2 (1 + x) e^{-x}]`, `E[|f| e^{-x}]` and `E[(1 + x) e^{-x}]`.
    pub square: f64,
    pub bias: f64,
    pub bump: f64,
}

/// The scalar expectations at one node, with bounds of their rounding.
#[derive(Clone, Copy)]
pub(in crate::exact) struct OutputNode {
    pub ln_phi: f64,
    pub of_ln_phi: f64,
    pub phi: f64,
    /// `E[x^2 e^{-x}]`.
    pub bump: f64,
    pub of_bump: f64,
    /// `H = E[x^2 |f|^2 e^{-x}]`.
    pub square: f64,
    pub of_square: f64,
    /// Of `G`, in norm.
    pub of_bias: f64,
}

/// The integrals at one resolution, with bounds of their rounding, of what the ends of the lattice leave out and of the lattice itself.
pub(in crate::exact) struct Integrals {
    pub squared_error: f64,
    pub squared_rounding: f64,
    pub bias: DVector<f64>,
    /// In norm.
    pub bias_rounding: f64,
    pub participation: f64,
    pub participation_rounding: f64,
}

/// Exponents of `phi` below which nodes are left out.
pub(in crate::exact) const LEAST_EXPONENT: f64 = -740.0;
impl OutputMoments {
    /// The integrals for `length >= 2` tokens.
    pub fn integrate(&self, length: f64) -> Integrals {
        let outputs = self.bias.first().map_or(0, |b| b.len());
        let (mut single, mut pairs, mut participation) = (0.0, 0.0, 0.0);
        let (mut of_square, mut of_bias, mut of_participation) = (0.0, 0.0, 0.0);
        let mut bias = DVector::zeros(outputs);
        let (mut largest, mut sizes) = (0.0_f64, 0.0);
        let mut last = None;
        let mut count = 0.0;
        for (node, g) in self.nodes.iter().zip(&self.bias) {
            // For two tokens the power is 1 even where ln phi is -inf.
            let exponent = if length > 2.0 {
                (length - 2.0) * node.ln_phi
            } else {
                0.0
            };
            // phi only decreases: from here on its power underflows.
            if !(exponent > LEAST_EXPONENT) {
                last = None;
                break;
            }
            last = Some(node);
            count += 1.0;
            let power = exp_non_positive(exponent);
            let full = power * node.phi;
            let first = g.norm_squared();
            single += node.square * full;
            pairs += first * power;
            participation += node.bump * full;
            bias.axpy(full, g, 1.0);
            // Of the powers of phi and the products with them, relatively.
            let relative = ((length - 1.0) * node.of_ln_phi + UNIT * (10.0 - exponent)).exp_m1();
            let size = first.sqrt();
            largest = largest.max(size);
            sizes += full * size;
            of_square += full * (node.of_square + relative * node.square)
                + (length - 1.0)
                    * power
                    * (node.of_bias * (2.0 * size + node.of_bias)
                        + (relative + outputs as f64 * UNIT) * first);
            of_bias += full * (node.of_bias + relative * size);
            of_participation += full * (node.of_bump + relative * node.bump);
        }
        let scale = self.step * length;
        let squared_error = scale * (single + (length - 1.0) * pairs);
        let participation = scale * participation;
        // Sums over the nodes, plain.
        let of_sum = UNIT * (count + 8.0);
        let ends = self.ends(length, last);
        // Products that underflow, by node and atom; `phi^{L-2}` that does.
        let least = 16.0 * f64::from_bits(1) * self.outputs * (count + 1.0) * length;
        let beyond = OF_END * length * length * LEAST_EXPONENT.exp();
        Integrals {
            squared_error,
            squared_rounding: MARGIN
                * (scale * of_square
                    + (of_sum + self.lattice(2)) * squared_error
                    + ends.square
                    + beyond * self.mean_square
                    + least * (1.0 + length * (largest + least))),
            bias: bias * scale,
            bias_rounding: MARGIN
                * (scale * of_bias
                    + of_sum * scale * sizes
                    + self.lattice(1) * (1.1 * squared_error).sqrt()
                    + ends.bias
                    + beyond * self.mean_square.sqrt()
                    + least),
            participation,
            participation_rounding: MARGIN
                * (scale * of_participation
                    + (of_sum + self.lattice(2)) * participation
                    + ends.bump
                    + beyond),
        }
    }

    /// What the ends of the lattice leave out (`lattice-ends`), the right one after the last node.
    ///
    /// To the left `|G| <= A` falls at least as `t`, and of what has one token there is at most the integral. To the right
    /// `phi^{L-1}` is at most its last value, and `|G|^2 <= E[x^2 |f|^2 e^{-x}] phi`.
    fn ends(&self, length: f64, last: Option<&OutputNode>) -> RightEnd {
        let pairs = length * self.left.reach;
        let power = last.map_or(0.0, |node| {
            let ln_phi = (node.ln_phi + node.of_ln_phi).min(0.0);
            ((length - 1.0) * ln_phi).exp()
        });
        let right = OF_END * length * power;
        let left = OF_END * length;
        RightEnd {
            square: left * self.left.square
                + 0.5 * pairs * pairs
                + right * length * self.right.square,
            bias: pairs + right * self.right.bias,
            bump: left * self.left.bump + right * self.right.bump,
        }
    }

    /// The relative error of the infinite lattice (`outer-lattice`) at `c = 3/2`: `2 cos(c)^{-order} / (e^{2 pi c / h} - 1)`.
    pub(super) fn lattice(&self, order: i32) -> f64 {
        let c: f64 = 1.5;
        2.0 * c.cos().powi(-order) / (std::f64::consts::TAU * c / self.step).exp_m1()
    }
}
