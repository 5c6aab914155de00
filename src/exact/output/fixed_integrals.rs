//! The integrals of T2.fixed: those of T2 with the weight of the fixed tokens in the exponent.

use nalgebra::DVector;

use crate::exact::output::centred_atoms::CentredAtoms;
use crate::exact::output::fixed_part::FixedPart;
use crate::exact::output::moments::{Integrals, LEAST_EXPONENT, OutputMoments, OutputNode};
use crate::exact::sums::integral::{OF_END, exp_non_positive};
use crate::exact::value::{MARGIN, UNIT};

/// Error, bias and participation of one length, and the share of the fixed tokens with a bound of its error.
pub(super) struct FixedIntegrals {
    pub output: Integrals,
    pub share: (f64, f64),
}

/// Beyond this size of `y` a weight `1 / (1 + e^y)` or its complement vanishes.
const LARGEST_Y: f64 = 746.0;

/// What the ends of the lattice leave out.
struct Ends {
    square: f64,
    bias: f64,
    share: f64,
    participation: f64,
}

impl FixedPart {
    /// For `length >= 2` random tokens; `moments` start at the node `first`.
    ///
    /// With `u = t W0`: `E|That - T|^2` is the integral over `tau` of `e^{-u} [ u^2 |c|^2 phi^L + 2 u L <c, G> phi^{L-1} + L H phi^{L-1} +
    /// L (L-1) |G|^2 phi^{L-2} ]`, `E That - T` that of `e^{-u} [ u c phi^L + L G phi^{L-1} ]`, the share that of `u e^{-u} phi^L`.
    pub fn integrate(&self, moments: &OutputMoments, first: f64, length: f64) -> FixedIntegrals {
        let rows = self.centre.len() as f64;
        let size = self.centre.norm();
        let mut bias = DVector::zeros(self.centre.len());
        let (mut square, mut squares, mut of_square) = (0.0, 0.0, 0.0);
        let (mut biases, mut of_bias) = (0.0, 0.0);
        let (mut share, mut of_share) = (0.0, 0.0);
        let (mut participation, mut of_participation) = (0.0, 0.0);
        let mut last = None;
        let mut count = 0.0;
        for (node, g) in moments.nodes.iter().zip(&moments.bias) {
            let tau = first + count * moments.step;
            let (u, of_u) = self.scaled(tau);
            // For two tokens the power of phi is 1 even where ln phi is -inf.
            let of_phi = if length > 2.0 {
                (length - 2.0) * node.ln_phi
            } else {
                0.0
            };
            let exponent = of_phi - u;
            if !(exponent > LEAST_EXPONENT) {
                last = None;
                break;
            }
            last = Some((node, u));
            count += 1.0;
            let power = exp_non_positive(exponent);
            let full = power * node.phi;
            let whole = full * node.phi;
            let relative =
                (length * node.of_ln_phi + of_u * u + UNIT * (16.0 - 3.0 * exponent)).exp_m1();
            let norm = g.norm();
            let own = u * u * size * size;
            let of_own = u * u * self.of_centre * (2.0 * size + self.of_centre)
                + (2.0 * of_u + (rows + 6.0) * UNIT) * own;
            let cross = 2.0 * u * self.centre.dot(g);
            let crossed = 2.0 * u * size * norm;
            let of_cross = 2.0 * u * (size * node.of_bias + self.of_centre * (norm + node.of_bias))
                + (of_u + (rows + 4.0) * UNIT) * crossed;
            let pairs = length * (length - 1.0) * power * norm * norm;
            square += whole * own + length * full * (cross + node.square) + pairs;
            let absolute = whole * own + length * full * (crossed + node.square) + pairs;
            squares += absolute;
            of_square += whole * of_own
                + length * full * (of_cross + node.of_square)
                + length * (length - 1.0) * power * node.of_bias * (2.0 * norm + node.of_bias)
                + (relative + (rows + 8.0) * UNIT) * absolute;
            bias.axpy(whole * u, &self.centre, 1.0);
            bias.axpy(length * full, g, 1.0);
            let sum = whole * u * size + length * full * norm;
            biases += sum;
            of_bias += whole * u * (self.of_centre + of_u * size)
                + length * full * node.of_bias
                + (relative + 8.0 * UNIT) * sum;
            share += whole * u;
            of_share += whole * u * (of_u + relative);
            let two = whole * u * u * self.participation;
            let sum = two + length * full * node.bump;
            participation += sum;
            of_participation += two * (2.0 * of_u + self.of_participation)
                + length * full * node.of_bump
                + relative * sum;
        }
        let ends = self.ends(moments, first, length, last);
        let of_sum = UNIT * (count + 8.0);
        // Products that underflow, and what lies beyond a node at which the power does: `(1 + u) e^{-u} phi^{L-2}` is below
        // 1000 times the least exponential there.
        let least = 16.0 * f64::from_bits(1) * (moments.outputs + 1.0) * (count + 1.0) * length;
        let beyond = 3000.0 * length * length * LEAST_EXPONENT.exp();
        let most = size * size + moments.mean_square;
        let step = moments.step;
        let squared_error = step * square;
        let total = |rounding: f64, absolute: f64, end: f64, order: i32| {
            MARGIN * (step * (rounding + (of_sum + moments.lattice(order)) * absolute) + end)
        };
        FixedIntegrals {
            output: Integrals {
                squared_error,
                squared_rounding: total(of_square, squares, ends.square, 2)
                    + beyond * most
                    + least * (1.0 + length * (1.0 + most)),
                bias: bias * step,
                bias_rounding: total(of_bias, biases, ends.bias, 1)
                    + moments.lattice(1) * (1.1 * squared_error).max(0.0).sqrt()
                    + beyond * most.sqrt()
                    + least * (1.0 + most.sqrt()),
                participation: step * participation,
                participation_rounding: total(
                    of_participation,
                    participation,
                    ends.participation,
                    2,
                ) + beyond
                    + least,
            },
            share: (
                step * share,
                total(of_share, share, ends.share, 1) + beyond + least,
            ),
        }
    }

