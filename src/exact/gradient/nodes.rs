//! Integrals over `t` of single-token expectations with powers of the score, as trapezoidal sums in
//! `tau = ln t`: what the error of the key-query gradient needs of Gaussian scores.

use crate::exact::sums::integral::exp_non_positive;
use crate::exact::{Exact, ROUNDING};

/// `E[x^j y^q e^{-x}]` at entry `[q][j - 1]`, `j = 1..4`, `q = 0..4`: `x = t w` and `y` the standardised score
/// less a centre.
pub(in crate::exact) type Powers = [[f64; 4]; 5];

/// The expectations at one `t`.
#[derive(Debug, Clone, Copy)]
pub(in crate::exact) struct PowerNode {
    pub ln_phi: f64,
    pub powers: Powers,
}

/// The expectations on a lattice in `tau`, for scores centred at the tilted mean less `offset`.
#[derive(Debug, Clone)]
pub(in crate::exact) struct PowerMoments {
    pub step: f64,
    pub nodes: Vec<PowerNode>,
}

/// The integrals at one resolution, and the size of the terms that some of them are differences of.
#[derive(Debug, Clone, Copy)]
pub(in crate::exact) struct RawFactors {
    pub fourth: f64,
    pub second: f64,
    pub cross: f64,
    /// `E P_2, E P_3, E P_2^2`.
    pub participation: [f64; 3],
    sizes: [f64; 3],
}

/// The score factors of `gaussian-gradient`, for standard normal scores `xi` with weights of `e^{s xi}`.
///
/// With `mean = sum p_i xi_i` and `var = sum p_i xi_i^2 - mean^2`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::exact) struct GradientFactors {
    /// `E (var - 1)^2`, which is `k4 / s^4`.
    pub fourth: Exact,
    /// `E sum p_i^2 (xi_i - mean)^2`, which is `k2 / s^2`.
    pub second: Exact,
    /// `-E[(var - 1) P_2]`, which is `kc / s^2`.
    pub cross: Exact,
    /// `r_2`.
    pub participation: Exact,
    /// `r_3`.
    pub third: Exact,
    /// `E P_2^2`.
    pub squared: Exact,
}

/// `phi^{L-1} .. phi^{L-4}` times the number of ways to choose 1 to 4 different tokens in order;
/// zero where there are not as many.
pub(in crate::exact) fn tuples(length: f64, ln_phi: f64) -> [f64; 4] {
    let most = length.min(4.0);
    let mut power = if length > most {
        exp_non_positive((length - most) * ln_phi)
    } else {
        // Nothing is left over, even where ln phi is -inf.
        1.0
    };
    let phi = libm::exp(ln_phi);
    let mut result = [0.0; 4];
    for (place, entry) in result.iter_mut().enumerate().rev() {
        if (place as f64) < most {
            *entry = power;
            power *= phi;
        }
    }
    let mut count = 1.0;
    for (place, entry) in result.iter_mut().enumerate() {
        count *= length - place as f64;
        *entry *= count;
    }
    result
}

/// The power of `phi` is below `e^{-200}` here and, as `phi` decreases, at every later node.
pub(in crate::exact) fn is_past(length: f64, ln_phi: f64) -> bool {
    length > 4.0 && !((length - 4.0) * ln_phi > -200.0)
}

/// True if what lies to the left of these expectations does not count: the integrals with a factor of degree
/// `j` fall as `t^j`, and the smallest one that matters is at least `L^{1-j}` times the same power of the score.
pub(in crate::exact) fn is_negligible(length: f64, powers: &Powers) -> bool {
    let [[_, b2, b3, b4], _, _, _, [_, y2, y3, y4]] = powers;
    let square = length * length;
    (b2 + y2) * square <= 1e-17
        && (b3 + y3) * square * length <= 1e-17
        && (b4 + y4) * square * square <= 1e-17
}

