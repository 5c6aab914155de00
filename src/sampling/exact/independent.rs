//! Independent draws: with replacement, uniform or by importance.

use nalgebra::DVector;

use crate::exact::{UNIT, kernel};
use crate::sampling::exact::integral::{Integrals, NodeValue, integrate};
use crate::sampling::exact::points::TailPoints;
use crate::sampling::exact::quadrature::lattice;
use crate::sampling::exact::tail::{Tail, ln_add};

/// Keys of a cell that are added to each other before they are added to the rest of it: `GROUP^2` of the lattice.
const PART: f64 = 65_536.0;

/// `E|That - T|^2` and the bias at `b` draws.
///
/// `N = (1/b) sum e`, the features having mean 0, so that with `x = (t/b) s`, `phi = E e^{-x}` and mean and second moment of the features under the
/// tilted masses `q e^{-x} / phi`
///
/// ```text
/// E|That - T|^2 = INT t e^{-tW0} phi^b [ |mean|^2 + (second moment - |mean|^2) / b ] dt
/// E That - T    = INT   e^{-tW0} phi^b mean dt
/// ```
pub(super) fn integrals(tail: &Tail, points: &TailPoints, budget: f64) -> Integrals {
    let (low, high) = tail.range();
    let quadrature = lattice(ln_add(tail.ln_kept, low), ln_add(tail.ln_kept, high));
    integrate(&quadrature, tail.rows(), tail.farthest, |ln_t| {
        node(tail, points, budget, ln_t)
    })
}

fn node(tail: &Tail, points: &TailPoints, budget: f64, ln_t: f64) -> NodeValue {
    let points = points.all();
    let ln_u = ln_t - libm::log(budget);
    let count = points.places.len();
    let mut factors = [DVector::zeros(count), DVector::zeros(count)];
    let [risen, decayed] = &mut factors;
    let (mut rise, mut stay, mut second) = (0.0, 0.0, 0.0);
    let mut sizes = [0.0; 5];
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
        rise += mass * k.rise;
        stay += mass * k.decay;
        second += square * k.decay;
        (*risen, *decayed) = (-k.rise, k.decay);
        // An error of `x`, and those of sums: `x e^{-x}` is at most `1 - e^{-x}`; on a lattice in units of `e^{-x/4}`.
        let spread = match points.interpolated {
            true => 4.0 * libm::exp(-0.25 * k.whole),
            false => (1.0 + k.x) * k.decay,
        };
        let risen = 8.0 * k.rise;
        sizes[0] += size.mass * risen;
        sizes[1] += size.norm * risen;
        sizes[2] += size.norm * spread;
        sizes[3] += size.square * spread;
        sizes[4] += size.mass * spread;
    }
    let near = rise < 0.5;
    // Relative errors of `x`, of the terms, and of the lattice.
    let logarithms = ln_u.abs() + libm::log(budget) + tail.logarithms;
    let unit = UNIT * (64.0 + points.roundings() + tail.len() as f64 / PART + 3.0 * logarithms);
    let known = near || stay > 4.0 * unit * sizes[4];
    let (ln_phi, of_phi) = match near {
        true => (libm::log1p(-rise), sizes[0] / (1.0 - rise)),
        false => (libm::log(stay), 1.5 * sizes[4] / stay),
    };
    let of_phi = unit * (of_phi + ln_phi.abs());
    let phi = libm::exp(ln_phi);
    let [risen, decayed] = &factors;
    let mut mean = &points.features * if near { risen } else { decayed };
    mean /= phi;
    let square_of_mean = mean.norm_squared();
    let second = second / phi;
    let square = square_of_mean + (second - square_of_mean) / budget;
    let kept = libm::exp(ln_t + tail.ln_kept);
    let growth = libm::expm1((budget * of_phi + unit * kept).min(700.0));
    // With `1 - e^{-x}` the sum of all `w (v - T)` is taken for 0.
    let of_mean = match near {
        true => unit * sizes[1] + tail.rest(),
        false => unit * sizes[2],
    };
    let of_mean = 1.5 * (of_mean / phi + of_phi * mean.norm());
    let of_second = 1.5 * (unit * sizes[3] / phi + of_phi * second);
    let of_square = (2.0 * mean.norm() + of_mean) * of_mean + of_second / budget;
    NodeValue {
        ln_scale: budget * ln_phi - kept,
        square: (square, of_square + (square.abs() + of_square) * growth),
        first: (
            mean.iter().copied().collect(),
            of_mean + (mean.norm() + of_mean) * growth,
        ),
        total: 1.0 + growth,
        known,
    }
}