    /// `u = t W0`, and a bound of its relative error.
    fn scaled(&self, tau: f64) -> (f64, f64) {
        let ln_u = tau + self.ln_total;
        (libm::exp(ln_u), self.of_total + UNIT * (ln_u.abs() + 4.0))
    }

    /// What the ends leave out. To the left of a node `u` and `|G| <= A` fall at least as `t`. To the right `phi` falls, `|G|^2 <= H phi`, and twice
    /// the product in the middle is at most the sum of the squares: all is at most twice what the outer terms leave out (`lattice-ends`).
    fn ends(
        &self,
        moments: &OutputMoments,
        first: f64,
        length: f64,
        last: Option<(&OutputNode, f64)>,
    ) -> Ends {
        let size = self.centre.norm() + self.of_centre;
        let u = 1.001 * self.scaled(first).0;
        let together = u * size + length * moments.left.reach;
        let mut ends = Ends {
            square: OF_END * length * moments.left.square + 0.5 * together * together,
            bias: together,
            share: u,
            participation: OF_END * length * moments.left.bump + 0.5 * u * u,
        };
        if let Some((node, u)) = last {
            let power = 1.001 * ((length - 1.0) * node.ln_phi - u).exp();
            let whole = power * node.phi;
            let right = &moments.right;
            ends.square += 2.0
                * OF_END
                * (size * size * (1.0 + u) * whole + length * length * power * right.square);
            ends.bias += OF_END * (size * whole + length * power * right.bias);
            ends.share += OF_END * whole;
            ends.participation += OF_END * ((1.0 + u) * whole + length * power * right.bump);
        }
        ends
    }

    /// One random token: the expectations themselves, without an integral.
    ///
    /// The token has the weight `r = w / (W0 + w)`, the fixed ones `s = 1 - r`, and `That - T = s c + r f`.
    pub fn single_token(&self, atoms: &CentredAtoms) -> FixedIntegrals {
        let rows = self.centre.len() as f64;
        let size = self.centre.norm();
        let mut bias = DVector::zeros(self.centre.len());
        let (mut square, mut of_square, mut of_bias) = (0.0, 0.0, 0.0);
        let (mut share, mut of_share) = (0.0, 0.0);
        let (mut participation, mut of_participation) = (0.0, 0.0);
        let of_terms = UNIT * (atoms.sizes.len() as f64 + rows + 28.0) + atoms.of_probability;
        let known = atoms.weights.iter().zip(&atoms.sizes);
        for (place, ((p, ln_w), own)) in known.enumerate() {
            let f = atoms.outputs.column(place);
            let y = ln_w - self.ln_total;
            let s = 1.0 / (1.0 + libm::exp(y));
            let r = 1.0 / (1.0 + libm::exp(-y));
            // An error of y changes s and r by s r times that.
            let of_y = self.of_total
                + atoms.of_x
                + atoms.weights.of_ln_weight()
                + 2.0 * UNIT * y.abs().min(LARGEST_Y);
            let sum = s * size + r * own.norm;
            let moved = s * self.of_centre + r * own.rounding + s * r * of_y * (size + own.norm);
            let own_square = r * r * own.square;
            let both = 2.0 * s * r * self.centre.dot(&f);
            square += p * (s * s * size * size + both + own_square);
            of_square += p
                * (2.0 * s * of_y * own_square
                    + (of_terms + atoms.of_norm) * (sum * sum + own_square)
                    + moved * (2.0 * sum + moved)
                    + atoms.of_spread);
            bias.axpy(p * s, &self.centre, 1.0);
            bias.axpy(p * r, &f, 1.0);
            of_bias += p * (moved + of_terms * sum);
            share += p * s;
            of_share += p * s * (r * of_y + of_terms);
            let two = s * s * self.participation;
            participation += p * (two + r * r);
            of_participation += p
                * (two * (2.0 * r * of_y + self.of_participation)
                    + 2.0 * r * r * s * of_y
                    + of_terms * (two + r * r));
        }
        // A share that underflows.
        let least = 4.0 * f64::MIN_POSITIVE;
        let most = size * size + atoms.mean_square().0;
        FixedIntegrals {
            output: Integrals {
                squared_error: square,
                squared_rounding: MARGIN * of_square + least * most,
                bias,
                bias_rounding: MARGIN * of_bias + least * most.sqrt(),
                participation,
                participation_rounding: MARGIN * of_participation + least,
            },
            share: (share, MARGIN * of_share + least),
        }
    }
}
