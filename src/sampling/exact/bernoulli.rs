//! Every key of the tail on its own, with the same probability.

use nalgebra::DVector;

use crate::exact::{UNIT, kernel};
use crate::sampling::exact::integral::{Integrals, NodeValue, integrate};
use crate::sampling::exact::points::{Singular, TailPoints};
use crate::sampling::exact::quadrature::nodes;
use crate::sampling::exact::tail::{Tail, ln_add, ln_sum};

/// `E|That - T|^2` and the bias at the probability `p`; if nothing is kept, under the condition that something is drawn.
///
/// With `x = t w / p`, `q_i = 1 - p + p e^{-x_i}` and the features `f_i = w_i (v_i - T)`
///
/// ```text
/// E|That - T|^2 = INT t e^{-tW0} prod q [ |A|^2 + (1-p)/p sum |f|^2 e^{-x} / q^2 ] dt,    A = -(1-p) sum f (1 - e^{-x}) / q
/// E That - T    = INT   e^{-tW0} prod q A dt
/// ```
///
/// `A` also is `F + sum f e^{-x} / q`, `F = sum_K f`: the one or the other has the smaller terms.
pub(super) struct BernoulliTail<'a> {
    pub tail: &'a Tail<'a>,
    pub points: &'a TailPoints<'a>,
    /// `F` in units, and the sum of the norms of its terms.
    pub kept: (DVector<f64>, f64),
    pub probability: f64,
}

impl BernoulliTail<'_> {
    pub fn integrals(&self) -> Integrals {
        let (tail, p) = (self.tail, self.probability);
        let ln_p = libm::log(p);
        let nothing_kept = tail.ln_kept == f64::NEG_INFINITY;
        let least = match nothing_kept {
            true => tail.range().0 - ln_p,
            false => tail.ln_kept,
        };
        let largest = ln_add(tail.ln_kept, ln_sum(tail.ln_scales.clone()) - ln_p);
        let quadrature = nodes(least, largest);
        let mut found = integrate(&quadrature, tail.rows(), tail.farthest, |ln_t| {
            self.node(ln_t - ln_p, ln_t)
        });
        if nothing_kept {
            let count = tail.len() as f64;
            let drawn = -libm::expm1(count * libm::log1p(-p));
            for number in [&mut found.square.0, &mut found.square.1]
                .into_iter()
                .chain(&mut found.first.0)
                .chain([&mut found.first.1])
            {
                *number /= drawn;
            }
        }
        found
    }

    fn node(&self, ln_u: f64, ln_t: f64) -> NodeValue {
        let (tail, p) = (self.tail, self.probability);
        // `q` vanishes where `x` is `ln(p / (1-p)) + i pi`.
        let logit = libm::log(p) - libm::log1p(-p);
        let singular = Singular::new(logit, std::f64::consts::PI);
        let apart = self
            .points
            .without(|low, high| singular.is_near(ln_u + low, ln_u + high));
        let points = apart.as_ref().unwrap_or(self.points.all());
        let count = points.places.len();
        let mut factors = [DVector::zeros(count), DVector::zeros(count)];
        let [risen, decayed] = &mut factors;
        let (mut ln_product, mut second) = (0.0, 0.0);
        let mut sizes = [0.0; 4];
        let terms = points
            .places
            .iter()
            .zip(&points.masses)
            .zip(&points.squares);
        let factors_of = risen.iter_mut().zip(decayed.iter_mut());
        for ((((place, mass), square), size), (risen, decayed)) in
            terms.zip(&points.sizes).zip(factors_of)
        {
            let k = kernel(libm::exp(ln_u + place));
            let q = 1.0 - p * k.rise;
            ln_product += mass * libm::log1p(-p * k.rise);
            second += square * k.decay / (q * q);
            (*risen, *decayed) = (-(1.0 - p) * k.rise / q, k.decay / q);
            let moved = k.x * k.decay;
            sizes[0] += size.mass * p * (k.rise + moved) / q;
            sizes[1] += size.norm * (1.0 - p) * (k.rise + moved) / (q * q);
            sizes[2] += size.norm * (k.decay + moved) / (q * q);
            sizes[3] += size.square * (k.decay + moved) / (q * q * q);
        }
        let (kept_sum, of_kept) = &self.kept;
        let [risen, decayed] = &factors;
        let (first, of_first) = match sizes[1] + tail.rest() / UNIT <= sizes[2] + *of_kept {
            // There the sum of all `w (v - T)` is taken for 0.
            true => (&points.features * risen, sizes[1] + tail.rest() / UNIT),
            false => (kept_sum + &points.features * decayed, sizes[2] + *of_kept),
        };
        let odds = (1.0 - p) / p;
        let square = first.norm_squared() + odds * second;
        let unit = UNIT * (64.0 + 2.0 * (ln_u.abs() + tail.logarithms));
        let kept = libm::exp(ln_t + tail.ln_kept);
        let of_exponent = unit * (sizes[0] + kept);
        let of_first = unit * of_first;
        let of_square = (2.0 * first.norm() + of_first) * of_first
            + unit * odds * sizes[3]
            + square.abs() * of_exponent;
        NodeValue {
            ln_scale: ln_product - kept,
            square: (square, of_square),
            first: (
                first.iter().copied().collect(),
                of_first + first.norm() * of_exponent,
            ),
            total: 1.0,
            known: true,
        }
    }
}
