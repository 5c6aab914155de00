//! Interpolation on a uniform lattice in `ln w`: how many atoms become few points (theory, T17 `lattice-sums`).

use crate::exact::sums::compensated::{GROUP, OF_SUM};
use crate::exact::value::UNIT;

/// Lattice points in a unit of `ln w`.
pub(crate) const DENSITY: f64 = 32.0;
/// Points that represent one atom; half of them lie on either side.
pub(crate) const POINTS: usize = 14;
/// Points to the left of the one at which the cell of an atom begins.
pub(crate) const BEFORE: usize = POINTS / 2 - 1;
/// What a factor `x^k`, `k <= 3`, changes by in one cell, and the rounding of plain sums: `e^{3/32}` is below 1.099.
pub(in crate::exact) const CELL: f64 = 1.1;

/// Largest sum of the absolute weights of one atom: below 1.6746 at every place.
pub(in crate::exact) const LEBESGUE: f64 = 1.675;
/// Relative rounding of a weight: 13 differences and products, a constant.
pub(in crate::exact) const OF_WEIGHT: f64 = 30.0 * UNIT;
/// Relative rounding of `x` at a lattice point.
const OF_POINT: f64 = 4.0 * UNIT;
/// Radius of the circle on which the kernel is bounded.
const RADIUS: f64 = 1.2;

/// Relative errors of sums over an interpolated law, in units of sums over the atoms themselves.
#[derive(Debug, Clone, Copy)]
pub(in crate::exact) struct Remainder {
    /// Of `E[c x^k e^{-x}]`, in units of `E[|c| x^k e^{-x/4}]`.
    pub powers: [f64; 3],
    /// Of `E[1 - e^{-x}]`, in units of itself.
    pub rise: f64,
    /// Of `E[c x (1 - e^{-x})]`, in units of `E[|c| x (1 - e^{-x})]`.
    pub other: f64,
}

impl Remainder {
    /// The bounds of `lattice-sums`, roundings of weights, points and sums included.
    pub fn new() -> Self {
        let step = 1.0 / DENSITY;
        let reach = (POINTS / 2) as f64 * step;
        let rounding = |power: f64, of_point: f64| {
            let of = OF_WEIGHT + 2.0 * OF_SUM + of_point * OF_POINT;
            LEBESGUE * (power * reach).exp() * of
        };
        let of = |power: f64, of_point: f64| {
            let analytic = analytic(step, power);
            1.01 * (analytic + rounding(power, of_point))
        };
        // `min(x, 2)` is at most 2.32 (1 - e^{-x}).
        let of_rise = |power: f64, of_point: f64| {
            let analytic = 2.32 * analytic(step, power);
            1.01 * (analytic + rounding(power, of_point))
        };
        Self {
            powers: [0.0, 1.0, 2.0].map(|k| of(k, k + 0.7)),
            rise: of_rise(1.0, 1.0),
            other: of_rise(2.0, 2.0),
        }
    }
}

/// The remainder for `x^power e^{-x}` on a lattice of this step, in units of `x^power e^{-x/4}`.
fn analytic(step: f64, power: f64) -> f64 {
    // `h^p` times the largest product of distances from the points, over the smallest on the circle and its distance.
    let product: f64 = (1..=POINTS / 2)
        .map(|k| k as f64 - 0.5)
        .map(|k| (step * k / (RADIUS - step * k)).powi(2))
        .product();
    product * RADIUS / (RADIUS - 0.5 * step) * (power * (RADIUS + 0.5 * step)).exp()
}

/// The weights of the points around each of some places (in units of the step, from 0 to 1 within the cell): Lagrange's, point by point.
pub(in crate::exact) fn weights(places: &[f64], weights: &mut [&mut [f64]; POINTS]) {
    let mut products = [1.0; GROUP];
    let shift = |point: usize| point as f64 - BEFORE as f64;
    for (point, weights) in weights.iter_mut().enumerate() {
        let all = products.iter_mut().zip(places).zip(weights.iter_mut());
        for ((product, place), weight) in all {
            *weight = *product * INVERSE[point];
            *product *= place - shift(point);
        }
    }
    products = [1.0; GROUP];
    for (point, weights) in weights.iter_mut().enumerate().rev() {
        let all = products.iter_mut().zip(places).zip(weights.iter_mut());
        for ((product, place), weight) in all {
            *weight *= *product;
            *product *= place - shift(point);
        }
    }
}

/// The weights of the points around one place.
pub(crate) fn weights_at(place: f64) -> [f64; POINTS] {
    let mut found = [0.0; POINTS];
    weights(&[place], &mut found.each_mut().map(std::slice::from_mut));
    found
}

/// `1 / prod_{k != j} (j - k)`.
const INVERSE: [f64; POINTS] = {
    let mut inverse = [0.0; POINTS];
    let mut j = 0;
    while j < POINTS {
        let mut product = 1.0;
        let mut k = 0;
        while k < POINTS {
            if k != j {
                product *= j as f64 - k as f64;
            }
            k += 1;
        }
        inverse[j] = 1.0 / product;
        j += 1;
    }
    inverse
};

#[cfg(test)]
mod tests {
    use super::*;

    /// The weights of one place.
    fn weights(place: f64) -> [f64; POINTS] {
        let mut found = [[0.0; 1]; POINTS];
        super::weights(
            &[place],
            &mut found.each_mut().map(|weight| &mut weight[..]),
        );
        found.map(|[weight]| weight)
    }

    #[test]
    fn polynomials_are_reproduced_and_weights_are_bounded() {
        for i in 0..=1000 {
            let place = i as f64 / 1000.0;
            let weights = weights(place);
            let size: f64 = weights.iter().map(|w| w.abs()).sum();
            assert!(size <= LEBESGUE, "{size}");
            for power in 0..POINTS as i32 {
                let sum: f64 = (0..POINTS)
                    .map(|j| weights[j] * ((j as f64 - BEFORE as f64) / 7.0).powi(power))
                    .sum();
                assert!((sum - (place / 7.0).powi(power)).abs() < 1e-14);
            }
        }
    }

    /// The remainder for a single atom in the middle of a cell, where it is largest, and its bound. At the step of the lattice it is less than
    /// rounding; at wider steps it is seen, and the bound holds.
    #[test]
    fn the_remainder_is_bounded() {
        for step in [1.0 / 8.0, 1.0 / 9.0, 1.0 / 10.0] {
            for power in 0..3 {
                let kernel = |y: f64| (f64::from(power) * y - y.exp()).exp();
                let bound = analytic(step, f64::from(power));
                let mut largest = 0.0_f64;
                for i in -200..40 {
                    let y = f64::from(i) / 8.0;
                    let sum: f64 = weights(0.5)
                        .iter()
                        .enumerate()
                        .map(|(j, weight)| {
                            let point = y + (j as f64 - BEFORE as f64 - 0.5) * step;
                            weight * kernel(point)
                        })
                        .sum();
                    let scale = (f64::from(power) * y - 0.25 * y.exp()).exp();
                    largest = largest.max((sum - kernel(y)).abs() / scale);
                }
                assert!(largest <= bound, "{step} {power}: {largest:e} {bound:e}");
                // It is seen: far above rounding.
                assert!(largest >= 1e-12, "{step} {power}: {largest:e}");
            }
        }
        // 3.0e-16 e^{k (R + h/2)}, as the theory says.
        let eps = analytic(1.0 / DENSITY, 0.0);
        assert!(eps > 2.8e-16 && eps <= 3.0e-16, "{eps:e}");
    }
}
