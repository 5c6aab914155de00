//! Integrals over `t` of single-token expectations with the output, as trapezoidal sums in `tau = ln t`.

use nalgebra::DVector;

use super::integral::exp_non_positive;

/// Single-token expectations with the output on a lattice in `tau`.
pub(super) struct OutputMoments {
    pub step: f64,
    pub nodes: Vec<OutputNode>,
    /// `|G|^2` at the nodes.
    pub first: Vec<f64>,
    /// `G` at the nodes.
    pub bias: Vec<DVector<f64>>,
}

/// The scalar expectations at one node.
#[derive(Clone, Copy)]
pub(super) struct OutputNode {
    pub ln_phi: f64,
    pub phi: f64,
    /// `E[x^2 e^{-x}]`.
    pub bump: f64,
    /// `E[x |f|^2 e^{-x}]`, whose integral is `E sum_i p_i |f_i|^2`: the size of what the bias sums.
    pub size: f64,
    /// `H = E[x^2 |f|^2 e^{-x}]`.
    pub square: f64,
}

/// The integrals at one resolution.
pub(super) struct Integrals {
    pub squared_error: f64,
    pub bias: DVector<f64>,
    /// `E sum_i p_i |f_i|^2`.
    pub size: f64,
    pub participation: f64,
}

impl OutputMoments {
    /// The same lattice with every second node left out.
    pub fn every_second(&self) -> Self {
        Self {
            step: 2.0 * self.step,
            nodes: self.nodes.iter().step_by(2).copied().collect(),
            first: self.first.iter().step_by(2).copied().collect(),
            bias: self.bias.iter().step_by(2).cloned().collect(),
        }
    }

    /// The integrals for `length >= 2` tokens.
    pub fn integrate(&self, length: f64) -> Integrals {
        let outputs = self.bias.first().map_or(0, |b| b.len());
        let (mut single, mut pairs, mut size, mut participation) = (0.0, 0.0, 0.0, 0.0);
        let mut bias = DVector::zeros(outputs);
        for ((node, first), g) in self.nodes.iter().zip(&self.first).zip(&self.bias) {
            let exponent = (length - 2.0) * node.ln_phi;
            // phi only decreases: from here on its power is below e^{-200}.
            if !(exponent > -200.0) && length > 2.0 {
                break;
            }
            let power = if length > 2.0 {
                exp_non_positive(exponent)
            } else {
                1.0
            };
            let full = power * node.phi;
            single += node.square * full;
            pairs += first * power;
            participation += node.bump * full;
            bias.axpy(full, g, 1.0);
            size += node.size * full;
        }
        let scale = self.step * length;
        Integrals {
            squared_error: scale * (single + (length - 1.0) * pairs),
            bias: bias * scale,
            size: size * scale,
            participation: scale * participation,
        }
    }
}
