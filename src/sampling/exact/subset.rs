//! Subsets of the tail of a given size, all with the same probability: the saddle point in `y`.

use crate::exact::UNIT;
use crate::sampling::exact::circle::{Angles, Circle};
use crate::sampling::exact::integral::{Integrals, NodeValue, integrate};
use crate::sampling::exact::points::{Singular, TailPoints};
use crate::sampling::exact::quadrature::nodes;
use crate::sampling::exact::saddle::{Saddle, ln_most_likely};
use crate::sampling::exact::tail::{Tail, ln_add, ln_sum};

/// `E|That - T|^2` and the bias for `b` of the `n` keys.
///
/// The sum over all subsets of `b` keys is the coefficient of `y^b`. With `p = b/n`, `x = t w / p` and features `f_i = w_i (v_i - T)` less their mean,
/// so that `N = (1/p) sum_S f`, and with `pi_i(y) = p y e^{-x_i} / (1 - p + p y e^{-x_i})`
///
/// ```text
/// E|That - T|^2 = INT t e^{-tW0} [y^b] prod (1 - p + p y e^{-x}) { (sum pi f)^2 + sum pi (1 - pi) f^2 } / (p^2 P(Bin(n, p) = b)) dt
/// ```
///
/// where `f^2` at complex `y` is the sum of the squares of the coordinates. The coefficient is Cauchy's integral over the circle `|y| = e^xi`,
/// on which `sum pi(e^xi) = b`. A trapezoid with `M` nodes on it adds to the subsets of size `b` those whose size differs by a multiple of `M`.
pub(super) struct Subsets<'a> {
    pub tail: &'a Tail<'a>,
    pub points: &'a TailPoints<'a>,
    pub budget: f64,
}

impl Subsets<'_> {
    pub fn integrals(&self) -> Integrals {
        let tail = self.tail;
        let (low, high) = tail.range();
        let count = tail.len() as f64;
        let ln_count = libm::log(count);
        let ln_c = ln_count - libm::log(self.budget);
        let most = (high + ln_count).min(ln_sum(tail.ln_scales.clone()) + ln_c);
        let quadrature = nodes(
            ln_add(tail.ln_kept, low + ln_count),
            ln_add(tail.ln_kept, most),
        );
        integrate(&quadrature, tail.rows(), tail.farthest, |ln_t| {
            self.node(ln_t, ln_t + ln_c)
        })
    }

    fn node(&self, ln_t: f64, ln_u: f64) -> NodeValue {
        let (tail, b) = (self.tail, self.budget);
        let count = tail.len() as f64;
        let p = b / count;
        let saddle = Saddle::new(self.points.all(), ln_u, (b, count), None);
        let angles = Angles::new(saddle.variance, (b, count));
        // `1 - p + p y e^{-x}` vanishes on the line with this real part.
        let logit = libm::log(p) - libm::log1p(-p);
        let singular = Singular::new(saddle.xi + logit, std::f64::consts::PI - angles.largest());
        let apart = self
            .points
            .without(|low, high| singular.is_near(ln_u + low, ln_u + high));
        let (points, saddle, angles) = match &apart {
            None => (self.points.all(), saddle, angles),
            Some(points) => {
                let saddle = Saddle::new(points, ln_u, (b, count), Some(saddle.xi));
                let angles = Angles::new(saddle.variance, (b, count));
                (points, saddle, angles)
            }
        };
        let circle = Circle::new(points, &saddle, ln_u, (b, p));
        let sums = circle.sums(&angles);
        let unit = UNIT * (64.0 + 2.0 * (ln_u.abs() + tail.logarithms));
        let kept = libm::exp(ln_t + tail.ln_kept);
        let of_exponent = unit * (circle.of_exponent + kept);
        let c = 1.0 / p;
        let first: Vec<f64> = sums.first.iter().map(|x| c * x).collect();
        let norm = sums.first.norm();
        let of_first = unit * sums.of_first + norm * of_exponent;
        let of_square = unit * sums.of_square + sums.square.abs() * of_exponent;
        NodeValue {
            ln_scale: circle.ln_product - b * saddle.xi - ln_most_likely(self.budget, count) - kept,
            square: (c * c * sums.square, c * c * of_square),
            first: (first, c * of_first),
            total: sums.total,
            known: true,
        }
    }
}