impl PowerMoments {
    /// The integrals for `length >= 2` tokens.
    ///
    /// With `g = y^2 - 1`, `A = sum p_i g_i` and `M = sum p_i y_i` (scores shifted by any centre):
    /// `var - 1 = A - M^2`, so that the three factors are expectations of polynomials of degree at most 4 in the
    /// weights. `1 / W^k = INT t^{k-1} / (k-1)! e^{-tW} dt` (T2), and tokens that differ separate.
    pub fn integrate(&self, length: f64) -> RawFactors {
        // A^2, A M^2, M^4, A P_2, M^2 P_2, M sum p^2 y, sum p^2 y^2, then P_2, P_3 and P_2^2.
        let mut sums = [0.0; 10];
        for node in &self.nodes {
            if is_past(length, node.ln_phi) {
                break;
            }
            if is_negligible(length, &node.powers) {
                continue;
            }
            let [one, two, three, four] = tuples(length, node.ln_phi);
            let [q0, q1, q2, q3, q4] = node.powers;
            let [b1, b2, b3, b4] = q0;
            let [y, y_2, y_3, _] = q1;
            let [yy, yy_2, yy_3, yy_4] = q2;
            let [_, yyy_2, yyy_3, _] = q3;
            let [_, y4_2, y4_3, y4_4] = q4;
            let g = yy - b1;
            let square = y * y;
            let terms = [
                one * (y4_2 - 2.0 * yy_2 + b2) + two * g * g,
                0.5 * (one * (y4_3 - yy_3)
                    + two * (2.0 * (yyy_2 - y_2) * y + g * yy_2)
                    + three * g * square),
                (one * y4_4
                    + two * (4.0 * yyy_3 * y + 3.0 * yy_2 * yy_2)
                    + 6.0 * three * yy_2 * square
                    + four * square * square)
                    / 6.0,
                0.5 * (one * (yy_3 - b3) + two * g * b2),
                (one * yy_4 + two * (yy_2 * b2 + 2.0 * y_3 * y) + three * b2 * square) / 6.0,
                0.5 * (one * yy_3 + two * y_2 * y),
                one * yy_2,
                one * b2,
                0.5 * one * b3,
                (one * b4 + two * b2 * b2) / 6.0,
            ];
            for (sum, term) in sums.iter_mut().zip(terms) {
                *sum += term;
            }
        }
        let [
            aa,
            amm,
            mmmm,
            ap,
            mmp,
            mpy,
            pyy,
            second,
            third,
            squared_second,
        ] = sums.map(|sum| sum * self.step);
        RawFactors {
            fourth: aa - 2.0 * amm + mmmm,
            second: pyy - 2.0 * mpy + mmp,
            cross: mmp - ap,
            participation: [second, third, squared_second],
            sizes: [
                aa + 2.0 * amm.abs() + mmmm,
                pyy + 2.0 * mpy.abs() + mmp,
                mmp + ap.abs(),
            ],
        }
    }
}

impl GradientFactors {
    pub fn from_resolutions(fine: &RawFactors, coarse: &RawFactors) -> Self {
        let [size_fourth, size_second, size_cross] = fine.sizes;
        let difference = |fine: f64, coarse: f64, size: f64| {
            Exact::from_resolutions(fine, coarse, OF_SCORES).widened(ROUNDING * size)
        };
        let [two, three, squared] = fine.participation;
        let [coarse_two, coarse_three, coarse_squared] = coarse.participation;
        Self {
            fourth: difference(fine.fourth, coarse.fourth, size_fourth),
            second: difference(fine.second, coarse.second, size_second),
            cross: difference(fine.cross, coarse.cross, size_cross),
            participation: Exact::from_resolutions(two, coarse_two, OF_SCORES),
            third: Exact::from_resolutions(three, coarse_three, OF_SCORES),
            squared: Exact::from_resolutions(squared, coarse_squared, OF_SCORES),
        }
    }

    /// One token has all the weight: `var = 0`.
    pub fn single_token() -> Self {
        Self {
            fourth: Exact::ONE,
            second: Exact::ZERO,
            cross: Exact::ONE,
            participation: Exact::ONE,
            third: Exact::ONE,
            squared: Exact::ONE,
        }
    }
}

/// Why the gradient error in `U` of Gaussian tokens is not proved.
const OF_SCORES: &str =
    "what the score lattice does to powers of Gaussian scores is estimated by a second lattice";
