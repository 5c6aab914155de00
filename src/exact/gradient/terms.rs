//! Scalar sums over the atoms of a finitely supported law at one `t`, and the same sums with absolute values.

use crate::exact::gradient::node::Polynomials;
use crate::exact::sums::compensated::OF_SUM;
use crate::exact::sums::kernel::Kernel;
use crate::exact::sums::weights::ln_phi_and_rounding;
use crate::law::Sum;

/// Of one atom, see [`Features`](crate::exact::gradient::features::Features).
#[derive(Debug, Clone, Copy)]
pub(in crate::exact) struct Scalars {
    /// `|y|^2`, `|o|^2`.
    pub token: f64,
    pub output: f64,
    /// `|F|^2`.
    pub square: f64,
    /// `<F, o y^T>`.
    pub mixed: f64,
    /// Bounds of `|y|`, `|o|`, `|F|` and `|V|_F |D|`, widened by what their rounding is in units of the relative rounding
    /// of the sums.
    pub token_size: f64,
    pub output_size: f64,
    pub matrix_size: f64,
    pub spread_size: f64,
    /// The same of `|F|^2`, which is known better than a bound of `|F|` where `F` cancels.
    pub square_size: f64,
}

const COUNT: usize = 25;

/// Terms of a group of atoms, added plainly.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::exact) struct Terms([f64; COUNT]);

/// Compensated sums over the groups.
#[derive(Debug, Clone, Copy)]
pub(in crate::exact) struct TermSums([Sum; COUNT]);

impl Terms {
    pub fn compensated() -> TermSums {
        TermSums([Sum::default(); COUNT])
    }

    /// Adds an atom of probability `p`.
    pub fn add(&mut self, p: f64, k: &Kernel, of: &Scalars) {
        let one = p * k.x * k.decay;
        let two = one * k.x;
        let three = two * k.x;
        let other = p * k.whole * k.rise;
        let (y, o, f, d) = (
            of.token_size,
            of.output_size,
            of.matrix_size,
            of.spread_size,
        );
        let (yy, oo) = (y * y, o * o);
        let terms = [
            p * k.rise,
            p * k.decay,
            one,
            two,
            two * of.token,
            two * of.output,
            two * of.square,
            three * of.mixed,
            three * k.x * of.token * of.output,
            one * y,
            one * o,
            one * d,
            other * y,
            other * o,
            other * d,
            two * yy,
            two * oo,
            two * of.square_size,
            two * d,
            two * f * o,
            two * f * y,
            three * f * o * y,
            three * o * yy,
            three * y * oo,
            three * k.x * yy * oo,
        ];
        for (sum, term) in self.0.iter_mut().zip(terms) {
            *sum += term;
        }
    }
}

impl TermSums {
    pub fn add(&mut self, part: &Terms) {
        for (sum, term) in self.0.iter_mut().zip(part.0) {
            sum.add(term);
        }
    }

    pub fn value(&self) -> Terms {
        Terms(self.0.map(Sum::value))
    }
}

/// Sums over atoms at one node.
#[derive(Debug, Clone, Copy)]
pub(in crate::exact) struct Rows {
    pub ln_phi: f64,
    /// Bounds of the rounding of `ln phi` and, relatively, of the sums of absolute values.
    pub rounding: (f64, f64),
    /// `E[x^2 e^{-x}]`.
    pub bump: f64,
    /// `E[x^2 q e^{-x}]` with `q` the squares of `|y|`, `|o|` and `|F|`.
    pub token: f64,
    pub output: f64,
    pub square: f64,
    pub mixed: f64,
    pub fourth: f64,
    /// True if `e^{-x} - 1` stands for `e^{-x}` in expectations that are 0 with 1 in its place.
    pub by_other: bool,
    pub sizes: Sizes,
}

/// The sums with absolute values: bounds of the terms of each kind of sum.
#[derive(Debug, Clone, Copy)]
pub(in crate::exact) struct Sizes {
    /// `E[x |y| e^{-x}]`, `E[x |o| e^{-x}]` and `E[x |V|_F |D| e^{-x}]`, or with `1 - e^{-x}`.
    pub first: [f64; 3],
    pub token: f64,
    pub output: f64,
    pub square: f64,
    /// `E[x^2 |V|_F |D| e^{-x}]`; `E[x^2 |F| |o| e^{-x}]` and with `|y|`.
    pub spread: f64,
    pub turned: [f64; 2],
    pub mixed: f64,
    /// `E[x^3 |o| |y|^2 e^{-x}]` and `E[x^3 |y| |o|^2 e^{-x}]`.
    pub cubic: [f64; 2],
    pub fourth: f64,
}

impl Rows {
    /// From the sums, where every `x` is off by a relative `of_x` and everything else by `of_terms`.
    pub fn new(terms: &Terms, of_x: f64, of_terms: f64) -> Self {
        let [
            rise,
            stay,
            near,
            bump,
            token,
            output,
            square,
            mixed,
            fourth,
            direct_y,
            direct_o,
            direct_d,
            other_y,
            other_o,
            other_d,
            size_token,
            size_output,
            size_square,
            spread,
            turned_o,
            turned_y,
            size_mixed,
            cubic_o,
            cubic_y,
            size_fourth,
        ] = terms.0;
        let (ln_phi, of_ln_phi) = ln_phi_and_rounding(rise, stay, near, (of_x, OF_SUM));
        let by_other = other_y < direct_y;
        Self {
            ln_phi,
            rounding: (of_ln_phi, of_terms),
            bump,
            token,
            output,
            square,
            mixed,
            fourth,
            by_other,
            sizes: Sizes {
                first: if by_other {
                    [other_y, other_o, other_d]
                } else {
                    [direct_y, direct_o, direct_d]
                },
                token: size_token,
                output: size_output,
                square: size_square,
                spread,
                turned: [turned_o, turned_y],
                mixed: size_mixed,
                cubic: [cubic_o, cubic_y],
                fourth: size_fourth,
            },
        }
    }

    /// The polynomials with absolute values; `spread_size` is a bound of `|V|_F |C(a)|`.
    pub fn polynomials(&self, spread_size: f64) -> Polynomials {
        let Sizes {
            first: [y, o, d],
            token,
            output,
            square,
            spread,
            turned: [turned_o, turned_y],
            mixed,
            cubic: [cubic_o, cubic_y],
            fourth,
        } = self.sizes;
        let pairs = spread + spread_size * self.bump;
        Polynomials {
            value: [token, y * y],
            linear: [square, d * d],
            mixed: [mixed, turned_o * y + turned_y * o + d * pairs, o * d * y],
            square: [
                fourth,
                2.0 * (cubic_o * o + cubic_y * y) + output * token + 2.0 * pairs * pairs,
                output * y * y + token * o * o + 4.0 * o * pairs * y,
                o * o * y * y,
            ],
        }
    }
}
