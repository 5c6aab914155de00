//! Integrals over `t` of single-token expectations with the output, as trapezoidal sums in `tau = ln t`.

use nalgebra::DVector;

use crate::exact::sums::integral::exp_non_positive;
use crate::exact::value::UNIT;

/// Single-token expectations with the output on a lattice in `tau`.
pub(in crate::exact) struct OutputMoments {
    pub step: f64,
    pub nodes: Vec<OutputNode>,
    /// `G` at the nodes.
    pub bias: Vec<DVector<f64>>,
    /// `E[x |f| (1 - e^{-x})]` at the first node.
    pub left: f64,
    /// `E[|f|^2 (1 + x) e^{-x}]` and `E[|f| e^{-x}]` at the last node.
    pub right: [f64; 2],
    /// A bound of the rounding of the scores.
    pub of_score: f64,
}

/// The scalar expectations at one node, with bounds of their rounding.
#[derive(Clone, Copy)]
pub(in crate::exact) struct OutputNode {
    pub ln_phi: f64,
    pub of_ln_phi: f64,
    pub phi: f64,
    /// `E[x^2 e^{-x}]`.
    pub bump: f64,
    /// `H = E[x^2 |f|^2 e^{-x}]`.
    pub square: f64,
    pub of_square: f64,
    /// Of `G`, in norm.
    pub of_bias: f64,
}

/// The integrals at one resolution, with bounds of their rounding and of what the ends of the lattice leave out.
pub(in crate::exact) struct Integrals {
    pub squared_error: f64,
    pub squared_rounding: f64,
    pub bias: DVector<f64>,
    /// In norm.
    pub bias_rounding: f64,
    pub participation: f64,
    pub participation_rounding: f64,
}

impl OutputMoments {
    /// The same lattice with every second node left out.
    pub fn every_second(&self) -> Self {
        Self {
            step: 2.0 * self.step,
            nodes: self.nodes.iter().step_by(2).copied().collect(),
            bias: self.bias.iter().step_by(2).cloned().collect(),
            ..*self
        }
    }

    /// The integrals for `length >= 2` tokens.
    pub fn integrate(&self, length: f64) -> Integrals {
        let outputs = self.bias.first().map_or(0, |b| b.len());
        let (mut single, mut pairs, mut participation) = (0.0, 0.0, 0.0);
        let (mut of_square, mut of_bias, mut of_participation) = (0.0, 0.0, 0.0);
        let mut bias = DVector::zeros(outputs);
        for (node, g) in self.nodes.iter().zip(&self.bias) {
            // For two tokens the power is 1 even where ln phi is -inf.
            let exponent = if length > 2.0 {
                (length - 2.0) * node.ln_phi
            } else {
                0.0
            };
            // phi only decreases: from here on its power underflows.
            if !(exponent > -740.0) {
                break;
            }
            let power = exp_non_positive(exponent);
            let full = power * node.phi;
            let first = g.norm_squared();
            single += node.square * full;
            pairs += first * power;
            participation += node.bump * full;
            bias.axpy(full, g, 1.0);
            // Of the powers of phi, relatively.
            let relative = (length - 1.0) * node.of_ln_phi + UNIT * (4.0 - exponent);
            let size = first.sqrt();
            of_square += full * (node.of_square + relative * node.square)
                + (length - 1.0)
                    * power
                    * (node.of_bias * (2.0 * size + node.of_bias) + relative * first);
            of_bias += full * (node.of_bias + relative * size);
            of_participation += full * relative * node.bump;
        }
        let scale = self.step * length;
        // To the left |G| falls at least as t, and what has one token is below 1e-18 of the rest (left_end); to the
        // right phi^{L-1} is at most its last value, and |G|^2 <= E[x^2 |f|^2 e^{-x}] phi.
        let (from_left, [square, first]) = (length * self.left, self.right);
        let last = match self.nodes.last() {
            Some(node) => length * ((length - 1.0) * node.ln_phi).exp(),
            None => 0.0,
        };
        let participation = scale * participation;
        Integrals {
            squared_error: scale * (single + (length - 1.0) * pairs),
            squared_rounding: scale * of_square
                + 0.5 * from_left * from_left
                + length * last * square,
            bias: bias * scale,
            bias_rounding: scale * of_bias + from_left + last * first,
            participation,
            participation_rounding: scale * of_participation + 4.0 * self.of_score * participation,
        }
    }
}
